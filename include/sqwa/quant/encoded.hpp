// SPDX-License-Identifier: BSD-3-Clause
// The packed codes of formats that are not uniform: points and affine ones.
#ifndef SQWA_QUANT_ENCODED_HPP
#define SQWA_QUANT_ENCODED_HPP

#include <sqwa/core/contract.hpp>
#include <sqwa/core/noise.hpp>
#include <sqwa/exec/backend.hpp>
#include <sqwa/exec/executor.hpp>
#include <sqwa/quant/affine.hpp>
#include <sqwa/quant/fields.hpp>
#include <sqwa/quant/format.hpp>
#include <sqwa/quant/granularity.hpp>
#include <sqwa/quant/point_format.hpp>
#include <sqwa/quant/quantize.hpp>
#include <sqwa/quant/quantize_points.hpp>
#include <sqwa/quant/quantizer.hpp>
#include <sqwa/quant/rounding.hpp>
#include <sqwa/tensor/adapter.hpp>
#include <sqwa/tensor/shape.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <vector>

namespace sqwa::inline SQWA_ABI {

namespace detail {

/// Writes codes as unsigned fields of `bits` bits, from the first bit of `bytes` on.
template <any_backend B, narrow_code Code>
void write_unsigned(std::span<Code const> codes, int bits, std::byte* bytes) noexcept {
  if constexpr (std::same_as<Code, std::uint8_t>) {
    B::kernels::pack_codes(bytes, std::span(reinterpret_cast<std::int8_t const*>(codes.data()), codes.size()), bits, 0);
  } else {
    write_fields(codes, bits, 0, bytes);
  }
}
/// Reads them.
template <any_backend B, narrow_code Code>
void read_unsigned(std::byte const* bytes, int bits, std::span<Code> codes) noexcept {
  if constexpr (std::same_as<Code, std::uint8_t>) {
    B::kernels::unpack_codes(std::span(reinterpret_cast<std::int8_t*>(codes.data()), codes.size()), bytes, bits, 0);
  } else {
    read_fields(bytes, bits, 0, 0, codes);
  }
}

/// What `point_coder` and `point_table` are, for affine formats.
template <affine_format F>
struct affine_coder {
  explicit affine_coder(F const&) noexcept {}
  template <rounding R, real T>
  bool run(std::span<T const> x, affine_scale scale, R const& round, std::span<typename F::code> codes,
           std::size_t first, noise const& u) const noexcept {
    return affine_run<F>(x, scale, round, codes, first, u);
  }
};
template <affine_format F>
struct affine_table {
  explicit affine_table(F const&) noexcept {}
  [[nodiscard]] static bool means(int code) noexcept { return code >= F::lowest_code && code <= F::highest_code; }
  template <real T>
  [[nodiscard]] static T value(int code, affine_scale scale) noexcept {
    return affine_value<T>(code, scale);
  }
};

template <point_format F>
point_coder<F> coder_of(F const& format) {
  return point_coder<F>(format);
}
template <affine_format F>
affine_coder<F> coder_of(F const& format) {
  return affine_coder<F>(format);
}
template <point_format F>
point_table<F> table_of(F const& format) {
  return point_table<F>(format);
}
template <affine_format F>
affine_table<F> table_of(F const& format) {
  return affine_table<F>(format);
}

template <point_format F>
void check_scales_of(char const* who, F const&, std::span<float const> scales) {
  check_scales(who, scales);
}
template <affine_format F>
void check_scales_of(char const* who, F const&, std::span<affine_scale const> scales) {
  check_affine<F>(who, scales);
}

}  // namespace detail

/// The codes of one tensor in a format of points or an affine one, packed, and its scales.
///
/// Codes are unsigned fields of `Format::bits` bits, one after the other, least significant bit first; unused bits of
/// the last byte are 0. Memory: owns its bytes and scales.
template <number_format Format>
  requires point_format<Format> || affine_format<Format>
struct encoded {
  using code = typename Format::code;

  Format format{};
  blocks layout;                         ///< which scale belongs to which element
  std::vector<scale_of<Format>> scales;  ///< one for each block
  std::vector<std::byte> bytes;          ///< the fields

  [[nodiscard]] static constexpr int bits() noexcept { return Format::bits; }
  [[nodiscard]] constexpr std::size_t size() const noexcept { return layout.size; }

  /// Breaks a precondition, told in the name of `who`, unless the four members fit together. The codes are not read.
  void check(char const* who) const {
    expects(layout.valid(), "{}: {} packed codes in {} x {} runs of {}", who, layout.size, layout.outer, layout.count,
            layout.inner);
    expects(scales.size() == layout.count, "{}: {} scales for {} blocks", who, scales.size(), layout.count);
    detail::check_scales_of(who, format, scales);
    expects(bytes.size() == packed_bytes(size(), bits()), "{}: {} codes of {} bits take {} bytes, not {}", who, size(),
            bits(), packed_bytes(size(), bits()), bytes.size());
  }

