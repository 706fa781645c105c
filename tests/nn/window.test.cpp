// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/nn/window.hpp>

#include <doctest/doctest.h>
#include <algorithm>
#include <cstddef>
#include <vector>

namespace SQWA_TEST_FILE {

namespace detail = sqwa::nn::detail;

namespace {

/// The numbers below n of which `is` is true; they must be neighbours.
template <class F>
void check_run(detail::run r, std::size_t n, F is) {
  CHECK(r.first <= r.last);
  CHECK(r.last <= n);
  for (std::size_t i = 0; i != n; ++i) CHECK((r.first <= i && i < r.last) == is(i));
}

}  // namespace

TEST_CASE("window: every run is what the definition gives, for all small windows and images") {
  for (std::size_t kernel = 1; kernel != 5; ++kernel) {
    for (std::size_t stride = 1; stride != 5; ++stride) {
      for (std::size_t padding = 0; padding != 5; ++padding) {
        for (std::size_t extent = 1; extent != 8; ++extent) {
          if (extent + 2 * padding < kernel) continue;
          detail::window const w{kernel, stride, padding};
          auto const sees = [&](std::size_t o, std::size_t t, std::size_t pixel) {
            return o * stride + t == pixel + padding;
          };
          std::size_t const outputs = w.outputs(extent);
          CHECK((outputs - 1) * stride + kernel <= extent + 2 * padding);
          CHECK(outputs * stride + kernel > extent + 2 * padding);
          auto const inside = [&](std::size_t o, std::size_t t) {
            return o * stride + t >= padding && o * stride + t < extent + padding;
          };
          for (std::size_t o = 0; o != outputs; ++o) {
            check_run(w.taps_of(o, extent), kernel, [&](std::size_t t) { return inside(o, t); });
          }
          for (std::size_t t = 0; t != kernel; ++t) {
            check_run(w.outputs_with(t, extent, outputs), outputs, [&](std::size_t o) { return inside(o, t); });
          }
          for (std::size_t pixel = 0; pixel != extent; ++pixel) {
            check_run(w.outputs_of(pixel, outputs), outputs, [&](std::size_t o) {
              bool any = false;
              for (std::size_t t = 0; t != kernel; ++t) any = any || sees(o, t, pixel);
              return any;
            });
          }
        }
      }
    }
  }
}

TEST_CASE("window: runs of lanes cover every number once, in order") {
  for (std::size_t n : {0U, 1U, 3U, 4U, 15U, 16U, 23U, 64U}) {
    std::size_t next = 0;
    detail::for_each_run(n, [&](auto lanes, std::size_t first) {
      CHECK(first == next);
      next += lanes;
    });
    CHECK(next == n);
  }
}

}  // namespace SQWA_TEST_FILE
