// SPDX-License-Identifier: BSD-3-Clause
// Sums over the magnitudes of a block, for fits: pieces that stay in the cache, joined in a fixed order.
#ifndef SQWA_QUANT_MAGNITUDES_HPP
#define SQWA_QUANT_MAGNITUDES_HPP

#include <sqwa/exec/backend.hpp>
#include <sqwa/exec/executor.hpp>
#include <sqwa/kernels/portable_fits.hpp>
#include <sqwa/tensor/adapter.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <type_traits>
#include <vector>

namespace sqwa::inline SQWA_ABI::detail {

/// The largest magnitude; 0 of an empty block.
template <real T, any_backend B = backend<>>
T largest_magnitude(std::span<T const> x, B const& where = {}) {
  return reduce(
      where.exec, x.size(), T(0),
      [&](std::size_t first, std::size_t last) {
        return B::kernels::template max_abs<T>(x.subspan(first, last - first));
      },
      [](T a, T b) { return std::max(a, b); });
}

/// The largest magnitude, or a NaN where the block holds a NaN or infinity; 0 of an empty block.
///
/// Magnitudes are compared as integers, of which those of infinity and NaN are the largest.
template <real T, any_backend B = backend<>>
T largest_finite_magnitude(std::span<T const> x, B const& where = {}) {
  using bits = std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t>;
  constexpr std::size_t lanes = 64 / sizeof(T);
  bits const most = reduce(
      where.exec, x.size(), bits{0},
      [&](std::size_t first, std::size_t last) {
        std::array<bits, lanes> lane{};
        auto const see = [&](std::size_t i, std::size_t l) {
          lane[l] = std::max(lane[l], std::bit_cast<bits>(x[i]) & std::numeric_limits<bits>::max());
        };
        for (; first + lanes <= last; first += lanes) {
          for (std::size_t l = 0; l != lanes; ++l) see(first + l, l);
        }
        for (std::size_t l = 0; first != last; ++first, ++l) see(first, l);
        return *std::ranges::max_element(lane);
      },
      [](bits a, bits b) { return std::max(a, b); });
  auto const m = std::bit_cast<T>(most);
  return m <= std::numeric_limits<T>::max() ? m : std::numeric_limits<T>::quiet_NaN();
}

/// `sum_codes` of a block.
template <real T, any_backend B>
code_products sum_codes(std::span<T const> x, T inverse, T limit, B const& where) {
  return reduce(
      where.exec, x.size(), code_products{},
      [&](std::size_t first, std::size_t last) {
        return B::kernels::template sum_codes<T>(x.subspan(first, last - first), inverse, limit);
      },
      [](code_products a, code_products b) { return a + b; });
}

/// So many elements stay in the cache while several kernels read them, and sums of float stay exact enough for bounds.
inline constexpr std::size_t max_piece = 2048;

/// `f(piece, r)` for each piece of [first, last), `max_piece` elements at most.
template <real T, class R, class F>
R over_pieces(std::span<T const> x, std::size_t first, std::size_t last, R r, F&& f) {
  for (; first < last; first += max_piece) f(x.subspan(first, std::min(max_piece, last - first)), r);
  return r;
}

/// What a pass over some elements found: sums, where those that it kept lie, how many, and whether there was room.
template <class Sums>
struct kept {
  Sums sums;
  std::size_t first = 0, inside = 0;
  bool complete = true;
};

/// Passes over x in pieces: `keep(piece, inside, sums)` writes what it keeps to `inside`, which has room for the piece
/// and 32 more, adds to `sums` and returns how many it wrote.
///
/// What is kept goes to the begin of `to`, which has room for one in `share` elements of x, evenly; for a share of 1 it
/// may be x: each piece is written behind where it was read, and moved to the others afterwards.
template <class Sums, real T, any_backend B, class F>
kept<Sums> keep_some(std::span<T const> x, T* to, std::size_t share, B const& where, F&& keep) {
  return reduce(
      where.exec, x.size(), kept<Sums>{},
      [&](std::size_t first, std::size_t last) {
        std::array<T, max_piece + 32> inside;
        std::size_t const begin = first / share, room = last / share - begin;
        return over_pieces(x, first, last, kept<Sums>{{}, begin}, [&](std::span<T const> piece, kept<Sums>& k) {
          std::size_t const n = keep(piece, inside.data(), k.sums);
          k.complete = k.complete && n <= room - k.inside;
          if (!k.complete) return;
          std::copy_n(inside.data(), n, to + begin + k.inside);
          k.inside += n;
        });
      },
      [&](kept<Sums> const& a, kept<Sums> const& b) {
        std::copy_n(to + b.first, b.inside, to + a.inside);
        return kept<Sums>{a.sums + b.sums, 0, a.inside + b.inside, a.complete && b.complete};
      });
}

/// So many elements of a block, evenly spread: for a first guess.
template <real T>
std::vector<T> sample(std::span<T const> x, std::size_t n) {
  std::vector<T> some(std::min(n, x.size()));
  for (std::size_t i = 0; i != some.size(); ++i) some[i] = x[x.size() / some.size() * i];
  return some;
}

/// By how much a sum of `tails` over such pieces may be off, as a share of it.
template <real T>
inline constexpr double tail_error = max_piece / 32 * static_cast<double>(std::numeric_limits<T>::epsilon());

/// `tails` of a block.
template <real T, any_backend B>
tail_table tails(std::span<T const> x, std::array<T, tail_table::thresholds> const& above, B const& where) {
  return reduce(
      where.exec, x.size(), tail_table{},
      [&](std::size_t first, std::size_t last) {
        return over_pieces(x, first, last, tail_table{}, [&](std::span<T const> piece, tail_table& sums) {
          sums = sums + B::kernels::template tails<T>(piece, above);
        });
      },
      [](tail_table const& a, tail_table const& b) { return a + b; });
}

/// The scale at which codes <- the nearest, scale <- <|w|, c> / <c, c> comes to rest.
///
/// Starts from 2 mean|w| / limit; a start at which every code is 0 is halved. Codes are those of |w| times the
/// reciprocal of the scale.
template <real T, any_backend B>
double alternate(std::span<T const> x, T limit, int max_rounds, B const& where) {
  if (x.empty()) return 0;
  tail_table const all = tails(x, {}, where);
  double scale = 2 * all.above[0].sum / static_cast<double>(x.size()) / static_cast<double>(limit);
  if (!std::isfinite(scale)) scale = 2 * all.largest / static_cast<double>(limit);  // the sum left the range of T
  for (int round = 0; round < max_rounds && scale > 0; ++round) {
    code_products sums;
    if (1 / scale <= static_cast<double>(std::numeric_limits<T>::max())) {
      sums = sum_codes(x, static_cast<T>(1 / scale), limit, where);
    } else {  // denormal weights
      for (T w : x) {
        auto const m = static_cast<double>(std::abs(w));
        double const code = std::rint(std::min(m / scale, static_cast<double>(limit)));
        sums = sums + code_products{m * code, code * code};
      }
    }
    double const next = sums.squares > 0 ? sums.products / sums.squares : scale / 2;
    if (next == scale) break;
    scale = next;
  }
  return scale;
}

}  // namespace sqwa::inline SQWA_ABI::detail

#endif
