// SPDX-License-Identifier: BSD-3-Clause
// Models by their names on the command line, and the float ones of them in files.
#ifndef SQWA_EXAMPLES_SUPPORT_MODEL_CHOICE_HPP
#define SQWA_EXAMPLES_SUPPORT_MODEL_CHOICE_HPP

#include "number_text.hpp"

#include <sqwa/io/npz.hpp>
#include <sqwa/nn/any_model.hpp>
#include <sqwa/nn/data.hpp>
#include <sqwa/nn/low_bit_model.hpp>
#include <sqwa/nn/models/lenet5.hpp>
#include <sqwa/nn/models/mlp.hpp>
#include <sqwa/nn/models/mobilenet_v2.hpp>
#include <sqwa/nn/models/resnet.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace example {

using model_type = sqwa::nn::any_model<float>;

inline constexpr std::array model_names{"resnet20",     "resnet32", "resnet44", "resnet56",
                                        "mobilenet_v2", "lenet5",   "mlp",      "convolutions"};

/// Three 3 × 3 convolutions of w, 2w and 2w channels, each with batch-norm and ReLU, and one dense layer: the network
/// of the program `images`.
///
/// `activation_bits` below 32: what leaves a ReLU is rounded to 2^bits points, their step learned.
inline model_type convolutions(std::size_t width, std::size_t classes, int activation_bits = 32) {
  using namespace sqwa::nn;
  conv2d_options const same{.kernel = 3, .padding = 1, .bias = false};
  model_type model;
  for (std::size_t const stage : {0U, 1U, 2U}) {
    model.add(conv2d<>(stage == 0 ? width : 2 * width, same));
    model.add(batch_norm<>());
    model.add(relu<>());
    if (activation_bits < 32) {
      model.add(fake_quantize<sqwa::activation_step>(sqwa::activation_step{.levels = 1 << activation_bits}));
    }
    if (stage < 2) model.add(max_pool<>(2));
  }
  model.add(global_average_pool<>());
  model.add(dense<>(classes));
  return model;
}

/// What `--width` is where it is left out.
inline double usual_width(std::string_view model) {
  return model == "mlp" ? 256 : model.starts_with("resnet") || model == "convolutions" ? 16 : 1;
}

/// A model of this name. `width` is the channels of a resnet's first stage, the channels of the first of three
/// convolutions, what MobileNet's channels are multiplied by, or the units in each of an mlp's two hidden layers;
/// LeNet-5 has one.
///
/// Throws `invalid_argument` for other names and for widths that the model cannot have.
inline model_type make_model(std::string_view model, double width, std::size_t classes) {
  bool const factor = model == "mobilenet_v2", fixed = model == "lenet5";
  bool const possible = fixed    ? width == 1
                        : factor ? width > 0 && width <= 16
                                 : width >= 1 && width <= 4096 && width == std::floor(width);
  if (!possible) {
    throw std::invalid_argument("--width " + number_text(width) + ": " + std::string(model) + " has " +
                                (fixed    ? "only the width 1"
                                 : factor ? "widths up to 16"
                                          : "whole widths from 1 to 4096"));
  }
  auto const whole = static_cast<std::size_t>(width);
  if (factor) return sqwa::nn::mobilenet_v2(classes, {.width = static_cast<float>(width)});
  if (fixed) return sqwa::nn::lenet5(classes);
  if (model == "convolutions") return convolutions(whole, classes);
  if (model == "mlp") return sqwa::nn::mlp({whole, whole}, classes);
  for (std::size_t const depth : {20U, 32U, 44U, 56U}) {
    if (model == "resnet" + std::to_string(depth)) return sqwa::nn::resnet(depth, classes, {.width = whole});
  }
  throw std::invalid_argument("--model " + std::string(model));
}

/// The model of this name whose weights these are.
///
/// Throws `invalid_argument` as `make_model`, and for the first tensor whose extents are not those of the model:
/// another width, another number of classes, other images. Tensors that only one of the two has are left to who writes
/// them.
inline model_type model_of(sqwa::low_bit_model const& low, std::string_view model, double width, std::size_t classes,
                           sqwa::shape const& image) {
  model_type network = make_model(model, width, classes);
  network.build(image, sqwa::noise{});
  auto const text = [](sqwa::shape const& extents) {
    std::string all;
    for (std::size_t const e : extents) all += (all.empty() ? "" : " x ") + std::to_string(e);
    return all;
  };
  for (auto const& p : network.parameters()) {
    auto const compare = [&](auto const& tensors) {
      auto const at = std::ranges::find(tensors, p.name, [](auto const& t) { return t.name; });
      if (at == tensors.end() || at->extents == sqwa::shape(p.extents)) return;
      throw std::invalid_argument(p.name + " is " + text(at->extents) + ", but " + text(p.extents) + " in " +
                                  std::string(model) + " of width " + number_text(width) + " for " +
                                  std::to_string(classes) + " classes and images of " + text(image));
    };
    compare(low.weights);
    compare(low.floats);
  }
  return network;
}

