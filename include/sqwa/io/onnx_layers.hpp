// SPDX-License-Identifier: BSD-3-Clause
// The included layers as nodes of ONNX.
#ifndef SQWA_IO_ONNX_LAYERS_HPP
#define SQWA_IO_ONNX_LAYERS_HPP

#include <sqwa/core/contract.hpp>
#include <sqwa/io/model_description.hpp>
#include <sqwa/io/model_tensors.hpp>
#include <sqwa/io/onnx_graph.hpp>
#include <sqwa/nn/any_model.hpp>
#include <sqwa/nn/low_bit_model.hpp>
#include <sqwa/quant/packed.hpp>
#include <sqwa/tensor/shape.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace sqwa::inline SQWA_ABI {

namespace io {

/// In how many bits ONNX keeps codes: in 8, which every runtime has, or in 2, 4 or 8, whatever is enough.
enum class onnx_codes { int8, smallest };

struct onnx_options {
  onnx_codes codes = onnx_codes::int8;
  bool float_elsewhere = false;  ///< weights that DequantizeLinear cannot make become floats, instead of being refused
};

namespace detail {

/// What flows between layers: extents of a sample as the layers have them. Images lie with their channels first.
struct onnx_value {
  std::string name;
  shape extents;
};

/// Turns layers into nodes; the numbers are those of a low-bit model, found by the names of parameters.
class onnx_translator {
 public:
  onnx_translator(low_bit_model const& model, onnx_options const& options)
      : options_(options), tensors_("write_onnx", model) {}

  onnx_graph graph;

  /// The name of what has channels last again.
  std::string channels_last(onnx_value const& x, std::string name) {
    return graph.node("Transpose", {x.name}, std::move(name), {{"perm", onnx_extents{0, 2, 3, 1}}});
  }

  /// Breaks a precondition unless every tensor of the model was used.
  void end() const { tensors_.end(); }

  template <class L>
  onnx_value translate(L& l, std::string const& prefix, onnx_value x) {
    if constexpr (requires { l.body(), l.shortcut(); }) {
      std::vector<onnx_value> sides;
      l.visit_parts(
          [&](auto& part, std::string const& name) { sides.push_back(translate(part, prefix + name + ".", x)); });
      return {graph.node("Add", {sides[0].name, sides[1].name}, prefix + "sum"), sides[0].extents};
    } else if constexpr (requires { l.visit_parts([](auto&, std::string const&) {}); }) {
      l.visit_parts([&](auto& part, std::string const& name) { x = translate(part, prefix + name + ".", x); });
      return x;
    } else {
      return one(l, prefix, x);
    }
  }

