// SPDX-License-Identifier: BSD-3-Clause
#include "support/refuses.hpp"

#include <sqwa/average/refresh_statistics.hpp>
#include <sqwa/core/noise.hpp>

#include <doctest/doctest.h>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <list>
#include <ranges>
#include <span>
#include <vector>
#ifdef __cpp_exceptions
#include <stdexcept>
#endif

using namespace sqwa;

namespace SQWA_TEST_FILE {

namespace {

/// A model as another library might have it: normalize, double and shift, normalize; channels last.
struct foreign_model {
  std::vector<float> mean1 = {9, 9}, variance1 = {9, 9}, mean2 = {9, 9}, variance2 = {9, 9};

  std::vector<running_statistics<float>> normalizations() { return {{mean1, variance1}, {mean2, variance2}}; }

  /// One pass that normalizes by the batch; `tell(i, input)` hears the input of normalization i.
  template <class F>
  static void forward(std::vector<float> x, F tell) {
    tell(std::size_t{0}, x);
    pooled_statistics batch(2);
    batch.update(x);
    for (std::size_t i = 0; i != x.size(); ++i) {
      auto const& m = batch[i % 2];
      x[i] = static_cast<float>(2 * (static_cast<double>(x[i]) - m.mean) / std::sqrt(m.variance() + 1e-5) + 3);
    }
    tell(std::size_t{1}, x);
  }
  bool untouched() const {
    std::vector<float> const old{9, 9};
    return mean1 == old && variance1 == old && mean2 == old && variance2 == old;
  }
};

std::list<std::vector<float>> batches(std::vector<std::size_t> const& sizes) {
  std::list<std::vector<float>> all;
  std::size_t at = 0;
  for (std::size_t n : sizes) {
    all.emplace_back(2 * n);
    for (float& v : all.back()) v = noise{.seed = 8}(at) + static_cast<float>(at) / 40, ++at;
  }
  return all;
}

auto const feed = [](std::vector<float> const& batch, std::span<pooled_statistics> seen) {
  foreign_model::forward(batch, [&](std::size_t i, auto const& x) { seen[i].update(x); });
};

}  // namespace

TEST_CASE("W5 refresh_statistics: a foreign model gets the statistics of all samples, a short last batch included") {
  foreign_model model;
  auto const data = batches({32, 32, 16, 1});
  auto const where = model.normalizations();
  CHECK(refresh_statistics(data, where, feed) == 4);
  std::vector<float> all;
  for (auto const& b : data) all.insert(all.end(), b.begin(), b.end());
  for (std::size_t c = 0; c != 2; ++c) {
    double n = 0, mean = 0, squares = 0;
    for (std::size_t i = c; i < all.size(); i += 2) mean += static_cast<double>(all[i]), ++n;
    mean /= n;
    for (std::size_t i = c; i < all.size(); i += 2) squares += std::pow(static_cast<double>(all[i]) - mean, 2);
    CHECK(n == 81);
    CHECK(model.mean1[c] == doctest::Approx(mean).epsilon(1e-6));
    CHECK(model.variance1[c] == doctest::Approx(squares / 80).epsilon(1e-6));
    CHECK(model.mean2[c] == doctest::Approx(3).epsilon(1e-5));
  }
}

TEST_CASE("W5 refresh_statistics: looks at no more batches than asked for, and takes single-pass ranges") {
  foreign_model some, few;
  auto data = batches({8, 8, 4});
  std::size_t asked = 0;
  auto const source = std::views::transform([&asked, &data](int i) {
    ++asked;
    return *std::next(data.begin(), i);
  });
  CHECK(refresh_statistics(std::views::iota(0, 3) | source, few.normalizations(), feed, {.max_batches = 2}) == 2);
  CHECK(asked == 2);
  data.pop_back();
  CHECK(refresh_statistics(data, some.normalizations(), feed, {.max_batches = 5}) == 2);
  CHECK(few.mean1 == some.mean1);
  CHECK(few.variance2 == some.variance2);
}

TEST_CASE("W5 refresh_statistics: without batches, or with a normalization that sees none, the old statistics stay") {
  foreign_model model;
  std::list<std::vector<float>> const none;
  CHECK(test::refuses([&] { refresh_statistics(none, model.normalizations(), feed); }, "no batches"));
  auto const half = [](std::vector<float> const& x, std::span<pooled_statistics> seen) { seen[0].update(x); };
  auto const data = batches({4, 4});
  CHECK(test::refuses([&] { refresh_statistics(data, model.normalizations(), half); },
                      "normalization 1 saw nothing in 2 batches"));
  std::vector<running_statistics<float>> const odd{{model.mean1, std::span(model.variance1).first(1)}};
  CHECK(test::refuses([&] { refresh_statistics(data, odd, half); }, "2 means, but 1 variances"));
#ifdef __cpp_exceptions
  int calls = 0;
  auto const fails = [&](std::vector<float> const& x, std::span<pooled_statistics> seen) {
    feed(x, seen);
    if (++calls == 2) throw std::runtime_error("out of memory");
  };
  CHECK_THROWS_AS(refresh_statistics(data, model.normalizations(), fails), std::runtime_error);
#endif
  CHECK(model.untouched());
}

}  // namespace SQWA_TEST_FILE
