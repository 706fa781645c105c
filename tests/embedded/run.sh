#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Builds the test firmware for every processor that there is an emulator for, runs images of digits, and compares every
# output with the host's, bit for bit: run.sh SQWA-EXPORT CIFAR DIRECTORY
#
# The program sqwa-export writes the networks into DIRECTORY. Those of the example see all 1,797 images: integers, two-bit
# weights with activations in float, and weights in float. Two deep ones, which the program cifar trains for some seconds,
# see 50: residuals (ResNet-20) and depthwise convolutions (MobileNetV2), in integers and in float. Ends with 77 where no
# cross compiler with its emulator is installed. The sizes and the counts of instructions in docs/embedded.md are what
# this prints.
set -euo pipefail
exporter=$(realpath "$1")
trainer=$(realpath "$2")
mkdir -p "$3"
out=$(realpath "$3")
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
example=$top/examples/microcontroller
data=$top/examples/data/digits
networks=(integers floats float-weights resnet20-integers resnet20-floats mobilenet_v2-integers mobilenet_v2-floats)

has() { command -v "$1" >/dev/null; }

# shellcheck disable=SC2054  # the commas are the compiler's
flags=(-std=c++20 -ffp-contract=off -fno-exceptions -fno-rtti -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror
  -ffunction-sections -fdata-sections -Wl,--gc-sections
  -I"$top/include" -I"$top/examples" -I"$top/tests/embedded" "-Wa,-I,$data")
bare=(-mthumb -ffreestanding -fno-threadsafe-statics -nostartfiles -nodefaultlibs -T "$example/cortex_m.ld")

is_deep() { [[ $1 == *_v2-* || $1 == resnet* ]]; }

# export_network NETWORK ARITHMETIC MODEL-FILE MODEL WIDTH
export_network() {
  mkdir -p "$out/$1"
  "$exporter" "$3" "$out/$1/network.hpp" --model "$4" --width "$5" --data "$data" --arithmetic "$2" --name exported
}

# Writes the networks; the integers must be those that the example holds.
export_networks() {
  local arithmetic model width
  for arithmetic in integers floats float-weights; do
    export_network "$arithmetic" "$arithmetic" "$example/digits.sqwa" convolutions 8
  done
  while read -r model width; do
    rm -rf "${out:?}/$model"
    "$trainer" --data "$data" --model "$model" --width "$width" --preset quick --epochs 4 --cycles 2 --cycle-epochs 1 \
      --captures 2 --fine-tune-epochs 1 --no-control --quiet --out "$out/$model" >/dev/null
    for arithmetic in integers floats; do
      export_network "$model-$arithmetic" "$arithmetic" "$out/$model/model.sqwa" "$model" "$width"
    done
  done <<<$'resnet20 4\nmobilenet_v2 0.25'
  "$exporter" "$example/digits.sqwa" "$out/digits.hpp" --model convolutions --width 8 --data "$data" >/dev/null
  cmp "$out/digits.hpp" "$example/digits.hpp"
}

# compare NAME NETWORK: the outputs of one run with the host's.
compare() {
  if [ ! -s "$out/$1/$2/outputs.bin" ]; then
    echo "$1, $2: no outputs"
    return 1
  fi
  cmp "$out/$1/$2/outputs.bin" "$out/host/$2/outputs.bin"
  echo "$1, $2: the outputs of all images are those of the host"
}

# hosted NAME COMPILER [EMULATOR]: under an operating system.
hosted() {
  local name=$1 compiler=$2 emulator=${3:-} network deep
  for network in "${networks[@]}"; do
    mkdir -p "$out/$name/$network"
    rm -f "$out/$name/$network/outputs.bin"
    deep=()
    if is_deep "$network"; then deep=(-DDEEP); fi
    "$compiler" "${flags[@]}" "${deep[@]}" -O2 -static -I"$out/$network" "$top/tests/embedded/firmware.cpp" \
      "$top/tests/embedded/platform_hosted.cpp" -o "$out/$name/$network/firmware"
    (cd "$out/$name/$network" && timeout 300 ${emulator:+"$emulator"} ./firmware)
    if [ "$name" != host ]; then compare "$name" "$network"; fi
  done
}

# emulate BOARD FILE: a Cortex-M, one nanosecond for each instruction.
emulate() {
  timeout 300 qemu-system-arm -M "$1" -icount shift=0 -semihosting-config enable=on,target=native -display none \
    -monitor none -serial none -kernel "$2"
}

# board NAME BOARD CPU FLOAT-OPTIONS...: without an operating system; integers without floating-point unit.
board() {
  local name=$1 board=$2 cpu=$3 network level levels options
  shift 3
  for network in "${networks[@]}"; do
    mkdir -p "$out/$name/$network"
    options=(-mfloat-abi=hard "$@")
    if [[ $network == *integers ]]; then options=(-mfloat-abi=soft); fi
    levels=(-O3 -Os)
    if is_deep "$network"; then
      options+=(-DDEEP "-Wl,--defsym=flash_size=512K,--defsym=ram_size=64K")
      levels=(-Os)
    fi
    for level in "${levels[@]}"; do
      rm -f "$out/$name/$network/outputs.bin"
      arm-none-eabi-g++ "-mcpu=$cpu" "${options[@]}" "${flags[@]}" "${bare[@]}" "$level" -I"$out/$network" \
        "$top/tests/embedded/firmware.cpp" "$top/tests/embedded/platform_cortex_m.cpp" "$example/startup.cpp" -lc -lgcc \
        -o "$out/$name/$network/firmware$level"
      (cd "$out/$name/$network" && emulate "$board" "firmware$level")
      compare "$name" "$network"
      arm-none-eabi-size -A "$out/$name/$network/firmware$level" |
        awk -v what="$name, $network, $level:" '$1 == ".text" { flash += $2 } $1 == ".data" { flash += $2; ram += $2 }
          $1 == ".bss" { ram += $2 } END { print what, flash, "bytes of flash without images,", ram, "bytes of RAM without stack" }'
    done
  done
  # No floating point in integers: neither instructions nor calls.
  for network in integers resnet20-integers mobilenet_v2-integers; do
    if arm-none-eabi-nm "$out/$name/$network/firmware-Os" | grep -E ' __aeabi_(c?[fd]|u?[il]2[fd])'; then
      echo "$name: the network in $network calls floating-point functions"
      return 1
    fi
  done
  # What people copy.
  arm-none-eabi-g++ "-mcpu=$cpu" -mfloat-abi=soft "${flags[@]}" "${bare[@]}" -Os "$example/main.cpp" "$example/startup.cpp" \
    -lc -lgcc -o "$out/$name/example"
  arm-none-eabi-size "$out/$name/example"
  emulate "$board" "$out/$name/example"
}

machines=()
for machine in aarch64 riscv64; do
  if has "$machine-linux-gnu-g++" && has "qemu-$machine"; then machines+=("$machine"); fi
done
boards=no
if has arm-none-eabi-g++ && has qemu-system-arm; then boards=yes; fi
if [ "$boards" = no ] && [ ${#machines[@]} -eq 0 ]; then
  echo "skipped: neither arm-none-eabi-g++ with qemu-system-arm nor a cross compiler with qemu-user is installed"
  exit 77
fi

export_networks
hosted host "${CXX:-g++}"
for machine in "${machines[@]}"; do hosted "$machine" "$machine-linux-gnu-g++" "qemu-$machine"; done
if [ "$boards" = yes ]; then
  board cortex-m4 mps2-an386 cortex-m4 -mfpu=fpv4-sp-d16
  board cortex-m7 mps2-an500 cortex-m7 -mfpu=fpv5-d16
fi
