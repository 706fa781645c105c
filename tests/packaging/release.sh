#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# tools/release.sh: the same bytes twice, every file of the commit and no other, and a tree that can be installed.
#   release.sh SOURCE WORK COMPILER
# Leaves the archive in WORK/first and its tree in WORK/tree. Skipped (77) where SOURCE is no repository of git.
set -euo pipefail
source=$(cd "$1" && pwd)
work=$2
compiler=$3
rm -rf "$work"
mkdir -p "$work"
work=$(cd "$work" && pwd)

fail() {
  echo "release.sh: $*" >&2
  exit 1
}

if ! git -C "$source" rev-parse --verify --quiet HEAD >/dev/null; then
  echo "skipped: $source is no repository of git"
  exit 77
fi
version=$(git -C "$source" show HEAD:include/sqwa/version.hpp | sed -n 's/^#define SQWA_VERSION_STRING "\([0-9.]*\)"$/\1/p')
name=sqwa-$version

# Twice, the second time as somebody with other settings and in another zone; only then is it known to depend on the commit alone.
"$source/tools/release.sh" "$work/first" >/dev/null 2>&1
(
  umask 077
  cd /
  GIT_CONFIG_COUNT=2 GIT_CONFIG_KEY_0=core.autocrlf GIT_CONFIG_VALUE_0=true GIT_CONFIG_KEY_1=tar.umask GIT_CONFIG_VALUE_1=0077 \
    TZ=Asia/Tokyo LC_ALL=C.UTF-8 "$source/tools/release.sh" -r HEAD "$work/second" >/dev/null 2>&1
)
for file in "$name.tar.gz" "$name.hpp" SHA256SUMS SHA512SUMS; do
  cmp "$work/first/$file" "$work/second/$file" || fail "$file differs from one time to the next"
done
(cd "$work/first" && sha256sum --quiet -c SHA256SUMS && sha512sum --quiet -c SHA512SUMS) || fail "wrong sums"

mkdir "$work/tree"
tar -xzf "$work/first/$name.tar.gz" -C "$work/tree" --strip-components=1
difference=$(diff <(git -C "$source" ls-tree -r --name-only HEAD | LC_ALL=C sort) \
  <(cd "$work/tree" && find . -type f -o -type l | sed 's,^\./,,' | LC_ALL=C sort)) || fail "$difference"
[ -x "$work/tree/tools/test.sh" ] || fail "programs are not executable"
owners=$(tar -tvzf "$work/first/$name.tar.gz" --numeric-owner | awk '{ print $2 }' | sort -u)
[ "$owners" = 0/0 ] || fail "owners: $owners"

cmake -S "$work/tree" -B "$work/build" -G Ninja -DCMAKE_CXX_COMPILER="$compiler" -DSQWA_BUILD_TESTS=OFF \
  -DSQWA_BUILD_EXAMPLES=OFF >"$work/log" 2>&1 || fail "$(cat "$work/log")"
cmake --install "$work/build" --prefix "$work/prefix" >"$work/log" 2>&1 || fail "$(cat "$work/log")"
difference=$(diff -r "$work/tree/include" "$work/prefix/include") || fail "$difference"
grep -q "set(PACKAGE_VERSION \"$version\")" "$work/prefix/share/cmake/sqwa/sqwa-config-version.cmake" || fail "another version"

# What is no commit is refused.
if "$source/tools/release.sh" -r no-such-commit "$work/third" 2>"$work/log"; then fail "a commit that is not there was taken"; fi
grep -q "there is no commit no-such-commit" "$work/log" || fail "$(cat "$work/log")"
echo "$name: the same bytes twice, installed"
