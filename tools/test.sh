#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Runs every test: tools/test.sh [steps]. Without names, all of these:
#
#   format         clang-format finds nothing to change
#   layers         no header includes what its layer may not see
#   dev            g++, all backends (libtorch where it is installed): tests, refusals, consumers, the example
#   clang          the same with clang and its address and undefined-behaviour sanitizers, but for what takes longest there or
#                  does not depend on the compiler (SQWA_TEST_LONG); every header alone
#   tsan           clang's thread sanitizer, for the tests that start threads
#   no-exceptions  -fno-exceptions -fno-rtti, the layers core to deploy, which need no backend
#   no-backends    without oneTBB and xsimd: every header that then can be included, the layers tensor, method and io
#
# And, only when they are named:
#
#   embedded       networks on an emulated Cortex-M4 and M7, aarch64 and riscv64, bit for bit as here: docs/embedded.md
#   packaging      the release archive; from its tree, the port of vcpkg and the recipe of Conan with every component, by the
#                  tools themselves where they are here; the Debian package, which is installed and removed again for root
#   fuzz           feeds each reader of files altered ones for SQWA_FUZZ_SECONDS seconds (60), under clang's sanitizers;
#                  what it finds is in build/fuzz
#
# Installs what is missing (Debian, Ubuntu). Logs are in build/test-logs. Uses ccache where it is installed.
# shellcheck disable=SC2317  # the steps are called by name
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=tools/lib.sh
source tools/lib.sh

