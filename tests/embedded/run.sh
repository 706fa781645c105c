#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Builds the test firmware for every processor that there is an emulator for, runs all 1,797 digits, and compares every
# output with the host's, bit for bit: run.sh SQWA-EXPORT DIRECTORY
#
# The program sqwa-export writes the networks into DIRECTORY: integers, two-bit weights with activations in float, and
# weights in float. Ends with 77 where no cross compiler with its emulator is installed. The sizes and the counts of
# instructions in docs/embedded.md are what this prints.
set -euo pipefail
exporter=$(realpath "$1")
mkdir -p "$2"
out=$(realpath "$2")
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
example=$top/examples/microcontroller
data=$top/examples/data/digits
networks=(integers floats float-weights)

has() { command -v "$1" >/dev/null; }

# shellcheck disable=SC2054  # the commas are the compiler's
flags=(-std=c++20 -ffp-contract=off -fno-exceptions -fno-rtti -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror
  -ffunction-sections -fdata-sections -Wl,--gc-sections
  -I"$top/include" -I"$top/examples" -I"$top/tests/embedded" "-Wa,-I,$data")
bare=(-mthumb -ffreestanding -fno-threadsafe-statics -nostartfiles -nodefaultlibs -T "$example/cortex_m.ld")

# Writes the networks; the integers must be those that the example holds.
export_networks() {
  local network
  for network in "${networks[@]}"; do
    mkdir -p "$out/$network"
    "$exporter" "$example/digits.sqwa" "$out/$network/network.hpp" --model convolutions --width 8 --data "$data" \
      --arithmetic "$network" --name exported
  done
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
  echo "$1, $2: the outputs of all 1,797 images are those of the host"
}

# hosted NAME COMPILER [EMULATOR]: under an operating system.
hosted() {
  local name=$1 compiler=$2 emulator=${3:-} network
  for network in "${networks[@]}"; do
    mkdir -p "$out/$name/$network"
    rm -f "$out/$name/$network/outputs.bin"
    "$compiler" "${flags[@]}" -O2 -static -I"$out/$network" "$top/tests/embedded/firmware.cpp" \
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
  local name=$1 board=$2 cpu=$3 network level options
  shift 3
  for network in "${networks[@]}"; do
    mkdir -p "$out/$name/$network"
    options=(-mfloat-abi=hard "$@")
    if [ "$network" = integers ]; then options=(-mfloat-abi=soft); fi
    for level in -O3 -Os; do
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
  if arm-none-eabi-nm "$out/$name/integers/firmware-Os" | grep -E ' __aeabi_(c?[fd]|u?[il]2[fd])'; then
    echo "$name: the network in integers calls floating-point functions"
    return 1
  fi
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
