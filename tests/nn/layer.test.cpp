// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/nn/layer.hpp>

#include <doctest/doctest.h>
#include <cstddef>
#include <span>
#include <vector>

namespace SQWA_TEST_FILE {

namespace nn = sqwa::nn;

namespace {

/// The smallest layer somebody may write.
struct identity : nn::layer_defaults<float> {
  static constexpr char const* name = "identity";
  sqwa::shape build(sqwa::shape const& input, sqwa::noise const&) { return input; }
  template <class B>
  void forward(std::span<float const>, std::span<float>, std::size_t, nn::pass, B const&) {}
  template <class B>
  void backward(std::span<float const>, std::span<float const>, std::span<float>, std::size_t, B const&) {}
};
struct nameless : nn::layer_defaults<float> {};
struct fixed : identity {
  fixed(fixed const&) = delete;  // a layer is a value
};

static_assert(nn::layer<identity> && !nn::layer<nameless> && !nn::layer<fixed> && !nn::layer<float>);
static_assert(sqwa::mutable_tensor<nn::parameter<float>> && sqwa::mutable_tensor<nn::parameter<double>&>);

}  // namespace

TEST_CASE("parameter: a tensor with a shape, whose elements are those of the model") {
  std::vector<float> values{1, 2, 3, 4, 5, 6};
  nn::parameter<float> const p{"w", {2, 3}, values, {}, nn::role::weight};
  CHECK(sqwa::shape_of(p) == sqwa::shape{2, 3});
  CHECK(sqwa::values(p).size() == 6);
  sqwa::mutable_values(p)[5] = 7;
  CHECK(values[5] == 7);
}

TEST_CASE("sample_pieces: cover the batch once, in order, at least eight samples each and at most 32") {
  for (std::size_t batch = 0; batch != 600; ++batch) {
    auto const pieces = nn::detail::sample_pieces(batch);
    std::size_t next = 0;
    for (std::size_t p = 0; p != pieces.count(); ++p) {
      REQUIRE(pieces.first(p) == next);
      next = pieces.last(p);
      REQUIRE((next - pieces.first(p) >= 8 || next == batch));
    }
    REQUIRE(next == batch);
    REQUIRE(pieces.count() <= 32);
  }
}

TEST_CASE("for_each_channel, sum_channels: each element once, under its channel, for any number of channels") {
  for (std::size_t const channels : {1U, 15U, 16U, 17U, 33U}) {
    std::size_t const rows = 5;
    std::vector<int> seen(rows * channels);
    nn::detail::for_each_channel(rows, channels,
                                 [&](std::size_t at, std::size_t c) { seen[at] += at % channels == c ? 1 : 9; });
    CHECK(seen == std::vector<int>(rows * channels, 1));
    std::vector<int> total(channels, -1);
    nn::detail::sum_channels(rows, channels, total.data(),
                             [&](std::size_t at, std::size_t) { return static_cast<int>(at); });
    for (std::size_t c = 0; c != channels; ++c) {
      CHECK(total[c] == static_cast<int>(rows * c + channels * rows * (rows - 1) / 2));
    }
  }
}

TEST_CASE("transpose: every element, and only the columns asked for") {
  std::size_t const rows = 19, columns = 35;
  std::vector<int> from(rows * columns), to(rows * columns, -1);
  for (std::size_t i = 0; i != from.size(); ++i) from[i] = static_cast<int>(i);
  nn::detail::transpose(from.data(), to.data(), rows, columns, 3, 35);
  for (std::size_t j = 0; j != columns; ++j) {
    for (std::size_t i = 0; i != rows; ++i) CHECK(to[j * rows + i] == (j < 3 ? -1 : from[i * columns + j]));
  }
}

}  // namespace SQWA_TEST_FILE
