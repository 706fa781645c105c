// SPDX-License-Identifier: BSD-3-Clause
// Learned step size quantization: the scale of a block is trained like a weight.
#ifndef SQWA_QUANT_LEARNED_STEP_HPP
#define SQWA_QUANT_LEARNED_STEP_HPP

#include <sqwa/core/contract.hpp>
#include <sqwa/exec/backend.hpp>
#include <sqwa/exec/executor.hpp>
#include <sqwa/quant/fit.hpp>
#include <sqwa/quant/format.hpp>
#include <sqwa/quant/granularity.hpp>
#include <sqwa/quant/positive_step.hpp>
#include <sqwa/quant/quantize.hpp>
#include <sqwa/tensor/adapter.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <limits>
#include <span>
#include <type_traits>

namespace sqwa::inline SQWA_ABI {

/// Where a learned step begins: scale = 2 mean|w| / sqrt(max_code).
///
/// S. Esser et al., "Learned step size quantization", arXiv 1902.08153, section 2.1. Memory: none. Time: one pass.
struct learned_step_init {
  template <real T, uniform_format F>
  [[nodiscard]] float operator()(std::span<T const> block, F const&) const noexcept {
    if (block.empty()) return 0;
    double all = 0;
    for (T w : block) all += static_cast<double>(std::abs(w));
    double const mean = all / static_cast<double>(block.size());
    return detail::finite_scale(2 * mean / std::sqrt(static_cast<double>(F::max_code)), F::max_code);
  }
};

namespace detail {

/// Calls `f(begin, length)` for the runs of consecutive elements that are the elements [first, last) of a block.
template <class F>
void for_each_stretch(blocks const& layout, std::size_t block, std::size_t first, std::size_t last, F&& f) {
  if (layout.count == 1 || layout.outer == 1) {
    if (first != last) f(block * layout.inner + first, last - first);
    return;
  }
  if (first == last) return;
  std::size_t run = (first / layout.inner * layout.count + block) * layout.inner;
  for (std::size_t within = first % layout.inner; first != last; within = 0, run += layout.count * layout.inner) {
    std::size_t const length = std::min(layout.inner - within, last - first);
    f(run + within, length);
    first += length;
  }
}

/// How many elements a block has.
constexpr std::size_t block_size(blocks const& layout, std::size_t block) noexcept {
  if (layout.size == 0) return 0;
  if (layout.outer > 1) return layout.outer * layout.inner;
  return std::min(layout.inner, layout.size - block * layout.inner);
}

/// What a gradient in the step is multiplied by: `given`, or 1 / sqrt(n * max_code) where `given` is 0.
inline double step_gradient_scale(float given, std::size_t n, double max_code) noexcept {
  if (given != 0) return static_cast<double>(given);
  return n == 0 ? 0 : 1 / std::sqrt(static_cast<double>(n) * max_code);
}

/// `lsq_backward` in place for the elements [first, last) of a block, computed as W: through a few elements on the
/// stack, where they do not lie together or are no W.
template <class W, class T, any_backend B>
double learned_step_part(std::span<T> gradient, std::span<T const> latent, blocks const& layout, std::size_t block,
                         std::size_t first, std::size_t last, W scale, W limit, B const&) noexcept {
  double sum = 0;
  if constexpr (std::same_as<T, W>) {
    if (layout.count == 1 || layout.outer == 1 || layout.inner >= 64) {
      for_each_stretch(layout, block, first, last, [&](std::size_t begin, std::size_t length) {
        auto const g = gradient.subspan(begin, length);
        sum += static_cast<double>(
            B::kernels::template lsq_backward<T>(g, g, latent.subspan(begin, length), scale, limit));
      });
      return sum;
    }
  }
  std::array<W, 512> g, w;
  for (std::size_t end; first != last; first = end) {
    end = std::min(last, first + g.size());
    std::size_t n = 0;
    for_each_stretch(layout, block, first, end, [&](std::size_t begin, std::size_t length) {
      for (std::size_t i = begin; i != begin + length; ++i, ++n) {
        g[n] = static_cast<W>(gradient[i]);
        w[n] = static_cast<W>(latent[i]);
      }
    });
    auto const some = std::span(g).first(n);
    sum += static_cast<double>(
        B::kernels::template lsq_backward<W>(some, some, std::span<W const>(w).first(n), scale, limit));
    n = 0;
    for_each_stretch(layout, block, first, end, [&](std::size_t begin, std::size_t length) {
      for (std::size_t i = begin; i != begin + length; ++i) gradient[i] = static_cast<T>(g[n++]);
    });
  }
  return sum;
}

}  // namespace detail

/// The scale of each block is learned: how its gradient follows from that at the quantized weights, and how it moves.
///
/// S. Esser et al., "Learned step size quantization", arXiv 1902.08153. Parameters only; the scales are the caller's.
struct learned_step {
  /// What the gradient of a scale is multiplied by. 0: 1 / sqrt(n * max_code) for a block of n weights, section 2.2 of
  /// the paper; 1: nothing.
  float gradient_scale = 0;

