// SPDX-License-Identifier: BSD-3-Clause
// From values to scales, to codes, and back.
#ifndef SQWA_QUANT_QUANTIZE_HPP
#define SQWA_QUANT_QUANTIZE_HPP

#include <sqwa/core/contract.hpp>
#include <sqwa/core/noise.hpp>
#include <sqwa/exec/backend.hpp>
#include <sqwa/quant/granularity.hpp>
#include <sqwa/quant/packed.hpp>
#include <sqwa/quant/quantizer.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <type_traits>
#include <vector>

namespace sqwa::inline SQWA_ABI {

namespace detail {

template <real T>
void check_finite(char const* who, std::span<T const> x) {
  for (std::size_t i = 0; i != x.size(); ++i) expects(std::isfinite(x[i]), "{}: value {} at {}", who, x[i], i);
}

inline void check_sizes(char const* who, std::size_t values, blocks const& layout, std::size_t scales, std::size_t out) {
  expects(values == layout.size && scales == layout.count && out == values,
          "{}: {} values, {} scales and {} results; the layout has {} elements in {} blocks", who, values, scales, out,
          layout.size, layout.count);
}

/// The code of `w` as a number: rounded inside ±max_code; 0 where the scale is 0.
template <number_format F, rounding R, real T>
T code_of(T w, T scale, R const& round, float u) noexcept {
  constexpr T limit = F::max_code;
  return scale > 0 ? round(std::clamp(w / scale, -limit, limit), u) + T(0) : T(0);  // + 0: never a negative zero
}

}  // namespace detail

/// How many scales a quantizer gives a tensor of these extents.
template <class F, class Fit, class G, class R>
[[nodiscard]] std::size_t scale_count(quantizer<F, Fit, G, R> const& q, shape const& extents) {
  return q.grain(extents).count;
}

/// Fits one scale for each block.
///
/// Memory: a copy of one block where blocks are not contiguous, and what the fit says.
/// @pre values finite; values.size() == extents.size(); scales.size() == scale_count(q, extents)
template <class F, class Fit, class G, class R, class T>
  requires real<std::remove_const_t<T>>
void fit_scales(quantizer<F, Fit, G, R> const& q, std::span<T> values, shape const& extents, std::span<float> scales) {
  using value = std::remove_const_t<T>;
  blocks const layout = q.grain(extents);
  detail::check_sizes("fit_scales", values.size(), layout, scales.size(), values.size());
  detail::check_finite<value>("fit_scales", values);
  std::vector<value> gathered;
  for (std::size_t block = 0; block != layout.count; ++block) {
    if (layout.outer == 1) {
      std::size_t const first = block * layout.inner;
      std::span<value const> const run = values.subspan(first, std::min(layout.inner, layout.size - first));
      scales[block] = q.scale_fit(run, q.format);
    } else {
      gathered.clear();
      for (std::size_t round = 0; round != layout.outer; ++round) {
        auto const run = values.subspan((round * layout.count + block) * layout.inner, layout.inner);
        gathered.insert(gathered.end(), run.begin(), run.end());
      }
      scales[block] = q.scale_fit(std::span<value const>(gathered), q.format);
    }
  }
}

/// Rounds every value to the code of its block's lattice: clamp(round(w / scale)).
///
/// `u` is read at the index of each value, so that blocks may be rounded in any order. Infinity gives the outermost code.
/// @pre no NaN; sizes that agree with the layout
template <number_format F, rounding R, class T>
  requires real<std::remove_const_t<T>>
void quantize(std::span<T> values, blocks const& layout, std::span<float const> scales, F const&, R const& round,
              std::span<typename F::code> codes, noise u = {}) {
  using value = std::remove_const_t<T>;
  detail::check_sizes("quantize", values.size(), layout, scales.size(), codes.size());
  for (std::size_t i = 0; i != values.size(); ++i) expects(!std::isnan(values[i]), "quantize: NaN at {}", i);
  for_each_run(layout, [&](std::size_t block, std::size_t first, std::size_t length) {
    auto const scale = static_cast<value>(scales[block]);
    for (std::size_t i = first; i != first + length; ++i) {
      codes[i] = static_cast<typename F::code>(
          detail::code_of<F>(value{values[i]}, scale, round, R::needs_noise ? u(i) : 0.0F));
    }
  });
}

/// value = code * scale, for every element.
/// @pre sizes that agree with the layout
template <std::signed_integral Code, real T>
void dequantize(std::span<Code const> codes, blocks const& layout, std::span<float const> scales, std::span<T> out) {
  detail::check_sizes("dequantize", codes.size(), layout, scales.size(), out.size());
  for_each_run(layout, [&](std::size_t block, std::size_t first, std::size_t length) {
    auto const scale = static_cast<T>(scales[block]);
    for (std::size_t i = first; i != first + length; ++i) out[i] = static_cast<T>(codes[i]) * scale;
  });
}

/// The values of their codes: what `quantize` and then `dequantize` give, bit for bit, without the codes.
///
/// `out` may be `values`. NaN and infinity as in `quantize`, but not checked: NaN has no defined result.
/// @pre sizes that agree with the layout
template <number_format F, rounding R, class In, real T, any_backend B = backend<>>
  requires std::same_as<std::remove_const_t<In>, T>
void fake_quantize(std::span<In> values, blocks const& layout, std::span<float const> scales, F const&, R const& round,
                   std::span<T> out, noise u = {}, B const& = {}) {
  detail::check_sizes("fake_quantize", values.size(), layout, scales.size(), out.size());
  for_each_run(layout, [&](std::size_t block, std::size_t first, std::size_t length) {
    auto const scale = static_cast<T>(scales[block]);
    if constexpr (std::same_as<R, nearest_even>) {
      if (scale > 0) {
        B::kernels::template round_to_grid<T>(out.subspan(first, length), values.subspan(first, length), scale,
                                              static_cast<T>(F::max_code));
        return;
      }
    }
    for (std::size_t i = first; i != first + length; ++i) {
      out[i] = detail::code_of<F>(T{values[i]}, scale, round, R::needs_noise ? u(i) : 0.0F) * scale;
    }
  });
}

/// Quantizes and packs one tensor with the scales given.
///
/// Memory: the packed codes, and one code a value while it works.
/// @pre as for `quantize`
template <class F, class Fit, class G, class R, class T>
  requires real<std::remove_const_t<T>>
[[nodiscard]] packed encode(quantizer<F, Fit, G, R> const& q, std::span<T> values, shape const& extents,
                            std::span<float const> scales, noise u = {}) {
  using code = typename F::code;
  packed result{F::levels, q.grain(extents), {scales.begin(), scales.end()}, {}};
  std::vector<code> codes(values.size());
  quantize(values, result.layout, scales, q.format, q.round, std::span(codes), u);
  result.bytes.resize(packed_bytes(codes.size(), F::bits));
  pack(std::span<code const>(codes), F::bits, F::max_code, result.bytes);
  return result;
}

}  // namespace sqwa::inline SQWA_ABI

#endif
