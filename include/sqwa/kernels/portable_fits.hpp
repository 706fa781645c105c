// SPDX-License-Identifier: BSD-3-Clause
// The inner loops of fits: sums over magnitudes. What each computes, as plain loops.
#ifndef SQWA_KERNELS_PORTABLE_FITS_HPP
#define SQWA_KERNELS_PORTABLE_FITS_HPP

#include <sqwa/kernels/portable_codes.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>

namespace sqwa::inline SQWA_ABI {

/// What the magnitudes of a block and their codes c add up to: <|x|, c> and <c, c>.
struct code_products {
  double products = 0;
  double squares = 0;

  constexpr code_products operator+(code_products o) const noexcept {
    return {products + o.products, squares + o.squares};
  }
  bool operator==(code_products const&) const = default;
};

/// The magnitudes above a threshold: what they add up to, and how many they are.
struct tail {
  double sum = 0;
  double count = 0;

  constexpr tail operator+(tail o) const noexcept { return {sum + o.sum, count + o.count}; }
  bool operator==(tail const&) const = default;
};

/// The tails above six thresholds, and the largest magnitude.
struct tail_table {
  static constexpr std::size_t thresholds = 6;
  std::array<tail, thresholds> above;
  double largest = 0;

  constexpr tail_table operator+(tail_table const& o) const noexcept {
    tail_table all{above, std::max(largest, o.largest)};
    for (std::size_t k = 0; k != thresholds; ++k) all.above[k] = all.above[k] + o.above[k];
    return all;
  }
  bool operator==(tail_table const&) const = default;
};

/// Plain loops over magnitudes: the meaning of these kernels, and the oracle of their tests. Part of
/// `portable_kernels`.
///
/// Sums run in 32 lanes, element i in lane i % 32, which then are added in halves, so all sets give the same bits.
/// Values are finite.
template <class Isa>
struct portable_fit_kernels : portable_code_kernels<Isa> {
  using base = portable_code_kernels<Isa>;
  static constexpr std::size_t fit_lanes = 32;

  /// The sums for the codes c = rint(min(|x| * inverse, limit)), in double: the pass of an alternating fit.
  ///
  /// `inverse` >= 0, finite; `limit` an integer in [1, 32767].
  template <class T>
  static code_products sum_codes(std::span<T const> x, T inverse, T limit) noexcept {
    std::array<double, fit_lanes> products{}, squares{};
    in_lanes(x, [&](T const* v) {
      for (std::size_t l = 0; l != fit_lanes; ++l) {
        T const m = std::abs(v[l]);
        T const t = m * inverse;
        auto const c = static_cast<double>(std::rint(t < limit ? t : limit));
        products[l] += static_cast<double>(m) * c;
        squares[l] += c * c;
      }
    });
    return {base::halved(products), base::halved(squares)};
  }

  /// Writes the magnitudes whose codes at `inverse` and at `other` differ to `inside`, in their order, adds the sums
  /// for the codes at `inverse`, as `sum_codes` does, and returns how many it wrote.
  ///
  /// Room and arguments as for `split` and `sum_codes`.
  template <class T>
  static std::size_t split_codes(std::span<T const> x, T inverse, T other, T limit, T* inside,
                                 code_products& sums) noexcept {
    std::size_t n = 0;
    in_lanes(x, [&](T const* v) {
      std::array<T, fit_lanes> apart;
      for (std::size_t l = 0; l != fit_lanes; ++l) {
        T const t = std::abs(v[l]) * inverse, u = std::abs(v[l]) * other;
        apart[l] = std::rint(t < limit ? t : limit) - std::rint(u < limit ? u : limit);
      }
      T* end = inside + n;
      for (std::size_t l = 0; l != fit_lanes; ++l) {
        *end = std::abs(v[l]);
        end += apart[l] != 0 ? 1 : 0;
      }
      n = static_cast<std::size_t>(end - inside);
    });
    sums = sums + sum_codes<T>(x, inverse, limit);
    return n;
  }

  /// The tails above some thresholds >= 0.
  ///
  /// Lanes are of type T, so the sums are as exact as sums of x.size() / 32 numbers of that type: meant for bounds.
  template <class T>
  static tail_table tails(std::span<T const> x, std::array<T, tail_table::thresholds> const& above) noexcept {
    tail_table all;
    for (T v : x) all.largest = std::max(all.largest, static_cast<double>(std::abs(v)));
    for (std::size_t k = 0; k != above.size(); ++k) {
      std::array<T, fit_lanes> sum{};
      std::array<std::int32_t, fit_lanes> count{};
      in_lanes(x, [&, threshold = above[k]](T const* v) {
        for (std::size_t l = 0; l != fit_lanes; ++l) {
          T const m = std::abs(v[l]);
          sum[l] += m > threshold ? m : T(0);
          count[l] += m > threshold ? 1 : 0;
        }
      });
      std::array<double, fit_lanes> wide;
      for (std::size_t l = 0; l != fit_lanes; ++l) {
        wide[l] = static_cast<double>(sum[l]);
        all.above[k].count += count[l];
      }
      all.above[k].sum = base::halved(wide);
    }
    return all;
  }

  /// Writes the magnitudes in (low, high] to `inside`, in their order, adds those above `high`, in double, to `above`,
  /// and returns how many it wrote.
  ///
  /// There is room for x.size() + 32 values at `inside`; what lies behind the last one written means nothing.
  /// 0 <= low <= high.
  template <class T>
  static std::size_t split(std::span<T const> x, T low, T high, T* inside, tail& above) noexcept {
    std::array<double, fit_lanes> sum{};
    std::array<std::int32_t, fit_lanes> count{};
    std::size_t n = 0;
    in_lanes(x, [&](T const* v) {
      std::array<T, fit_lanes> beyond;  // loops of one kind each, which compilers turn into vectors
      for (std::size_t l = 0; l != fit_lanes; ++l) beyond[l] = std::abs(v[l]) > high ? std::abs(v[l]) : T(0);
      for (std::size_t l = 0; l != fit_lanes; ++l) count[l] += beyond[l] > 0 ? 1 : 0;
      for (std::size_t l = 0; l != fit_lanes; ++l) sum[l] += static_cast<double>(beyond[l]);
      T* end = inside + n;
      for (std::size_t l = 0; l != fit_lanes; ++l) {  // without a branch, which would be a gamble
        T const m = std::abs(v[l]);
        *end = m;
        end += static_cast<int>(m > low) & static_cast<int>(m <= high);
      }
      n = static_cast<std::size_t>(end - inside);
    });
    above.sum += base::halved(sum);
    for (std::int32_t c : count) above.count += c;
    return n;
  }

 protected:
  /// `f(p)` for each 32 values; the last ones are filled up with zeros, which add nothing.
  template <class T, class F>
  static void in_lanes(std::span<T const> x, F&& f) noexcept {
    std::size_t i = 0;
    for (; i + fit_lanes <= x.size(); i += fit_lanes) f(x.data() + i);
    if (i == x.size()) return;
    std::array<T, fit_lanes> last{};
    std::copy(x.begin() + static_cast<std::ptrdiff_t>(i), x.end(), last.begin());
    f(last.data());
  }
};

}  // namespace sqwa::inline SQWA_ABI

#endif
