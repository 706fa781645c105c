// SPDX-License-Identifier: BSD-3-Clause
// The mean of each window.
#ifndef SQWA_NN_AVERAGE_POOL_HPP
#define SQWA_NN_AVERAGE_POOL_HPP

#include <sqwa/core/contract.hpp>
#include <sqwa/nn/layer.hpp>
#include <sqwa/nn/window.hpp>

#include <cstddef>
#include <span>

namespace sqwa::inline SQWA_ABI {

namespace nn {

/// The mean of each `kernel` × `kernel` window, every `stride` rows and columns, channel by channel.
///
/// Windows lie inside the image; what is left at its end is not looked at. Memory: none.
template <real T = float>
class average_pool : public layer_defaults<T> {
 public:
  static constexpr char const* name = "average_pool";

  /// A stride of 0 means `kernel`: windows side by side.
  /// @pre kernel > 0
  explicit average_pool(std::size_t kernel, std::size_t stride = 0)
      : window_{kernel, stride == 0 ? kernel : stride, 0} {
    expects(kernel > 0, "average_pool: an empty window");
  }

  /// @pre the input is an image at least as large as a window
  shape build(shape const& input, noise const&) {
    std::size_t const k = window_.kernel;
    expects(input.rank() == 3, "average_pool: an input of {} extents where an image has 3", input.rank());
    expects(input[0] >= k && input[1] >= k, "average_pool: windows of {} x {} in an image of {} x {}", k, k, input[0],
            input[1]);
    input_ = input;
    output_ = shape{window_.outputs(input[0]), window_.outputs(input[1]), input[2]};
    return output_;
  }

  template <any_backend B>
  void forward(std::span<T const> x, std::span<T> y, std::size_t batch, pass, B const& where) {
    auto const count = static_cast<T>(window_.kernel * window_.kernel);
    each_sample(batch, where, [&](std::size_t s) {
      sums(x.data() + s * input_.size(), input_[1], y.data() + s * output_.size(), output_, count,
           [&](std::size_t o, std::size_t) {
             return detail::run{o * window_.stride, o * window_.stride + window_.kernel};
           });
    });
  }

  template <any_backend B>
  void backward(std::span<T const>, std::span<T const> dy, std::span<T> dx, std::size_t batch, B const& where) {
    if (dx.empty()) return;
    auto const count = static_cast<T>(window_.kernel * window_.kernel);
    each_sample(batch, where, [&](std::size_t s) {
      sums(dy.data() + s * output_.size(), output_[1], dx.data() + s * input_.size(), input_, count,
           [&](std::size_t pixel, std::size_t axis) { return window_.outputs_of(pixel, output_[axis]); });
    });
  }

  [[nodiscard]] std::size_t kernel() const noexcept { return window_.kernel; }
  [[nodiscard]] std::size_t stride() const noexcept { return window_.stride; }

 private:
  template <any_backend B, class F>
  static void each_sample(std::size_t batch, B const& where, F f) {
    auto const pieces = detail::sample_pieces(batch);
    where.exec.for_each(pieces.count(), [&](std::size_t p) {
      for (std::size_t s = pieces.first(p); s != pieces.last(p); ++s) f(s);
    });
  }

  /// Each pixel of an image `to` = the sum of those pixels of `from` that `seen(row or column, axis)` names, / count.
  template <class Seen>
  static void sums(T const* from, std::size_t from_columns, T* to, shape const& extents, T count, Seen seen) {
    std::size_t const channels = extents[2];
    for (std::size_t i = 0; i != extents[0]; ++i) {
      detail::run const down = seen(i, 0);
      for (std::size_t j = 0; j != extents[1]; ++j, to += channels) {
        detail::run const across = seen(j, 1);
        detail::for_each_run(channels, [&](auto lanes, std::size_t c) {
          T sum[lanes] = {};
          for (std::size_t a = down.first; a != down.last; ++a) {
            for (std::size_t b = across.first; b != across.last; ++b) {
              T const* const pixel = from + (a * from_columns + b) * channels + c;
              for (std::size_t l = 0; l != lanes; ++l) sum[l] += pixel[l];
            }
          }
          for (std::size_t l = 0; l != lanes; ++l) to[c + l] = sum[l] / count;
        });
      }
    }
  }

  detail::window window_;
  shape input_;
  shape output_;
};

static_assert(layer<average_pool<float>> && layer<average_pool<double>>);

}  // namespace nn

}  // namespace sqwa::inline SQWA_ABI

#endif
