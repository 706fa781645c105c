// SPDX-License-Identifier: BSD-3-Clause
#include <support/model_choice.hpp>

#include "io/files.hpp"

#include <doctest/doctest.h>
#include <stdexcept>
#include <string>
#include <vector>

namespace SQWA_TEST_FILE {

namespace {

example::model_description const small{.model = "resnet20",
                                       .width = 2,
                                       .classes = 10,
                                       .image = {8, 8, 3},
                                       .mean = {120.125, 0.1, 1e-300},
                                       .deviation = {60, 1.0 / 3, 1}};

example::model_type built(example::model_description const& d, unsigned seed) {
  auto model = example::make_model(d.model, d.width, d.classes);
  model.build({d.image[0], d.image[1], d.image[2]}, sqwa::noise{.seed = seed});
  return model;
}

std::vector<float> values(example::model_type& model) {
  std::vector<float> all;
  for (auto const& p : model.parameters()) all.insert(all.end(), p.value.begin(), p.value.end());
  return all;
}

}  // namespace

TEST_CASE("make_model: every name makes a model; widths that it cannot have are refused by name") {
  for (std::string const name : example::model_names) {
    auto model = example::make_model(name, example::usual_width(name), 7);
    CHECK_MESSAGE(model.build({32, 32, 3}, sqwa::noise{}) == sqwa::shape{7}, name);
  }
  CHECK_THROWS_AS(example::make_model("resnet21", 16, 10), std::invalid_argument);
  CHECK_THROWS_AS(example::make_model("resnet20", 1.5, 10), std::invalid_argument);
  CHECK_THROWS_AS(example::make_model("resnet20", std::nan(""), 10), std::invalid_argument);
  CHECK_THROWS_AS(example::make_model("mobilenet_v2", 0, 10), std::invalid_argument);
  CHECK_THROWS_AS(example::make_model("lenet5", 2, 10), std::invalid_argument);
}

TEST_CASE("write_float_model: what is written is read, tensors and description, to the bit") {
  test::folder const here("float-model");
  auto model = built(small, 5), other = built(small, 6);
  example::write_float_model(here / "m.npz", model, small);
  auto const file = example::read_float_model(here / "m.npz");
  CHECK(file.description == small);
  CHECK(values(other) != values(model));
  example::put(file, here / "m.npz", other);
  CHECK(values(other) == values(model));
  auto loaded = example::load_model(here / "m.npz", small);
  CHECK(values(loaded) == values(model));
}

TEST_CASE("load_model: another architecture is a teacher; other images and damaged files are refused") {
  test::folder const here("float-model-bad");
  auto model = built(small, 5);
  example::write_float_model(here / "m.npz", model, small);
  auto student = small;
  student.model = "mlp";
  student.width = 32;
  auto teacher = example::load_model(here / "m.npz", student);
  CHECK(values(teacher) == values(model));
  auto wanted = small;
  wanted.deviation[1] = 0.25;
  CHECK(test::refused([&] { example::load_model(here / "m.npz", wanted); }, "0.25", here / "m.npz"));
  wanted = small;
  wanted.classes = 11;
  CHECK(test::refused([&] { example::load_model(here / "m.npz", wanted); }, "11", here / "m.npz"));

  auto file = example::read_float_model(here / "m.npz");
  auto const before = values(model);
  std::swap(file.arrays[3].array, file.arrays.back().array);
  CHECK(test::refused([&] { example::put(file, here / "m.npz", model); }, "extents", here / "m.npz"));
  CHECK(values(model) == before);
  file.arrays.pop_back();
  CHECK(test::refused([&] { example::put(file, here / "m.npz", model); }, "tensors of a resnet20", here / "m.npz"));
  sqwa::io::write_npz(here / "none.npz", file.arrays);
  CHECK(test::refused([&] { example::read_float_model(here / "none.npz"); }, "description", here / "none.npz"));
  test::put(here / "text.npz", test::text("no archive"));
  CHECK(test::refused([&] { example::read_float_model(here / "text.npz"); }, "zip", here / "text.npz"));
}

}  // namespace SQWA_TEST_FILE
