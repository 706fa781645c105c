// SPDX-License-Identifier: BSD-3-Clause
// MobileNetV2 for small images.
#ifndef SQWA_NN_MODELS_MOBILENET_V2_HPP
#define SQWA_NN_MODELS_MOBILENET_V2_HPP

#include <sqwa/core/contract.hpp>
#include <sqwa/nn/any_model.hpp>
#include <sqwa/nn/batch_norm.hpp>
#include <sqwa/nn/conv2d.hpp>
#include <sqwa/nn/dense.hpp>
#include <sqwa/nn/depthwise_conv2d.hpp>
#include <sqwa/nn/dropout.hpp>
#include <sqwa/nn/global_average_pool.hpp>
#include <sqwa/nn/layer.hpp>
#include <sqwa/nn/relu6.hpp>
#include <sqwa/nn/residual.hpp>

#include <algorithm>
#include <array>
#include <cstddef>

namespace sqwa::inline SQWA_ABI {

namespace nn {

struct mobilenet_v2_options {
  float width = 1;    // times the channels of the paper
  float dropout = 0;  // in front of the classifier; the authors' 0.2 is for ImageNet
};

namespace detail {

/// `channels` times `width`, rounded to a multiple of eight, but not to less than nine tenths: the rule of the authors'
/// code (github.com/tensorflow/models, `_make_divisible`).
inline std::size_t scaled_channels(std::size_t channels, float width) {
  double const wanted = static_cast<double>(channels) * static_cast<double>(width);
  std::size_t const rounded = std::max<std::size_t>(8, static_cast<std::size_t>(wanted + 4) / 8 * 8);
  return static_cast<double>(rounded) < 0.9 * wanted ? rounded + 8 : rounded;
}

/// 1 x 1 to `expansion` times the channels, depthwise 3 x 3, 1 x 1 to `outputs` channels without a relu behind: the
/// source's figure 4.
template <real T>
any_branch<T> inverted_bottleneck(std::size_t inputs, std::size_t expansion, std::size_t outputs, std::size_t stride) {
  any_branch<T> block;
  if (expansion != 1) {
    block.add(conv2d<T>{inputs * expansion, {.kernel = 1, .bias = false}}).add(batch_norm<T>{}).add(relu6<T>{});
  }
  block.add(depthwise_conv2d<T>{{.stride = stride, .padding = 1, .bias = false}}).add(batch_norm<T>{}).add(relu6<T>{});
  block.add(conv2d<T>{outputs, {.kernel = 1, .bias = false}}).add(batch_norm<T>{});
  return block;
}

}  // namespace detail

/// MobileNetV2 for images of 32 x 32: the first convolution and the stage of 24 channels keep the size of the image,
/// where those for ImageNet halve it; the last maps are of 4 x 4.
///
/// M. Sandler et al., "MobileNetV2: inverted residuals and linear bottlenecks", CVPR 2018, table 2.
/// @pre classes > 0, width > 0, dropout in [0, 1)
template <real T = float>
[[nodiscard]] any_model<T> mobilenet_v2(std::size_t classes, mobilenet_v2_options options = {}) {
  expects(options.width > 0 && options.width <= 1'000, "mobilenet_v2: width {} is not in (0, 1000]", options.width);
  struct stage {
    std::size_t expansion, channels, blocks, stride;
  };
  constexpr std::array<stage, 7> stages{
      {{1, 16, 1, 1}, {6, 24, 2, 1}, {6, 32, 3, 2}, {6, 64, 4, 2}, {6, 96, 3, 1}, {6, 160, 3, 2}, {6, 320, 1, 1}}};

  any_model<T> model;
  std::size_t channels = detail::scaled_channels(32, options.width);
  model.add(conv2d<T>{channels, {.padding = 1, .bias = false}}).add(batch_norm<T>{}).add(relu6<T>{});
  for (stage const& s : stages) {
    std::size_t const outputs = detail::scaled_channels(s.channels, options.width);
    for (std::size_t i = 0; i != s.blocks; ++i) {
      std::size_t const stride = i == 0 ? s.stride : 1;
      auto block = detail::inverted_bottleneck<T>(channels, s.expansion, outputs, stride);
      if (stride == 1 && channels == outputs) {
        model.add(residual{std::move(block)});
      } else {
        model.add(std::move(block));
      }
      channels = outputs;
    }
  }
  std::size_t const last = detail::scaled_channels(1280, std::max(1.0F, options.width));
  model.add(conv2d<T>{last, {.kernel = 1, .bias = false}}).add(batch_norm<T>{}).add(relu6<T>{});
  model.add(global_average_pool<T>{});
  if (options.dropout != 0) model.add(dropout<T>{options.dropout});
  model.add(dense<T>{classes});
  return model;
}

}  // namespace nn

}  // namespace sqwa::inline SQWA_ABI

#endif
