// SPDX-License-Identifier: BSD-3-Clause
// Tests of examples/microcontroller/digits.hpp: the header is what its model gives, and says of every digit what the
// network that was trained says.
#include "microcontroller/digits.hpp"
#include "support/header_export.hpp"
#include "support/model_choice.hpp"

#include <sqwa/deploy/engine.hpp>
#include <sqwa/io/c_header.hpp>
#include <sqwa/io/deploy_integers.hpp>
#include <sqwa/io/deploy_network.hpp>
#include <sqwa/io/file.hpp>
#include <sqwa/io/idx.hpp>
#include <sqwa/io/model_file.hpp>
#include <sqwa/nn/data.hpp>

#include <doctest/doctest.h>
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace SQWA_TEST_FILE {

namespace {

namespace io = sqwa::io;
namespace deploy = sqwa::deploy;

std::string const examples = SQWA_TEST_SOURCE_DIR "/examples/";

/// What the trained network says of images, in batches of one.
std::vector<std::size_t> trained_answers(example::model_type& model, sqwa::low_bit_model const& low,
                                         sqwa::nn::data_set const& set, sqwa::nn::normalization const& pixels) {
  model.build({8, 8, 1}, {});
  for (auto const& p : model.parameters()) {
    for (auto const& t : low.weights) {
      if (t.name == p.name) t.weights.decode(p.value);
    }
    for (auto const& t : low.floats) {
      if (t.name == p.name) std::ranges::copy(t.values, p.value.begin());
    }
  }
  std::vector<float> x(set.images.size()), y(set.size() * 10);
  pixels.apply({set.images.data(), set.images.size()}, x);
  model.reserve(set.size());
  model.forward(std::span<float const>(x), std::span(y), set.size(), sqwa::nn::pass::infer, sqwa::backend<>{});
  std::vector<std::size_t> answers;
  for (std::size_t i = 0; i != set.size(); ++i) {
    answers.push_back(deploy::largest(std::span<float const>(y).subspan(10 * i, 10)));
  }
  return answers;
}

}  // namespace

TEST_CASE("microcontroller: digits.hpp is the header of digits.sqwa, and its engine has the bits of the network") {
  auto const low = io::read_model(examples + "microcontroller/digits.sqwa");
  auto const sets = io::read_idx(examples + "data/digits");
  sqwa::nn::normalization const pixels(sets.train);
  auto model = example::convolutions(8, 10);
  auto const floats = io::deploy_network(model, {8, 8, 1}, low, pixels);
  std::vector<float> numbers(sets.train.images.size());
  std::transform(sets.train.images.data(), sets.train.images.data() + numbers.size(), numbers.begin(),
                 [](std::uint8_t v) { return static_cast<float>(v); });
  auto const integers = io::to_integers(floats, io::measure_ranges(floats, numbers), true);

  auto const bytes = io::read_file(examples + "microcontroller/digits.hpp");
  CHECK(io::c_header(integers, {.name = "digits", .section = {}}) ==
        std::string(reinterpret_cast<char const*>(bytes.data()), bytes.size()));

  deploy::engine<digits::network> engine;
  CHECK(integers.memory_size() == engine.memory_bytes);
  std::size_t images = 0, different = 0, right = 0, like_floats = 0, floats_like_trained = 0;
  for (auto const* set : {&sets.train, &sets.test}) {
    auto const trained = trained_answers(model, low, *set, pixels);
    std::vector<std::size_t> in_float;
    (void)example::count_right(floats, *set, in_float);
    for (std::size_t i = 0; i != set->size(); ++i, ++images) {
      std::span<std::uint8_t const, 64> const image(set->images.data() + 64 * i, 64);
      auto const scores = engine.run(image);
      different += std::ranges::equal(scores, integers.run(image)) ? 0U : 1U;
      std::size_t const answer = deploy::largest(scores);
      right += answer == set->labels.data()[i] ? 1U : 0U;
      like_floats += answer == trained[i] ? 1U : 0U;
      floats_like_trained += in_float[i] == trained[i] ? 1U : 0U;
    }
  }
  CHECK(images == 1797);
  CHECK(different == 0);
  CHECK(floats_like_trained == 1797);
  CHECK(like_floats == 1796);
  CHECK(right == 1779);
}

TEST_CASE("microcontroller: a model trained on a part of the images is calibrated on that part") {
  auto const sets = io::read_idx(examples + "data/digits");
  sqwa::low_bit_model model;
  CHECK(example::trained_on(sets.train, model).size() == 1200);
  model.notes = {{"train_limit", "300"}, {"hold_out", "100"}};
  CHECK(example::trained_on(sets.train, model).size() == 200);
  model.notes["hold_out"] = "300";
  CHECK_THROWS_AS((void)example::trained_on(sets.train, model), std::invalid_argument);
}

}  // namespace SQWA_TEST_FILE
