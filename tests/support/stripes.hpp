// SPDX-License-Identifier: BSD-3-Clause
// A small data set that small networks can learn.
#ifndef SQWA_TESTS_SUPPORT_STRIPES_HPP
#define SQWA_TESTS_SUPPORT_STRIPES_HPP

#include <sqwa/core/noise.hpp>
#include <sqwa/nn/data_set.hpp>

#include <cstddef>
#include <cstdint>

namespace test {

/// Images of noise with a bright row: the row is the class.
inline sqwa::nn::data_set stripes(std::size_t samples, std::uint64_t seed = 1) {
  sqwa::nn::data_set set;
  set.images.resize({samples, 6, 6, 1});
  set.labels.resize({samples});
  set.classes = 3;
  for (std::size_t s = 0; s != samples; ++s) {
    set.labels(s) = static_cast<std::uint8_t>(s % 3);
    for (std::size_t i = 0; i != 36; ++i) {
      auto const u = sqwa::noise{.seed = seed}.below(s * 36 + i, 100);
      set.images(s, i / 6, i % 6, 0) = static_cast<std::uint8_t>(u + (i / 6 == 2 * (s % 3) ? 120 : 0));
    }
  }
  return set;
}

}  // namespace test

#endif
