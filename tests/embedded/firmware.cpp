// SPDX-License-Identifier: BSD-3-Clause
// Runs the network of network.hpp on all 1,797 digits, or with DEEP on 50 of the test images, and writes its outputs as
// they lie in memory.
#include "network.hpp"
#include "platform.hpp"

#include <sqwa/deploy/engine.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

// Two IDX files: 16 bytes of header, then images of 64 bytes.
asm(".section .images, \"a\"\n"
    ".global train_images\n"
    ".global test_images\n"
    "train_images: .incbin \"train-images-idx3-ubyte\"\n"
    ".byte 0\n"
    "test_images: .incbin \"t10k-images-idx3-ubyte\"\n"
    ".byte 0\n"
    ".text\n");
extern "C" std::uint8_t const train_images[], test_images[];

namespace {

using engine = sqwa::deploy::engine<exported::network>;
constinit engine network;

std::uint32_t run_all(std::uint8_t const* images, std::size_t count) {
  std::uint32_t instructions = 0;
  for (images += 16; count-- != 0; images += engine::input_size) {
    std::array<engine::value, engine::input_size> input;
    for (std::size_t i = 0; i != input.size(); ++i) input[i] = images[i];
    platform::start_count();
    auto const output = network.run(input);
    instructions += platform::stop_count();  // fits up to two million an image, with DEEP 85 million
    platform::emit(output.data(), output.size_bytes());
  }
  return instructions;
}

}  // namespace

int main() {
#ifdef DEEP
  std::uint32_t const images = 50;
  std::uint32_t const counted = run_all(test_images, images);
#else
  std::uint32_t const images = 1797;
  std::uint32_t const counted = run_all(train_images, 1200) + run_all(test_images, 597);
#endif
  platform::end();
  platform::tell("instructions an image: ", counted / images);
  return 0;
}
