// SPDX-License-Identifier: BSD-3-Clause
// One type for all models of the included layers.
#ifndef SQWA_NN_ANY_MODEL_HPP
#define SQWA_NN_ANY_MODEL_HPP

#include <sqwa/nn/average_pool.hpp>
#include <sqwa/nn/basic_block.hpp>
#include <sqwa/nn/batch_norm.hpp>
#include <sqwa/nn/conv2d.hpp>
#include <sqwa/nn/dense.hpp>
#include <sqwa/nn/depthwise_conv2d.hpp>
#include <sqwa/nn/dropout.hpp>
#include <sqwa/nn/fake_quantize.hpp>
#include <sqwa/nn/flatten.hpp>
#include <sqwa/nn/global_average_pool.hpp>
#include <sqwa/nn/grouped_conv2d.hpp>
#include <sqwa/nn/identity.hpp>
#include <sqwa/nn/layer.hpp>
#include <sqwa/nn/max_pool.hpp>
#include <sqwa/nn/padding_shortcut.hpp>
#include <sqwa/nn/relu.hpp>
#include <sqwa/nn/relu6.hpp>
#include <sqwa/nn/residual.hpp>
#include <sqwa/nn/stack.hpp>
#include <sqwa/quant/activation_step.hpp>
#include <sqwa/quant/learned_clip.hpp>
#include <sqwa/quant/moving_range.hpp>

namespace sqwa::inline SQWA_ABI {

namespace nn {

/// A stack of the layers that hold no others, and of `More...`.
template <real T, layer... More>
using stack_with =
    stack<dense<T>, conv2d<T>, depthwise_conv2d<T>, grouped_conv2d<T>, batch_norm<T>, relu<T>, relu6<T>, max_pool<T>,
          average_pool<T>, global_average_pool<T>, flatten<T>, dropout<T>, fake_quantize<learned_clip, T>,
          fake_quantize<activation_step, T>, fake_quantize<moving_range, T>, basic_block<T>, More...>;

/// A part of an `any_model`: the body of a residual, or its shortcut.
template <real T = float>
using any_branch = stack_with<T>;

/// A model put together at run time: one type for all that a command line may ask for.
///
/// Layers, branches, and residual connections from branch to branch.
template <real T = float>
using any_model = stack_with<T, any_branch<T>, residual<any_branch<T>, identity<T>>,
                             residual<any_branch<T>, padding_shortcut<T>>, residual<any_branch<T>, any_branch<T>>>;

}  // namespace nn

}  // namespace sqwa::inline SQWA_ABI

#endif
