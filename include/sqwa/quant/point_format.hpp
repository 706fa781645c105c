// SPDX-License-Identifier: BSD-3-Clause
// Formats that are a list of points with any spacing, and the choice among the points around a number.
#ifndef SQWA_QUANT_POINT_FORMAT_HPP
#define SQWA_QUANT_POINT_FORMAT_HPP

#include <sqwa/core/contract.hpp>
#include <sqwa/quant/format.hpp>
#include <sqwa/quant/rounding.hpp>
#include <sqwa/tensor/adapter.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>

namespace sqwa::inline SQWA_ABI {

/// A `number_format` that lists its points: value = point * scale.
///
/// A code is a pattern of `bits` bits. Without more words code i is point i; a format whose codes are in another order
/// has the members `pattern(i)`, the code of point i, and `index(code)`, the point of a code, or `levels` where there
/// is none. A format with codes that are no point but have a meaning (infinity, NaN, a second zero) also has
/// `value(code)`.
/// Models: the points are finite and strictly ascending; the codes of neighbours are even and odd in turn.
template <class F>
concept point_format = number_format<F> && !uniform_format<F> && std::same_as<typename F::code, std::uint8_t> &&
                       (F::levels >= 2 && F::levels <= 256 && F::bits >= 1 && F::bits <= 8) && requires(F const& f) {
  requires std::same_as<std::remove_cvref_t<decltype(f.points())>, std::array<float, std::size_t{F::levels}>>;
};

/// The code of point i.
/// Models: i < F::levels
template <point_format F>
[[nodiscard]] constexpr std::uint8_t code_of_point(F const& format, std::size_t i) noexcept {
  if constexpr (requires { format.pattern(i); }) {
    return format.pattern(i);
  } else {
    return static_cast<std::uint8_t>(i);
  }
}

/// The point of a code; `F::levels` if the code is no point.
template <point_format F>
[[nodiscard]] constexpr std::size_t point_of_code(F const& format, std::uint8_t code) noexcept {
  if constexpr (requires { format.index(code); }) {
    return format.index(code);
  } else {
    return std::min<std::size_t>(code, F::levels);
  }
}

/// The largest magnitude among the points of a format at scale 1.
template <uniform_format F>
[[nodiscard]] constexpr float outermost_point(F const&) noexcept {
  return static_cast<float>(F::max_code);
}
template <point_format F>
[[nodiscard]] constexpr float outermost_point(F const& format) noexcept {
  std::array<float, std::size_t{F::levels}> const& points = format.points();
  return std::max(-points.front(), points.back());
}

/// The points of a format, made ready for choosing among them.
///
/// Memory: on the stack, 24 bytes a point. Everything is compared in double, so the choice is exact for float values,
/// and for double values where the middles between the points are exact.
template <point_format F>
class point_chooser {
 public:
  static constexpr std::size_t levels = F::levels;

  /// @pre the points are finite and strictly ascending
  explicit constexpr point_chooser(F const& format) {
    std::array<float, levels> const& points = format.points();
    for (std::size_t i = 0; i != levels; ++i) {
      bool const finite = points[i] >= -largest && points[i] <= largest;
      expects(finite && (i == 0 || points[i - 1] < points[i]), "point_format: the point {} at {} of {} in order",
              points[i], i, levels);
      point_[i] = static_cast<double>(points[i]);
      odd_[i] = code_of_point(format, i) % 2 != 0;
      if (i != 0) {
        middle_[i - 1] = (point_[i - 1] + point_[i]) / 2;
        double const outer = point_[i] > -point_[i - 1] ? point_[i] : -point_[i - 1];
        close_ = close_ || point_[i] - point_[i - 1] < outer * 0x1p-20;
      }
    }
    nearest_zero_ = nearest<half_away>(0.0);
  }

  [[nodiscard]] constexpr double point(std::size_t i) const noexcept { return point_[i]; }
  /// The number between the points i and i + 1 that is as far from one as from the other.
  [[nodiscard]] constexpr double middle(std::size_t i) const noexcept { return middle_[i]; }
  /// The point nearest to 0; of two, the upper one.
  [[nodiscard]] constexpr std::size_t nearest_zero() const noexcept { return nearest_zero_; }

