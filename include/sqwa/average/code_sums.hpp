// SPDX-License-Identifier: BSD-3-Clause
// The accumulator of code_averager: integers that widen before they could overflow, or doubles.
#ifndef SQWA_AVERAGE_CODE_SUMS_HPP
#define SQWA_AVERAGE_CODE_SUMS_HPP

#include <sqwa/core/bytes.hpp>
#include <sqwa/core/contract.hpp>
#include <sqwa/exec/backend.hpp>
#include <sqwa/exec/executor.hpp>
#include <sqwa/quant/granularity.hpp>
#include <sqwa/quant/packed.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace sqwa::inline SQWA_ABI {

namespace detail {

/// Whether two runs of floats agree in every bit: a NaN equals itself, +0 is not -0.
inline bool same_bits(std::span<float const> a, std::span<float const> b) noexcept {
  return std::ranges::equal(a, b, {}, std::bit_cast<std::uint32_t, float>, std::bit_cast<std::uint32_t, float>);
}

/// Calls `f(first, codes)` for pieces of the codes of elements [begin, end). The fields are not checked.
template <class F>
void for_each_piece(packed const& p, std::size_t begin, std::size_t end, F&& f) {
  auto const read = [&](auto buffer) {
    for (std::size_t first = begin; first < end; first += buffer.size()) {
      auto const part = std::span(buffer).first(std::min(buffer.size(), end - first));
      read_codes(p.bytes.data(), p.bits(), p.max_code(), first, part);
      f(first, std::span(std::as_const(buffer)).first(part.size()));
    }
  };
  if (p.max_code() <= std::numeric_limits<std::int8_t>::max()) return read(std::array<std::int8_t, 1024>{});
  read(std::array<std::int16_t, 1024>{});
}

/// Breaks a precondition if a field of `p` is no code. Exceptions leave the calling thread only.
template <executor E>
void check_fields(char const* who, packed const& p, E const& exec) {
  std::size_t const n = p.size();
  auto const search = [&](std::size_t begin, std::size_t end) {
    std::size_t bad = n;
    for_each_piece(p, begin, end, [&](std::size_t first, auto codes) {
      if (bad != n) return;
      std::size_t const at = first_outside(codes, p.max_code());
      if (at != codes.size()) bad = first + at;
    });
    return bad;
  };
  std::size_t const bad = reduce(exec, n, n, search, [](std::size_t a, std::size_t b) { return std::min(a, b); });
  if (bad == n) return;
  std::int32_t code = 0;
  read_codes(p.bytes.data(), p.bits(), p.max_code(), bad, std::span(&code, 1));
  expects(false, "{}: the code {} at {} is not within ±{}", who, code, bad, p.max_code());
}

/// One sum for each element, in int8, int16, int32 or int64, or in double.
class code_sums {
 public:
  void clear(std::size_t size) { sums_ = std::vector<std::int8_t>(size); }

  /// Calls `f` with the vector of sums.
  template <class F>
  decltype(auto) visit(F&& f) const {
    return std::visit(std::forward<F>(f), sums_);
  }

  /// The same for sums that are not doubles.
  template <class F>
  auto visit_integers(F&& f) const {
    if (auto const* s = std::get_if<1>(&sums_)) return f(*s);
    if (auto const* s = std::get_if<2>(&sums_)) return f(*s);
    if (auto const* s = std::get_if<3>(&sums_)) return f(*s);
    return f(*std::get_if<0>(&sums_));
  }

  [[nodiscard]] bool floating() const noexcept { return std::holds_alternative<std::vector<double>>(sums_); }
  [[nodiscard]] std::size_t width() const noexcept {
    return visit([](auto const& s) { return sizeof(s[0]); });
  }
  [[nodiscard]] std::size_t size() const noexcept {
    return visit([](auto const& s) { return s.size(); });
  }

  /// Widens integers until sums within ±`most` cannot overflow.
  void reserve(std::int64_t most) {
    if (sums_.index() < 1 && most > std::numeric_limits<std::int8_t>::max()) widen<std::int16_t>();
    if (sums_.index() < 2 && most > std::numeric_limits<std::int16_t>::max()) widen<std::int32_t>();
    if (sums_.index() < 3 && most > std::numeric_limits<std::int32_t>::max()) widen<std::int64_t>();
  }

  /// Whether the sums are as narrow as `reserve(most)` leaves them, and within ±`most`. Doubles always are.
  [[nodiscard]] bool holds(std::int64_t most) const {
    if (floating()) return true;
    code_sums narrowest;
    narrowest.clear(0);
    narrowest.reserve(most);
    return sums_.index() == narrowest.sums_.index() && visit([most](auto const& s) {
             return std::ranges::all_of(s, [most](auto v) {
               auto const sum = static_cast<std::int64_t>(v);
               return -most <= sum && sum <= most;
             });
           });
  }

  /// Turns integer sums into sums of decoded values.
  void decode(blocks const& layout, std::span<float const> scales) {
    widen<double>();
    auto& sums = *std::get_if<std::vector<double>>(&sums_);
    for_each_run(layout, [&](std::size_t block, std::size_t first, std::size_t length) {
      for (double& s : std::span(sums).subspan(first, length)) s *= static_cast<double>(scales[block]);
    });
  }

