#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Builds the documentation as a site, in build/site/html or a folder that is named: tools/site.sh [FOLDER]
#
# Pages from README.md and docs/, reference from the comments of the headers. Fails on any warning of Doxygen's.
# Installs doxygen, and doxygen-awesome-css where the system has it (Debian, Ubuntu).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=tools/lib.sh
source tools/lib.sh

case ${1:-} in
  -h | --help)
    usage "${BASH_SOURCE[0]}"
    exit
    ;;
esac
folder=${1:-build/site}
packages=(doxygen python3)
if is_debian && first_package doxygen-awesome-css >/dev/null; then packages+=(doxygen-awesome-css); fi
need_packages "${packages[@]}"

style=docs/site/style.css
theme=/usr/share/doxygen-awesome-css
if [ -e "$theme/doxygen-awesome.css" ]; then
  style="$theme/doxygen-awesome.css $theme/doxygen-awesome-sidebar-only.css $style"
fi
mkdir -p "$folder"
version=$(sed -n 's/.*SQWA_VERSION_STRING "\(.*\)".*/\1/p' include/sqwa/version.hpp)
{
  cat docs/site/Doxyfile
  echo "OUTPUT_DIRECTORY = $folder"
  echo "PROJECT_NUMBER = $version"
  echo "HTML_EXTRA_STYLESHEET = $style"
  # The theme wants it, and versions before 1.9.5 do not know it.
  if doxygen -g - | grep -q ^HTML_COLORSTYLE; then echo "HTML_COLORSTYLE = LIGHT"; fi
} | doxygen -
say "$folder/html/index.html"
