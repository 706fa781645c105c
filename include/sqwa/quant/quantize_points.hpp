// SPDX-License-Identifier: BSD-3-Clause
// quantize, dequantize and fake_quantize for formats that list their points.
#ifndef SQWA_QUANT_QUANTIZE_POINTS_HPP
#define SQWA_QUANT_QUANTIZE_POINTS_HPP

#include <sqwa/core/contract.hpp>
#include <sqwa/core/noise.hpp>
#include <sqwa/exec/backend.hpp>
#include <sqwa/quant/granularity.hpp>
#include <sqwa/quant/point_format.hpp>
#include <sqwa/quant/point_search.hpp>
#include <sqwa/quant/quantize.hpp>
#include <sqwa/quant/rounding.hpp>
#include <sqwa/tensor/adapter.hpp>

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

namespace sqwa::inline SQWA_ABI {

namespace detail {

/// Values to codes with one scale.
template <point_format F>
class point_coder {
 public:
  /// @pre the points are finite and strictly ascending
  explicit point_coder(F const& format) : chooser_(format), even_(chooser_), away_(chooser_) {
    for (std::size_t i = 0; i != pattern_.size(); ++i) pattern_[i] = code_of_point(format, i);
  }

  /// The codes of a run, elements from `first` on. Returns whether no value is NaN.
  template <rounding R, real T>
  bool run(std::span<T const> x, float scale, R const& round, std::span<std::uint8_t> codes, std::size_t first,
           noise const& u) const noexcept {
    bool numbers = true;
    auto const s = static_cast<T>(scale);
    if constexpr (fast_rounding<R, T>) {
      if (s > 0 && !chooser_.close()) {
        search<R>().for_each(x, s, [&](std::size_t i, std::size_t point, T w) {
          numbers &= w == w;
          codes[i] = pattern_[point];
        });
        return numbers;
      }
    }
    for_each_noisy<R>(x.size(), first, u, [&](std::size_t i, float noise_at) {
      T const w = x[i];
      numbers = numbers && w == w;
      codes[i] = pattern_[chooser_.choose(w == w ? w : T{0}, s, round, noise_at)];
    });
    return numbers;
  }

  /// The values of the points of a run, likewise; a NaN stays.
  template <rounding R, real T>
  void round(std::span<T const> x, float scale, R const& round, std::span<T> out, std::size_t first,
             noise const& u) const noexcept {
    auto const s = static_cast<T>(scale);
    auto const put = [&](std::size_t i, std::size_t point, T w) {
      T const value = static_cast<T>(chooser_.point(point)) * s + 0;
      out[i] = w == w ? value : w;
    };
    if constexpr (fast_rounding<R, T>) {
      if (s > 0 && !chooser_.close()) return search<R>().for_each(x, s, put);
    }
    for_each_noisy<R>(x.size(), first, u, [&](std::size_t i, float noise_at) {
      T const w = x[i];
      put(i, chooser_.choose(w == w ? w : T{0}, s, round, noise_at), w);
    });
  }

 private:
  template <rounding R>
  auto const& search() const noexcept {
    if constexpr (std::same_as<R, nearest_even>) {
      return even_;
    } else {
      return away_;
    }
  }

  point_chooser<F> chooser_;
  point_search<F, nearest_even> even_;
  point_search<F, half_away> away_;
  std::array<std::uint8_t, std::size_t{F::levels}> pattern_{};
};

/// What each code of `F::bits` bits means. Memory: 1.25 KiB.
template <point_format F>
class point_table {
 public:
  /// @pre the points are finite and strictly ascending
  explicit point_table(F const& format) {
    point_chooser<F> const chooser(format);
    for (std::size_t c = 0; c != std::size_t{1} << F::bits; ++c) {
      auto const code = static_cast<std::uint8_t>(c);
      if constexpr (requires { format.value(code); }) {
        value_[c] = format.value(code);
        means_[c] = true;
      } else if (std::size_t const i = point_of_code(format, code); i < F::levels) {
        value_[c] = static_cast<float>(chooser.point(i));
        means_[c] = true;
      }
    }
  }