  /// The values: bit for bit what `dequantize` gives. The same bits on every backend. Memory: none.
  ///
  /// Codes that a format defines as infinity or NaN give that. Where a field is refused, `out` holds numbers that mean
  /// nothing.
  /// @pre out.size() == size(); the members fit together; every field means something in the format
  template <real T, any_backend B = backend<>>
  void decode(std::span<T> out, B const& where = {}) const {
    check("encoded::decode");
    expects(out.size() == size(), "encoded::decode: {} values into {}", size(), out.size());
    read("encoded::decode", where, [&](auto const& table, std::size_t first, std::span<code const> part) {
      for_each_run(layout, first, first + part.size(), [&](std::size_t block, std::size_t at, std::size_t length) {
        auto const scale = scales[block];
        for (std::size_t i = at; i != at + length; ++i) out[i] = table.template value<T>(part[i - first], scale);
      });
    });
  }

  /// The codes, as `quantize` gives them. Memory: none.
  /// @pre out.size() == size(); the members fit together; every field means something in the format
  template <any_backend B = backend<>>
  void codes(std::span<code> out, B const& where = {}) const {
    check("encoded::codes");
    expects(out.size() == size(), "encoded::codes: {} codes into {}", size(), out.size());
    read("encoded::codes", where, [&](auto const&, std::size_t first, std::span<code const> part) {
      std::ranges::copy(part, out.subspan(first).begin());
    });
  }

  bool operator==(encoded const&) const = default;

 private:
  /// `f(table, first, codes)` for parts of the tensor. Refuses the first field that means nothing, at the end.
  template <any_backend B, class F>
  void read(char const* who, B const& where, F&& f) const {
    auto const table = detail::table_of(format);
    auto const read_some = [&](std::size_t begin, std::size_t end) {
      std::size_t bad = size();
      std::array<code, 1024> buffer;
      for (std::size_t first = begin; first < end; first += buffer.size()) {
        auto const part = std::span(buffer).first(std::min(buffer.size(), end - first));
        detail::read_unsigned<B>(bytes.data() + packed_bytes(first, bits()), bits(), part);
        for (std::size_t k = part.size(); k-- != 0;) bad = table.means(part[k]) ? bad : std::min(bad, first + k);
        f(table, first, std::span<code const>(part));
      }
      return bad;
    };
    std::size_t const bad =
        reduce(where.exec, size(), size(), read_some, [](std::size_t a, std::size_t b) { return std::min(a, b); });
    if (bad == size()) return;
    std::array<code, 8> few;
    auto const part = std::span(few).first(bad % 8 + 1);
    detail::read_unsigned<backend<>>(bytes.data() + packed_bytes(bad - bad % 8, bits()), bits(), part);
    expects(false, "{}: the code {} at {} is none of this format", who, int{part.back()}, bad);
  }
};
template <class Format>
encoded(Format, blocks, std::vector<scale_of<Format>>, std::vector<std::byte>) -> encoded<Format>;

/// Quantizes and packs one tensor with the scales given, into an `encoded` whose memory is used again.
///
/// Where a NaN is refused, `result` holds codes that mean nothing. The same bits on every backend. Memory: what
/// `result` lacks.
/// @pre as for `quantize`
template <class F, class Fit, class G, class R, class T, any_backend B = backend<>>
  requires real<std::remove_const_t<T>>
void encode_into(encoded<F>& result, quantizer<F, Fit, G, R> const& q, std::span<T> values, shape const& extents,
                 std::span<scale_of<F> const> scales, noise u = {}, B const& where = {}) {
  using value = std::remove_const_t<T>;
  std::span<value const> const x = values;
  blocks const layout = q.grain(extents);
  detail::check_sizes("encode", x.size(), layout, scales.size(), x.size());
  detail::check_scales_of("encode", q.format, scales);
  auto const coder = detail::coder_of(q.format);
  result.format = q.format;
  result.layout = layout;
  result.scales.assign(scales.begin(), scales.end());
  result.bytes.resize(packed_bytes(x.size(), F::bits));
  auto const encode_some = [&](std::size_t begin, std::size_t end) {
    bool good = true;
    std::array<typename F::code, 1024> buffer;
    for (std::size_t at = begin; at < end; at += buffer.size()) {
      auto const codes = std::span(buffer).first(std::min(buffer.size(), end - at));
      for_each_run(layout, at, at + codes.size(), [&](std::size_t block, std::size_t first, std::size_t length) {
        good =
            coder.run(x.subspan(first, length), scales[block], q.round, codes.subspan(first - at, length), first, u) &&
            good;
      });
      detail::write_unsigned<B>(std::span<typename F::code const>(codes), F::bits,
                                result.bytes.data() + packed_bytes(at, F::bits));
    }
    return good;
  };
  bool const numbers = reduce(where.exec, x.size(), true, encode_some, [](bool a, bool b) { return a && b; });
  if (!numbers) detail::refuse_nan("encode", x, where);
}

/// Quantizes and packs one tensor with the scales given. Memory: the packed codes.
/// @pre as for `quantize`
template <class F, class Fit, class G, class R, class T, any_backend B = backend<>>
  requires real<std::remove_const_t<T>> &&(point_format<F> || affine_format<F>)
      [[nodiscard]] encoded<F> encode(quantizer<F, Fit, G, R> const& q, std::span<T> values, shape const& extents,
                                      std::span<scale_of<F> const> scales, noise u = {}, B const& where = {}) {
    encoded<F> result{q.format, {}, {}, {}};
    encode_into(result, q, values, extents, scales, u, where);
    return result;
  }

}  // namespace sqwa::inline SQWA_ABI

#endif
