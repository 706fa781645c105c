// SPDX-License-Identifier: BSD-3-Clause
// The largest value of each window.
#ifndef SQWA_NN_MAX_POOL_HPP
#define SQWA_NN_MAX_POOL_HPP

#include <sqwa/nn/layer.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace sqwa::inline SQWA_ABI {

namespace nn {

/// The largest value of each `kernel` × `kernel` window, every `stride` rows and columns, channel by channel.
///
/// Windows lie inside the image; what is left at its end is not looked at. Of equal values the first (row by row) gets
/// the gradient. A NaN wins only in the first place of its window. Memory: four bytes for each output of a batch.
template <real T = float>
class max_pool : public layer_defaults<T> {
 public:
  static constexpr char const* name = "max_pool";

  /// A stride of 0 means `kernel`: windows side by side.
  /// @pre kernel > 0
  explicit max_pool(std::size_t kernel, std::size_t stride = 0)
      : kernel_(kernel), stride_(stride == 0 ? kernel : stride) {
    expects(kernel > 0, "max_pool: an empty window");
  }

  /// @pre the input is an image at least as large as a window
  shape build(shape const& input, noise const&) {
    expects(input.rank() == 3, "max_pool: an input of {} extents where an image has 3", input.rank());
    expects(input[0] >= kernel_ && input[1] >= kernel_, "max_pool: windows of {} x {} in an image of {} x {}", kernel_,
            kernel_, input[0], input[1]);
    input_ = input;
    output_ = shape{(input[0] - kernel_) / stride_ + 1, (input[1] - kernel_) / stride_ + 1, input[2]};
    return output_;
  }

  void reserve(std::size_t batch) { choice_.resize(std::max(choice_.size(), batch * output_.size())); }

  template <any_backend B>
  void forward(std::span<T const> x, std::span<T> y, std::size_t batch, pass, B const& where) {
    each_window(batch, where, [&](std::size_t from, std::size_t to) {
      std::size_t const channels = input_[2];
      T const* const window = x.data() + from;
      T* const best = y.data() + to;
      std::uint32_t* const choice = choice_.data() + to;
      std::copy_n(window, channels, best);
      std::fill_n(choice, channels, 0U);
      for (std::uint32_t k = 1; k != kernel_ * kernel_; ++k) {
        T const* const candidate = window + offset(k);
        for (std::size_t c = 0; c != channels; ++c) {
          bool const better = candidate[c] > best[c];
          best[c] = better ? candidate[c] : best[c];
          choice[c] = better ? k : choice[c];
        }
      }
    });
  }

  template <any_backend B>
  void backward(std::span<T const>, std::span<T const> dy, std::span<T> dx, std::size_t batch, B const& where) {
    if (dx.empty()) return;
    auto const pieces = detail::sample_pieces(batch);
    where.exec.for_each(pieces.count(), [&](std::size_t p) {
      std::fill_n(dx.data() + pieces.first(p) * input_.size(), (pieces.last(p) - pieces.first(p)) * input_.size(),
                  T(0));
    });
    each_window(batch, where, [&](std::size_t from, std::size_t to) {
      std::uint32_t const* const choice = choice_.data() + to;
      T const* const error = dy.data() + to;
      for (std::uint32_t k = 0; k != kernel_ * kernel_; ++k) {
        T* const target = dx.data() + from + offset(k);
        for (std::size_t c = 0; c != input_[2]; ++c) target[c] += choice[c] == k ? error[c] : T(0);
      }
    });
  }

 private:
  /// How far element k of a window lies from its first.
  std::size_t offset(std::size_t k) const noexcept { return (k / kernel_ * input_[1] + k % kernel_) * input_[2]; }

  /// Calls `f(from, to)` for each window: where it begins in the input and where its result lies.
  template <any_backend B, class F>
  void each_window(std::size_t batch, B const& where, F f) const {
    auto const pieces = detail::sample_pieces(batch);
    where.exec.for_each(pieces.count(), [&](std::size_t p) {
      for (std::size_t s = pieces.first(p); s != pieces.last(p); ++s) {
        std::size_t to = s * output_.size();
        for (std::size_t i = 0; i != output_[0]; ++i) {
          for (std::size_t j = 0; j != output_[1]; ++j, to += output_[2]) {
            f(s * input_.size() + (i * stride_ * input_[1] + j * stride_) * input_[2], to);
          }
        }
      }
    });
  }

  std::size_t kernel_;
  std::size_t stride_;
  shape input_;
  shape output_;
  std::vector<std::uint32_t> choice_;  // which element of its window each output is
};

static_assert(layer<max_pool<>>);

}  // namespace nn

}  // namespace sqwa::inline SQWA_ABI

#endif
