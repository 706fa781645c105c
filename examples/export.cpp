// SPDX-License-Identifier: BSD-3-Clause
// Turns a low-bit model into a file that other tools open; the ending of its name says which.
//
//   sqwa-export model.sqwa model.npz            NumPy
//   sqwa-export model.sqwa model.safetensors    and back: sqwa-export model.safetensors model.sqwa
//   sqwa-export model.sqwa model.gguf --type tq1_0 --float-elsewhere               ggml
//   sqwa-export model.sqwa model.onnx --model resnet20 --image 32,32,3 --classes 10
//   sqwa-export model.sqwa digits.hpp --model convolutions --width 8 --data digits microcontrollers
#include "support/guarded.hpp"
#include "support/header_export.hpp"
#include "support/model_choice.hpp"

#include <sqwa/io/gguf.hpp>
#include <sqwa/io/model_file.hpp>
#include <sqwa/io/npz_model.hpp>
#include <sqwa/io/onnx.hpp>
#include <sqwa/io/safetensors.hpp>

#include <CLI/CLI.hpp>
#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

struct program_options {
  std::string in;
  std::string out;
  std::string type = "tq2_0";
  bool float_elsewhere = false;
  bool smallest = false;
  std::string model;
  double width = 0;
  std::vector<std::size_t> image;
  std::size_t classes = 0;
  example::header_options header;
};

void declare(CLI::App& app, program_options& o) {
  app.add_option("input", o.in, "a low-bit model: .sqwa, .npz or .safetensors")->required();
  app.add_option("output", o.out, ".sqwa, .npz, .safetensors, .gguf, .onnx or .hpp")->required();
  app.add_option("--type", o.type, "of weights in GGUF")
      ->check(CLI::IsMember({"tq2_0", "tq1_0", "f32"}))
      ->capture_default_str();
  app.add_flag("--float-elsewhere", o.float_elsewhere, "weights that the format cannot hold as codes become floats");
  app.add_flag("--smallest", o.smallest, "in ONNX, codes in 2 and 4 bits, which need opset 25 and 21");
  app.add_option("--model", o.model, "for ONNX and C++: the network whose weights these are")
      ->check(CLI::IsMember(std::vector<std::string>(example::model_names.begin(), example::model_names.end())));
  app.add_option("--width", o.width, "of the network; default: what is usual for it");
  app.add_option("--image", o.image, "rows, columns and channels of its images")->delimiter(',')->expected(3);
  app.add_option("--classes", o.classes, "how many classes it tells apart");
  app.add_option("--data", o.header.data, "for C++: the directory of the images that it was trained on");
  app.add_option("--arithmetic", o.header.arithmetic, "in C++")
      ->check(CLI::IsMember({"integers", "floats", "float-weights"}))
      ->capture_default_str();
  app.add_option("--name", o.header.text.name, "in C++, the namespace; default: the name of the file");
  app.add_option("--section", o.header.text.section, "in C++, the linker's section for the numbers");
}

sqwa::low_bit_model read(std::filesystem::path const& path) {
  std::string const ending = path.extension().string();
  if (ending == ".npz") return sqwa::io::read_npz_model(path);
  if (ending == ".safetensors") return sqwa::io::read_safetensors(path);
  return sqwa::io::read_model(path);
}

void write_onnx(program_options const& o, sqwa::low_bit_model const& low) {
  if (o.model.empty() || o.image.size() != 3 || o.classes == 0) {
    throw std::invalid_argument("ONNX holds the network: name it with --model, --image and --classes");
  }
  double const width = o.width == 0 ? example::usual_width(o.model) : o.width;
  sqwa::shape const image{o.image[0], o.image[1], o.image[2]};
  auto model = example::model_of(low, o.model, width, o.classes, image);
  sqwa::io::write_onnx(o.out, model, image, low,
                       {.codes = o.smallest ? sqwa::io::onnx_codes::smallest : sqwa::io::onnx_codes::int8,
                        .float_elsewhere = o.float_elsewhere});
}

void write_header(program_options const& o, sqwa::low_bit_model const& low) {
  if (o.model.empty() || o.header.data.empty()) {
    throw std::invalid_argument(
        "a header holds the network and what its activations are: name them with --model, --data");
  }
  example::header_options header = o.header;
  header.model = o.model;
  header.width = o.width == 0 ? example::usual_width(o.model) : o.width;
  if (header.text.name.empty()) header.text.name = std::filesystem::path(o.out).stem().string();
  example::write_header(o.out, low, header);
}

void run(program_options const& o) {
  std::map<std::string, sqwa::io::gguf_type> const types{
      {"tq2_0", sqwa::io::gguf_type::tq2_0}, {"tq1_0", sqwa::io::gguf_type::tq1_0}, {"f32", sqwa::io::gguf_type::f32}};
  auto const low = read(o.in);
  std::string const ending = std::filesystem::path(o.out).extension().string();
  if (ending == ".sqwa") {
    sqwa::io::write_model(o.out, low);
  } else if (ending == ".npz") {
    sqwa::io::write_npz_model(o.out, low);
  } else if (ending == ".safetensors") {
    sqwa::io::write_safetensors(o.out, low);
  } else if (ending == ".gguf") {
    sqwa::io::write_gguf(o.out, low, {.type = types.at(o.type), .float_elsewhere = o.float_elsewhere});
  } else if (ending == ".onnx") {
    write_onnx(o, low);
  } else if (ending == ".hpp") {
    write_header(o, low);
  } else {
    throw std::invalid_argument(o.out + ": the ending is none of .sqwa, .npz, .safetensors, .gguf, .onnx, .hpp");
  }
}

}  // namespace

int main(int count, char** words) {
  CLI::App app("Low-bit models in the files of other tools");
  program_options options;
  declare(app, options);
  CLI11_PARSE(app, count, words);
  return example::guarded("sqwa-export", [&] {
    run(options);
    return 0;
  });
}
