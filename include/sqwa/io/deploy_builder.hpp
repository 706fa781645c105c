// SPDX-License-Identifier: BSD-3-Clause
// Puts together a network for microcontrollers, layer by layer.
#ifndef SQWA_IO_DEPLOY_BUILDER_HPP
#define SQWA_IO_DEPLOY_BUILDER_HPP

#include <sqwa/core/contract.hpp>
#include <sqwa/deploy/layer.hpp>
#include <sqwa/io/deploy_weights.hpp>
#include <sqwa/io/deployed_network.hpp>
#include <sqwa/nn/batch_norm.hpp>
#include <sqwa/nn/conv2d.hpp>
#include <sqwa/nn/data.hpp>
#include <sqwa/nn/low_bit_model.hpp>
#include <sqwa/tensor/shape.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <set>
#include <string>

namespace sqwa::inline SQWA_ABI {

namespace io {

namespace detail {

/// What flows between layers: which value of the network, and its extents; on a shortcut also what it is padded by.
struct deploy_value {
  std::size_t index = 0;
  deploy::extents extents;
  bool padded = false;
  std::size_t stride = 1;
  std::size_t front = 0;
};

/// Layers of the engine, in float. Batch-norm, relu and rounding become part of the layer before them where nothing
/// else looks at what that layer gives.
class deploy_builder {
 public:
  explicit deploy_builder(low_bit_model const& model) : tensors_(model) {}

  deployed_network<deploy::floats> network;

  /// Breaks a precondition unless every tensor of the model was used.
  void end() const { tensors_.end(); }

  static deploy::extents extents_of(std::string const& what, shape const& e) {
    expects(e.rank() == 1 || e.rank() == 3, "deploy: {} has {} extents; 1 or 3 are possible", what, e.rank());
    return e.rank() == 1 ? image(what, 1, 1, e[0]) : image(what, e[0], e[1], e[2]);
  }

  /// Bytes to numbers, as the first layer.
  deploy_value normalize(nn::normalization const& how, deploy_value const& x) {
    expects(how.channels() == x.extents.channels, "deploy: a normalization of {} channels for images of {}",
            how.channels(), x.extents.channels);
    deploy_value const y = add("pixels", deploy::operation::rescale, x, x.extents);
    for (std::size_t c = 0; c != how.channels(); ++c) {
      last().factors.push_back(static_cast<float>(1 / how.deviation()[c]));
      last().offsets.push_back(static_cast<float>(-how.mean()[c] / how.deviation()[c]));
    }
    close(y);
    return y;
  }

 protected:
  using layer = deployed_layer<deploy::floats>;
  static constexpr float infinity = std::numeric_limits<float>::infinity();

  static deploy::extents image(std::string const& what, std::size_t rows, std::size_t columns, std::size_t channels) {
    constexpr std::size_t most = std::numeric_limits<std::uint16_t>::max();
    expects(rows <= most && columns <= most && channels <= most && rows * columns * channels > 0,
            "deploy: {} has extents {}, {} and {}; 1 to 65535 are possible", what, rows, columns, channels);
    return {static_cast<std::uint16_t>(rows), static_cast<std::uint16_t>(columns),
            static_cast<std::uint16_t>(channels)};
  }
  static std::uint16_t narrow(std::size_t n) {
    expects(n <= std::numeric_limits<std::uint16_t>::max(), "deploy: a kernel, stride, padding or value number of {}",
            n);
    return static_cast<std::uint16_t>(n);
  }

  layer& last() { return network.layers.back(); }

  deploy_value add(std::string const& prefix, deploy::operation what, deploy_value const& x, deploy::extents out) {
    layer l{prefix, {}};
    l.entry.what = what;
    l.entry.in = x.extents;
    l.entry.out = out;
    l.entry.from = narrow(x.index);
    l.entry.low = -infinity;
    l.entry.high = infinity;
    network.layers.push_back(l);
    return {network.layers.size(), out};
  }

  /// From now on nothing becomes part of the layer that made x.
  void close(deploy_value const& x) { closed_.insert(x.index); }

  /// Whether the layer that made x is the last one, and nothing else looks at x.
  [[nodiscard]] bool foldable(deploy_value const& x) const {
    return x.index == network.layers.size() && x.index != 0 && !closed_.contains(x.index);
  }
  /// Which value x is, or is the largest of, where nothing else looks at these; else 0.
  [[nodiscard]] std::size_t behind_pools(deploy_value const& x) const {
    if (!foldable(x)) return 0;
    std::size_t i = x.index;
    while (i != 0 && !closed_.contains(i) && network.layers[i - 1].entry.what == deploy::operation::max_pool) {
      i = network.layers[i - 1].entry.from;
    }
    return closed_.contains(i) ? 0 : i;
  }

  /// A layer that gives what it gets.
  deploy_value copied(std::string const& prefix, deploy_value const& x) {
    deploy_value const y = add(prefix, deploy::operation::rescale, x, x.extents);
    last().factors.assign(x.extents.channels, 1);
    last().offsets.assign(x.extents.channels, 0);
    return y;
  }