all_steps=(format layers dev clang tsan no-exceptions no-backends)
steps=("$@")
if [ ${#steps[@]} -eq 0 ]; then steps=("${all_steps[@]}"); fi
for step in "${steps[@]}"; do
  if [[ " ${all_steps[*]} embedded packaging fuzz " != *" $step "* ]]; then
    echo "test.sh: there is no step $step; the steps are ${all_steps[*]} embedded packaging fuzz" >&2
    exit 2
  fi
done

clang='clang-16'
packages=("${build_packages[@]}" doctest-dev python3 libpng-dev libeigen3-dev libarmadillo-dev python3-numpy)
if [[ " ${steps[*]} " =~ \ (clang|tsan|fuzz)\  ]]; then
  if is_debian; then
    has_package "$clang" || update_lists
    clang=$(first_package clang-16 clang-17 clang-18 clang-19 clang-20 || say "$clang")
  fi
  packages+=("$clang" "lib${clang/clang/clang-rt}-dev") # with the sanitizers
fi
if [[ " ${steps[*]} " == *" embedded "* ]]; then
  packages+=(gcc-arm-none-eabi libnewlib-arm-none-eabi libstdc++-arm-none-eabi-newlib qemu-system-arm
    qemu-user g++-aarch64-linux-gnu g++-riscv64-linux-gnu)
fi
with_clang="-DCMAKE_CXX_COMPILER=${clang/clang/clang++}"
if [[ " ${steps[*]} " == *" format "* ]] && is_debian; then
  has_package clang-format-14 || update_lists
  if first_package clang-format-14 >/dev/null; then packages+=(clang-format-14); fi
fi
if [[ " ${steps[*]} " == *" packaging "* ]]; then packages+=(git dpkg lintian); fi
need_packages "${packages[@]}"

mapfile -t options < <(configure_options)
jobs=$(nproc)

# build PRESET [targets]; then test PRESET [options of ctest]
build() {
  local preset=$1
  shift
  cmake --build --preset "$preset" -j "$jobs" --target "${@:-all}"
}
run_tests() {
  local preset=$1
  shift
  "${without_aslr[@]}" ctest --preset "$preset" -j "$jobs" "$@"
}
without_aslr=()

step_format() { tools/format.sh --check; }
step_layers() { python3 tools/check_layers.py; }
step_dev() {
  cmake --preset dev "${options[@]}"
  build dev
  run_tests dev
}
step_clang() {
  cmake --preset clang "${options[@]}" "$with_clang"
  build clang
  run_tests clang
}
step_tsan() {
  cmake --preset tsan "${options[@]}" "$with_clang"
  build tsan
  # Thread sanitizer of older compilers dies where the kernel spreads addresses widely.
  if setarch "$(uname -m)" -R true 2>/dev/null; then without_aslr=(setarch "$(uname -m)" -R); fi
  run_tests tsan
}
step_no-exceptions() {
  cmake --preset no-exceptions "${options[@]}"
  build no-exceptions
  run_tests no-exceptions
}
step_no-backends() {
  cmake --preset no-backends "${options[@]}"
  build no-backends test_tensor test_method test_io two_units_hosted
  run_tests no-backends -R '^(tensor|method|io|package.two_units_hosted)$'
}

step_embedded() {
  cmake --preset dev "${options[@]}"
  build dev sqwa-export cifar
  tests/embedded/run.sh build/dev/examples/sqwa-export build/dev/examples/cifar build/dev/examples/embedded
}
step_packaging() {
  local work=build/packaging components=tbb,threads,xsimd,xtensor,io,png,eigen archive tree
  tests/packaging/release.sh . "$work/release" g++
  archive=$(realpath "$work"/release/first/sqwa-*.tar.gz)
  tree=$(realpath "$work/release/tree")
  cmake -D SOURCE="$tree" -D WORK="$(realpath "$work")/vcpkg" -D ARCHIVE="$archive" -D COMPILER=g++ \
    -D COMPONENTS="$components" -P tests/packaging/vcpkg.cmake
  # shellcheck disable=SC2046  # one argument for each component
  "$debian_python" tests/packaging/conan_recipe.py "$tree" "$work/conan" g++ $(tr , ' ' <<<"${components/threads,/}")
  tests/packaging/debian.sh "$tree" "$work/debian" g++ "$components,armadillo"
  if command -v conan; then
    conan create "$tree/packaging/conan" -s compiler.cppstd=20 --build=missing
  else
    echo "There is no conan here: the recipe was run step by step without it"
  fi
  if command -v vcpkg; then
    vcpkg install 'sqwa[tbb,xsimd,xtensor,io]' --classic --overlay-ports="$tree/packaging/vcpkg/ports"
  else
    echo "There is no vcpkg here: the portfile was run with stand-ins for its functions"
  fi
}
debian_python=/usr/bin/python3
if [ ! -x "$debian_python" ]; then debian_python=python3; fi

step_fuzz() {
  local reader directory
  mkdir -p build/fuzz
  "${clang/clang/clang++}" -std=c++20 -O1 -g1 -ffp-contract=off -fsanitize=fuzzer,address,undefined \
    -fno-sanitize-recover=all -Wl,--wrap=mmap,--wrap=munmap -Iinclude tests/fuzz/readers.cpp -o build/fuzz/readers \
    -lz -lpng
  for directory in tests/fuzz/corpus/*; do
    reader=$(basename "$directory")
    mkdir -p "build/fuzz/$reader"
    # Stacks of allocations are not kept: they take most of the time. Freed memory is kept for some files only.
    ASAN_OPTIONS=malloc_context_size=0:quarantine_size_mb=1:thread_local_quarantine_size_kb=64:detect_stack_use_after_return=0 \
      build/fuzz/readers "--reader=$reader" -max_total_time="${SQWA_FUZZ_SECONDS:-60}" -max_len=8192 -timeout=10 \
      -rss_limit_mb=2048 -malloc_limit_mb=512 -print_final_stats=1 -print_funcs=0 \
      -artifact_prefix="build/fuzz/$reader-" "build/fuzz/$reader" "$directory"
  done
}

mkdir -p build/test-logs
summary=()
failed=0
for step in "${steps[@]}"; do
  log=build/test-logs/$step.log
  if [ "$step" = format ] && ! command -v clang-format-14 >/dev/null; then
    say "$step: skipped, there is no clang-format-14 here"
    summary+=("$(printf '%-14s skipped: there is no clang-format-14 here' "$step")")
    continue
  fi
  say "$step …"
  begin=$SECONDS
  set +e
  (set -e; "step_$step") >"$log" 2>&1
  status=$?
  set -e
  seconds=$((SECONDS - begin))
  if [ "$status" -eq 0 ]; then
    counted=$(sed -n 's/^[0-9]*% tests passed, .* out of \([0-9]*\)$/, \1 tests/p' "$log" | tail -n 1)
    summary+=("$(printf '%-14s passed in %4d s%s' "$step" "$seconds" "$counted")")
  else
    failed=1
    tail -n 60 "$log"
    summary+=("$(printf '%-14s FAILED in %4d s, see %s' "$step" "$seconds" "$log")")
  fi
  say "${summary[-1]}"
done

say ""
say "Summary, $SECONDS s in all"
printf '  %s\n' "${summary[@]}"
exit "$failed"