  /// Whether the error of w / scale may reach from one point to the next.
  [[nodiscard]] constexpr bool close() const noexcept { return close_; }

  /// The point nearest to `t`. Beyond the outermost points: the outermost.
  ///
  /// Ties: `nearest_even` takes the even code, which for a minifloat is the even mantissa, for a plain list of points
  /// the even place; `half_away` takes the point farther from zero. A tie at 0 takes the upper one.
  /// Models: t is not NaN; R is nearest_even or half_away
  template <rounding R = nearest_even>
  [[nodiscard]] constexpr std::size_t nearest(double t) const noexcept {
    std::size_t const i = below(middle_.data(), levels - 1, t);
    if (i == levels - 1 || t != middle_[i]) return i;
    if (t == 0) return i + 1;
    if constexpr (std::same_as<R, half_away>) return t > 0 ? i + 1 : i;
    return odd_[i] ? i + 1 : i;
  }

  /// The point that a rounding picks for the weight `w` at a scale.
  ///
  /// `nearest_even` and `half_away`: see `nearest`. Every other rounding is asked about the place of w / scale between
  /// the two points around it, as the fraction of an integer that is even where the lower point's code is, and has the
  /// sign of w; so `toward_zero` takes the point nearer zero and `stochastic` one of the two with no bias. Between two
  /// points around zero neither is the nearer in that sense: a rounding without noise does as `half_away`. A product of
  /// a point and the scale keeps its value with every rounding. Scale 0 gives the point nearest zero, infinity the
  /// outermost.
  /// Models: w is not NaN; scale is finite and >= 0; 0 <= u < 1
  template <rounding R, real T>
  [[nodiscard]] std::size_t choose(T w, T scale, R const& round, float u) const noexcept {
    if (scale == 0) return nearest_zero_;
    auto const t = static_cast<double>(w / scale);
    if (close_) {  // the error of w / scale may reach from one point to the next
      if (std::size_t const i = product_beside(nearest(t), w, scale); i != levels) return i;
    }
    if constexpr (std::same_as<R, nearest_even> || std::same_as<R, half_away>) {
      return nearest<R>(t);
    } else {
      if (t >= point_.back()) return levels - 1;
      if (t <= point_.front()) return 0;
      std::size_t const near = nearest<half_away>(t);  // w / scale may fall short of the point that gave w
      if (static_cast<T>(point_[near]) * scale == w) return near;
      std::size_t const i = below(point_.data(), levels, t) - 1;
      if (t == point_[i + 1]) return i + 1;
      if (!R::needs_noise && point_[i] < 0 && point_[i + 1] > 0) return near;
      double const start = (t < 0 ? -4.0 : 2.0) + (odd_[i] ? 1 : 0);
      double const place = (t - point_[i]) / (point_[i + 1] - point_[i]);
      return round(start + place, static_cast<double>(u)) > start ? i + 1 : i;
    }
  }

 private:
  static constexpr float largest = std::numeric_limits<float>::max();

  /// How many of `n` ascending numbers are less than t.
  static constexpr std::size_t below(double const* sorted, std::size_t n, double t) noexcept {
    double const* first = sorted;
    while (n > 0) {
      std::size_t const half = n / 2;
      bool const right = first[half] < t;
      first += right ? half + 1 : 0;
      n = right ? n - half - 1 : half;
    }
    return static_cast<std::size_t>(first - sorted);
  }

  /// The point at place i or beside it whose product with the scale is w; `levels` if there is none.
  template <real T>
  [[nodiscard]] std::size_t product_beside(std::size_t i, T w, T scale) const noexcept {
    std::size_t const last = std::min(i + 1, levels - 1);
    for (std::size_t k = i - std::min<std::size_t>(i, 1); k <= last; ++k) {
      if (static_cast<T>(point_[k]) * scale == w) return k;
    }
    return levels;
  }

  std::array<double, levels> point_{};
  std::array<double, levels> middle_{};  // the last one is not used
  std::array<bool, levels> odd_{};
  std::size_t nearest_zero_ = 0;
  bool close_ = false;  // whether neighbours differ in their last digits only
};

}  // namespace sqwa::inline SQWA_ABI

#endif
