// SPDX-License-Identifier: BSD-3-Clause
// Writes what foreign tools then open: low-bit models in every format beside their values, networks as ONNX beside
// their inputs and outputs. write_files DIRECTORY
#include "io/models.hpp"

#include <sqwa/core/noise.hpp>
#include <sqwa/io/file.hpp>
#include <sqwa/io/gguf.hpp>
#include <sqwa/io/npz.hpp>
#include <sqwa/io/npz_model.hpp>
#include <sqwa/io/onnx.hpp>
#include <sqwa/io/safetensors.hpp>
#include <sqwa/nn/any_model.hpp>
#include <sqwa/nn/basic_block.hpp>
#include <sqwa/nn/models/lenet5.hpp>
#include <sqwa/nn/models/mlp.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;
namespace io = sqwa::io;
namespace nn = sqwa::nn;

io::npz_member floats(std::string name, sqwa::shape const& extents, std::vector<float> const& values) {
  return {std::move(name), io::detail::npy_floats(extents, values)};
}

std::vector<float> decoded(sqwa::low_bit_tensor const& t) {
  std::vector<float> values(t.weights.size());
  t.weights.decode(std::span(values));
  return values;
}

/// The values of all tensors.
void write_values(fs::path const& path, sqwa::low_bit_model const& model) {
  std::vector<io::npz_member> all;
  for (auto const& t : model.weights) all.push_back(floats(t.name, t.extents, decoded(t)));
  for (auto const& t : model.floats) all.push_back(floats(t.name, t.extents, t.values));
  io::write_npz(path, all);
}

/// Scales that are fp16 numbers.
sqwa::low_bit_tensor with_halves(sqwa::low_bit_tensor t) {
  for (float& s : t.weights.scales) s = sqwa::f16::decode(sqwa::f16::encode(s));
  return t;
}

sqwa::low_bit_model tensors() {
  sqwa::low_bit_model m = test::snapshot(1);
  m.weights.push_back(test::random_tensor("middle", 7, {3, 4, 5}, sqwa::per_channel{1}({3, 4, 5}), 5));
  m.weights.push_back(test::random_tensor("groups", 255, {6, 5}, sqwa::per_group{4}({6, 5}), 6));
  m.weights.push_back(test::random_tensor("wide", 4095, {9}, sqwa::per_tensor{}({9}), 7));
  m.weights.push_back(with_halves(test::random_tensor("rows", 3, {4, 512}, sqwa::per_channel{}({4, 512}), 8)));
  m.floats.push_back({"number", {}, {0.25F}});
  return m;
}

/// The numbers of a built network: weights of `levels`, everything else as random floats; they become the network's
/// own.
sqwa::low_bit_model quantized(nn::any_model<>& model, int levels, bool channels) {
  sqwa::low_bit_model low;
  std::uint64_t seed = 100;
  for (auto const& p : model.parameters()) {
    ++seed;
    if (p.kind == nn::role::weight) {
      auto const layout = channels ? sqwa::per_channel{}(p.extents) : sqwa::per_tensor{}(p.extents);
      auto t = test::random_tensor(p.name, levels, p.extents, layout, seed);
      float const fan = static_cast<float>(p.extents.size() / p.extents[0]);
      for (std::size_t i = 0; i != t.weights.scales.size(); ++i) {
        t.weights.scales[i] = (1 + static_cast<float>(i % 5)) / (std::sqrt(fan) * static_cast<float>(levels));
      }
      auto const values = decoded(t);
      std::ranges::copy(values, p.value.begin());
      low.weights.push_back(std::move(t));
    } else {
      sqwa::noise const u{.seed = seed};
      for (std::size_t i = 0; i != p.value.size(); ++i)
        p.value[i] = u(i) + (p.name.ends_with("running_var") ? 0.5F : 0.0F);
      low.floats.push_back({p.name, p.extents, {p.value.begin(), p.value.end()}});
    }
  }
  low.notes["levels"] = std::to_string(levels);
  return low;
}