 private:
  template <class T>
  onnx_value one(nn::conv2d<T> const& l, std::string const& prefix, onnx_value const& x) {
    return convolution(prefix, l.options(), 1, x);
  }
  template <class T>
  onnx_value one(nn::grouped_conv2d<T> const& l, std::string const& prefix, onnx_value const& x) {
    return convolution(prefix, l.options(), l.groups(), x);
  }
  template <class T>
  onnx_value one(nn::depthwise_conv2d<T> const& l, std::string const& prefix, onnx_value const& x) {
    image(prefix, x);
    return convolution(prefix, l.options(), x.extents[2], x);
  }
  template <class T>
  onnx_value one(nn::batch_norm<T> const& l, std::string const& prefix, onnx_value const& x) {
    return normalization(prefix, l.options(), x);
  }
  template <class T>
  onnx_value one(nn::relu<T> const&, std::string const& prefix, onnx_value const& x) {
    return {graph.node("Relu", {x.name}, prefix + "output"), x.extents};
  }
  template <class T>
  onnx_value one(nn::relu6<T> const&, std::string const& prefix, onnx_value const& x) {
    float const least = 0, most = 6;
    std::string const low = graph.floats(prefix + "least", {}, {&least, 1});
    std::string const high = graph.floats(prefix + "most", {}, {&most, 1});
    return {graph.node("Clip", {x.name, low, high}, prefix + "output"), x.extents};
  }
  template <class T>
  onnx_value one(nn::max_pool<T> const& l, std::string const& prefix, onnx_value const& x) {
    return pool("MaxPool", l, prefix, x);
  }
  template <class T>
  onnx_value one(nn::average_pool<T> const& l, std::string const& prefix, onnx_value const& x) {
    return pool("AveragePool", l, prefix, x);
  }
  template <class T>
  onnx_value one(nn::global_average_pool<T> const&, std::string const& prefix, onnx_value const& x) {
    image(prefix, x);
    std::string const mean = graph.node("GlobalAveragePool", {x.name}, prefix + "mean");
    return {graph.node("Flatten", {mean}, prefix + "output"), {x.extents[2]}};
  }
  template <class T>
  onnx_value one(nn::flatten<T> const&, std::string const& prefix, onnx_value const& x) {
    return row(prefix, x);
  }
  template <class T>
  onnx_value one(nn::dropout<T> const&, std::string const&, onnx_value const& x) {
    return x;
  }
  template <class T>
  onnx_value one(nn::identity<T> const&, std::string const&, onnx_value const& x) {
    return x;
  }
  template <class Policy, class T>
  onnx_value one(nn::fake_quantize<Policy, T> const&, std::string const& prefix, onnx_value const& x) {
    expects(false, "write_onnx: {} rounds activations, for which there are no nodes here", prefix);
    return x;
  }
  template <class T>
  onnx_value one(nn::dense<T> const&, std::string const& prefix, onnx_value const& x) {
    onnx_value const in = row(prefix, x);
    shape const weight = tensors_.extents(prefix + "weight");
    expects(weight.rank() == 2 && weight[1] == in.extents[0], "write_onnx: {}weight does not fit {} inputs", prefix,
            in.extents[0]);
    std::vector<std::string> inputs{in.name, tensor(prefix + "weight")};
    if (tensors_.has(prefix + "bias")) inputs.push_back(tensor(prefix + "bias"));
    return {graph.node("Gemm", inputs, prefix + "output", {{"transB", std::int64_t{1}}}), {weight[0]}};
  }
  template <class T>
  onnx_value one(nn::padding_shortcut<T> const& l, std::string const& prefix, onnx_value const& x) {
    return padding(prefix, l.channels(), l.stride(), x);
  }
  template <class T>
  onnx_value one(nn::basic_block<T> const& l, std::string const& prefix, onnx_value const& x) {
    std::size_t const stride = l.options().stride;
    auto const normalized = [&](std::string const& conv, std::string const& norm, nn::conv2d_options const& options,
                                onnx_value const& from) {
      return normalization(prefix + norm, {}, convolution(prefix + conv, options, 1, from));
    };
    onnx_value y = normalized("conv1.", "norm1.", {.stride = stride, .padding = 1}, x);
    y.name = graph.node("Relu", {y.name}, prefix + "relu1");
    y = normalized("conv2.", "norm2.", {.padding = 1}, y);
    onnx_value side = x;
    if (x.extents != y.extents) {
      side = tensors_.has(prefix + "shortcut.weight")
                 ? normalized("shortcut.", "shortcut_norm.", {.kernel = 1, .stride = stride}, x)
                 : padding(prefix + "shortcut.", l.filters(), stride, x);
    }
    std::string const sum = graph.node("Add", {y.name, side.name}, prefix + "sum");
    return {graph.node("Relu", {sum}, prefix + "output"), y.extents};
  }

  static void image(std::string const& prefix, onnx_value const& x) {
    expects(x.extents.rank() == 3, "write_onnx: {} has an input of {} extents where an image has 3", prefix,
            x.extents.rank());
  }
  static std::int64_t whole(std::size_t n) { return static_cast<std::int64_t>(n); }

  onnx_value convolution(std::string const& prefix, nn::conv2d_options const& o, std::size_t groups,
                         onnx_value const& x) {
    image(prefix, x);
    shape const weight = tensors_.extents(prefix + "weight");
    expects(weight.rank() == 4 && weight[1] == o.kernel && weight[2] == o.kernel && weight[3] * groups == x.extents[2],
            "write_onnx: {}weight does not fit a kernel of {} on {} channels in {} groups", prefix, o.kernel,
            x.extents[2], groups);
    std::vector<std::string> inputs{x.name, tensor(prefix + "weight", {0, 3, 1, 2})};
    if (tensors_.has(prefix + "bias")) inputs.push_back(tensor(prefix + "bias"));
    std::int64_t const k = whole(o.kernel), s = whole(o.stride), p = whole(o.padding);
    std::string const y = graph.node("Conv", inputs, prefix + "output",
                                     {{"kernel_shape", onnx_extents{k, k}},
                                      {"strides", onnx_extents{s, s}},
                                      {"pads", onnx_extents{p, p, p, p}},
                                      {"group", whole(groups)}});
    auto const extent = [&](std::size_t n) { return (n + 2 * o.padding - o.kernel) / o.stride + 1; };
    return {y, {extent(x.extents[0]), extent(x.extents[1]), weight[0]}};
  }

