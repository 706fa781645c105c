#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# The Debian package: the same contents twice, what lintian says, and tests/consume with the package unpacked; then, for root,
# with the package installed, which is removed again.
#   debian.sh SOURCE WORK COMPILER COMPONENTS
set -euo pipefail
source=$(cd "$1" && pwd)
work=$2
compiler=$3
components=$4
rm -rf "$work"
mkdir -p "$work"
work=$(cd "$work" && pwd)

fail() {
  echo "debian.sh: $*" >&2
  exit 1
}

make_package() {  # DIRECTORY UMASK
  (
    umask "$2"
    cmake -S "$source" -B "$1" -G Ninja -DCMAKE_CXX_COMPILER="$compiler" -DSQWA_BUILD_TESTS=OFF -DSQWA_BUILD_EXAMPLES=OFF
    cd "$1"
    SOURCE_DATE_EPOCH=1790000000 DEBFULLNAME="Test of sqwa" DEBEMAIL=test@sqwa.org cpack -G DEB
  ) >"$1.log" 2>&1 || fail "$(cat "$1.log")"
}

# consume NAME DIRECTORY [options of cmake]: with the config file in DIRECTORY
consume() {
  local build=$work/$1 directory=$2
  shift 2
  cmake -S "$source/tests/consume" -B "$build" -G Ninja -DCMAKE_CXX_COMPILER="$compiler" -DCMAKE_BUILD_TYPE=Debug \
    -DCMAKE_CXX_FLAGS_DEBUG=-O0 -DCMAKE_FIND_USE_PACKAGE_REGISTRY=OFF -DCOMPONENTS="$components" "$@" >"$build.log" 2>&1 ||
    fail "$(cat "$build.log")"
  grep -qx "sqwa_DIR:PATH=$directory" "$build/CMakeCache.txt" || fail "another sqwa was found than that in $directory"
  cmake --build "$build" >"$build.log" 2>&1 || fail "$(cat "$build.log")"
  local program
  for program in plain ${components//,/ }; do
    (cd "$work" && "$build/use_$program") >/dev/null || fail "$build/use_$program fails"
  done
  echo "consumed from $directory: plain ${components//,/ }"
}

make_package "$work/first" 022
make_package "$work/second" 077
package=$(echo "$work"/first/libsqwa-dev_*_all.deb)
for part in ctrl fsys; do  # what holds them has the umask in it
  cmp <(dpkg-deb --$part-tarfile "$package") <(dpkg-deb --$part-tarfile "$work/second/$(basename "$package")") ||
    fail "the same sources gave two packages"
done
version=$(sed -n 's/^#define SQWA_VERSION_STRING "\([0-9.]*\)"$/\1/p' "$source/include/sqwa/version.hpp")
[ "$(dpkg-deb -f "$package" Package Version Architecture Section | tr '\n' ' ')" = \
  "Package: libsqwa-dev Version: $version-1 Architecture: all Section: libdevel " ] || fail "$(dpkg-deb -f "$package")"
dpkg-deb -f "$package" Depends | grep -q . && fail "the package depends on others, but its headers do not"
dpkg-deb -x "$package" "$work/root"
difference=$(diff -rq "$source/include" "$work/root/usr/include") || fail "$difference"
[ -f "$work/root/usr/share/doc/libsqwa-dev/copyright" ] || fail "there is no copyright"
if command -v lintian >/dev/null; then
  # It is no upload to Debian.
  lintian --allow-root --fail-on warning --suppress-tags initial-upload-closes-no-bugs "$package" || fail "lintian"
  echo "lintian: nothing to say"
else
  echo "lintian: not here"
fi
consume unpacked "$work/root/usr/share/cmake/sqwa" -DCMAKE_PREFIX_PATH="$work/root/usr"

if [ "$(id -u)" -ne 0 ] || dpkg-query -W -f='${Status}' libsqwa-dev 2>/dev/null | grep -q 'ok installed'; then
  echo "not installed: that needs root, and no libsqwa-dev that is there already"
  exit
fi
trap 'dpkg -P libsqwa-dev >/dev/null' EXIT
dpkg -i "$package" >/dev/null
consume installed /usr/share/cmake/sqwa
trap - EXIT
dpkg -P libsqwa-dev >/dev/null
[ ! -e /usr/include/sqwa ] || fail "the package leaves files behind"
echo "installed, and removed again"
