// SPDX-License-Identifier: BSD-3-Clause
// The colours of a surface: viridis, which is even to the eye and to colour-blind eyes.
#ifndef SQWA_SURFACE_COLOURS_HPP
#define SQWA_SURFACE_COLOURS_HPP

#include <sqwa/core/config.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <string>

namespace sqwa::inline SQWA_ABI {

namespace detail {

/// Nine evenly spaced colours of viridis (S. van der Walt and N. Smith, 2015, CC0), as 0xRRGGBB.
inline constexpr std::array<unsigned, 9> viridis{0x440154, 0x472D7B, 0x3B528B, 0x2C728E, 0x21918C,
                                                 0x28AE80, 0x5EC962, 0xADDC30, 0xFDE725};

/// The colour at a place from 0 to 1, between two of the table in equal parts, as #rrggbb. NaN: that of 0.
inline std::string viridis_text(double at) {
  double const place = (at > 0 ? std::min(at, 1.0) : 0.0) * (viridis.size() - 1);
  auto const below = std::min(static_cast<std::size_t>(place), viridis.size() - 2);
  std::string text = "#";
  for (unsigned const shift : {16U, 8U, 0U}) {
    double const a = viridis[below] >> shift & 0xFF, b = viridis[below + 1] >> shift & 0xFF;
    auto const v = static_cast<unsigned>(std::lround(a + (place - static_cast<double>(below)) * (b - a)));
    text += "0123456789abcdef"[v / 16];
    text += "0123456789abcdef"[v % 16];
  }
  return text;
}

}  // namespace detail

}  // namespace sqwa::inline SQWA_ABI

#endif
