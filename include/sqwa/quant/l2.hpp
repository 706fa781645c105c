// SPDX-License-Identifier: BSD-3-Clause
// The best scale of a block: the global minimum of the squared error.
#ifndef SQWA_QUANT_L2_HPP
#define SQWA_QUANT_L2_HPP

#include <sqwa/exec/backend.hpp>
#include <sqwa/quant/fit.hpp>
#include <sqwa/quant/format.hpp>
#include <sqwa/quant/l2_levels.hpp>
#include <sqwa/quant/l2_points.hpp>
#include <sqwa/quant/l2_ternary.hpp>
#include <sqwa/quant/point_format.hpp>
#include <sqwa/tensor/adapter.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

namespace sqwa::inline SQWA_ABI {

/// The scale with the least squared error: the global minimum over s of ||w - s * code(w / s)||^2.
///
/// For fixed codes c the best s is A / B with A = sum |w| |c| and B = sum c^2, and the error is ||w||^2 - A^2 / B. The
/// codes of nearest rounding change only where s = |w_i| / (j - 1/2) for a code j; so s sweeps these breakpoints from
/// the largest to the smallest while A and B follow, and the codes with the largest A^2 / B win, the first of equals.
/// The sweep ends where the elements beyond the outermost point alone cost more than the best codes so far. Sums are
/// double, in an order that the values alone determine.
///
/// Large blocks are not sorted: see `ternary_search` and, to 255 levels, `levels_search`, which take the backend.
/// Formats that list their points and affine formats are swept in the same way, with points in the place of codes: see
/// `scale_sweep`; affine formats once for each zero point, the lowest of equally good ones, which is cheap for few bits
/// only.
///
/// Memory: one copy of the block, and one list head for each code in use.
/// Time: O(n log n + b log H) for b breakpoints in the sweep, at most n * H with H = max_code.
struct l2 {
  template <real T, uniform_format F, any_backend B = backend<>>
  [[nodiscard]] float operator()(std::span<T const> block, F const&, B const& where = {}) const {
    constexpr int limit = F::max_code;
    constexpr double most = std::numeric_limits<float>::max() / static_cast<double>(limit);
    if constexpr (limit == 1) {
      if (block.size() >= detail::ternary_search<T, B>::min_size) {
        double const scale = detail::ternary_search<T, B>::run(block, where);
        if (scale >= 0 && scale <= most) return detail::finite_scale(scale, limit);
      }
    } else if constexpr (limit <= detail::levels_search<T, B>::max_limit) {
      if (block.size() >= detail::levels_search<T, B>::min_size) {
        double const scale = detail::levels_search<T, B>::run(block, limit, where);
        if (scale >= 0 && scale <= most) return detail::finite_scale(scale, limit);
      }
    }
    std::vector<T> w;
    w.reserve(block.size());
    for (T v : block) {
      if (v != 0) w.push_back(std::abs(v));
    }
    if (w.empty()) return 0;
    std::ranges::sort(w, [](T a, T b) { return a > b; });
    double total = 0;
    for (T m : w) total += static_cast<double>(m) * static_cast<double>(m);

    std::vector<head> lists{head_of(w, 0, 1)};  // a heap; list j holds where the elements pass from code j - 1 to j
    std::size_t beyond = 0;                     // how many elements lie beyond the outermost point…
    double first_power = 0;                     // …their sum…
    double second_power = 0;                    // …and the sum of their squares
    double a = 0, b = 0, best = 0, best_scale = 0;
    while (!lists.empty()) {
      std::ranges::pop_heap(lists, later);
      head const now = lists.back();
      lists.pop_back();
      a += static_cast<double>(w[now.next]);
      b += 2.0 * now.code - 1;
      double quality = a / std::sqrt(b), scale = a / b;
      if (scale > most) {  // the best scale allowed, with these codes
        scale = most;
        quality = std::sqrt(std::max(scale * (2 * a - scale * b), 0.0));
      }
      if (quality > best) {
        best = quality;
        best_scale = scale;
      }
      if (now.next == 0 && now.code < limit) push(lists, head_of(w, 0, now.code + 1));
      if (now.next + 1 != w.size()) push(lists, head_of(w, now.next + 1, now.code));

      double const outermost = limit * now.at;
      for (; beyond != w.size() && static_cast<double>(w[beyond]) >= outermost; ++beyond) {
        auto const m = static_cast<double>(w[beyond]);
        first_power += m;
        second_power += m * m;
      }
      double const lost =
          second_power - 2 * outermost * first_power + outermost * outermost * static_cast<double>(beyond);
      if (lost > total * (1 + 1e-6) - best * best) break;  // more than rounding could explain
    }
    return detail::finite_scale(best_scale, limit);
  }

  /// @pre the points are finite and strictly ascending
  template <real T, point_format F>
  [[nodiscard]] float operator()(std::span<T const> block, F const& format) const {
    return detail::l2_of_points(block, format);
  }
  template <real T, affine_format F>
  [[nodiscard]] affine_scale operator()(std::span<T const> block, F const& format) const {
    return detail::l2_of_affine(block, format);
  }

 private:
  struct head {
    double at;         // the scale at which element `next` takes `code`
    std::size_t next;  // in the order of falling magnitudes
    int code;
  };

  template <real T>
  static head head_of(std::vector<T> const& w, std::size_t next, int code) {
    return {static_cast<double>(w[next]) / (code - 0.5), next, code};
  }

  static bool later(head const& x, head const& y) noexcept { return x.at != y.at ? x.at < y.at : x.code > y.code; }

  static void push(std::vector<head>& lists, head h) {
    lists.push_back(h);
    std::ranges::push_heap(lists, later);
  }
};

}  // namespace sqwa::inline SQWA_ABI

#endif