  /// Where the scale of a block begins; see `learned_step_init`.
  template <real T, uniform_format F>
  [[nodiscard]] float initial(std::span<T const> block, F const& format) const noexcept {
    return learned_step_init{}(block, format);
  }

  /// Turns the gradient at the quantized weights into one for the latent weights, in place, and into that of the
  /// scales.
  ///
  /// With v = w * (1 / scale), the gradient of w passes where |v| <= max_code and is 0 elsewhere; that of the scale is
  /// the sum over the block of gradient * (rint(v) - v) inside and gradient * ±max_code outside, times the gradient
  /// scale. An empty block gives 0. A scale of 0 counts as 2^-1000: every weight but 0 lies outside. A scale that is no
  /// normal number of the type of the weights, or whose inverse is none, is computed with in double. A NaN in `latent`
  /// passes nothing and makes the gradient of its scale NaN; infinity lies outside.
  ///
  /// The same bits on every backend: a block is cut by the layout alone, sums are joined in order, in double. Many
  /// blocks run side by side, few blocks one after the other in pieces. Blocks in many runs of fewer than 64 elements,
  /// such as the channels of the last axis, are gathered, which is slow. Memory: a few KiB of stack.
  /// @pre finite scales >= 0; gradient_scale finite and >= 0; sizes that agree with a valid layout
  template <real T, uniform_format F, any_backend B = backend<>>
  void backward(std::span<T> gradient, std::span<std::type_identity_t<T> const> latent, blocks const& layout,
                std::span<float const> scales, F const&, std::span<std::type_identity_t<T>> scale_gradients,
                B const& where = {}) const {
    detail::check_sizes("learned_step", latent.size(), layout, scales.size(), gradient.size());
    detail::check_scales("learned_step", scales);
    check(scale_gradients.size(), scales.size());
    auto const part = [&](std::size_t block, std::size_t first, std::size_t last) {
      constexpr T limit = F::max_code;
      auto const scale = static_cast<T>(scales[block]);
      if (scale >= std::numeric_limits<T>::min() && scale <= 1 / std::numeric_limits<T>::min()) {
        return detail::learned_step_part<T>(gradient, latent, layout, block, first, last, scale, limit, where);
      }
      double const wide = scale == 0 ? 0x1p-1000 : static_cast<double>(scale);
      return detail::learned_step_part<double>(gradient, latent, layout, block, first, last, wide, limit, where);
    };
    auto const finish = [&](std::size_t block, double sum) {
      std::size_t const n = detail::block_size(layout, block);
      scale_gradients[block] = static_cast<T>(sum * detail::step_gradient_scale(gradient_scale, n, F::max_code));
    };
    std::size_t const count = layout.count;
    if (count < few_blocks) {
      for (std::size_t block = 0; block != count; ++block) {
        auto const some = [&](std::size_t first, std::size_t last) { return part(block, first, last); };
        finish(block, reduce(where.exec, detail::block_size(layout, block), 0.0, some,
                             [](double a, double b) { return a + b; }));
      }
    } else {
      std::size_t const each = std::max<std::size_t>(1, layout.size / count);
      chunks const pieces{count, std::max((chunks::min_chunk + each - 1) / each, count / chunks::max_chunks + 1)};
      where.exec.for_each(pieces.count(), [&](std::size_t c) {
        for (std::size_t block = pieces.first(c); block != pieces.last(c); ++block) {
          finish(block, part(block, 0, detail::block_size(layout, block)));
        }
      });
    }
  }

  /// scale -= rate * gradient, but halved or doubled at most; always positive. See `positive_step`.
  ///
  /// A NaN gradient leaves its scale as it is. No scales: nothing. Memory: none.
  /// @pre as many scales as gradients; finite scales >= 0
  template <class T, uniform_format F>
    requires real<std::remove_const_t<T>>
  void update(std::span<float> scales, std::span<T> gradients, F const&, float rate) const {
    check(gradients.size(), scales.size());
    detail::check_scales("learned_step", scales);
    positive_range const range = detail::scale_range(F::max_code);
    for (std::size_t b = 0; b != scales.size(); ++b) {
      auto const s = static_cast<double>(scales[b]);
      scales[b] = static_cast<float>(
          positive_step(s, s - static_cast<double>(rate) * static_cast<double>(gradients[b]), range));
    }
  }

 private:
  static constexpr std::size_t few_blocks = 16;  // from here on there is enough to share out without cutting a block

  void check(std::size_t gradients, std::size_t scales) const {
    expects(gradients == scales, "learned_step: {} gradients for {} scales", gradients, scales);
    expects(gradient_scale >= 0 && gradient_scale <= std::numeric_limits<float>::max(),
            "learned_step: the gradient scale {}", gradient_scale);
  }
};

}  // namespace sqwa::inline SQWA_ABI

#endif
