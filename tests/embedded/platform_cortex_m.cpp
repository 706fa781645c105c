// SPDX-License-Identifier: BSD-3-Clause
// The test firmware on a Cortex-M in QEMU: files by semihosting, instructions by the system timer.
//
// With -icount shift=0 QEMU's clock advances by a nanosecond for each instruction. The timer of the boards mps2 counts
// at 25 MHz: one tick is 40 instructions.
#include "microcontroller/semihosting.hpp"
#include "platform.hpp"

#include <cstdint>

namespace {

struct timer {
  std::uint32_t control, reload, value;
};
timer volatile& system_timer = *reinterpret_cast<timer volatile*>(0xE000E010);

constexpr std::uint32_t longest = 0xFFFFFF;
std::uint32_t file = 0;  // a handle; 0: none yet

void ends_with(bool good) {
  if (good) return;
  semihosting::print("outputs.bin cannot be written\n");
  semihosting::exit(1);
}

}  // namespace

void platform::emit(void const* bytes, std::size_t size) {
  if (file == 0) {
    struct {
      char const* name;
      std::uint32_t mode, length;
    } const open{"outputs.bin", 5, 11};
    file = semihosting::call(0x01, &open);
    ends_with(file != 0xFFFFFFFF);
  }
  struct {
    std::uint32_t handle;
    void const* bytes;
    std::uint32_t size;
  } const write{file, bytes, static_cast<std::uint32_t>(size)};
  ends_with(semihosting::call(0x05, &write) == 0);
}
void platform::end() { ends_with(semihosting::call(0x02, &file) == 0); }

void platform::start_count() {
  system_timer.reload = longest;
  system_timer.value = 0;
  system_timer.control = 5;  // on, of the processor's clock, no interrupt
}
std::uint32_t platform::stop_count() { return (longest - system_timer.value) * 40; }
void platform::tell(char const* what, std::uint32_t mean) {
  semihosting::print(what);
  semihosting::print(static_cast<std::int32_t>(mean));
  semihosting::print("\n");
}
