// SPDX-License-Identifier: BSD-3-Clause
// The test firmware under an operating system.
#include "platform.hpp"

#include <cstdio>
#include <cstdlib>

namespace {

std::FILE* file = nullptr;

}  // namespace

void platform::emit(void const* bytes, std::size_t size) {
  if (file == nullptr) file = std::fopen("outputs.bin", "wb");
  if (file == nullptr || std::fwrite(bytes, 1, size, file) != size) std::exit(1);
}
void platform::end() {
  if (file == nullptr || std::fclose(file) != 0) std::exit(1);
}
void platform::start_count() {}
std::uint32_t platform::stop_count() { return 0; }
void platform::tell(char const*, std::uint32_t) {}
