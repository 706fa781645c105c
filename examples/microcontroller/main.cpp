// SPDX-License-Identifier: BSD-3-Clause
// One handwritten digit on a Cortex-M, in integers. docs/embedded.md says how to build and to run it.
#include "digits.hpp"
#include "semihosting.hpp"

#include <sqwa/deploy/engine.hpp>

#include <cstddef>
#include <cstdint>

namespace {

using engine = sqwa::deploy::engine<digits::network>;
static_assert(engine::memory_bytes + engine::output_bytes <= 1024, "the digits need 1 KiB of RAM");

constinit engine network;

constexpr std::uint8_t image[engine::input_size]{0, 0, 5,  13, 9,  1,  0, 0,  //
                                                 0, 0, 13, 15, 10, 15, 5, 0,  //
                                                 0, 3, 15, 2,  0,  11, 8, 0,  //
                                                 0, 4, 12, 0,  0,  8,  8, 0,  //
                                                 0, 5, 8,  0,  0,  9,  8, 0,  //
                                                 0, 4, 11, 0,  1,  12, 7, 0,  //
                                                 0, 2, 14, 5,  10, 12, 0, 0,  //
                                                 0, 0, 6,  13, 10, 0,  0, 0};

}  // namespace

int main() {
  using semihosting::print;
  auto const scores = network.run(image);
  std::size_t const digit = sqwa::deploy::largest(scores);
  print("values between layers: ");
  print(static_cast<std::int32_t>(engine::memory_bytes));
  print(" bytes, output: ");
  print(static_cast<std::int32_t>(engine::output_bytes));
  print(" bytes\nthis is a ");
  print(static_cast<std::int32_t>(digit));
  print("\n");
  return digit == 0 ? 0 : 1;
}
