// SPDX-License-Identifier: BSD-3-Clause
// What re-quantizing the average of captures will cost, from the sums of their codes alone.
#ifndef SQWA_METHOD_REQUANTIZATION_HPP
#define SQWA_METHOD_REQUANTIZATION_HPP

#include <sqwa/average/code_averager.hpp>
#include <sqwa/average/code_sums.hpp>
#include <sqwa/core/contract.hpp>
#include <sqwa/exec/executor.hpp>
#include <sqwa/quant/granularity.hpp>
#include <sqwa/quant/packed.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

namespace sqwa::inline SQWA_ABI {

/// Squared distances of models from the average of captures, summed over weights.
struct requantization_error {
  double energy = 0;    ///< the average's own squared length
  double frozen = 0;    ///< the average re-quantized with the scales of the captures
  double refitted = 0;  ///< …with the scales of least squared error
  double captures = 0;  ///< a capture, in the mean over all of them

  /// frozen / energy; 0 for an average of zeros.
  [[nodiscard]] double relative_frozen() const noexcept { return energy > 0 ? frozen / energy : 0; }
  /// refitted / energy; 0 for an average of zeros.
  [[nodiscard]] double relative_refitted() const noexcept { return energy > 0 ? refitted / energy : 0; }
  /// captures / energy; 0 for an average of zeros.
  [[nodiscard]] double relative_captures() const noexcept { return energy > 0 ? captures / energy : 0; }

  requantization_error& operator+=(requantization_error const& other) noexcept {
    energy += other.energy;
    frozen += other.frozen;
    refitted += other.refitted;
    captures += other.captures;
    return *this;
  }
  bool operator==(requantization_error const&) const = default;
};

/// Adds the squares of a capture's codes to one sum for each block: what `requantization_of` must know besides sums.
///
/// Exact. Memory: none.
/// @pre one sum for each block; the members of `p` fit together; every field is a code
inline void add_squares(packed const& p, std::span<std::uint64_t> squares) {
  p.check("add_squares");
  detail::check_fields("add_squares", p, sequential{});
  expects(squares.size() == p.layout.count, "add_squares: {} sums for {} blocks", squares.size(), p.layout.count);
  detail::for_each_piece(p, 0, p.size(), [&](std::size_t first, auto codes) {
    for_each_run(p.layout, first, first + codes.size(), [&](std::size_t block, std::size_t at, std::size_t length) {
      std::uint64_t sum = 0;
      for (auto code : codes.subspan(at - first, length)) sum += static_cast<std::uint64_t>(int{code} * int{code});
      squares[block] += sum;
    });
  });
}

namespace detail {

/// A magnitude of the sums and a code: they meet where the scale, in units of scale / n, is 2 sum / (2 code - 1).
struct sum_breakpoint {
  std::int32_t sum, code;
};

/// All breakpoints, from the largest scale to the smallest.
inline std::vector<sum_breakpoint> sum_breakpoints(int most, int max_code) {
  std::vector<sum_breakpoint> all;
  for (int sum = 1; sum <= most; ++sum) {
    for (int code = 1; code <= max_code; ++code) all.push_back({sum, code});
  }
  std::ranges::sort(all, [](sum_breakpoint x, sum_breakpoint y) {
    auto const left = std::int64_t{x.sum} * (2 * y.code - 1), right = std::int64_t{y.sum} * (2 * x.code - 1);
    return left != right ? left > right : x.sum > y.sum;
  });
  return all;
}

/// The squared errors of one block in units of (scale / n)^2, from how often each magnitude of a sum occurs.
inline requantization_error error_of_sums(std::span<std::uint64_t const> magnitudes, int n, int max_code,
                                          std::span<sum_breakpoint const> breakpoints) {
  double energy = 0, frozen = 0;
  for (std::size_t m = 1; m != magnitudes.size(); ++m) {
    auto const count = static_cast<double>(magnitudes[m]);
    auto const sum = static_cast<int>(m);
    int const code = std::min((2 * sum + n) / (2 * n), max_code);  // a tie costs the same on either side
    double const off = sum - n * code;
    energy += count * static_cast<double>(sum) * sum;
    frozen += count * off * off;
  }
  double a = 0, b = 0, best = 0;  // a scale s = a / b leaves energy - a^2 / b
  for (sum_breakpoint const& p : breakpoints) {
    auto const count = static_cast<double>(magnitudes[static_cast<std::size_t>(p.sum)]);
    if (count == 0) continue;
    a += count * p.sum;
    b += count * (2.0 * p.code - 1);
    best = std::max(best, a * a / b);
  }
  return {energy, frozen, std::max(energy - best, 0.0), 0};
}

}  // namespace detail

/// Predicts what re-quantizing the mean of captures of common scales costs, from the histogram of their code sums.
///
/// With frozen scales the error is that of the nearest points: never more than any single capture's, since each capture
/// is a point of that lattice. Refitted: the least squared error that any scales reach, the global minimum over all
/// breakpoints, before the scale is rounded to float. `squares` comes from `add_squares` over the same captures;
/// without it `captures` is 0. Integers are exact while they stay below 2^53.
///
/// Memory: 8 bytes for each weight of the tensor while it works, and (levels - 1) / 2 * n breakpoints a code.
/// @pre at least one capture; shared scales; at most 255 levels and 32,767 as the largest sum; squares: none, or one a
/// block
template <any_backend B>
[[nodiscard]] requantization_error requantization_of(code_averager<B> const& mean, int levels,
                                                     std::span<std::uint64_t const> squares = {}) {
  constexpr char const* who = "requantization_of";
  expects(mean.n_averaged() > 0, "{}: nothing was captured", who);
  expects(mean.shared_scales(), "{}: the captures differ in their scales", who);
  expects(levels >= 3 && levels <= 255 && levels % 2 == 1, "{}: {} levels; odd numbers from 3 to 255", who, levels);
  expects(mean.levels() <= 65'535 && mean.levels() == (levels - 1) * mean.n_averaged() + 1,
          "{}: {} captures of {} levels, but sums of {} levels", who, mean.n_averaged(), levels, mean.levels());
  blocks const& layout = mean.layout();
  expects(squares.empty() || squares.size() == layout.count, "{}: {} sums of squares for {} blocks", who,
          squares.size(), layout.count);
  int const max_code = (levels - 1) / 2;
  int const n = static_cast<int>(mean.n_averaged());
  auto const breakpoints = detail::sum_breakpoints(n * max_code, max_code);
  std::vector<std::int64_t> const sums = mean.sums();
  std::vector<std::uint64_t> magnitudes(static_cast<std::size_t>(n * max_code) + 1);
  requantization_error total;
  for (std::size_t block = 0; block != layout.count; ++block) {
    std::ranges::fill(magnitudes, 0);
    for (std::size_t round = 0; round != layout.outer; ++round) {
      std::size_t const first = (round * layout.count + block) * layout.inner;
      for (std::size_t i = first; i < std::min(first + layout.inner, sums.size()); ++i) {
        ++magnitudes[static_cast<std::size_t>(std::abs(sums[i]))];
      }
    }
    requantization_error e = detail::error_of_sums(magnitudes, n, max_code, breakpoints);
    if (!squares.empty()) e.captures = std::max(static_cast<double>(squares[block]) * n - e.energy, 0.0);
    double const unit = static_cast<double>(mean.scales()[block]) / n;
    for (double* part : {&e.energy, &e.frozen, &e.refitted, &e.captures}) *part *= unit * unit;
    total += e;
  }
  return total;
}

}  // namespace sqwa::inline SQWA_ABI

#endif
