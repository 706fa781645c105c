// SPDX-License-Identifier: BSD-3-Clause
// Activations that are left out at random.
#ifndef SQWA_NN_DROPOUT_HPP
#define SQWA_NN_DROPOUT_HPP

#include <sqwa/core/contract.hpp>
#include <sqwa/core/noise.hpp>
#include <sqwa/nn/layer.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace sqwa::inline SQWA_ABI {

namespace nn {

/// In training, each element becomes 0 with probability p, and the others x / (1 - p); else y = x.
///
/// What is left out depends on the seed of the model, the place of the layer in it, how many training passes there were
/// before, and the element alone: the same on every executor. p is rounded up to a multiple of 2^-24. A NaN or an
/// infinity that is left out becomes 0.
///
/// N. Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting", JMLR 15, 2014.
/// Memory: none; `backward` asks the noise again.
template <real T = float>
class dropout : public layer_defaults<T> {
 public:
  static constexpr char const* name = "dropout";

  /// @pre 0 <= p < 1
  explicit dropout(float p = 0.5F) : p_(p) { expects(p >= 0 && p < 1, "dropout: probability {} is not in [0, 1)", p); }

  shape build(shape const& input, noise const& init) {
    noise_ = init;
    passes_ = 0;
    return input;
  }

  template <any_backend B>
  void forward(std::span<T const> x, std::span<T> y, std::size_t, pass what, B const& where) {
    if (what == pass::train) {
      ++passes_;
      mask(x, y, where);
    } else {
      for_each_chunk(where.exec, y.size(), [=](std::size_t first, std::size_t last) {
        std::copy_n(x.data() + first, last - first, y.data() + first);
      });
    }
  }

  template <any_backend B>
  void backward(std::span<T const>, std::span<T const> dy, std::span<T> dx, std::size_t, B const& where) {
    mask(dy, dx, where);
  }

  /// How many training passes there were since `build`: all that a checkpoint has to keep.
  [[nodiscard]] std::uint64_t passes() const noexcept { return passes_; }
  /// Continues as after that many passes.
  void set_passes(std::uint64_t passes) noexcept { passes_ = passes; }

 private:
  /// to = from where the noise of the last training pass keeps it, scaled.
  template <any_backend B>
  void mask(std::span<T const> from, std::span<T> to, B const& where) const {
    noise u = noise_;
    u.step += first_step + passes_;
    T const scale = T(1) / (T(1) - static_cast<T>(p_));
    for_each_chunk(where.exec, to.size(), [=, p = p_](std::size_t first, std::size_t last) {
      std::array<float, 64> chance{};  // chunks begin at multiples of 64
      for (std::size_t i = first; i < last; i += chance.size()) {
        std::size_t const n = std::min(chance.size(), last - i);
        u.fill(i, std::span(chance).first(n));
        for (std::size_t k = 0; k != n; ++k) to[i + k] = chance[k] < p ? T(0) : from[i + k] * scale;
      }
    });
  }

  static constexpr std::uint64_t first_step = std::uint64_t{1} << 40;  // initial weights use steps below

  float p_;
  noise noise_;
  std::uint64_t passes_ = 0;
};

static_assert(layer<dropout<float>> && layer<dropout<double>>);

}  // namespace nn

}  // namespace sqwa::inline SQWA_ABI

#endif