  onnx_value normalization(std::string const& prefix, nn::batch_norm_options const& o, onnx_value const& x) {
    expects(x.extents.rank() == 1 || x.extents.rank() == 3, "write_onnx: {} has an input of {} extents, not 1 or 3",
            prefix, x.extents.rank());
    std::vector<std::string> inputs{x.name};
    for (char const* name : {"scale", "shift", "running_mean", "running_var"}) inputs.push_back(tensor(prefix + name));
    return {graph.node("BatchNormalization", inputs, prefix + "output", {{"epsilon", o.epsilon}}), x.extents};
  }

  template <class L>
  onnx_value pool(char const* type, L const& l, std::string const& prefix, onnx_value const& x) {
    image(prefix, x);
    std::int64_t const k = whole(l.kernel()), s = whole(l.stride());
    auto const extent = [&](std::size_t n) { return (n - l.kernel()) / l.stride() + 1; };
    return {graph.node(type, {x.name}, prefix + "output",
                       {{"kernel_shape", onnx_extents{k, k}}, {"strides", onnx_extents{s, s}}}),
            {extent(x.extents[0]), extent(x.extents[1]), x.extents[2]}};
  }

  onnx_value padding(std::string const& prefix, std::size_t channels, std::size_t stride, onnx_value const& x) {
    image(prefix, x);
    std::int64_t const front = whole((channels - x.extents[2]) / 2), back = whole(channels - x.extents[2]) - front;
    std::string const first = graph.integers(prefix + "first", {0, 0});
    std::string const last = graph.integers(prefix + "last", {whole(x.extents[0]), whole(x.extents[1])});
    std::string const axes = graph.integers(prefix + "axes", {2, 3});
    std::string const steps = graph.integers(prefix + "steps", {whole(stride), whole(stride)});
    std::string const some = graph.node("Slice", {x.name, first, last, axes, steps}, prefix + "pixels");
    std::string const pads = graph.integers(prefix + "pads", {0, front, 0, 0, 0, back, 0, 0});
    auto const extent = [&](std::size_t n) { return (n + stride - 1) / stride; };
    return {graph.node("Pad", {some, pads}, prefix + "output"), {extent(x.extents[0]), extent(x.extents[1]), channels}};
  }

  /// A sample as one row, in the order of the layers.
  onnx_value row(std::string const& prefix, onnx_value const& x) {
    if (x.extents.rank() == 1) return x;
    std::string const from = x.extents.rank() == 3 ? channels_last(x, prefix + "turned") : x.name;
    return {graph.node("Flatten", {from}, prefix + "row"), {x.extents.size()}};
  }

  /// The name of a tensor of the model, whose axes come in the order of `axes`; none given: as they are.
  std::string tensor(std::string const& name, std::vector<std::size_t> axes = {}) {
    shape const extents = tensors_.extents(name);
    for (std::size_t i = axes.size(); i < extents.rank(); ++i) axes.push_back(i);
    onnx_extents turned;
    for (std::size_t axis : axes) turned.push_back(whole(extents[axis]));
    if (auto const* values = tensors_.take_floats(name)) {
      return graph.floats(name, turned, with_axes(extents, axes, *values));
    }
    packed const& p = tensors_.take_low_bit(name).weights;
    auto const axis = scaled_axis(extents, p.layout);
    bool const possible = (axis || p.layout.count == 1) && p.levels <= 255;
    expects(
        possible || options_.float_elsewhere,
        "write_onnx: {} has {} levels and {} scales; DequantizeLinear takes up to 255 levels, and one scale for the "
        "tensor or for each index of an axis",
        name, p.levels, p.layout.count);
    if (!possible) {
      std::vector<float> values(p.size());
      p.decode(std::span(values));
      return graph.floats(name, turned, with_axes(extents, axes, values));
    }
    std::vector<std::int8_t> codes;
    p.for_each_code([&](std::size_t, int code) { codes.push_back(static_cast<std::int8_t>(code)); });
    int const bits = options_.codes == onnx_codes::int8 ? 8 : p.levels <= 3 ? 2 : p.levels <= 15 ? 4 : 8;
    std::string const stored = graph.codes(name + ".codes", turned, with_axes(extents, axes, codes), bits);
    onnx_extents const count = axis ? onnx_extents{whole(p.scales.size())} : onnx_extents{};
    std::string const scales = graph.floats(name + ".scales", count, p.scales);
    std::vector<onnx_attribute> which;
    if (axis) which.push_back({"axis", whole(static_cast<std::size_t>(std::ranges::find(axes, *axis) - axes.begin()))});
    return graph.node("DequantizeLinear", {stored, scales}, name, which);
  }

  onnx_options options_;
  model_tensors tensors_;
};

}  // namespace detail

}  // namespace io

}  // namespace sqwa::inline SQWA_ABI

#endif
