// SPDX-License-Identifier: BSD-3-Clause
// The largest value of each window.
#ifndef SQWA_NN_MAX_POOL_HPP
#define SQWA_NN_MAX_POOL_HPP

#include <sqwa/nn/layer.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
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
    expects(input.size() <= std::numeric_limits<std::uint32_t>::max(), "max_pool: an image of {} elements",
            input.size());
    auto const element = [&](std::size_t row, std::size_t column, std::size_t channel) {
      return static_cast<std::uint32_t>((row * input[1] + column) * input[2] + channel);
    };
    window_.clear();
    for (std::size_t k = 0; k != kernel_ * kernel_; ++k) window_.push_back(element(k / kernel_, k % kernel_, 0));
    row_.clear();
    for (std::size_t i = 0; i != output_[1] * output_[2]; ++i) {
      row_.push_back(element(0, i / output_[2] * stride_, i % output_[2]));
    }
    return output_;
  }

  void reserve(std::size_t batch) { choice_.resize(std::max(choice_.size(), batch * output_.size())); }

  template <any_backend B>
  void forward(std::span<T const> x, std::span<T> y, std::size_t batch, pass, B const& where) {
    each_row(batch, where, [&](std::size_t from, std::size_t to) {
      std::size_t const channels = input_[2];
      for (std::size_t first = 0; first != row_.size(); first += channels) {
        T const* const window = x.data() + from + row_[first];
        std::size_t c = 0;
        for (; c + 16 <= channels; c += 16) choose<16>(window + c, to + first + c, y.data());
        for (; c + 4 <= channels; c += 4) choose<4>(window + c, to + first + c, y.data());
        for (; c + 2 <= channels; c += 2) choose<2>(window + c, to + first + c, y.data());
        if (c != channels) choose<1>(window + c, to + first + c, y.data());
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
    each_row(batch, where, [&](std::size_t from, std::size_t to) {
      T* const image = dx.data() + from;
      for (std::size_t i = 0; i != row_.size(); ++i) image[row_[i] + choice_[to + i]] += dy[to + i];
    });
  }

  [[nodiscard]] std::size_t kernel() const noexcept { return kernel_; }
  [[nodiscard]] std::size_t stride() const noexcept { return stride_; }

 private:
  /// The largest values of N neighbouring channels of the window that begins at `window`, for the outputs from `at` on.
  template <std::size_t N>
  void choose(T const* window, std::size_t at, T* y) {
    T best[N];
    std::uint32_t choice[N] = {};
    std::copy_n(window, N, best);
    for (std::uint32_t const k : window_) {
      for (std::size_t c = 0; c != N; ++c) {
        T const v = window[k + c];
        std::uint32_t const better = v > best[c] ? ~0U : 0U;  // a mask, or the compiler makes branches of it
        best[c] = v > best[c] ? v : best[c];
        choice[c] = (k & better) | (choice[c] & ~better);
      }
    }
    std::copy_n(best, N, y + at);
    std::copy_n(choice, N, choice_.data() + at);
  }

  /// Calls `f(from, to)` for each row of outputs: where its first window begins in the input and where it lies.
  template <any_backend B, class F>
  void each_row(std::size_t batch, B const& where, F f) const {
    auto const pieces = detail::sample_pieces(batch);
    where.exec.for_each(pieces.count(), [&](std::size_t p) {
      for (std::size_t s = pieces.first(p); s != pieces.last(p); ++s) {
        for (std::size_t i = 0; i != output_[0]; ++i) {
          f(s * input_.size() + i * stride_ * input_[1] * input_[2], s * output_.size() + i * row_.size());
        }
      }
    });
  }

  std::size_t kernel_;
  std::size_t stride_;
  shape input_;
  shape output_;
  std::vector<std::uint32_t> window_;  // how far the elements of a window lie from its first
  std::vector<std::uint32_t> row_;     // where the windows of a row of outputs begin, channel by channel
  std::vector<std::uint32_t> choice_;  // how far each output lies from the begin of its window
};

static_assert(layer<max_pool<>>);

}  // namespace nn

}  // namespace sqwa::inline SQWA_ABI

#endif
