// SPDX-License-Identifier: BSD-3-Clause
// The program sqwa-export, run as its users run it, on the network of the example for microcontrollers.
#include <sqwa/io/model_file.hpp>
#include <sqwa/io/npz_model.hpp>
#include <sqwa/io/safetensors.hpp>

#include "command/program.hpp"

#include <doctest/doctest.h>
#include <filesystem>
#include <string>

namespace SQWA_TEST_FILE {

namespace {

namespace fs = std::filesystem;
namespace io = sqwa::io;

fs::path const examples = fs::path(SQWA_TEST_SOURCE_DIR) / "examples";
fs::path const digits = examples / "microcontroller/digits.sqwa";

test::outcome run(test::folder const& here, std::string const& arguments) {
  return test::run(here, SQWA_TEST_EXPORT, arguments);
}

/// The folder, with the digits' model in it.
class with_model : public test::folder {
 public:
  explicit with_model(std::string const& name) : folder(name) { fs::copy_file(digits, *this / "m.sqwa"); }
};

}  // namespace

TEST_CASE("sqwa-export: npz and safetensors hold the whole model, and become it again byte for byte") {
  with_model const here("command-export");
  auto const model = io::read_model(here / "m.sqwa");
  for (std::string const file : {"m.npz", "m.safetensors"}) {
    CAPTURE(file);
    auto const there = run(here, "m.sqwa " + file);
    INFO(there.error);
    REQUIRE(there.status == 0);
    CHECK((file == "m.npz" ? io::read_npz_model(here / file) : io::read_safetensors(here / file)) == model);
    REQUIRE(run(here, file + " back.sqwa").status == 0);
    CHECK(io::read_file(here / "back.sqwa") == io::read_file(here / "m.sqwa"));
  }
}

TEST_CASE("sqwa-export: the header of the example is what it writes") {
  with_model const here("command-export-header");
  auto const done = run(here, "m.sqwa digits.hpp --model convolutions --width 8 --data '" +
                                  fs::absolute(examples / "data/digits").string() + "'");
  INFO(done.error);
  REQUIRE(done.status == 0);
  CHECK(test::text_of(here / "digits.hpp") == test::text_of(examples / "microcontroller/digits.hpp"));
}

TEST_CASE("sqwa-export: GGUF and ONNX begin as such files do; options change what they hold") {
  with_model const here("command-export-foreign");
  auto const written = [&](std::string const& file, std::string const& options) {
    auto const done = run(here, "m.sqwa " + file + " " + options);
    INFO(done.error);
    REQUIRE(done.status == 0);
    return test::text_of(here / file);
  };
  // no row of these weights has a multiple of 256, as tq2_0 and tq1_0 need
  CHECK(run(here, "m.sqwa m.gguf").error.find("a multiple of 256 weights") != std::string::npos);
  auto const gguf = written("m.gguf", "--float-elsewhere");
  CHECK(gguf.starts_with("GGUF"));
  CHECK(gguf == written("floats.gguf", "--type f32"));
  std::string const network = "--model convolutions --width 8 --image 8,8,1 --classes 10";
  auto const onnx = written("m.onnx", network);
  CHECK(onnx.find("DequantizeLinear") != std::string::npos);
  CHECK(written("small.onnx", network + " --smallest").size() < onnx.size());
}

TEST_CASE("sqwa-export: what is missing or wrong is named, and no file is left") {
  with_model const here("command-export-refuses");
  auto const fails = [&](std::string const& arguments, std::string const& words) {
    auto const done = run(here, arguments);
    CAPTURE(arguments);
    CAPTURE(done.error);
    CHECK(done.error.find(words) != std::string::npos);
    for (auto const* name : {"out.npz", "out.onnx", "out.hpp", "out.gguf", "out.txt.sqw"}) {
      CHECK_FALSE(fs::exists(here / name));
    }
    CHECK(done.status != 0);
  };
  fails("m.sqwa", "output is required");
  fails("absent.sqwa out.npz", "absent.sqwa, byte 0: expected a file that can be opened");
  fails("m.sqwa out.txt.sqw", "out.txt.sqw: the ending is none of .sqwa, .npz, .safetensors, .gguf, .onnx, .hpp");
  fails("m.sqwa no/such/out.npz", "no/such/out.npz, byte 0: expected a directory that can be written to");
  fails("m.sqwa out.gguf --type q4_0", "--type: q4_0 not in {tq2_0,tq1_0,f32}");
  fails("m.sqwa out.onnx", "name it with --model, --image and --classes");
  fails("m.sqwa out.onnx --model convolutions --width 8 --image 8,8 --classes 10", "--image");
  fails("m.sqwa out.onnx --model resnet20 --image 32,32,3 --classes 10",
        "conv2d_1.weight is 8 x 3 x 3 x 1, but 16 x 3 x 3 x 3 in resnet20 of width 16");
  fails("m.sqwa out.onnx --model convolutions --width 16 --image 8,8,1 --classes 10", "in convolutions of width 16");
  fails("m.sqwa out.onnx --model convolutions --width 8 --image 8,8,1 --classes 9", "for 9 classes");
  fails(
      "m.sqwa out.hpp --model convolutions --width 4 --data '" + fs::absolute(examples / "data/digits").string() + "'",
      "conv2d_1.weight is 8 x 3 x 3 x 1, but 4 x 3 x 3 x 1");
  fails("m.sqwa out.hpp --model convolutions", "name them with --model, --data");
  fails("m.sqwa out.hpp --model convolutions --width 8 --data no/such", "no/such");
  auto torn = io::read_file(here / "m.sqwa");
  torn.resize(torn.size() / 2);
  test::put(here / "torn.sqwa", torn);
  fails("torn.sqwa out.npz", "torn.sqwa, byte ");
}

}  // namespace SQWA_TEST_FILE
