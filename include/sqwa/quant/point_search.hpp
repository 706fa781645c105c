// SPDX-License-Identifier: BSD-3-Clause
// Many values to the nearest points at once, in loops that compilers turn into vectors.
#ifndef SQWA_QUANT_POINT_SEARCH_HPP
#define SQWA_QUANT_POINT_SEARCH_HPP

#include <sqwa/quant/point_format.hpp>
#include <sqwa/quant/rounding.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

namespace sqwa::inline SQWA_ABI::detail {

/// Whether `point_search` gives the points of a rounding, where they are not `close`.
template <class R, class T>
inline constexpr bool fast_rounding = std::same_as<T, float> &&
                                      (std::same_as<R, nearest_even> || std::same_as<R, half_away>);

/// For float values, what `point_chooser::nearest` gives: how many of the thresholds lie below.
///
/// Threshold j is the largest float that goes to point j or below, so a tie needs no look. Few thresholds are all
/// compared with; of many, every sixteenth and then those of one group. Memory: on the stack, 4 bytes a point.
template <point_format F, rounding R>
  requires std::same_as<R, nearest_even> || std::same_as<R, half_away>
class point_search {
 public:
  /// So many values are looked up in step.
  static constexpr std::size_t block = 64;
  using places = std::array<std::int32_t, block>;

  explicit point_search(point_chooser<F> const& chooser) noexcept {
    above_.fill(std::numeric_limits<float>::infinity());
    for (std::size_t j = 0; j + 1 != std::size_t{F::levels}; ++j) {
      double const middle = chooser.middle(j);
      auto f = static_cast<float>(middle);
      bool const up = chooser.template nearest<R>(middle) == j + 1;
      if (static_cast<double>(f) > middle || (static_cast<double>(f) == middle && up)) {
        f = std::nextafter(f, -std::numeric_limits<float>::infinity());
      }
      above_[j] = f;
    }
  }

  /// The nearest point of each value; 0 for a NaN.
  [[nodiscard]] places operator()(std::array<float, block> const& t) const noexcept {
    places at{};
    if constexpr (F::levels <= 32) {
      for (std::size_t j = 0; j + 1 != std::size_t{F::levels}; ++j) {
        float const threshold = above_[j];
        for (std::size_t k = 0; k != block; ++k) at[k] += t[k] > threshold ? 1 : 0;
      }
    } else {
      for (std::size_t g = group - 1; g < above_.size(); g += group) {  // the last one of each group
        float const threshold = above_[g];
        for (std::size_t k = 0; k != block; ++k) at[k] += t[k] > threshold ? 1 : 0;
      }
      for (std::size_t k = 0; k != block; ++k) {
        float const* const some = &above_[static_cast<std::size_t>(at[k]) * group];
        std::int32_t count = 0;
        for (std::size_t j = 0; j != group; ++j) count += t[k] > some[j] ? 1 : 0;
        at[k] = at[k] * static_cast<std::int32_t>(group) + count;
      }
    }
    return at;
  }

  /// `f(i, point, w)` for each value of a run with one scale, with the point that `choose` gives; for a NaN, point 0.
  ///
  /// Models: scale > 0; the points are not `close`
  template <class Visit>
  void for_each(std::span<float const> x, float scale, Visit&& f) const noexcept {
    std::array<float, block> t{};
    for (std::size_t i = 0; i < x.size(); i += block) {
      std::size_t const n = std::min(block, x.size() - i);
      for (std::size_t k = 0; k != n; ++k) t[k] = x[i + k] / scale;
      places const at = (*this)(t);
      for (std::size_t k = 0; k != n; ++k) f(i + k, static_cast<std::size_t>(at[k]), x[i + k]);
    }
  }

 private:
  static constexpr std::size_t group = 16;
  std::array<float, (std::size_t{F::levels} - 1) / group * group + group> above_;  // the rest: infinity
};

}  // namespace sqwa::inline SQWA_ABI::detail

#endif
