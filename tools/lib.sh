# SPDX-License-Identifier: BSD-3-Clause
# What the scripts here share. To be sourced, from bash.
# shellcheck shell=bash

# What every build needs; the names are Debian's and Ubuntu's.
# shellcheck disable=SC2034
build_packages=(g++ cmake ninja-build libtbb-dev libxsimd-dev libxtensor-dev zlib1g-dev nlohmann-json3-dev libcli11-dev)

say() { printf '%s\n' "$*"; }

# usage SCRIPT: the comment at its top.
usage() { sed -n '3,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$1"; }

has_package() { dpkg-query -W -f='${Status}' "$1" 2>/dev/null | grep -q 'ok installed'; }

is_debian() { command -v apt-get >/dev/null && command -v dpkg-query >/dev/null; }

# Runs apt-get as root.
apt_get() {
  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then as_root=(sudo); fi
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 "$@"
}

may_install() { [ "$(id -u)" -eq 0 ] || command -v sudo >/dev/null; }

# Fetches the lists of packages, once.
lists_are_new=no
update_lists() {
  if [ "$lists_are_new" = yes ] || ! may_install; then return; fi
  say "Running apt-get update"
  apt_get update
  lists_are_new=yes
}

# Installs those of the named packages that are missing, and says which; elsewhere than on Debian and Ubuntu, says only
# what is needed.
need_packages() {
  if ! is_debian; then
    say "This is no Debian or Ubuntu. Please see that these packages, or their like, are installed:"
    say "  $*"
    return
  fi
  local package missing=()
  for package in "$@"; do
    has_package "$package" || missing+=("$package")
  done
  if [ ${#missing[@]} -eq 0 ]; then return; fi
  if ! may_install; then
    say "Please install these packages as root, then try again: ${missing[*]}"
    return 1
  fi
  update_lists
  say "Installing with apt-get: ${missing[*]}"
  apt_get install -y --no-install-recommends "${missing[@]}"
}

# The first of the named packages that is installed or could be; fails when there is none.
first_package() {
  local package
  for package in "$@"; do
    if has_package "$package" || [ -n "$(apt-cache madison "$package" 2>/dev/null)" ]; then
      say "$package"
      return
    fi
  done
  return 1
}

# The options of every configuration: ccache where it is installed.
configure_options() {
  if command -v ccache >/dev/null; then say "-DCMAKE_CXX_COMPILER_LAUNCHER=ccache"; fi
}
