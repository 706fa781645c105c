// SPDX-License-Identifier: BSD-3-Clause
// Evenly spaced points that need not lie evenly around zero: a scale and an integer zero point for each block.
#ifndef SQWA_QUANT_AFFINE_HPP
#define SQWA_QUANT_AFFINE_HPP

#include <sqwa/core/contract.hpp>
#include <sqwa/core/noise.hpp>
#include <sqwa/exec/backend.hpp>
#include <sqwa/quant/format.hpp>
#include <sqwa/quant/granularity.hpp>
#include <sqwa/quant/min_max.hpp>  // IWYU pragma: export
#include <sqwa/quant/quantize.hpp>
#include <sqwa/quant/rounding.hpp>
#include <sqwa/tensor/adapter.hpp>

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <type_traits>

namespace sqwa::inline SQWA_ABI {

/// Which codes of an affine format are in use: all, or all but the lowest, which makes their number odd.
enum class code_range { full, narrow };

/// Value = (code - zero_point) * scale with the unsigned codes 0 … 2^Bits - 1, or 1 … 2^Bits - 1.
///
/// Signed integers with a zero point, as ONNX and PyTorch have them too, are the same codes less 2^(Bits - 1), the
/// zero point likewise. Memory: none.
template <int Bits, code_range Range = code_range::full>
  requires(Bits >= 1 && Bits <= 16 && (Bits >= 2 || Range == code_range::full))
struct affine {
  static constexpr int bits = Bits;
  static constexpr int lowest_code = Range == code_range::narrow ? 1 : 0;
  static constexpr int highest_code = (1 << Bits) - 1;
  static constexpr int levels = highest_code - lowest_code + 1;
  using code = std::conditional_t<(Bits <= 8), std::uint8_t, std::uint16_t>;

