#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Makes what a release consists of: tools/release.sh [-r COMMIT] [DIRECTORY]
#
#   sqwa-VERSION.tar.gz   the tree of the commit (HEAD), in a folder sqwa-VERSION
#   sqwa-VERSION.hpp      the layers core to average and deploy in one header, made from that tree by its amalgamate.py
#   SHA256SUMS, SHA512SUMS
#
# in DIRECTORY (build/release). The same commit gives the same bytes: names in order, no owners, the time of the commit.
# VERSION is what include/sqwa/version.hpp of the commit says. Needs git, GNU tar, gzip and python3.
set -euo pipefail
export LC_ALL=C TZ=UTC
umask 022
cd "$(dirname "${BASH_SOURCE[0]}")/.."

fail() {
  echo "release.sh: $*" >&2
  exit 1
}

commit=HEAD
while getopts r: option; do
  case $option in
    r) commit=$OPTARG ;;
    *) exit 2 ;;
  esac
done
shift $((OPTIND - 1))
directory=${1:-build/release}

asked=$commit
commit=$(git rev-parse --verify --quiet "$asked^{commit}") || fail "there is no commit $asked"
version=$(git show "$commit:include/sqwa/version.hpp" | sed -n 's/^#define SQWA_VERSION_STRING "\([0-9.]*\)"$/\1/p')
[ -n "$version" ] || fail "include/sqwa/version.hpp of $commit names no version"
if [ -n "$(git status --porcelain --untracked-files=no)" ]; then
  echo "release.sh: there are changes that are not committed; they are not in the archive" >&2
fi

mkdir -p "$directory"
directory=$(cd "$directory" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
name=sqwa-$version
mkdir "$work/$name"
# Settings of the user must not show: those of line ends, and the mask of permissions.
git -c core.autocrlf=false -c tar.umask=0022 archive --format=tar "$commit" | tar -x -p -C "$work/$name"
time=$(git show -s --format=%ct "$commit")
tar -C "$work" --format=ustar --sort=name --mtime="@$time" --owner=0 --group=0 --numeric-owner \
  -cf "$work/$name.tar" "$name"
gzip -9n "$work/$name.tar"
python3 "$work/$name/tools/amalgamate.py" -o "$work/$name.hpp"
mv "$work/$name.tar.gz" "$work/$name.hpp" "$directory/"
cd "$directory"
sha256sum "$name.hpp" "$name.tar.gz" >SHA256SUMS
sha512sum "$name.hpp" "$name.tar.gz" >SHA512SUMS
echo "$commit: $name in $directory"
cat SHA256SUMS
