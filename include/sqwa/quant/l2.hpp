// SPDX-License-Identifier: BSD-3-Clause
// The scale of least squared error: the global optimum, not a fixed point of the alternation.
#ifndef SQWA_QUANT_L2_HPP
#define SQWA_QUANT_L2_HPP

#include <sqwa/quant/fit.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <span>
#include <vector>

namespace sqwa::inline SQWA_ABI {

/// The global minimum of ‖w − scale · code(w)‖² over the scale, code(w) being the nearest code.
///
/// As the scale falls, |code i| steps from j − 1 to j where it passes |w_i| / (j − 1/2). Between two such points the codes c
/// stand still, the best scale is A / B with A = Σ |w_i| c_i and B = Σ c_i², and the error is ‖w‖² − A² / B; the largest A² / B
/// over all intervals is therefore the optimum. The points are visited in descending order by merging, for each j, the sorted
/// magnitudes. Sums in double; the result is rounded to float once.
///
/// Memory: one copy of the block. Time: one sort, then max_code steps a weight, each O(log max_code).
struct l2 {
  template <real T, number_format Format>
  float operator()(std::span<T const> block, Format const&) const {
    std::vector<T> magnitude;
    magnitude.reserve(block.size());
    for (T w : block) {
      if (w != 0) magnitude.push_back(std::abs(w));
    }
    std::sort(magnitude.begin(), magnitude.end(), std::greater<>{});
    if (magnitude.empty()) return 0;

    struct front {
      double point;    // the scale at which this weight's code becomes j
      int j;
      std::size_t at;  // in magnitude
      bool operator<(front const& other) const noexcept { return point < other.point; }
    };
    auto const point = [&](int j, std::size_t at) { return static_cast<double>(magnitude[at]) / (j - 0.5); };
    std::vector<front> heap{{point(1, 0), 1, 0}};  // list j enters when list j - 1 has given its first element

    double a = 0;
    double b = 0;
    double best = 0;
    double scale = 0;
    while (!heap.empty()) {
      std::pop_heap(heap.begin(), heap.end());
      front const f = heap.back();
      heap.pop_back();
      if (f.at == 0 && f.j < Format::max_code) {
        heap.push_back({point(f.j + 1, 0), f.j + 1, 0});
        std::push_heap(heap.begin(), heap.end());
      }
      if (f.at + 1 != magnitude.size()) {
        heap.push_back({point(f.j, f.at + 1), f.j, f.at + 1});
        std::push_heap(heap.begin(), heap.end());
      }
      a += static_cast<double>(magnitude[f.at]);
      b += 2 * f.j - 1;
      if (a * (a / b) > best) {
        best = a * (a / b);
        scale = a / b;
      }
    }
    return static_cast<float>(scale);
  }
};

static_assert(fit<l2, symmetric<3>> && fit<l2_alternating, symmetric<5>> && fit<max_abs, symmetric<3>> &&
              fit<fixed, symmetric<3>> && fit<mean_abs, symmetric<3>> && !fit<mean_abs, symmetric<5>>);

}  // namespace sqwa::inline SQWA_ABI

#endif