/// What a model is, and what it sees.
struct model_description {
  std::string model;
  double width = 1;
  std::size_t classes = 0;
  std::vector<std::size_t> image;  ///< rows, columns, channels
  std::vector<double> mean;        ///< the normalization of its images, for each channel
  std::vector<double> deviation;

  bool operator==(model_description const&) const = default;
  NLOHMANN_DEFINE_TYPE_INTRUSIVE(model_description, model, width, classes, image, mean, deviation)
};

/// A model in a file: `arrays` are its tensors under their names.
struct float_model_file {
  model_description description;
  std::vector<sqwa::io::npz_member> arrays;
};

inline constexpr std::string_view description_member = "description";

/// Writes the tensors of a built model as arrays of NumPy's, beside them as text, in bytes, its description.
inline void write_float_model(std::filesystem::path const& path, model_type& model, model_description const& what) {
  std::string const text = nlohmann::json(what).dump();
  auto const bytes = std::as_bytes(std::span(text));
  std::vector<sqwa::io::npz_member> all{
      {std::string(description_member), {"|u1", {text.size()}, false, {bytes.begin(), bytes.end()}}}};
  for (auto const& p : model.parameters()) {
    auto const values = std::as_bytes(std::span<float const>(p.value));
    all.push_back({p.name, {"<f4", p.extents, false, {values.begin(), values.end()}}});
  }
  sqwa::io::write_npz(path, all);
}

/// Reads what `write_float_model` wrote. Throws `io::error` for other files.
inline float_model_file read_float_model(std::filesystem::path const& path) {
  float_model_file file{{}, sqwa::io::read_npz(path)};
  auto const at = std::ranges::find(file.arrays, description_member, &sqwa::io::npz_member::name);
  if (at == file.arrays.end()) throw sqwa::io::error(path, 0, "an array 'description'", "none");
  std::string const text(reinterpret_cast<char const*>(at->array.bytes.data()), at->array.bytes.size());
  try {
    file.description = nlohmann::json::parse(text).get<model_description>();
  } catch (nlohmann::json::exception const& e) {
    throw sqwa::io::error(path, 0, "the description of a float model", e.what());
  }
  file.arrays.erase(at);
  return file;
}

/// Puts the tensors of a file into a model that was built like the one that they are of.
///
/// Throws `io::error`, and changes nothing, where names, types or extents differ.
inline void put(float_model_file const& file, std::filesystem::path const& path, model_type& model) {
  auto const tensors = model.parameters();
  auto const expect = [&](bool ok, std::string const& expected, std::string const& found) {
    if (!ok) throw sqwa::io::error(path, 0, expected, found);
  };
  expect(file.arrays.size() == tensors.size(),
         std::to_string(tensors.size()) + " tensors of a " + file.description.model,
         std::to_string(file.arrays.size()));
  for (bool const commit : {false, true}) {
    for (auto const& t : tensors) {
      auto const at = std::ranges::find(file.arrays, t.name, &sqwa::io::npz_member::name);
      expect(at != file.arrays.end(), "a tensor " + t.name, "none");
      auto const& a = at->array;
      expect(a.type == "<f4" && !a.fortran, t.name + " as floats of 32 bits in C order", a.type);
      expect(a.extents == t.extents, t.name + " with the extents of the model", "others");
      if (commit && !a.bytes.empty()) std::memcpy(t.value.data(), a.bytes.data(), a.bytes.size());
    }
  }
}

/// A model from a file, for images and classes as `wanted` has them; the architecture may be another.
///
/// Throws `io::error` for damaged files and for models of other images, normalizations or classes.
inline model_type load_model(std::filesystem::path const& path, model_description const& wanted) {
  float_model_file const file = read_float_model(path);
  model_description like = file.description;
  like.model = wanted.model;
  like.width = wanted.width;
  if (like != wanted) {
    throw sqwa::io::error(path, 0, "a model of these images: " + nlohmann::json(wanted).dump(),
                          nlohmann::json(file.description).dump());
  }
  model_type model = [&] {
    try {
      return make_model(file.description.model, file.description.width, wanted.classes);
    } catch (std::invalid_argument const& e) {
      throw sqwa::io::error(path, 0, "a model that this program knows", e.what());
    }
  }();
  model.build({wanted.image[0], wanted.image[1], wanted.image[2]}, sqwa::noise{});
  put(file, path, model);
  return model;
}

}  // namespace example

#endif
