#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Measures one layer beside its rivals: tools/bench.sh quant [native|baseline]
#
#   native     compiled for this machine's instruction set (the default)
#   baseline   compiled for any processor of this family
#
# Installs what is missing (Debian, Ubuntu), builds in build/bench-native or build/bench, and prints one line a row:
# operation, size, threads, ours, unit, rival, rival's figure, ratio. Each figure is the median of 9 rounds in which ours
# and its rivals take turns. Rows beside torch follow, from python3-torch.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=tools/lib.sh
source tools/lib.sh

table=${1:-}
target=${2:-native}
case "$table:$target" in
  quant:native) preset=bench-native ;;
  quant:baseline) preset=bench ;;
  *)
    echo "usage: tools/bench.sh quant [native|baseline]" >&2
    exit 2
    ;;
esac
need_packages "${build_packages[@]}" libbenchmark-dev python3-torch >&2
mapfile -t options < <(configure_options)
log=build/bench.log
mkdir -p build
if ! (cmake --preset "$preset" "${options[@]}" && cmake --build --preset "$preset" --target "${table}_table" "${table}_figures" -j "$(nproc)") >"$log" 2>&1; then
  tail -n 40 "$log" >&2
  echo "bench.sh: the build failed; the whole log is in $log" >&2
  exit 1
fi
programs=build/$preset/benchmarks
"$programs/${table}_table"
exec python3 "benchmarks/${table}_torch.py" "$programs/${table}_figures"
