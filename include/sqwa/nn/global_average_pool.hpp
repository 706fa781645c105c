// SPDX-License-Identifier: BSD-3-Clause
// The mean of each channel over the whole image.
#ifndef SQWA_NN_GLOBAL_AVERAGE_POOL_HPP
#define SQWA_NN_GLOBAL_AVERAGE_POOL_HPP

#include <sqwa/nn/layer.hpp>

#include <cstddef>
#include <span>

namespace sqwa::inline SQWA_ABI {

namespace nn {

/// [rows][columns][channels] to [channels]: the mean over rows and columns.
///
/// Memory: none.
template <real T = float>
class global_average_pool : public layer_defaults<T> {
 public:
  static constexpr char const* name = "global_average_pool";

  /// @pre the input is an image with at least one element
  shape build(shape const& input, noise const&) {
    expects(input.rank() == 3 && input.size() > 0, "global_average_pool: an input of {} extents and {} elements",
            input.rank(), input.size());
    positions_ = input[0] * input[1];
    channels_ = input[2];
    return shape{channels_};
  }

  template <any_backend B>
  void forward(std::span<T const> x, std::span<T> y, std::size_t batch, pass, B const& where) {
    each_sample(batch, where, [&](std::size_t s) {
      T const* const image = x.data() + s * positions_ * channels_;
      T* const out = y.data() + s * channels_;
      detail::sum_channels(positions_, channels_, out, [image](std::size_t at, std::size_t) { return image[at]; });
      for (std::size_t c = 0; c != channels_; ++c) out[c] /= static_cast<T>(positions_);
    });
  }

  template <any_backend B>
  void backward(std::span<T const>, std::span<T const> dy, std::span<T> dx, std::size_t batch, B const& where) {
    if (dx.empty()) return;
    each_sample(batch, where, [&](std::size_t s) {
      T* const out = dx.data() + s * positions_ * channels_;
      for (std::size_t c = 0; c != channels_; ++c) out[c] = dy[s * channels_ + c] / static_cast<T>(positions_);
      for (std::size_t i = channels_; i != positions_ * channels_; ++i) out[i] = out[i - channels_];
    });
  }

 private:
  template <any_backend B, class F>
  static void each_sample(std::size_t batch, B const& where, F f) {
    auto const pieces = detail::sample_pieces(batch);
    where.exec.for_each(pieces.count(), [&](std::size_t p) {
      for (std::size_t s = pieces.first(p); s != pieces.last(p); ++s) f(s);
    });
  }

  std::size_t positions_ = 0;
  std::size_t channels_ = 0;
};

static_assert(layer<global_average_pool<>>);

}  // namespace nn

}  // namespace sqwa::inline SQWA_ABI

#endif