  /// Whether integer sums within ±`most` fit as they are.
  [[nodiscard]] bool fits(std::int64_t most) const noexcept {
    return visit([most](auto const& s) {
      using sum = typename std::remove_cvref_t<decltype(s)>::value_type;
      return std::integral<sum> &&
             std::cmp_less_equal(most, std::numeric_limits<std::int64_t>::max() >> (64 - 8 * sizeof(sum)));
    });
  }

  /// Adds `sign` times the codes of a snapshot to integers, its values to doubles. Whether each field is a code.
  ///
  /// Integers take fields that are no codes in too, modulo their width: the other sign takes everything back.
  template <any_backend B>
  bool add(packed const& p, B const& where, int sign = 1) {
    return std::visit(
        [&](auto& sums) {
          using sum = typename std::remove_reference_t<decltype(sums)>::value_type;
          return in_chunks(p, where, [&](std::size_t begin, std::size_t end) {
            if constexpr (std::same_as<sum, std::int8_t>) {
              return B::kernels::add_codes(std::span(sums).subspan(begin, end - begin),
                                           p.bytes.data() + packed_bytes(begin, p.bits()), p.bits(), p.max_code(),
                                           sign);
            } else {
              return in_pieces(p, begin, end, [&](std::size_t first, auto codes) {
                if constexpr (std::floating_point<sum>) {
                  add_values(p, sums, first, codes);
                } else {
                  add_integers(std::span(sums).subspan(first, codes.size()), codes, sign);
                }
              });
            }
          });
        },
        sums_);
  }

  /// Adds the squares of the codes of a snapshot to integers that have room for them. The fields are not checked.
  template <any_backend B>
  void add_squares(packed const& p, B const& where) {
    std::visit(
        [&](auto& sums) {
          using sum = typename std::remove_reference_t<decltype(sums)>::value_type;
          for_each_chunk(where.exec, p.size(), [&](std::size_t begin, std::size_t end) {
            for_each_piece(p, begin, end, [&](std::size_t first, auto codes) {
              for (std::size_t k = 0; k != codes.size(); ++k) {
                sum& to = sums[first + k];
                to = static_cast<sum>(to + static_cast<sum>(codes[k] * codes[k]));
              }
            });
          });
        },
        sums_);
  }

  /// Adds other sums, element by element. Both hold integers, or both doubles.
  void add(code_sums const& other) {
    std::visit(
        [](auto& sums, auto const& more) {
          using sum = typename std::remove_reference_t<decltype(sums)>::value_type;
          for (std::size_t i = 0; i != sums.size(); ++i)
            sums[i] = static_cast<sum>(sums[i] + static_cast<sum>(more[i]));
        },
        sums_, other.sums_);
  }

  void save(byte_writer& out) const {
    out.put(static_cast<std::uint8_t>(sums_.index()));
    visit([&](auto const& s) { out.put_all(std::span(s)); });
  }

  [[nodiscard]] static code_sums load(char const* who, byte_reader& in) {
    code_sums loaded;
    auto const kind = in.get<std::uint8_t>();
    expects(kind <= 4, "{}: sums of the unknown kind {}", who, kind);
    if (kind == 0) loaded.sums_ = in.all<std::int8_t>();
    if (kind == 1) loaded.sums_ = in.all<std::int16_t>();
    if (kind == 2) loaded.sums_ = in.all<std::int32_t>();
    if (kind == 3) loaded.sums_ = in.all<std::int64_t>();
    if (kind == 4) loaded.sums_ = in.all<double>();
    return loaded;
  }

  bool operator==(code_sums const&) const = default;

 private:
  /// Whether `f(begin, end)` is true for all chunks.
  template <any_backend B, class F>
  static bool in_chunks(packed const& p, B const& where, F&& f) {
    return reduce(where.exec, p.size(), true, f, [](bool a, bool b) { return a && b; });
  }

  /// Calls `f(first, codes)` for all pieces. Whether all are codes.
  template <class F>
  static bool in_pieces(packed const& p, std::size_t begin, std::size_t end, F&& f) {
    bool good = true;
    for_each_piece(p, begin, end, [&](std::size_t first, auto codes) {
      good = first_outside(codes, p.max_code()) == codes.size() && good;
      f(first, codes);
    });
    return good;
  }

  template <class Sum, class Code>
  static void add_integers(std::span<Sum> sums, std::span<Code const> codes, int sign) noexcept {
    using bits = std::make_unsigned_t<Sum>;
    for (std::size_t k = 0; k != sums.size(); ++k) {
      sums[k] = static_cast<Sum>(static_cast<bits>(static_cast<bits>(sums[k]) + static_cast<bits>(sign * codes[k])));
    }
  }

  template <class Code>
  static void add_values(packed const& p, std::vector<double>& sums, std::size_t first, std::span<Code const> codes) {
    for_each_run(p.layout, first, first + codes.size(), [&](std::size_t b, std::size_t at, std::size_t n) {
      auto const scale = static_cast<double>(p.scales[b]);
      for (std::size_t i = at; i != at + n; ++i) sums[i] += static_cast<double>(codes[i - first]) * scale;
    });
  }

  template <class Wide>
  void widen() {
    sums_ = visit([](auto const& s) {
      std::vector<Wide> wide(s.size());
      std::ranges::transform(s, wide.begin(), [](auto v) { return static_cast<Wide>(v); });
      return wide;
    });
  }

  std::variant<std::vector<std::int8_t>, std::vector<std::int16_t>, std::vector<std::int32_t>,
               std::vector<std::int64_t>, std::vector<double>>
      sums_;
};

}  // namespace detail

}  // namespace sqwa::inline SQWA_ABI

#endif
