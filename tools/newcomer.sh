#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Times the ways from nothing to a result: tools/newcomer.sh [DIRECTORY]
#
#   demo      git, a clone, tools/demo.sh
#   project   the commands and files that docs/start.md prints under "A project of your own"
#
# each from the commit that is checked out, in a Debian 12 of its own in which nothing is installed. Says after how many
# seconds each step began, and how long all took. The whole output is in DIRECTORY (build/newcomer), with the Debian that
# the next call copies.
#
# Needs root, debootstrap, git and 2 GB. SQWA_MIRROR is where packages come from; without it, where
# debootstrap finds them.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=tools/lib.sh
source "$here/tools/lib.sh"

case ${1-} in
  -h | --help)
    usage "${BASH_SOURCE[0]}"
    exit
    ;;
  -*)
    echo "newcomer.sh: there is no option $1" >&2
    exit 2
    ;;
esac
if [ "$(id -u)" -ne 0 ]; then
  echo "newcomer.sh: must be run as root, for debootstrap and chroot" >&2
  exit 2
fi
need_packages debootstrap git
mkdir -p "${1:-$here/build/newcomer}"
directory=$(cd "${1:-$here/build/newcomer}" && pwd)

# block LANGUAGE N: the N-th block in that language under the heading.
block() {
  awk -v language="\`\`\`$1" -v n="$2" '
    /^## / { here = $0 == "## A project of your own" }
    /^```/ { inside = here && $0 == language && ++count == n; next }
    inside { print; found = 1 }
    END { exit !found }' "$here/docs/start.md" || {
    echo "newcomer.sh: docs/start.md has no block $2 of $1 under \"A project of your own\"" >&2
    return 1
  }
}

# path NAME: runs the commands on standard input in a new system, and removes it.
path() {
  local system=$directory/$1 log=$directory/$1.log TIMEFORMAT="$1: %0R s; processors were busy for %0U s, and %0S s in the system"
  rm -rf --one-file-system "$system"
  cp -a "$directory/debian" "$system"
  git clone --quiet --bare "$here" "$system/srv/sqwa.git"
  printf 'APT::Get::Assume-Yes "true";\n' >"$system/etc/apt/apt.conf.d/90yes"
  printf '#!/bin/sh\nexec "$@"\n' >"$system/usr/local/bin/sudo"
  chmod +x "$system/usr/local/bin/sudo"
  { printf "cd\nPS4='$ '\nset -ex\n" && sed 's|\bURL\b|/srv/sqwa.git|'; } >"$system/root/commands"
  SECONDS=0
  # shellcheck disable=SC2016  # $0 is the inner shell's
  time unshare --mount sh -c 'mount -t proc proc "$0/proc" && exec chroot "$0" env -i HOME=/root \
      PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive bash /root/commands' "$system" 2>&1 |
    while IFS= read -r line || [ -n "$line" ]; do
      printf '%5d s  %s\n' "$SECONDS" "$line"
    done | tee "$log" | grep --line-buffered -E '^ +[0-9]+ s  (\$ |(Running apt-get|Installing with|Building the) |[a-z]+ minus )'
  rm -rf --one-file-system "$system"
}

if [ ! -d "$directory/debian" ]; then
  say "Making a Debian 12 in $directory/debian"
  rm -rf --one-file-system "$directory/new"
  debootstrap --variant=minbase bookworm "$directory/new" ${SQWA_MIRROR:+"$SQWA_MIRROR"} >"$directory/debian.log"
  chroot "$directory/new" apt-get clean
  mv "$directory/new" "$directory/debian"
fi

path demo <<'END'
sudo apt-get update
sudo apt-get install git
git clone URL sqwa
cd sqwa
tools/demo.sh
END

{
  before=$(block sh 1)
  lists=$(block cmake 1)
  program=$(block cpp 1)
  after=$(block sh 2)
  printf "%s\ncat >CMakeLists.txt <<'END'\n%s\nEND\ncat >app.cpp <<'END'\n%s\nEND\n%s\n" "$before" "$lists" "$program" "$after"
} | path project
