// SPDX-License-Identifier: BSD-3-Clause
// What the test firmware needs of the machine that it runs on; platform_*.cpp say how.
#ifndef SQWA_TESTS_EMBEDDED_PLATFORM_HPP
#define SQWA_TESTS_EMBEDDED_PLATFORM_HPP

#include <cstddef>
#include <cstdint>

namespace platform {

/// Appends bytes to the file outputs.bin in the working directory.
void emit(void const* bytes, std::size_t size);
/// Writes the file that was begun by `emit`.
void end();

/// Starts and stops a count of instructions; 0 where there is none.
void start_count();
std::uint32_t stop_count();
/// Tells the mean of counts.
void tell(char const* what, std::uint32_t mean);

}  // namespace platform

#endif
