// SPDX-License-Identifier: BSD-3-Clause
// Pooling: the largest value of a window, the mean of a channel.
#ifndef SQWA_NN_POOLING_HPP
#define SQWA_NN_POOLING_HPP

#include <sqwa/core/contract.hpp>
#include <sqwa/nn/layer.hpp>

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

namespace sqwa::inline SQWA_ABI {
namespace nn {

/// The largest value of each window, channel by channel; the first of equals gets the gradient. Windows stay inside the image.
template <real T = float>
class max_pool {
 public:
  using value_type = T;
  static constexpr char const* name = "max_pool";

  /// @param stride  0: the window's side
  explicit max_pool(std::size_t window, std::size_t stride = 0)
      : window_(window), stride_(stride == 0 ? window : stride) {}

  /// @pre input is row × column × channel and holds a window, which has at least one element
  shape build(shape const& input, noise) {
    expects(input.rank() == 3, "max_pool: an input of {} axes; row, column and channel are needed", input.rank());
    expects(window_ >= 1 && input[0] >= window_ && input[1] >= window_, "max_pool: a window of {} in an image of {} x {}",
            window_, input[0], input[1]);
    in_ = input;
    out_ = {(input[0] - window_) / stride_ + 1, (input[1] - window_) / stride_ + 1, input[2]};
    return out_;
  }

  template <any_backend B>
  void forward(std::span<T const> x, std::span<T> y, std::size_t batch, pass, B const& where) {
    winner_.resize(y.size());
    pieces const part{batch};
    where.exec.for_each(part.count(), [&](std::size_t p) {
      for (std::size_t s = part.first(p); s != part.last(p); ++s) sample(x, y, s);
    });
  }

  template <any_backend B>
  void backward(std::span<T const>, std::span<T const>, std::span<T const> dy, std::span<T> dx, std::size_t batch,
                B const& where) const {
    if (dx.empty()) return;
    pieces const part{batch};
    where.exec.for_each(part.count(), [&](std::size_t p) {
      std::ranges::fill(dx.subspan(part.first(p) * in_.size(), (part.last(p) - part.first(p)) * in_.size()), T(0));
      for (std::size_t i = part.first(p) * out_.size(); i != part.last(p) * out_.size(); ++i) dx[winner_[i]] += dy[i];
    });
  }

  std::vector<parameter<T>> parameters() { return {}; }

 private:
  void sample(std::span<T const> x, std::span<T> y, std::size_t s) {
    std::size_t const channels = in_[2];
    std::size_t at = s * out_.size();
    for (std::size_t r = 0; r != out_[0]; ++r) {
      for (std::size_t c = 0; c != out_[1]; ++c, at += channels) {
        for (std::size_t dr = 0; dr != window_; ++dr) {
          for (std::size_t dc = 0; dc != window_; ++dc) {
            std::size_t const from = s * in_.size() + ((r * stride_ + dr) * in_[1] + c * stride_ + dc) * channels;
            bool const begin = dr == 0 && dc == 0;
            for (std::size_t k = 0; k != channels; ++k) {
              bool const better = begin || x[from + k] > y[at + k];
              y[at + k] = better ? x[from + k] : y[at + k];
              winner_[at + k] = better ? from + k : winner_[at + k];
            }
          }
        }
      }
    }
  }

  std::size_t window_;
  std::size_t stride_;
  shape in_;
  shape out_;
  std::vector<std::size_t> winner_;  // where each output came from
};
max_pool(std::size_t) -> max_pool<float>;
max_pool(std::size_t, std::size_t) -> max_pool<float>;
max_pool(int) -> max_pool<float>;
max_pool(int, int) -> max_pool<float>;

/// The mean of each channel over the image.
template <real T = float>
class global_average_pool {
 public:
  using value_type = T;
  static constexpr char const* name = "global_average_pool";

  /// @pre input is row × column × channel, not empty
  shape build(shape const& input, noise) {
    expects(input.rank() == 3 && input.size() > 0, "global_average_pool: an input of {} axes and {} values", input.rank(),
            input.size());
    places_ = input[0] * input[1];
    channels_ = input[2];
    return {channels_};
  }

  template <any_backend B>
  void forward(std::span<T const> x, std::span<T> y, std::size_t batch, pass, B const& where) const {
    pieces const part{batch};
    where.exec.for_each(part.count(), [&](std::size_t p) {
      for (std::size_t s = part.first(p); s != part.last(p); ++s) {
        auto const mean = y.subspan(s * channels_, channels_);
        std::ranges::fill(mean, T(0));
        for (std::size_t i = 0; i != places_; ++i) {
          for (std::size_t k = 0; k != channels_; ++k) mean[k] += x[(s * places_ + i) * channels_ + k];
        }
        for (T& m : mean) m /= static_cast<T>(places_);
      }
    });
  }

  template <any_backend B>
  void backward(std::span<T const>, std::span<T const>, std::span<T const> dy, std::span<T> dx, std::size_t batch,
                B const&) const {
    if (dx.empty()) return;
    for (std::size_t s = 0; s != batch; ++s) {
      for (std::size_t i = 0; i != places_; ++i) {
        for (std::size_t k = 0; k != channels_; ++k) {
          dx[(s * places_ + i) * channels_ + k] = dy[s * channels_ + k] / static_cast<T>(places_);
        }
      }
    }
  }

  std::vector<parameter<T>> parameters() { return {}; }

 private:
  std::size_t places_ = 0;
  std::size_t channels_ = 0;
};
global_average_pool() -> global_average_pool<float>;

}  // namespace nn
}  // namespace sqwa::inline SQWA_ABI

#endif
