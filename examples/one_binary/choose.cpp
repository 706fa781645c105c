// SPDX-License-Identifier: BSD-3-Clause
// Which kernels this processor runs: asked once, compiled for any processor.
#include "kernels.hpp"

#include <array>
#include <string_view>

namespace {

struct choice {
  char const* name;
  sqwa::kernel_table const& (*kernels)() noexcept;
  bool (*runs)();
};

bool has_avx512() {  // what <sqwa/kernels/avx512.hpp> needs
  return __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vbmi") &&
         __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("gfni") && __builtin_cpu_supports("bmi2") &&
         __builtin_cpu_supports("fma");
}

constexpr std::array choices{choice{"avx512", example::avx512_kernels, has_avx512},
                             choice{"avx2", example::avx2_kernels,
                                    [] {
                                      return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                                             __builtin_cpu_supports("bmi2");
                                    }},
                             choice{"sse2", example::sse2_kernels, [] { return true; }}};

choice const* best() noexcept {
  __builtin_cpu_init();
  for (choice const& c : choices) {
    if (c.runs()) return &c;
  }
  return &choices.back();
}

/// Made at the first call, so code that runs before `main` may ask too.
choice const*& chosen() noexcept {
  static choice const* one = best();
  return one;
}

}  // namespace

sqwa::kernel_table const& example::chosen_kernels() noexcept { return chosen()->kernels(); }

bool example::choose_kernels(char const* name) noexcept {
  for (choice const& c : choices) {
    if (std::string_view(name) != c.name || !c.runs()) continue;
    chosen() = &c;
    return true;
  }
  return false;
}

char const* example::name_of_kernels() noexcept { return chosen()->name; }
