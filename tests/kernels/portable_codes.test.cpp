// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/core/noise.hpp>
#include <sqwa/kernels/portable.hpp>

#include <doctest/doctest.h>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace SQWA_TEST_FILE {

using kernels = sqwa::scalar_kernels;

namespace {

/// Field i read bit by bit.
int field(std::vector<std::byte> const& bytes, std::size_t i, int bits) {
  int value = 0;
  for (std::size_t k = 0; k != static_cast<std::size_t>(bits); ++k) {
    std::size_t const at = i * static_cast<std::size_t>(bits) + k;
    value |= (std::to_integer<int>(bytes[at / 8]) >> (at % 8) & 1) << k;
  }
  return value;
}

}  // namespace

TEST_CASE("pack_codes: field i holds code + limit from bit i * bits on, for every width and tail") {
  for (int bits = 1; bits <= 8; ++bits) {
    int const limit = ((1 << bits) - 1) / 2;
    for (std::size_t n = 0; n != 40; ++n) {
      std::vector<std::int8_t> codes(n), back(n);
      for (std::size_t i = 0; i != n; ++i) {
        codes[i] = static_cast<std::int8_t>(
            static_cast<int>(sqwa::noise{.seed = 3}.below(i, static_cast<std::uint32_t>(2 * limit + 1))) - limit);
      }
      std::size_t const size = (n * static_cast<std::size_t>(bits) + 7) / 8;
      std::vector<std::byte> bytes(size + 1, std::byte{0xA5});
      kernels::pack_codes(bytes.data(), codes, bits, limit);
      CHECK(bytes[size] == std::byte{0xA5});
      for (std::size_t i = 0; i != n; ++i) CHECK(field(bytes, i, bits) == codes[i] + limit);
      for (std::size_t at = n * static_cast<std::size_t>(bits); at != 8 * size; ++at) CHECK(field(bytes, at, 1) == 0);
      kernels::unpack_codes(back, bytes.data(), bits, limit);
      CHECK(back == codes);

      std::vector<float> values(n);
      kernels::decode<float>(values, bytes.data(), bits, limit, 0.3F);
      for (std::size_t i = 0; i != n; ++i) CHECK(values[i] == static_cast<float>(codes[i]) * 0.3F);
    }
  }
}

TEST_CASE_TEMPLATE("to_codes: the nearest integer within the limit, and word of a NaN", T, float, double) {
  T const inf = std::numeric_limits<T>::infinity();
  std::vector<T> const x{-inf, -100, T(-1.25), T(-0.75), T(-0.25), T(-0.0), T(0.25), T(0.26), T(0.75), T(1.25), inf};
  std::vector<std::int8_t> codes(x.size());
  CHECK(kernels::to_codes<T>(codes, x, T(0.5), 3));
  CHECK(codes == std::vector<std::int8_t>{-3, -3, -2, -2, 0, 0, 0, 1, 2, 2, 3});
  for (std::size_t at = 0; at != x.size(); ++at) {
    auto bad = x;
    bad[at] = std::numeric_limits<T>::quiet_NaN();
    CHECK(!kernels::to_codes<T>(codes, bad, T(0.5), 3));
  }
}

TEST_CASE("lsq_backward: the gradient passes inside, and the step's is a finite difference of its surrogate") {
  std::vector<double> x, dy;
  for (std::size_t i = 0; i != 77; ++i) {
    x.push_back(6 * sqwa::noise{.seed = 1}(i)-3);
    dy.push_back(2 * sqwa::noise{.seed = 2}(i)-1);
  }
  double const scale = 0.7, limit = 3, h = 1e-6;
  std::vector<double> dx(x.size());
  double const ds = kernels::lsq_backward<double>(dx, dy, x, scale, limit);
  // The surrogate: clamp(x / s) plus the offset that rounding adds at `scale`, held fixed; times s.
  double slope = 0;
  for (std::size_t i = 0; i != x.size(); ++i) {
    double const v = x[i] / scale;
    bool const inside = std::abs(v) <= limit;
    double const offset = inside ? std::rint(v) - v : 0;
    auto const q = [&](double s) { return (inside ? x[i] / s + offset : std::copysign(limit, v)) * s; };
    slope += dy[i] * (q(scale + h) - q(scale - h)) / (2 * h);
    CHECK(dx[i] == (inside ? dy[i] : 0));
  }
  CHECK(ds == doctest::Approx(slope).epsilon(1e-7));
}

TEST_CASE("lsq_backward: a NaN stops its own gradient and is seen in the step's") {
  std::vector<float> const x{0.1F, std::numeric_limits<float>::quiet_NaN()}, dy{1, 1};
  std::vector<float> dx(2);
  CHECK(std::isnan(kernels::lsq_backward<float>(dx, dy, x, 1, 1)));
  CHECK(dx == std::vector<float>{1, 0});
  CHECK(kernels::lsq_backward<float>({}, {}, {}, 1, 1) == 0);
}

}  // namespace SQWA_TEST_FILE
