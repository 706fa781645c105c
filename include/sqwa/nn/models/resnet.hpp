// SPDX-License-Identifier: BSD-3-Clause
// Residual networks for small images.
#ifndef SQWA_NN_MODELS_RESNET_HPP
#define SQWA_NN_MODELS_RESNET_HPP

#include <sqwa/core/contract.hpp>
#include <sqwa/nn/any_model.hpp>
#include <sqwa/nn/basic_block.hpp>
#include <sqwa/nn/batch_norm.hpp>
#include <sqwa/nn/conv2d.hpp>
#include <sqwa/nn/dense.hpp>
#include <sqwa/nn/global_average_pool.hpp>
#include <sqwa/nn/relu.hpp>

#include <cstddef>

namespace sqwa::inline SQWA_ABI {

namespace nn {

struct resnet_options {
  std::size_t width = 16;  ///< channels of the first stage; the second has twice, the third four times as many
  sqwa::nn::shortcut shortcut = sqwa::nn::shortcut::padding;
};

/// A residual network of 6n + 2 layers with weights: a 3 x 3 convolution, three stages of n basic blocks at full, half
/// and quarter resolution, the mean over all positions, and a dense layer.
///
/// Depths 20, 32, 44, 56 and 110 are those of the source, section 4.2. With width 16 and 10 classes, `resnet(20, 10)`
/// has 269,722 trained numbers.
///
/// K. He et al., "Deep residual learning for image recognition", CVPR 2016.
/// @pre depth = 6n + 2 for n > 0; classes and width > 0
template <real T = float>
any_model<T> resnet(std::size_t depth, std::size_t classes, resnet_options options = {}) {
  expects(depth > 2 && depth % 6 == 2, "resnet: a depth of {}, which is not 6n + 2", depth);
  expects(classes > 0 && options.width > 0, "resnet: {} classes, width {}", classes, options.width);
  any_model<T> model;
  model.add(conv2d<T>(options.width, {.kernel = 3, .padding = 1, .bias = false})).add(batch_norm<T>()).add(relu<T>());
  for (std::size_t stage = 0; stage != 3; ++stage) {
    for (std::size_t i = 0; i != depth / 6; ++i) {
      std::size_t const stride = stage > 0 && i == 0 ? 2 : 1;
      model.add(basic_block<T>(options.width << stage, {.stride = stride, .shortcut = options.shortcut}));
    }
  }
  return model.add(global_average_pool<T>()).add(dense<T>(classes));
}

}  // namespace nn

}  // namespace sqwa::inline SQWA_ABI

#endif
