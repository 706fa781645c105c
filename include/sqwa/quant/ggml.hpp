// SPDX-License-Identifier: BSD-3-Clause
// Ternary weights in the block formats of ggml, whose files are GGUF: tq2_0, tq1_0 and q2_0.
#ifndef SQWA_QUANT_GGML_HPP
#define SQWA_QUANT_GGML_HPP

#include <sqwa/core/contract.hpp>
#include <sqwa/quant/fields.hpp>
#include <sqwa/quant/granularity.hpp>
#include <sqwa/quant/layout.hpp>
#include <sqwa/quant/packed.hpp>
#include <sqwa/quant/scale_format.hpp>
#include <sqwa/tensor/adapter.hpp>

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace sqwa::inline SQWA_ABI {

/// A block format of ggml: `block` weights and their scale in `block_bytes` bytes; weight = (field - 1) * scale.
///
/// The scale is an fp16 number, low byte first, at `scale_at`.
/// Models: fields are at most `largest_field`. `write` writes the `block` fields, each at most 2, and leaves the scale
/// alone; `read` reads them.
template <class F>
concept ggml_format = std::semiregular<F> &&
    requires(std::span<std::uint8_t const, F::block> fields, std::span<std::uint8_t, F::block> out, std::byte* to,
             std::byte const* from) {
  { F::name } -> std::convertible_to<char const*>;
  { F::block_bytes } -> std::convertible_to<std::size_t>;
  { F::scale_at } -> std::convertible_to<std::size_t>;
  { F::largest_field } -> std::convertible_to<int>;
  F::write(fields, to);
  F::read(from, out);
};

/// 256 weights in 66 bytes: two groups of `strided<32>` fields of two bits, then the scale. A field is at most 2.
///
/// Defined by ggml-org/llama.cpp: block_tq2_0 in ggml/src/ggml-common.h, TQ2_0 in gguf-py/gguf/quants.py.
struct tq2_0 {
  static constexpr char const* name = "tq2_0";
  static constexpr std::size_t block = 256;
  static constexpr std::size_t block_bytes = 66;
  static constexpr std::size_t scale_at = 64;
  static constexpr int largest_field = 2;

  static void write(std::span<std::uint8_t const, block> fields, std::byte* bytes) noexcept {
    std::fill_n(bytes, scale_at, std::byte{0});
    strided<32>::write(std::span<std::uint8_t const>(fields), 2, 0, bytes);
  }
  static void read(std::byte const* bytes, std::span<std::uint8_t, block> fields) noexcept {
    strided<32>::read(bytes, 2, 0, std::span<std::uint8_t>(fields));
  }
};

/// 256 weights in 54 bytes: fields as digits of base 3, five to a byte; then the scale.
///
/// Three runs of 32, 16 and 4 bytes; digit n of byte m of a run of `width` bytes is its field n * width + m. The first
/// digit weighs most; the last run has four digits a byte, and 0 as its fifth. A byte is the least b with
/// floor(b * 243 / 256) equal to the number of the digits. Each of the 256 bytes is read, as ggml does: 13 of them are
/// never written and mean what their neighbour below means; the fifth digit of the last run is not looked at.
/// Defined by ggml-org/llama.cpp: block_tq1_0 in ggml/src/ggml-common.h, TQ1_0 in gguf-py/gguf/quants.py.
struct tq1_0 {
  static constexpr char const* name = "tq1_0";
  static constexpr std::size_t block = 256;
  static constexpr std::size_t block_bytes = 54;
  static constexpr std::size_t scale_at = 52;
  static constexpr int largest_field = 2;

  static void write(std::span<std::uint8_t const, block> fields, std::byte* bytes) noexcept {
    for (run const& r : runs) {
      for (std::size_t m = 0; m != r.width; ++m) {
        unsigned number = 0;
        for (std::size_t n = 0; n != 5; ++n) {
          number = 3 * number + (n < r.digits ? fields[r.first + n * r.width + m] : 0U);
        }
        *bytes++ = static_cast<std::byte>((number * 256 + 242) / 243 & 0xFF);
      }
    }
  }
  static void read(std::byte const* bytes, std::span<std::uint8_t, block> fields) noexcept {
    for (run const& r : runs) {
      for (std::size_t m = 0; m != r.width; ++m) {
        auto rest = std::to_integer<unsigned>(*bytes++);  // of 256: times 3, a digit comes out at the top
        for (std::size_t n = 0; n != r.digits; ++n, rest = rest * 3 & 0xFF) {
          fields[r.first + n * r.width + m] = static_cast<std::uint8_t>(rest * 3 >> 8);
        }
      }
    }
  }

 private:
  struct run {
    std::size_t first, width, digits;
  };
  static constexpr std::array<run, 3> runs{{{0, 32, 5}, {160, 16, 5}, {240, 4, 4}}};
};

/// 64 weights in 18 bytes: the scale, then `lsb_first` fields of two bits. The field 3 means twice the scale.
///
/// Defined by ggml-org/llama.cpp: block_q2_0 in ggml/src/ggml-common.h, type 42 with QK2_0 = 64. A fork has blocks of
/// 128 weights under the same number; those are not read.
struct q2_0 {
  static constexpr char const* name = "q2_0";
  static constexpr std::size_t block = 64;
  static constexpr std::size_t block_bytes = 18;
  static constexpr std::size_t scale_at = 0;
  static constexpr int largest_field = 3;

  static void write(std::span<std::uint8_t const, block> fields, std::byte* bytes) noexcept {
    lsb_first::write(std::span<std::uint8_t const>(fields), 2, 0, bytes + 2);
  }
  static void read(std::byte const* bytes, std::span<std::uint8_t, block> fields) noexcept {
    lsb_first::read(bytes + 2, 2, 0, std::span<std::uint8_t>(fields));
  }
};

/// The bytes that n weights take: whole blocks.
template <ggml_format F>
[[nodiscard]] constexpr std::size_t ggml_bytes(F, std::size_t n) noexcept {
  return (n / F::block + (n % F::block == 0 ? 0 : 1)) * F::block_bytes;
}

namespace detail {

template <ggml_format F>
void check_ggml_bytes(char const* who, std::size_t n, std::size_t bytes) {
  expects(bytes == ggml_bytes(F{}, n), "{}: {} weights take {} bytes in {}, not {}", who, n, ggml_bytes(F{}, n),
          F::name, bytes);
}

/// `f(first, fields, scale)` for each block in order, where `first` is its first weight and `fields` those within n.
/// Models: bytes.size() == ggml_bytes(F{}, n)
template <ggml_format F, class G>
void for_each_ggml_block(char const* who, std::span<std::byte const> bytes, std::size_t n, G&& f) {
  std::array<std::uint8_t, F::block> fields;
  std::byte const* at = bytes.data();
  for (std::size_t first = 0; first < n; first += F::block, at += F::block_bytes) {
    auto const code = static_cast<std::uint16_t>(std::to_integer<unsigned>(at[F::scale_at]) |
                                                 std::to_integer<unsigned>(at[F::scale_at + 1]) << 8);
    expects(code < 0x7C00, "{}: block {} of {} has the scale {}; scales are finite and not negative", who,
            first / F::block, F::name, f16::decode(code));
    F::read(at, fields);
    auto const some = std::span<std::uint8_t const>(fields).first(std::min(F::block, n - first));
    auto const bad = std::ranges::find_if(some, [](std::uint8_t field) { return field > F::largest_field; });
    if (bad != some.end()) {
      expects(false, "{}: block {} of {} has the field {} at weight {}; fields are at most {}", who, first / F::block,
              F::name, int{*bad}, first + static_cast<std::size_t>(bad - some.begin()), F::largest_field);
    }
    f(first, some, f16::decode(code));
  }
}

}  // namespace detail

/// Writes ternary codes and their scales in blocks of ggml. What the last block lacks is filled with the code 0.
///
/// No weights: no bytes. Where something is refused, `bytes` holds nothing of meaning. Memory: none.
/// @pre codes are of three levels; the members fit together; no field is 3; each block lies in one run of one scale,
/// which is an fp16 number, finite and >= 0; bytes.size() == ggml_bytes(format, codes.size())
template <ggml_format F>
void write_ggml(F, packed const& codes, std::span<std::byte> bytes) {
  expects(codes.levels == 3, "write_ggml: {} holds three levels, not {}", F::name, codes.levels);
  codes.check("write_ggml");
  detail::check_ggml_bytes<F>("write_ggml", codes.size(), bytes.size());
  blocks const& layout = codes.layout;
  std::array<std::uint8_t, F::block> fields;
  std::byte* at = bytes.data();
  for (std::size_t first = 0; first < codes.size(); first += F::block, at += F::block_bytes) {
    std::size_t const n = std::min(F::block, codes.size() - first);
    expects(layout.count == 1 || first / layout.inner == (first + n - 1) / layout.inner,
            "write_ggml: block {} of {}, weights {} to {}, has one scale, but lies in those from {} to {}",
            first / F::block, F::name, first, first + n - 1, layout.of(first), layout.of(first + n - 1));
    std::size_t const which = layout.count == 1 ? 0 : layout.of(first);
    float const scale = codes.scales[which];
    bool const exact = scale >= 0 && f16::decode(f16::encode(scale)) == scale;
    expects(exact, "write_ggml: block {} of {}: scale {}, {}, is no fp16 number that is finite and not negative",
            first / F::block, F::name, which, scale);
    auto const some = std::span(fields).first(n);
    detail::read_codes(codes.bytes.data(), 2, 0, first, some);
    auto const bad = std::ranges::find(some, std::uint8_t{3});
    expects(bad == some.end(), "write_ggml: the code 2 at {} is not within ±1",
            first + static_cast<std::size_t>(bad - some.begin()));
    std::fill(fields.begin() + static_cast<std::ptrdiff_t>(n), fields.end(), std::uint8_t{1});
    F::write(fields, at);
    std::uint16_t const code = f16::encode(scale);
    at[F::scale_at] = static_cast<std::byte>(code & 0xFF);
    at[F::scale_at + 1] = static_cast<std::byte>(code >> 8);
  }
}

/// Reads n weights as codes in groups of `block` weights with a scale each.
///
/// Three levels; five where a q2_0 block has the field 3, whose code is +2. Weights after the nth are not looked at.
/// Memory: the result.
/// @pre bytes.size() == ggml_bytes(format, n); scales are finite and not negative, -0 included; no field above
/// `largest_field`
template <ggml_format F>
[[nodiscard]] packed read_ggml(F, std::span<std::byte const> bytes, std::size_t n) {
  detail::check_ggml_bytes<F>("read_ggml", n, bytes.size());
  packed result{3, per_group{F::block}({n}), {}, {}};
  int largest = 0;
  result.scales.reserve(result.layout.count);
  detail::for_each_ggml_block<F>("read_ggml", bytes, n, [&](std::size_t, auto fields, float scale) {
    largest = std::max<int>(largest, std::ranges::max(fields));
    result.scales.push_back(scale);
  });
  if (largest > 2) result.levels = 5;
  result.bytes.resize(packed_bytes(n, result.bits()));
  std::array<std::int8_t, F::block> codes;
  detail::for_each_ggml_block<F>("read_ggml", bytes, n, [&](std::size_t first, auto fields, float) {
    for (std::size_t i = 0; i != fields.size(); ++i) codes[i] = static_cast<std::int8_t>(fields[i] - 1);
    detail::write_codes(std::span<std::int8_t const>(codes).first(fields.size()), result.bits(), result.max_code(),
                        result.bytes.data() + packed_bytes(first, result.bits()));
  });
  return result;
}

/// Reads out.size() weights as numbers: (field - 1) * scale, which is exact. Memory: none.
///
/// Where something is refused, `out` holds nothing of meaning.
/// @pre as for `read_ggml`, with n = out.size()
template <ggml_format F, real T>
void decode_ggml(F, std::span<std::byte const> bytes, std::span<T> out) {
  detail::check_ggml_bytes<F>("decode_ggml", out.size(), bytes.size());
  detail::for_each_ggml_block<F>("decode_ggml", bytes, out.size(), [&](std::size_t first, auto fields, float scale) {
    for (std::size_t i = 0; i != fields.size(); ++i) {
      out[first + i] = static_cast<T>(fields[i] - 1) * static_cast<T>(scale);
    }
  });
}

}  // namespace sqwa::inline SQWA_ABI

#endif
