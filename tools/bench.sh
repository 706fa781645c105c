#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Measures one layer beside its rivals: tools/bench.sh quant|average|formats|train [native|baseline]
#
#   quant      quantizers, packed codes and low-bit products; then the rows beside torch
#   average    averages of packed and float snapshots; then the rows beside torch
#   formats    bits, errors and speed of every format and fit: the tables of docs/formats.md
#   train      training steps of three networks beside torch, and their memory
#
#   native     compiled for this machine's instruction set (the default)
#   baseline   compiled for any processor of this family
#
# Installs what is missing (Debian, Ubuntu), builds in build/bench-native or build/bench, and prints one line a row:
# operation, size, threads, ours, unit, rival, rival's figure, ratio. Each figure is the median of 9 rounds in which ours
# and its rivals take turns.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=tools/lib.sh
source tools/lib.sh

table=${1:-}
target=${2:-native}
packages=("${build_packages[@]}" libbenchmark-dev)
case "$table" in
  quant | average)
    programs=("${table}_table" "${table}_figures")
    packages+=(python3-torch)
    ;;
  formats) programs=(formats_table) ;;
  train)
    programs=(train_figures)
    packages+=(python3-torch libopenblas0-pthread) # torch's dense layers are slow with the reference BLAS
    ;;
  *) table= ;;
esac
case "$target" in
  native) preset=bench-native ;;
  baseline) preset=bench ;;
  *) table= ;;
esac
if [ -z "$table" ]; then
  echo "usage: tools/bench.sh quant|average|formats|train [native|baseline]" >&2
  exit 2
fi
need_packages "${packages[@]}" >&2
mapfile -t options < <(configure_options)
log=build/bench.log
mkdir -p build
if ! (cmake --preset "$preset" "${options[@]}" && cmake --build --preset "$preset" --target "${programs[@]}" -j "$(nproc)") >"$log" 2>&1; then
  tail -n 40 "$log" >&2
  echo "bench.sh: the build failed; the whole log is in $log" >&2
  exit 1
fi
built=build/$preset/benchmarks
if [ -x "$built/${table}_table" ]; then "$built/${table}_table"; fi
if [ -e "benchmarks/${table}_torch.py" ]; then /usr/bin/python3 "benchmarks/${table}_torch.py" "$built/${table}_figures"; fi
