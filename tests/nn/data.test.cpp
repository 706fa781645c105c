// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/nn/data.hpp>
#include "support/refuses.hpp"

#include <doctest/doctest.h>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace SQWA_TEST_FILE {

namespace nn = sqwa::nn;

namespace {

std::vector<std::size_t> taken(nn::sample_stream stream, std::uint64_t first, std::size_t count) {
  std::vector<std::size_t> out(count);
  stream.take(first, out);
  return out;
}

nn::data_set images(std::size_t samples, std::size_t channels) {
  nn::data_set set;
  set.images.resize({samples, 2, 3, channels});
  set.labels.resize({samples});
  set.classes = 2;
  for (std::size_t i = 0; i != samples; ++i) set.labels(i) = static_cast<std::uint8_t>(i % 2);
  for (std::size_t i = 0; i != set.images.size(); ++i) set.images.data()[i] = static_cast<std::uint8_t>(i * 37 % 256);
  return set;
}

}  // namespace

TEST_CASE("sample_stream: each epoch visits every sample once, and epochs differ") {
  for (std::size_t const n : {1U, 2U, 100U}) {
    nn::sample_stream const stream{n, 5};
    for (std::uint64_t epoch = 0; epoch != 5; ++epoch) {
      auto order = taken(stream, epoch * n, n);
      if (n == 100) CHECK(order != taken(stream, (epoch + 1) * n, n));
      std::ranges::sort(order);
      for (std::size_t i = 0; i != n; ++i) CHECK(order[i] == i);
    }
  }
  CHECK(taken({100, 5}, 0, 100) != taken({100, 6}, 0, 100));
}

TEST_CASE("sample_stream: a pure function of the position, however it is cut and in whatever order it is asked") {
  nn::sample_stream stream{30, 5};
  auto const all = taken(stream, 0, 300);
  std::vector<std::size_t> part(64);  // more than two epochs at once
  for (std::uint64_t const first : {200U, 0U, 31U, 236U, 29U}) {
    stream.take(first, part);
    CHECK(std::equal(part.begin(), part.end(), all.begin() + static_cast<std::ptrdiff_t>(first)));
  }
}

TEST_CASE("sample_stream: all permutations of three samples come up about equally often") {
  std::vector<int> seen(27);
  nn::sample_stream const stream{3, 1};
  auto const all = taken(stream, 0, 18'000);
  for (std::size_t i = 0; i != all.size(); i += 3) ++seen[all[i] * 9 + all[i + 1] * 3 + all[i + 2]];
  CHECK(std::ranges::count_if(seen, [](int n) { return n > 900 && n < 1100; }) == 6);  // ±3.5 standard deviations
}

TEST_CASE("sample_stream: no samples are refused") {
  CHECK(test::refuses([] { nn::sample_stream{0, 1}; }, "0 samples"));
}

TEST_CASE("normalization: each channel of the set it was made of has mean 0 and variance 1") {
  for (std::size_t const channels : {1U, 3U}) {
    auto const set = images(20, channels);
    nn::normalization const numbers{set};
    std::vector<float> x(set.images.size());
    numbers.apply({set.images.data(), set.images.size()}, x);
    for (std::size_t c = 0; c != channels; ++c) {
      double sum = 0, squares = 0, n = 0;
      for (std::size_t i = c; i < x.size(); i += channels, ++n) {
        sum += static_cast<double>(x[i]);
        squares += static_cast<double>(x[i]) * static_cast<double>(x[i]);
        double const back = static_cast<double>(x[i]) * numbers.deviation()[c] + numbers.mean()[c];
        CHECK(back == doctest::Approx(set.images.data()[i]).epsilon(1e-5).scale(1.0));
      }
      CHECK(std::abs(sum / n) < 1e-6);
      CHECK(squares / n == doctest::Approx(1).epsilon(1e-6));
    }
  }
}

TEST_CASE("normalization: images of one value become 0; no images are refused") {
  auto set = images(3, 1);
  std::fill(set.images.begin(), set.images.end(), std::uint8_t{77});
  std::vector<float> x(set.images.size(), 1.0F);
  nn::normalization{set}.apply({set.images.data(), set.images.size()}, x);
  CHECK(x == std::vector<float>(x.size(), 0.0F));
  CHECK(test::refuses([] { nn::normalization{images(0, 1)}; }, "no images"));
}

TEST_CASE("normalization: given means and deviations are those that are used") {
  std::vector<double> const mean{10, 127.5, 255}, deviation{1, 63.75, 0.5};
  nn::normalization const numbers(mean, deviation);
  CHECK(numbers.channels() == 3);
  std::vector<std::uint8_t> const bytes{0, 0, 0, 11, 255, 255};
  std::vector<float> x(6);
  numbers.apply(bytes, x);
  CHECK(x == std::vector<float>{-10, -2, -510, 1, 2, 0});
  numbers.apply_mirrored(bytes, x);
  CHECK(x == std::vector<float>{1, 2, 0, -10, -2, -510});
  numbers.apply_zeros(x);
  CHECK(x == std::vector<float>{-10, -2, -510, -10, -2, -510});
  auto const set = images(20, 3);
  nn::normalization const measured{set}, again(measured.mean(), measured.deviation());
  std::vector<float> y(set.images.size()), z(set.images.size());
  measured.apply({set.images.data(), set.images.size()}, y);
  again.apply({set.images.data(), set.images.size()}, z);
  CHECK(y == z);
}

TEST_CASE("normalization: means and deviations that are no such are refused") {
  using numbers = std::vector<double>;
  auto const refused = [](numbers const& mean, numbers const& deviation, char const* words) {
    return test::refuses([&] { nn::normalization(mean, deviation); }, words);
  };
  double const nan = std::numeric_limits<double>::quiet_NaN(), infinity = std::numeric_limits<double>::infinity();
  CHECK(refused({}, {}, "0 means and 0 deviations"));
  CHECK(refused({1, 2}, {1}, "2 means and 1 deviations"));
  CHECK(refused({1, 2}, {1, 0}, "mean 2 and deviation 0 of channel 1"));
  CHECK(refused({1}, {-1}, "deviation -1 of channel 0"));
  CHECK(refused({nan}, {1}, "of channel 0"));
  CHECK(refused({1}, {nan}, "of channel 0"));
  CHECK(refused({1}, {infinity}, "of channel 0"));
}

}  // namespace SQWA_TEST_FILE
