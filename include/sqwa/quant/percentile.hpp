// SPDX-License-Identifier: BSD-3-Clause
// A fit that lets a small share of the weights lie beyond the outermost points.
#ifndef SQWA_QUANT_PERCENTILE_HPP
#define SQWA_QUANT_PERCENTILE_HPP

#include <sqwa/core/contract.hpp>
#include <sqwa/quant/fit.hpp>
#include <sqwa/quant/format.hpp>
#include <sqwa/quant/min_max.hpp>
#include <sqwa/quant/point_format.hpp>
#include <sqwa/tensor/adapter.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

namespace sqwa::inline SQWA_ABI {

/// The outermost points fall where that share of the weights lies within: `max_abs` or `min_max` without the outliers.
///
/// Of n weights, k = share * n rounded up are kept, at least one; a product within 10^-6 above an integer counts as
/// that integer. Symmetric formats and points: the k-th smallest magnitude falls on the outermost point. Affine
/// formats: the (n - k) / 2 least and as many largest weights, rounded down, are left out, and what remains is fitted
/// by `min_max`. A share of 1 is `max_abs` and `min_max`. An empty or all-zero block gives scale 0, and so does one
/// that is zero in that share. Memory: one copy of the block. Time: O(n).
struct percentile {
  double share = 0.99999;

  /// @pre 0 < share <= 1
  template <real T, uniform_format F>
  [[nodiscard]] float operator()(std::span<T const> block, F const&) const {
    return detail::finite_scale(magnitude(block) / F::max_code, F::max_code);
  }
  /// @pre 0 < share <= 1
  template <real T, point_format F>
  [[nodiscard]] float operator()(std::span<T const> block, F const& format) const {
    auto const outermost = static_cast<double>(outermost_point(format));
    return detail::finite_scale(magnitude(block) / outermost, outermost);
  }
  /// @pre 0 < share <= 1
  template <real T, affine_format F>
  [[nodiscard]] affine_scale operator()(std::span<T const> block, F const& format) const {
    std::size_t const n = block.size();
    std::size_t const left_out = (n - kept(n)) / 2;
    std::array<T, 2> ends{};
    if (n != 0) {
      std::vector<T> w(block.begin(), block.end());
      ends = {nth(w, left_out), nth(w, n - 1 - left_out)};
    }
    return min_max{}(std::span<T const>(ends), format);
  }

 private:
  [[nodiscard]] std::size_t kept(std::size_t n) const {
    expects(share > 0 && share <= 1, "percentile: the share {}; above 0, to 1", share);
    double const some = std::ceil(share * static_cast<double>(n) - 1e-6);
    return std::clamp<std::size_t>(static_cast<std::size_t>(std::max(some, 0.0)), std::min<std::size_t>(n, 1), n);
  }

  template <real T>
  static T nth(std::vector<T>& w, std::size_t n) {
    auto const at = w.begin() + static_cast<std::ptrdiff_t>(n);
    std::ranges::nth_element(w, at);
    return *at;
  }

  template <real T>
  [[nodiscard]] double magnitude(std::span<T const> block) const {
    std::size_t const k = kept(block.size());
    if (k == 0) return 0;
    std::vector<T> w(block.size());
    std::ranges::transform(block, w.begin(), [](T v) { return std::abs(v); });
    return static_cast<double>(nth(w, k - 1));
  }
};

}  // namespace sqwa::inline SQWA_ABI

#endif
