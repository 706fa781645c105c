// SPDX-License-Identifier: BSD-3-Clause
// What runs before main on a Cortex-M: vectors, memory, and the floating-point unit where the compiler uses it.
#include "semihosting.hpp"

#include <cstdint>

extern "C" {
extern std::uint32_t data_image[], data_begin[], data_end[], bss_begin[], bss_end[], stack_top[];
int main();
[[noreturn]] void reset();
[[noreturn]] void fault();
}

void reset() {
  std::uint32_t const* from = data_image;
  for (std::uint32_t volatile* to = data_begin; to != data_end;) *to++ = *from++;
  for (std::uint32_t volatile* to = bss_begin; to != bss_end;) *to++ = 0;
#ifdef __ARM_FP
  auto* const access = reinterpret_cast<std::uint32_t volatile*>(0xE000ED88);  // CPACR: full access to the unit
  *access = *access | 0xF00000U;
  asm volatile("dsb\n isb");
#endif
  semihosting::exit(main());
}

void fault() {
  semihosting::print("fault\n");
  semihosting::exit(1);
}

using handler = void (*)();
struct vector_table {
  void* stack;
  handler handlers[15];
};
extern "C" [[gnu::section(".vectors"), gnu::used]] vector_table const vectors{
    stack_top,
    {reset, fault, fault, fault, fault, fault, nullptr, nullptr, nullptr, nullptr, fault, fault, nullptr, fault,
     fault}};
