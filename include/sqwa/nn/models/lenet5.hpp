// SPDX-License-Identifier: BSD-3-Clause
// LeNet-5.
#ifndef SQWA_NN_MODELS_LENET5_HPP
#define SQWA_NN_MODELS_LENET5_HPP

#include <sqwa/nn/any_model.hpp>
#include <sqwa/nn/conv2d.hpp>
#include <sqwa/nn/dense.hpp>
#include <sqwa/nn/layer.hpp>
#include <sqwa/nn/max_pool.hpp>
#include <sqwa/nn/relu.hpp>

#include <cstddef>

namespace sqwa::inline SQWA_ABI {

namespace nn {

/// LeNet-5 as it is written today: relu and max-pooling instead of tanh and subsampling, every map sees every map.
///
/// For images of 28 x 28 with any number of channels; larger ones have more weights in "dense_7".
/// Y. LeCun et al., "Gradient-based learning applied to document recognition", Proc. IEEE 86, 1998, section II.B.
/// @pre classes > 0
template <real T = float>
[[nodiscard]] any_model<T> lenet5(std::size_t classes) {
  return any_model<T>{conv2d<T>{6, {.kernel = 5, .padding = 2}},
                      relu<T>{},
                      max_pool<T>{2},
                      conv2d<T>{16, {.kernel = 5}},
                      relu<T>{},
                      max_pool<T>{2},
                      dense<T>{120},
                      relu<T>{},
                      dense<T>{84},
                      relu<T>{},
                      dense<T>{classes}};
}

}  // namespace nn

}  // namespace sqwa::inline SQWA_ABI

#endif
