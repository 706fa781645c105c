#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Makes a PNG beside each SVG picture: tools/png.sh FILE.svg...
#
# Installs librsvg2-bin where it is missing (Debian, Ubuntu).
set -euo pipefail
# shellcheck source=tools/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

if [ $# -eq 0 ]; then
  echo "usage: tools/png.sh FILE.svg..." >&2
  exit 2
fi
need_packages librsvg2-bin
for svg in "$@"; do
  rsvg-convert --width 1200 --output "${svg%.svg}.png" "$svg"
  echo "${svg%.svg}.png"
done
