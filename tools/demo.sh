#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Runs the whole method on images: tools/demo.sh [digits|fashion|DIRECTORY] [options of the program `images`]
#
#   tools/demo.sh                       the digits that ship with the repository
#   tools/demo.sh fashion               Fashion-MNIST, from the package dataset-fashion-mnist
#   tools/demo.sh ~/data/mnist          any directory with the four IDX files, plain or .gz
#   tools/demo.sh digits --seeds 20     further options go to the program; --help lists them
#
# Installs what is missing (Debian, Ubuntu), builds in build/release, writes the results into ./sqwa-report or --out, the
# loss surface of the first seed into its folder `surface`.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=tools/lib.sh
source "$here/tools/lib.sh"

for word in "$@"; do
  case $word in
    -h | --help)
      usage "${BASH_SOURCE[0]}"
      program=$here/build/release/examples/images
      if [ -x "$program" ]; then "$program" --help; else say "The options of the program are listed here once it was built."; fi
      exit
      ;;
  esac
done

data=digits
if [ $# -gt 0 ] && [ "${1#-}" = "$1" ]; then
  data=$1
  shift
fi
packages=("${build_packages[@]}")
case $data in
  digits) ;;
  fashion) packages+=(dataset-fashion-mnist) ;;
  *)
    if [ ! -d "$data" ]; then
      echo "demo.sh: $data is neither digits nor fashion nor a directory" >&2
      exit 2
    fi
    data=$(cd "$data" && pwd)
    ;;
esac
need_packages "${packages[@]}"

say "Building the programs images and surface in build/release (about two minutes the first time)"
mapfile -t options < <(configure_options)
log=$here/build/demo.log
mkdir -p "$here/build"
if ! (cd "$here" && cmake --preset release "${options[@]}" && cmake --build --preset release --target images surface -j "$(nproc)") >"$log" 2>&1; then
  tail -n 40 "$log" >&2
  echo "demo.sh: the build failed; the whole log is in $log" >&2
  exit 1
fi
"$here/build/release/examples/images" --data "$data" "$@"

out=sqwa-report
seed=1
options=("$@")
for i in "${!options[@]}"; do
  case ${options[i]} in
    --out) out=${options[i + 1]} ;;
    --out=*) out=${options[i]#*=} ;;
    --seed) seed=${options[i + 1]} ;;
    --seed=*) seed=${options[i]#*=} ;;
  esac
done
size=()
if [ "$data" != digits ]; then size=(--samples 1000 --nodes 31); fi # half a minute
say ""
exec "$here/build/release/examples/surface" --run "$out" --seed "$seed" "${size[@]}"
