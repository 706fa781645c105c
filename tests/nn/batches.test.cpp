// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/nn/batches.hpp>
#include "support/every_backend.hpp"
#include "support/refuses.hpp"

#include <doctest/doctest.h>
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace SQWA_TEST_FILE {

namespace nn = sqwa::nn;

namespace {

/// Images that all differ, of 5x6 pixels.
nn::data_set images(std::size_t samples, std::size_t channels = 3) {
  nn::data_set set;
  set.images.resize({samples, 5, 6, channels});
  set.labels.resize({samples});
  set.classes = 7;
  for (std::size_t i = 0; i != samples; ++i) set.labels(i) = static_cast<std::uint8_t>(i % 7);
  for (std::size_t i = 0; i != set.images.size(); ++i) {
    set.images.data()[i] = static_cast<std::uint8_t>(sqwa::noise{.seed = 9}.bits(i));
  }
  return set;
}

nn::augmentation const all{.crop = nn::random_crop{2}, .flip = nn::horizontal_flip{}, .hole = nn::cutout{2}};

/// A batch that stays as it is.
struct copy {
  copy(nn::batch const& b) : input(b.input.begin(), b.input.end()), labels(b.labels.begin(), b.labels.end()) {}
  bool operator==(copy const&) const = default;

  std::vector<float> input;
  std::vector<std::uint8_t> labels;
};

}  // namespace

TEST_CASE("batches: batch n of training holds the samples of the stream, each as its position augments it") {
  auto const set = images(23);
  nn::normalization const numbers(set);
  nn::batches batches(set, numbers, {.size = 8, .seed = 4, .augmentation = all});
  CHECK(batches.size() == 8);
  nn::sample_stream stream(23, 4);
  for (std::uint64_t n : {0U, 1U, 2U, 3U, 90U, 2U}) {
    std::vector<std::size_t> chosen(8);
    stream.take(n * 8, chosen);
    auto const b = batches.training(n);
    REQUIRE(b.labels.size() == 8);
    REQUIRE(b.input.size() == 8 * 90);
    for (std::size_t i = 0; i != 8; ++i) {
      std::vector<float> expected(90);
      nn::show({set.images.data() + chosen[i] * 90, 90}, {5, 6}, all(4, n * 8 + i, {5, 6}), numbers, expected);
      CHECK(std::ranges::equal(b.input.subspan(i * 90, 90), expected));
      CHECK(b.labels[i] == set.labels(chosen[i]));
    }
  }
}

TEST_CASE("batches: samples of the stream are shown as in training, neighbours of any set are never augmented") {
  auto const set = images(23), other = images(9);
  nn::normalization const numbers(set);
  nn::batches batches(set, numbers, {.size = 8, .seed = 4, .augmentation = all});
  auto const trained = copy(batches.training(2));  // positions 16 to 23
  auto const shown = copy(batches.augmented(18, 5));
  CHECK(shown.labels.size() == 5);
  CHECK(std::equal(shown.input.begin(), shown.input.end(), trained.input.begin() + 2 * 90));
  CHECK(std::equal(shown.labels.begin(), shown.labels.end(), trained.labels.begin() + 2));
  auto const ordered = copy(batches.in_order(other, 3, 6));
  CHECK(ordered.labels.size() == 6);
  for (std::size_t i = 0; i != 6; ++i) {
    std::vector<float> expected(90);
    numbers.apply({other.images.data() + (3 + i) * 90, 90}, expected);
    CHECK(std::equal(expected.begin(), expected.end(), ordered.input.begin() + static_cast<std::ptrdiff_t>(i * 90)));
    CHECK(ordered.labels[i] == other.labels(3 + i));
  }
  CHECK(batches.in_order(other, 9, 0).labels.empty());
}

TEST_CASE("batches: the same bits on every executor, with and without reading ahead, in whatever order") {
  auto const set = images(101);
  nn::batch_options how{.size = 40, .seed = 4, .augmentation = all};
  nn::batches batches(set, nn::normalization(set), how);
  std::array<std::uint64_t, 9> const order{0, 1, 2, 3, 9, 10, 3, 4, 5};
  std::vector<copy> expected;
  for (std::uint64_t n : order) expected.emplace_back(batches.training(n));
  for (bool ahead : {false, true}) {
    how.read_ahead = ahead;
    test::every_backend([&](auto where) {
      nn::batches other(set, nn::normalization(set), how);
      for (std::size_t i = 0; i != order.size(); ++i) {
        CHECK(copy(other.training(order[i], where.exec)) == expected[i]);
        if (i % 2 == 0) {  // what is done in between moves nothing, while the thread prepares
          CHECK(copy(other.augmented(80, 40, where.exec)) == copy(batches.augmented(80, 40)));
          CHECK(copy(other.in_order(set, 5, 40, where.exec)) == copy(batches.in_order(set, 5, 40)));
        }
      }
    });
  }
}

TEST_CASE("batches: copies and moved ones continue with the same batches, also while a thread prepares") {
  auto const set = images(101);
  nn::batches plain(set, nn::normalization(set), {.size = 40, .augmentation = all});
  nn::batches ahead(set, nn::normalization(set), {.size = 40, .augmentation = all, .read_ahead = true});
  for (std::uint64_t n = 0; n != 20; ++n) CHECK(copy(ahead.training(n)) == copy(plain.training(n)));
  auto second = ahead;
  CHECK(copy(ahead.training(20)) == copy(plain.training(20)));
  CHECK(copy(second.training(20)) == copy(plain.training(20)));
  nn::batches other(set, nn::normalization(set), {.size = 7, .seed = 2, .read_ahead = true});
  static_cast<void>(other.training(20));
  other = second;
  CHECK(copy(other.training(21)) == copy(plain.training(21)));
  auto moved = std::move(other);
  CHECK(copy(moved.training(22)) == copy(plain.training(22)));
  second = std::move(moved);
  CHECK(copy(second.training(23)) == copy(plain.training(23)));
}

TEST_CASE("batches: a batch may be larger than the data") {
  auto const set = images(3);
  nn::batches batches(set, nn::normalization(set), {.size = 8});
  CHECK(batches.training(5).labels.size() == 8);
}

TEST_CASE("batches: what does not fit together is refused with its numbers") {
  auto const set = images(12);
  nn::normalization const numbers(set);
  auto const refused = [&](nn::data_set const& s, nn::batch_options const& how, char const* words) {
    return test::refuses([&] { nn::batches(s, numbers, how); }, words);
  };
  CHECK(refused(images(0), {}, "0 images"));
  auto bad = set;
  bad.labels.resize({11});
  CHECK(refused(bad, {}, "12 images, 11 labels"));
  CHECK(refused(set, {.size = 0}, "batches of 0"));
  CHECK(refused(images(12, 1), {}, "a normalization of 3 channels, images of 1"));
  CHECK(refused(set, {.augmentation = {.crop = nn::random_crop{5}}}, "a padding of 5"));

  nn::batches batches(set, numbers, {.size = 8});
  CHECK(test::refuses([&] { static_cast<void>(batches.augmented(0, 9)); }, "9 samples for a batch of 8"));
  CHECK(test::refuses([&] { static_cast<void>(batches.in_order(set, 0, 9)); }, "samples [0, 9) of 12"));
  CHECK(test::refuses([&] { static_cast<void>(batches.in_order(set, 5, 8)); }, "samples [5, 13) of 12"));
  CHECK(test::refuses([&] { static_cast<void>(batches.in_order(images(9, 1), 0, 2)); }, "images of 30 elements"));
}

}  // namespace SQWA_TEST_FILE
