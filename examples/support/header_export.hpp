// SPDX-License-Identifier: BSD-3-Clause
// A low-bit model of images as a C++ header for microcontrollers.
#ifndef SQWA_EXAMPLES_SUPPORT_HEADER_EXPORT_HPP
#define SQWA_EXAMPLES_SUPPORT_HEADER_EXPORT_HPP

#include "data_choice.hpp"
#include "model_choice.hpp"

#include <sqwa/deploy/engine.hpp>
#include <sqwa/io/c_header.hpp>
#include <sqwa/io/deploy_integers.hpp>
#include <sqwa/io/deploy_network.hpp>
#include <sqwa/nn/data.hpp>
#include <sqwa/nn/data_set.hpp>
#include <sqwa/nn/low_bit_model.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace example {

struct header_options {
  std::string model;                    ///< a name of `make_model`
  double width = 1;                     ///< its width
  std::string data;                     ///< a directory that `choose_data` knows
  std::string arithmetic = "integers";  ///< "integers", "floats", or "float-weights"
  sqwa::io::c_header_options text = {.name = {}, .section = {}};
};

/// The model with its low-bit weights as floats.
inline sqwa::low_bit_model with_float_weights(sqwa::low_bit_model model) {
  for (auto const& t : model.weights) {
    std::vector<float> decoded(t.weights.size());
    t.weights.decode(std::span(decoded));
    model.floats.push_back({t.name, t.extents, std::move(decoded)});
  }
  model.weights.clear();
  return model;
}

/// The images a model was trained on, as its notes say: all but those beyond `train_limit` or in `hold_out`.
inline sqwa::nn::data_set trained_on(sqwa::nn::data_set const& train, sqwa::low_bit_model const& model) {
  auto const note = [&](char const* key) {
    auto const at = model.notes.find(key);
    return at == model.notes.end() ? 0UL : std::stoul(at->second);
  };
  std::size_t const limit = note("train_limit") == 0 ? train.size() : std::min(note("train_limit"), train.size());
  if (note("hold_out") >= limit) throw std::invalid_argument("the model's notes leave no training images");
  return sqwa::nn::slice(train, 0, limit - note("hold_out"));
}

/// How many images of a set a network tells right. Bytes go in as they are.
template <class Arithmetic>
std::size_t count_right(sqwa::io::deployed_network<Arithmetic> const& network, sqwa::nn::data_set const& set,
                        std::vector<std::size_t>& answers) {
  std::size_t const size = network.input_size();
  std::vector<typename Arithmetic::value> image(size);
  std::size_t right = 0;
  for (std::size_t i = 0; i != set.size(); ++i) {
    std::ranges::transform(std::span(set.images.data() + i * size, size), image.begin(),
                           [](std::uint8_t v) { return static_cast<typename Arithmetic::value>(v); });
    auto const scores = network.run(image);
    answers.push_back(sqwa::deploy::largest(std::span<typename Arithmetic::wide const>(scores)));
    right += answers.back() == set.labels.data()[i] ? 1U : 0U;
  }
  return right;
}

/// Writes the header, and prints what the network takes and how often it is right on the test images.
///
/// Pixels are normalized as in training, from the training images, which also give the ranges of activations.
inline void write_header(std::filesystem::path const& path, sqwa::low_bit_model const& low, header_options const& o) {
  namespace io = sqwa::io;
  sqwa::nn::data_sets const sets = choose_data(o.data).sets;
  sqwa::nn::data_set const train = trained_on(sets.train, low);
  sqwa::nn::normalization const pixels(train);
  sqwa::shape const image{train.images.shape(1), train.images.shape(2), train.images.shape(3)};
  auto model = model_of(low, o.model, o.width, train.classes, image);
  auto const network =
      io::deploy_network(model, image, o.arithmetic == "float-weights" ? with_float_weights(low) : low, pixels);

  std::vector<std::size_t> in_float, answers;
  std::size_t const all = sets.test.size(), right_in_float = count_right(network, sets.test, in_float);
  if (o.arithmetic != "integers") {
    io::write_c_header(path, network, o.text);
    std::printf("%zu bytes of memory; %zu of %zu test images right\n", network.memory_size() * sizeof(float),
                right_in_float, all);
    return;
  }
  std::vector<float> numbers(train.images.size());
  std::ranges::transform(std::span(train.images.data(), train.images.size()), numbers.begin(),
                         [](std::uint8_t v) { return static_cast<float>(v); });
  auto const integers = io::to_integers(network, io::measure_ranges(network, numbers), true);
  io::write_c_header(path, integers, o.text);
  std::size_t const right = count_right(integers, sets.test, answers);
  std::size_t same = 0;
  for (std::size_t i = 0; i != all; ++i) same += answers[i] == in_float[i] ? 1U : 0U;
  std::printf("%zu bytes of memory; %zu of %zu test images right, in float %zu; %zu answers are the same\n",
              integers.memory_size(), right, all, right_in_float, same);
}

}  // namespace example

#endif