  deploy_value clamp(std::string const& prefix, deploy_value x, float high) {
    if (!foldable(x)) x = copied(prefix, x);
    deploy::layer<deploy::floats>& l = last().entry;
    l.low = std::max(l.low, 0.0F);
    l.high = std::min(l.high, high);
    return x;
  }

  deploy_value convolution(std::string const& prefix, nn::conv2d_options const& o, deploy_value const& x) {
    shape const weight = tensors_.extents(prefix + "weight");
    expects(weight.rank() == 4 && weight[1] == o.kernel && weight[2] == o.kernel && weight[3] == x.extents.channels,
            "deploy: {}weight does not fit a kernel of {} on {} channels", prefix, o.kernel, x.extents.channels);
    return weighted(prefix, deploy::operation::convolution, o, x);
  }

  deploy_value weighted(std::string const& prefix, deploy::operation what, nn::conv2d_options const& o,
                        deploy_value const& x) {
    std::size_t const rows = x.extents.rows + 2 * o.padding, columns = x.extents.columns + 2 * o.padding;
    expects(rows >= o.kernel && columns >= o.kernel, "deploy: {} has a kernel of {} on an image of {} x {}", prefix,
            o.kernel, x.extents.rows, x.extents.columns);
    std::size_t const filters = tensors_.extents(prefix + "weight")[0];
    deploy_value const y = add(
        prefix, what, x, image(prefix, (rows - o.kernel) / o.stride + 1, (columns - o.kernel) / o.stride + 1, filters));
    last().entry.window_rows = last().entry.window_columns = narrow(o.kernel);
    last().entry.stride = narrow(o.stride);
    last().entry.padding = narrow(o.padding);
    tensors_.put(prefix + "weight", filters, last());
    last().offsets.assign(filters, 0.0F);
    if (tensors_.has(prefix + "bias")) {
      std::ranges::transform(tensors_.values(prefix + "bias", filters), last().offsets.begin(),
                             [](double v) { return static_cast<float>(v); });
    }
    return y;
  }

  deploy_value normalization(std::string const& prefix, nn::batch_norm_options const& o, deploy_value x) {
    using enum deploy::operation;
    std::size_t const channels = x.extents.channels;
    bool const fits =
        foldable(x) && last().entry.low == -infinity && last().entry.high == infinity &&
        (last().entry.what == rescale || last().entry.what == convolution || last().entry.what == depthwise);
    if (!fits) x = copied(prefix, x);
    auto const scale = tensors_.values(prefix + "scale", channels), shift = tensors_.values(prefix + "shift", channels),
               mean = tensors_.values(prefix + "running_mean", channels),
               variance = tensors_.values(prefix + "running_var", channels);
    for (std::size_t c = 0; c != channels; ++c) {
      double const factor = scale[c] / std::sqrt(variance[c] + static_cast<double>(o.epsilon));
      last().offsets[c] = static_cast<float>((last().offsets[c] - mean[c]) * factor + shift[c]);
      last().factors[c] = static_cast<float>(last().factors[c] * factor);
    }
    return x;
  }

  deploy_value pool(std::string const& prefix, deploy::operation what, std::size_t rows, std::size_t columns,
                    std::size_t stride, deploy_value const& x) {
    expects(x.extents.rows >= rows && x.extents.columns >= columns, "deploy: {} has windows of {} x {} in {} x {}",
            prefix, rows, columns, x.extents.rows, x.extents.columns);
    deploy_value const y = add(prefix, what, x,
                               image(prefix, (x.extents.rows - rows) / stride + 1,
                                     (x.extents.columns - columns) / stride + 1, x.extents.channels));
    last().entry.window_rows = narrow(rows);
    last().entry.window_columns = narrow(columns);
    last().entry.stride = narrow(stride);
    if (what == deploy::operation::average_pool) {
      last().factors.push_back(1 / static_cast<float>(rows * columns));
      last().offsets.push_back(0);
    }
    return y;
  }

  deploy_value join(std::string const& prefix, deploy_value const& x, deploy_value const& side) {
    expects(!x.padded, "deploy: {} has a body that ends with a padding shortcut", prefix);
    auto const extent = [&](std::size_t n) { return (n + side.stride - 1) / side.stride; };
    expects(
        x.extents.rows == extent(side.extents.rows) && x.extents.columns == extent(side.extents.columns) &&
            (side.padded ? x.extents.channels >= side.extents.channels : x.extents.channels == side.extents.channels),
        "deploy: {} adds values of other extents", prefix);
    deploy_value const y = add(prefix, deploy::operation::add, x, x.extents);
    last().entry.other = narrow(side.index);
    last().entry.other_in = side.extents;
    last().entry.stride = narrow(side.stride);
    last().entry.front = narrow(side.front);
    last().factors = {1, 1};
    last().offsets = {0};
    return y;
  }

  deploy_tensors tensors_;

 private:
  std::set<std::size_t> closed_;  // values that nothing may become part of any more
};

}  // namespace detail

}  // namespace io

}  // namespace sqwa::inline SQWA_ABI

#endif
