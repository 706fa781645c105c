// SPDX-License-Identifier: BSD-3-Clause
// A quantizer of your own: a format is a list of points, a fit is a call. Packing, rounding and decoding come with it.
//
// Prints:
//   denser: 19.39 dB
//   denser with the best scale: 19.53 dB
//   symmetric<15> with the best scale: 18.88 dB
#include <sqwa/core/normal.hpp>
#include <sqwa/quant/encode.hpp>
#include <sqwa/quant/encoded.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <span>
#include <vector>

struct denser {  // fifteen points, closer together where most weights are
  static constexpr int levels = 15;
  static constexpr int bits = 4;
  using code = std::uint8_t;
  [[nodiscard]] static constexpr std::array<float, 15> points() noexcept {
    return {-22, -16, -12, -9, -6, -4, -2, 0, 2, 4, 6, 9, 12, 16, 22};
  }
  bool operator==(denser const&) const = default;
};

struct three_sigma {  // the outermost point lies at three standard deviations
  template <sqwa::real T>
  [[nodiscard]] float operator()(std::span<T const> block, auto const& format) const {
    double sum = 0;
    for (T w : block) sum += static_cast<double>(w) * static_cast<double>(w);
    double const deviation = std::sqrt(sum / static_cast<double>(std::max<std::size_t>(block.size(), 1)));
    return static_cast<float>(3 * deviation) / sqwa::outermost_point(format);
  }
};
static_assert(sqwa::point_format<denser> && sqwa::fit<three_sigma, denser>);

namespace {

void show(char const* name, auto const& quantizer) {
  std::vector<float> w(65'536), scales(1);
  for (std::size_t i = 0; i != w.size(); ++i) w[i] = static_cast<float>(sqwa::normal({.seed = 1}, i));
  sqwa::shape const extents{w.size()};
  sqwa::fit_scales(quantizer, std::span<float const>(w), extents, scales);
  std::vector<float> low(w.size());
  sqwa::encode(quantizer, std::span<float const>(w), extents, scales).decode(std::span(low));
  double signal = 0, noise = 0;
  for (std::size_t i = 0; i != w.size(); ++i) {
    signal += std::pow(w[i], 2);
    noise += std::pow(w[i] - low[i], 2);
  }
  std::printf("%s: %.2f dB\n", name, 10 * std::log10(signal / noise));
}

}  // namespace

int main() {
  show("denser", sqwa::quantizer{denser{}, three_sigma{}});
  show("denser with the best scale", sqwa::quantizer{denser{}});
  show("symmetric<15> with the best scale", sqwa::quantizer{sqwa::symmetric<15>{}});
}