/// NAME.onnx and NAME.smallest.onnx beside NAME.npz: inputs, and what the network makes of them.
void write_network(fs::path const& directory, std::string const& name, nn::any_model<> model, sqwa::shape const& input,
                   int levels, bool channels) {
  constexpr std::size_t batch = 16;
  sqwa::shape const output = model.build(input, sqwa::noise{.seed = 1});
  auto const low = quantized(model, levels, channels);
  std::vector<float> x(batch * input.size()), y(batch * output.size());
  sqwa::noise const u{.seed = 7};
  for (std::size_t i = 0; i != x.size(); ++i) x[i] = u(i) - 0.3F;
  model.reserve(batch);
  model.forward(std::span<float const>(x), std::span(y), batch, nn::pass::infer, sqwa::backend<>{});
  io::write_onnx(directory / (name + ".onnx"), model, input, low);
  io::write_onnx(directory / (name + ".smallest.onnx"), model, input, low, {.codes = io::onnx_codes::smallest});
  std::vector<std::size_t> in{batch}, out{batch};
  in.insert(in.end(), input.begin(), input.end());
  out.insert(out.end(), output.begin(), output.end());
  io::write_aside(directory / (name + ".input.npy"), io::npy_file_bytes(io::detail::npy_floats(sqwa::shape(in), x)));
  io::write_aside(directory / (name + ".output.npy"), io::npy_file_bytes(io::detail::npy_floats(sqwa::shape(out), y)));
}

/// Every layer that has a form in ONNX.
nn::any_model<> all_layers() {
  using body = nn::any_branch<>;
  nn::any_model<> m;
  m.add(nn::conv2d<>{8, {.padding = 1, .bias = false}}).add(nn::batch_norm<>{}).add(nn::relu6<>{});
  m.add(nn::residual{body{nn::depthwise_conv2d<>{{.padding = 1}}, nn::relu<>{}}});
  m.add(nn::residual{body{nn::grouped_conv2d<>{12, 4, {.stride = 2, .padding = 1}}}, nn::padding_shortcut<>{12, 2}});
  m.add(nn::residual{body{nn::conv2d<>{5}}, body{nn::conv2d<>{5, {.bias = false}}, nn::batch_norm<>{}}});
  m.add(nn::basic_block<>{5}).add(nn::basic_block<>{7, {.stride = 2}});
  m.add(nn::basic_block<>{9, {.stride = 1, .shortcut = nn::shortcut::projection}});
  m.add(nn::average_pool<>{2, 1}).add(nn::max_pool<>{2, 1}).add(nn::dropout<>{});
  m.add(nn::flatten<>{}).add(nn::batch_norm<>{}).add(nn::dense<>{11, {.bias = false}});
  return m;
}

}  // namespace

int main(int count, char** words) {
  if (count != 2) return 2;
  fs::path const directory = words[1];
  fs::create_directories(directory);
  auto const model = tensors();
  write_values(directory / "values.npz", model);
  io::write_npz_model(directory / "model.npz", model);
  io::write_safetensors(directory / "model.safetensors", model);
  io::write_gguf(directory / "tq2_0.gguf", model, {.float_elsewhere = true});
  io::write_gguf(directory / "tq1_0.gguf", model, {.type = io::gguf_type::tq1_0, .float_elsewhere = true});
  write_network(directory, "mlp", nn::mlp({20}, 6), {4, 4, 1}, 3, false);
  write_network(directory, "lenet5", nn::lenet5(10), {28, 28, 1}, 15, true);
  write_network(directory, "layers", all_layers(), {16, 16, 3}, 3, true);
  write_network(directory, "bytes", all_layers(), {18, 16, 3}, 255, false);
  nn::any_model<> pooled;
  pooled.add(nn::conv2d<>{6}).add(nn::global_average_pool<>{}).add(nn::dense<>{4});
  write_network(directory, "pooled", pooled, {9, 7, 2}, 7, true);
  nn::any_model<> image;
  image.add(nn::conv2d<>{3, {.kernel = 1}});
  write_network(directory, "image", image, {5, 4, 2}, 3, true);
}
