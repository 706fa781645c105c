// SPDX-License-Identifier: BSD-3-Clause
// Words to a debugger or an emulator from a Cortex-M. A product has a serial line instead.
#ifndef SQWA_EXAMPLES_MICROCONTROLLER_SEMIHOSTING_HPP
#define SQWA_EXAMPLES_MICROCONTROLLER_SEMIHOSTING_HPP

#include <cstddef>
#include <cstdint>

namespace semihosting {

/// One of Arm's semihosting operations.
inline std::uint32_t call(std::uint32_t operation, void const* argument) {
  register std::uint32_t r0 asm("r0") = operation;
  register void const* r1 asm("r1") = argument;
  asm volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
  return r0;
}

/// Writes text.
inline void print(char const* text) { call(0x04, text); }

/// Writes a number in decimal.
inline void print(std::int32_t n) {
  char digits[12];
  char* at = digits + sizeof digits - 1;
  *at = '\0';
  std::uint32_t rest = n < 0 ? 0U - static_cast<std::uint32_t>(n) : static_cast<std::uint32_t>(n);
  do {
    *--at = static_cast<char>('0' + rest % 10);
  } while ((rest /= 10) != 0);
  if (n < 0) *--at = '-';
  print(static_cast<char const*>(at));
}

/// Ends the emulator with a status.
[[noreturn]] inline void exit(int status) {
  struct {
    std::uint32_t reason, status;
  } const block{0x20026, static_cast<std::uint32_t>(status)};  // ADP_Stopped_ApplicationExit
  call(0x20, &block);
  for (;;) {
  }
}

}  // namespace semihosting

#endif