  bool operator==(affine const&) const = default;
};

/// Codes of an affine format: unsigned, at most 16 bits.
template <class C>
concept narrow_code = std::same_as<C, std::uint8_t> || std::same_as<C, std::uint16_t>;

namespace detail {

template <affine_format F>
void check_affine(char const* who, std::span<affine_scale const> scales) {
  for (std::size_t b = 0; b != scales.size(); ++b) {
    auto const [scale, zero] = scales[b];
    expects(scale >= 0 && scale <= std::numeric_limits<float>::max(), "{}: the scale {} of block {}", who, scale, b);
    expects(zero >= F::lowest_code && zero <= F::highest_code, "{}: the zero point {} of block {} with codes {} to {}",
            who, zero, b, F::lowest_code, F::highest_code);
  }
}

/// code - zero_point of `w` as a number, +0 rather than -0; a NaN stays one. Scale 0 gives 0.
template <affine_format F, rounding R, real T>
T affine_steps(T w, affine_scale s, R const& round, float u) noexcept {
  auto const scale = static_cast<T>(s.scale);
  auto const low = static_cast<T>(F::lowest_code - s.zero_point);
  auto const high = static_cast<T>(F::highest_code - s.zero_point);
  if (scale == 0) return w == w ? T{0} : w;
  T const t = w / scale;
  if (t >= high) return high;
  if (t <= low) return low + 0;
  if constexpr (!std::same_as<R, nearest_even>) {  // w / scale may fall short of the code that gave w
    T const nearest = std::rint(t);
    if (nearest * scale == w) return nearest + 0;
  }
  return round(t, static_cast<T>(u)) + 0;
}

/// The codes of a run with one scale, elements from `first` on. Returns whether no value is NaN.
template <affine_format F, rounding R, real T>
bool affine_run(std::span<T const> x, affine_scale scale, R const& round, std::span<typename F::code> codes,
                std::size_t first, noise const& u) noexcept {
  bool numbers = true;
  for_each_noisy<R>(x.size(), first, u, [&](std::size_t i, float noise_at) {
    T const steps = affine_steps<F>(x[i], scale, round, noise_at);
    numbers = numbers && steps == steps;
    codes[i] = static_cast<typename F::code>((steps == steps ? static_cast<int>(steps) : 0) + scale.zero_point);
  });
  return numbers;
}

/// (code - zero_point) * scale.
template <real T>
T affine_value(int code, affine_scale s) noexcept {
  return static_cast<T>(code - s.zero_point) * static_cast<T>(s.scale);
}

}  // namespace detail

/// code <- saturate(round(value / scale) + zero_point), for every element (ONNX QuantizeLinear with `nearest_even`).
///
/// Infinity gives the outermost code, scale 0 the zero point. Where a NaN is refused, `codes` holds numbers that mean
/// nothing. The same bits on every backend. Memory: none.
/// @pre no NaN; finite scales >= 0; zero points that are codes; sizes that agree with a valid layout
template <affine_format F, rounding R, class T, any_backend B = backend<>>
  requires real<std::remove_const_t<T>>
void quantize(std::span<T> values, blocks const& layout, std::span<affine_scale const> scales, F const&, R const& round,
              std::span<typename F::code> codes, noise u = {}, B const& where = {}) {
  using value = std::remove_const_t<T>;
  std::span<value const> const x = values;
  detail::check_sizes("quantize", x.size(), layout, scales.size(), codes.size());
  detail::check_affine<F>("quantize", scales);
  auto const run = [&](std::size_t block, std::size_t first, std::size_t length) {
    return detail::affine_run<F>(x.subspan(first, length), scales[block], round, codes.subspan(first, length), first,
                                 u);
  };
  bool const numbers = detail::all_runs(where, layout, run);
  if (!numbers) detail::refuse_nan("quantize", x, where);
}

/// value = (code - zero_point) * scale, for every element (ONNX DequantizeLinear). Memory: none.
/// @pre sizes that agree with a valid layout; zero points within ±65,535
template <class C, real T, any_backend B = backend<>>
  requires narrow_code<std::remove_const_t<C>>
void dequantize(std::span<C> codes, blocks const& layout, std::span<affine_scale const> scales, std::span<T> out,
                B const& where = {}) {
  detail::check_sizes("dequantize", codes.size(), layout, scales.size(), out.size());
  for (std::size_t b = 0; b != scales.size(); ++b) {
    std::int32_t const zero = scales[b].zero_point;
    expects(zero >= -65'535 && zero <= 65'535, "dequantize: the zero point {} of block {}", zero, b);
  }
  detail::for_runs(where, layout, [&](std::size_t block, std::size_t first, std::size_t length) {
    affine_scale const scale = scales[block];
    for (std::size_t i = first; i != first + length; ++i) out[i] = detail::affine_value<T>(codes[i], scale);
  });
}

/// The values of their codes: bit for bit what `quantize` and then `dequantize` give, without the codes.
///
/// `out` may be `values`. Zero is +0. A NaN stays NaN; infinity gives the outermost point. The same bits on every
/// backend. Memory: none.
/// @pre finite scales >= 0; zero points that are codes; sizes that agree with a valid layout
template <affine_format F, rounding R, class In, real T, any_backend B = backend<>>
  requires std::same_as<std::remove_const_t<In>, T>
void fake_quantize(std::span<In> values, blocks const& layout, std::span<affine_scale const> scales, F const&,
                   R const& round, std::span<T> out, noise u = {}, B const& where = {}) {
  std::span<T const> const x = values;
  detail::check_sizes("fake_quantize", x.size(), layout, scales.size(), out.size());
  detail::check_affine<F>("fake_quantize", scales);
  detail::for_runs(where, layout, [&](std::size_t block, std::size_t first, std::size_t length) {
    affine_scale const scale = scales[block];
    detail::for_each_noisy<R>(length, first, u, [&](std::size_t i, float noise_at) {
      out[first + i] = detail::affine_steps<F>(x[first + i], scale, round, noise_at) * static_cast<T>(scale.scale);
    });
  });
}

}  // namespace sqwa::inline SQWA_ABI

#endif
