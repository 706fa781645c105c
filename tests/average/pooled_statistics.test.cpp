// SPDX-License-Identifier: BSD-3-Clause
#include "support/refuses.hpp"

#include <sqwa/average/pooled_statistics.hpp>
#include <sqwa/core/noise.hpp>

#include <doctest/doctest.h>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

using namespace sqwa;

namespace SQWA_TEST_FILE {

namespace {

std::vector<double> numbers(std::size_t n, double middle = 0) {
  std::vector<double> x(n);
  for (std::size_t i = 0; i != n; ++i) {
    x[i] = middle + static_cast<double>(noise{.seed = 3}(i)) + static_cast<double>(i) / 50;  // batches differ
  }
  return x;
}

/// Mean and unbiased variance of one channel in two passes, channels last.
pooled_moments plain(std::span<double const> x, std::size_t channel, std::size_t channels) {
  pooled_moments m;
  for (std::size_t i = channel; i < x.size(); i += channels) m.mean += x[i], ++m.count;
  m.mean /= m.count;
  for (std::size_t i = channel; i < x.size(); i += channels) m.squares += (x[i] - m.mean) * (x[i] - m.mean);
  return m;
}

}  // namespace

TEST_CASE("W5 pooled_statistics: however samples are cut into batches, the moments are those of all samples") {
  std::size_t const channels = 3;
  auto const x = numbers(128 * channels, 1e4);
  for (std::size_t const batch : {1U, 7U, 50U, 80U, 128U}) {
    pooled_statistics s(channels);
    for (std::size_t at = 0; at < 128; at += batch) {
      s.update(std::span(x).subspan(at * channels, std::min<std::size_t>(batch, 128 - at) * channels));
    }
    for (std::size_t c = 0; c != channels; ++c) {
      auto const expected = plain(x, c, channels);
      CHECK(s[c].count == 128);
      CHECK(s[c].mean == doctest::Approx(expected.mean).epsilon(1e-13));
      CHECK(s[c].unbiased_variance() == doctest::Approx(expected.squares / 127).epsilon(1e-11));
      CHECK(s[c].variance() == doctest::Approx(expected.squares / 128).epsilon(1e-11));
    }
  }
}

TEST_CASE("W5 pooled_statistics: batches weighted equally would be wrong where the last one is short") {
  auto const x = numbers(128);
  pooled_statistics s(1);
  s.update(std::span(x).first(80));
  s.update(std::span(x).subspan(80));
  double const equal = (plain(std::span(x).first(80), 0, 1).mean + plain(std::span(x).subspan(80), 0, 1).mean) / 2;
  double const all = plain(x, 0, 1).mean;
  CHECK(std::abs(equal - all) > 0.01 * all);
  CHECK(std::abs(s[0].mean - all) < 1e-14 * all);
}

TEST_CASE("pooled_statistics: channels first or last, floats or doubles, values or moments") {
  auto const x = numbers(4 * 3 * 5);
  std::vector<double> turned(x.size());  // 4 samples of 3 channels of 5 positions
  for (std::size_t n = 0; n != 4; ++n) {
    for (std::size_t p = 0; p != 5; ++p) {
      for (std::size_t c = 0; c != 3; ++c) turned[(n * 3 + c) * 5 + p] = x[(n * 5 + p) * 3 + c];
    }
  }
  pooled_statistics last(3), first(3);
  last.update(x);
  first.update(turned, 5);
  CHECK(first == last);
  std::vector<float> const narrow{1, 10, 3, 30};
  pooled_statistics f(2), m(2);
  f.update(narrow);
  CHECK(f[1].mean == 20);
  CHECK(f[1].squares == 200);
  m.update_moments(2, std::vector{2.0F, 20.0F}, std::vector{1.0F, 100.0F});
  CHECK(m == f);
}

TEST_CASE("pooled_statistics: merged, or saved and loaded, it is as if it had seen everything itself") {
  auto const x = numbers(60);
  pooled_statistics left(2), right(2), whole(2);
  left.update(std::span(x).first(20));
  right.update(std::span(x).subspan(20));
  whole.update(std::span(x).first(20));
  auto resumed = pooled_statistics::load(whole.save());
  CHECK(resumed == whole);
  whole.update(std::span(x).subspan(20));
  resumed.update(std::span(x).subspan(20));
  CHECK(resumed == whole);
  left.merge(right);
  CHECK(left == whole);
  auto const bytes = whole.save();
  for (std::size_t n = 0; n != bytes.size(); ++n) {
    CHECK(test::refuses([&] { (void)pooled_statistics::load(std::span(bytes).first(n)); }, "pooled_statistics::load"));
  }
  auto forged = bytes;
  forged[9] = std::byte{0xFF};
  CHECK(test::refuses([&] { (void)pooled_statistics::load(forged); }, "channels in"));
}

TEST_CASE("pooled_statistics: nothing seen is refused and changes nothing; so are halves of samples") {
  pooled_statistics s(2);
  std::vector<float> mean{5, 6}, variance{7, 8};
  s.update(std::vector<float>{});
  CHECK(s.empty());
  CHECK(test::refuses([&] { s.value_to(mean, variance); }, "no batch has been seen"));
  CHECK(mean == std::vector<float>{5, 6});
  CHECK(variance == std::vector<float>{7, 8});
  std::vector<float> const three(3), two{1, std::numeric_limits<float>::infinity(), 1, 1};
  CHECK(test::refuses([&] { s.update(three); }, "3 values are no whole samples of 2 channels"));
  CHECK(test::refuses([&] { s.update(two, 0); }, "runs of 0"));
  CHECK(test::refuses([&] { s.merge(pooled_statistics(3)); }, "2 and 3 channels"));
  CHECK(test::refuses([&] { s.value_to(mean, std::vector<float>(1)); }, "into"));
  s.update(two);
  s.value_to(mean, variance);
  CHECK(mean[0] == 1);
  CHECK(variance[0] == 0);
  CHECK(std::isinf(mean[1]));
  CHECK(std::isnan(variance[1]));
}

}  // namespace SQWA_TEST_FILE
