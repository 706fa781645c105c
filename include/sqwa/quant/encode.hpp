// SPDX-License-Identifier: BSD-3-Clause
// From values to packed codes in one pass: uniform formats; the others are in encoded.hpp.
#ifndef SQWA_QUANT_ENCODE_HPP
#define SQWA_QUANT_ENCODE_HPP

#include <sqwa/core/noise.hpp>
#include <sqwa/exec/backend.hpp>
#include <sqwa/exec/executor.hpp>
#include <sqwa/quant/encoded.hpp>  // IWYU pragma: export
#include <sqwa/quant/format.hpp>
#include <sqwa/quant/granularity.hpp>
#include <sqwa/quant/packed.hpp>
#include <sqwa/quant/quantize.hpp>
#include <sqwa/quant/quantizer.hpp>
#include <sqwa/quant/rounding.hpp>
#include <sqwa/tensor/adapter.hpp>
#include <sqwa/tensor/shape.hpp>

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <vector>

namespace sqwa::inline SQWA_ABI {

namespace detail {

/// Whether each run of a layout begins at a byte and has a scale that the kernels take.
inline bool runs_apart(blocks const& layout, std::span<float const> scales) noexcept {
  return (layout.inner % 8 == 0 || layout.count == 1) && std::ranges::none_of(scales, [](float s) { return s == 0; });
}

/// Codes and packs elements [begin, end) of one tensor; `begin` begins a byte. Returns whether no value is NaN.
/// Models: `apart` implies runs_apart(layout, scales)
template <uniform_format F, rounding R, real T, any_backend B>
bool encode_runs(R const& round, std::span<T const> x, blocks const& layout, std::span<float const> scales, bool apart,
                 std::size_t begin, std::size_t end, noise const& u, std::byte* bytes) noexcept {
  using kernels = typename B::kernels;
  bool good = true;
  if constexpr (std::same_as<R, nearest_even>) {
    if (apart) {
      for_each_run(layout, begin, end, [&](std::size_t block, std::size_t first, std::size_t length) {
        good = kernels::template encode<T>(bytes + packed_bytes(first, F::bits), x.subspan(first, length), F::bits,
                                           F::max_code, static_cast<T>(scales[block])) &&
               good;
      });
      return good;
    }
  }
  std::array<std::int8_t, 1024> buffer;
  for (std::size_t at = begin; at < end; at += buffer.size()) {
    auto const codes = std::span(buffer).first(std::min(buffer.size(), end - at));
    for_each_run(layout, at, at + codes.size(), [&](std::size_t block, std::size_t first, std::size_t length) {
      good = code_run<F>(x.subspan(first, length), static_cast<T>(scales[block]), round,
                         codes.subspan(first - at, length), first, u, B{}) &&
             good;
    });
    kernels::pack_codes(bytes + packed_bytes(at, F::bits), codes, F::bits, F::max_code);
  }
  return good;
}

}  // namespace detail

/// Quantizes and packs one tensor with the scales given, into a `packed` whose memory is used again.
///
/// Where a NaN is refused, `result` holds codes that mean nothing. Memory: what `result` lacks; for codes of more than
/// 8 bits, one code for each value while it works.
/// @pre as for `quantize`
template <uniform_format F, class Fit, class G, class R, class T, any_backend B = backend<>>
  requires real<std::remove_const_t<T>>
void encode_into(packed& result, quantizer<F, Fit, G, R> const& q, std::span<T> values, shape const& extents,
                 std::span<float const> scales, noise u = {}, B const& where = {}) {
  using value = std::remove_const_t<T>;
  using code = typename F::code;
  blocks const layout = q.grain(extents);
  if constexpr (!std::same_as<code, std::int8_t>) {
    std::vector<code> codes(values.size());
    quantize(values, layout, scales, q.format, q.round, std::span(codes), u, where);
    result = pack_tensor(std::span<code const>(codes), layout, scales, F::levels);
  } else {
    std::span<value const> const x = values;
    detail::check_sizes("encode", x.size(), layout, scales.size(), x.size());
    detail::check_scales("encode", scales);
    result.levels = F::levels;
    result.layout = layout;
    result.scales.assign(scales.begin(), scales.end());
    result.bytes.resize(packed_bytes(x.size(), F::bits));
    bool const apart = detail::runs_apart(layout, scales);
    auto const encode_some = [&](std::size_t begin, std::size_t end) {
      return detail::encode_runs<F, R, value, B>(q.round, x, layout, scales, apart, begin, end, u, result.bytes.data());
    };
    bool const numbers = reduce(where.exec, x.size(), true, encode_some, [](bool a, bool b) { return a && b; });
    if (!numbers) detail::refuse_nan("encode", x, where);
  }
}

/// Quantizes and packs one tensor with the scales given. Memory: the packed codes, and see `encode_into`.
/// @pre as for `quantize`
template <uniform_format F, class Fit, class G, class R, class T, any_backend B = backend<>>
  requires real<std::remove_const_t<T>>
[[nodiscard]] packed encode(quantizer<F, Fit, G, R> const& q, std::span<T> values, shape const& extents,
                            std::span<float const> scales, noise u = {}, B const& where = {}) {
  packed result;
  encode_into(result, q, values, extents, scales, u, where);
  return result;
}

}  // namespace sqwa::inline SQWA_ABI

#endif