  [[nodiscard]] bool means(std::uint8_t code) const noexcept { return means_[code]; }
  /// The value of a code; +0 rather than -0.
  template <real T>
  [[nodiscard]] T value(std::uint8_t code, float scale) const noexcept {
    return static_cast<T>(value_[code]) * static_cast<T>(scale) + 0;
  }

 private:
  std::array<float, 256> value_{};
  std::array<bool, 256> means_{};
};

}  // namespace detail

/// code <- the point that `round` picks for value / scale, for every element; see `point_chooser::choose`.
///
/// Infinity gives the outermost point, scale 0 the one nearest zero. Where a NaN is refused, `codes` holds numbers that
/// mean nothing. The same bits on every backend. Memory: none.
/// @pre no NaN; finite scales >= 0; sizes that agree with a valid layout; points finite and strictly ascending
template <point_format F, rounding R, class T, any_backend B = backend<>>
  requires real<std::remove_const_t<T>>
void quantize(std::span<T> values, blocks const& layout, std::span<float const> scales, F const& format, R const& round,
              std::span<std::uint8_t> codes, noise u = {}, B const& where = {}) {
  using value = std::remove_const_t<T>;
  std::span<value const> const x = values;
  detail::check_sizes("quantize", x.size(), layout, scales.size(), codes.size());
  detail::check_scales("quantize", scales);
  detail::point_coder<F> const coder(format);
  auto const run = [&](std::size_t block, std::size_t first, std::size_t length) {
    return coder.run(x.subspan(first, length), scales[block], round, codes.subspan(first, length), first, u);
  };
  bool const numbers = detail::all_runs(where, layout, run);
  if (!numbers) detail::refuse_nan("quantize", x, where);
}

/// value = point of the code * scale, for every element. Memory: 1 KiB on the stack.
///
/// Zero is +0. A code that a format defines as infinity or NaN gives that; infinity * 0 is NaN. Where a code is
/// refused, `out` holds numbers that mean nothing.
/// @pre sizes that agree with a valid layout; every code means something in the format; points strictly ascending
template <class C, point_format F, real T, any_backend B = backend<>>
  requires std::same_as<std::remove_const_t<C>, std::uint8_t>
void dequantize(std::span<C> codes, blocks const& layout, std::span<float const> scales, F const& format,
                std::span<T> out, B const& where = {}) {
  detail::check_sizes("dequantize", codes.size(), layout, scales.size(), out.size());
  detail::point_table<F> const table(format);
  auto const run = [&](std::size_t block, std::size_t first, std::size_t length) {
    bool good = true;
    for (std::size_t i = first; i != first + length; ++i) {
      good = good && table.means(codes[i]);
      out[i] = table.template value<T>(codes[i], scales[block]);
    }
    return good;
  };
  if (detail::all_runs(where, layout, run)) return;
  auto const bad = static_cast<std::size_t>(
      std::ranges::find_if(codes, [&](std::uint8_t c) { return !table.means(c); }) - codes.begin());
  expects(false, "dequantize: the code {} at {} is none of this format", int{codes[bad]}, bad);
}

/// The values of their codes: bit for bit what `quantize` and then `dequantize` give, without the codes.
///
/// `out` may be `values`. Zero is +0. A NaN stays NaN; infinity gives the outermost point. The same bits on every
/// backend. Memory: none.
/// @pre finite scales >= 0; sizes that agree with a valid layout; points finite and strictly ascending
template <point_format F, rounding R, class In, real T, any_backend B = backend<>>
  requires std::same_as<std::remove_const_t<In>, T>
void fake_quantize(std::span<In> values, blocks const& layout, std::span<float const> scales, F const& format,
                   R const& round, std::span<T> out, noise u = {}, B const& where = {}) {
  std::span<T const> const x = values;
  detail::check_sizes("fake_quantize", x.size(), layout, scales.size(), out.size());
  detail::check_scales("fake_quantize", scales);
  detail::point_coder<F> const coder(format);
  detail::for_runs(where, layout, [&](std::size_t block, std::size_t first, std::size_t length) {
    coder.round(x.subspan(first, length), scales[block], round, out.subspan(first, length), first, u);
  });
}

}  // namespace sqwa::inline SQWA_ABI

#endif
