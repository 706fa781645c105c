// SPDX-License-Identifier: BSD-3-Clause
// Convolutions with 3 x 3 kernels by Winograd's minimal filtering F(4x4, 3x3): a quarter of the multiplications.
#ifndef SQWA_KERNELS_WINOGRAD_HPP
#define SQWA_KERNELS_WINOGRAD_HPP

#include <sqwa/kernels/portable.hpp>
#include <sqwa/kernels/register_tiles.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>

namespace sqwa::inline SQWA_ABI {

/// One tile of 4 x 4 outputs of a convolution with a 3 x 3 kernel: where its 6 x 6 inputs begin in the canvas, where it
/// goes, and how much of it lies inside the image. Offsets are in elements.
struct winograd_tile {
  std::uint32_t from = 0;
  std::uint32_t to = 0;
  std::uint8_t rows = 4;
  std::uint8_t columns = 4;
};

/// Images with zeros around them, channels last: pixel (i, j) is `data + i * row_stride + j * channels`.
template <class T>
struct winograd_canvas {
  T const* data = nullptr;
  std::size_t row_stride = 0;
  std::size_t channels = 0;
};

/// A kernel set with Winograd's filters for some numbers of channels.
template <class K>
concept winograd_kernel_set = kernel_set<K> && requires(std::size_t n) {
  { K::template has_winograd<float>(n, n) } -> std::same_as<bool>;
};

namespace detail {

/// How many tiles are multiplied at once: enough to fill register tiles, few enough to stay in the nearest caches.
inline constexpr std::size_t winograd_block = 16;
/// Elements of a transformed tile.
inline constexpr std::size_t winograd_points = 36;
/// From one point to the next, for `tiles` of `channels`: not a multiple of a power of two, so that the 36 values of a
/// tile do not compete for the same lines of a cache.
constexpr std::size_t winograd_stride(std::size_t tiles, std::size_t channels) noexcept {
  return tiles * channels + 16;
}
/// Elements that `convolve` and `add_gradient` work in.
constexpr std::size_t winograd_scratch(std::size_t inputs, std::size_t outputs) noexcept {
  return winograd_points * (winograd_stride(winograd_block, inputs) + winograd_stride(winograd_block, outputs));
}

/// A. Lavin, S. Gray, "Fast algorithms for convolutional neural networks", CVPR 2016: Y = A'[(G g G') . (B' d B)]A with
/// the interpolation points 0, 1, -1, 2, -2. The channels of a pixel are the lanes of vectors, so that no transform
/// moves a lane. The gradient in g is G'[sum over tiles of (A dY A') . (B' d B)]G.
///
/// In float, results differ from the direct sum by about 1e-5 of the largest output; tests/kernels/winograd.test.cpp
/// states the bound. Transformed values lie as [point][tile][channel], filters as [point][input channel][output
/// channel].
///
/// @tparam V  a vector with `size`, load_unaligned, store_unaligned, + - * and `fma(a, b, c)` = a b + c
template <class V>
class winograd {
 public:
  using T = typename V::value_type;
  static constexpr std::size_t lanes = V::size;

  /// u from weights [3][3][input channel][output channel].
  static void filters(T const* weights, std::size_t inputs, std::size_t outputs, T* u) noexcept {
    std::size_t const plane = inputs * outputs;
    for (std::size_t at = 0; at != plane; at += lanes) {
      V t[6][3];
      for (std::size_t j = 0; j != 3; ++j) {
        V out[6];
        spread(V::load_unaligned(weights + j * plane + at), V::load_unaligned(weights + (3 + j) * plane + at),
               V::load_unaligned(weights + (6 + j) * plane + at), out);
        for (std::size_t i = 0; i != 6; ++i) t[i][j] = out[i];
      }
      for (std::size_t i = 0; i != 6; ++i) {
        V out[6];
        spread(t[i][0], t[i][1], t[i][2], out);
        for (std::size_t j = 0; j != 6; ++j) out[j].store_unaligned(u + (i * 6 + j) * plane + at);
      }
    }
  }

  /// The gradient in weights [3][3][input channel][output channel] from that in u.
  static void filter_gradient(T const* u, std::size_t inputs, std::size_t outputs, T* weights) noexcept {
    std::size_t const plane = inputs * outputs;
    for (std::size_t at = 0; at != plane; at += lanes) {
      V t[3][6];
      for (std::size_t j = 0; j != 6; ++j) {
        V in[6], out[3];
        for (std::size_t i = 0; i != 6; ++i) in[i] = V::load_unaligned(u + (i * 6 + j) * plane + at);
        gather(in, out);
        for (std::size_t i = 0; i != 3; ++i) t[i][j] = out[i];
      }
      for (std::size_t i = 0; i != 3; ++i) {
        V out[3];
        gather(t[i], out);
        for (std::size_t j = 0; j != 3; ++j) out[j].store_unaligned(weights + (i * 3 + j) * plane + at);
      }
    }
  }

  /// y of at most `winograd_block` tiles; with `add`, y += instead. Pixel (i, j) of a tile goes to
  /// y + tile.to + i * row_stride + j * outputs. `scratch` holds `winograd_scratch(inputs, outputs)` elements.
  static void convolve(winograd_canvas<T> x, std::span<winograd_tile const> tiles, T const* u, std::size_t outputs,
                       T* y, std::size_t row_stride, bool add, T* scratch) noexcept {
    std::size_t const n = tiles.size(), inputs = x.channels;
    std::size_t const step = winograd_stride(n, inputs), out_step = winograd_stride(n, outputs);
    T* const v = scratch;
    T* const m = scratch + winograd_points * step;
    for (std::size_t t = 0; t != n; ++t) transform_input(x, tiles[t].from, v + t * inputs, step);
    for (std::size_t k = 0; k != winograd_points; ++k) {
      register_tiles<V>::template multiply<false>(v + k * step, inputs, n, inputs, u + k * inputs * outputs, outputs,
                                                  m + k * out_step);
    }
    for (std::size_t t = 0; t != n; ++t) {
      transform_output(m + t * outputs, out_step, outputs, tiles[t], y + tiles[t].to, row_stride, add);
    }
  }

  /// Adds to the gradient in u what at most `winograd_block` tiles give. `errors` begins at the first output of the
  /// canvas of output errors, where zeros stand for what lies outside; `from` of `error_tiles` counts from there.
  static void add_gradient(winograd_canvas<T> x, std::span<winograd_tile const> tiles, winograd_canvas<T> errors,
                           std::span<winograd_tile const> error_tiles, T* u, T* scratch) noexcept {
    std::size_t const n = tiles.size(), inputs = x.channels, outputs = errors.channels;
    std::size_t const step = winograd_stride(n, inputs), out_step = winograd_stride(n, outputs);
    T* const v = scratch;
    T* const m = scratch + winograd_points * step;
    for (std::size_t t = 0; t != n; ++t) {
      transform_input(x, tiles[t].from, v + t * inputs, step);
      transform_error(errors, error_tiles[t].from, m + t * outputs, out_step);
    }
    for (std::size_t k = 0; k != winograd_points; ++k) {
      register_tiles<V>::template multiply<true>(v + k * step, inputs, inputs, n, m + k * out_step, outputs,
                                                 u + k * inputs * outputs);
    }
  }

 private:
  /// G g: from 3 to 6.
  static void spread(V a, V b, V c, V out[6]) noexcept {
    V const sixth(T(-1) / 6), twelfth(T(1) / 12), ac = sixth * (a + c);
    V const near = fma(V(T(1) / 24), a, V(T(1) / 6) * c);
    out[0] = V(T(0.25)) * a;
    out[1] = fma(sixth, b, ac);
    out[2] = ac - sixth * b;
    out[3] = fma(twelfth, b, near);
    out[4] = near - twelfth * b;
    out[5] = c;
  }

  /// G' u: from 6 to 3.
  static void gather(V const in[6], V out[3]) noexcept {
    V const sixth(T(-1) / 6), s = in[1] + in[2], d = in[1] - in[2], p = in[3] + in[4], q = in[3] - in[4];
    out[0] = fma(V(T(0.25)), in[0], fma(sixth, s, V(T(1) / 24) * p));
    out[1] = fma(sixth, d, V(T(1) / 12) * q);
    out[2] = fma(sixth, s, fma(V(T(1) / 6), p, in[5]));
  }

  /// B' d: from 6 to 6.
  static void input_points(V const d[6], V out[6]) noexcept {
    V const four(T(4)), minus_four(T(-4)), minus_five(T(-5));
    V const a = fma(minus_four, d[2], d[4]);
    V const b = fma(minus_four, d[1], d[3]);
    V const c = d[4] - d[2];
    V const e = d[3] - d[1];
    V const twice = e + e;
    out[0] = fma(four, d[0], fma(minus_five, d[2], d[4]));
    out[1] = a + b;
    out[2] = a - b;
    out[3] = c + twice;
    out[4] = c - twice;
    out[5] = fma(four, d[1], fma(minus_five, d[3], d[5]));
  }

  /// A' m: from 6 to 4.
  static void output_points(V const m[6], V out[4]) noexcept {
    V const two(T(2)), four(T(4)), eight(T(8));
    V const a = m[1] + m[2], b = m[1] - m[2], c = m[3] + m[4], d = m[3] - m[4];
    out[0] = m[0] + a + c;
    out[1] = fma(two, d, b);
    out[2] = fma(four, c, a);
    out[3] = fma(eight, d, b) + m[5];
  }

  /// A y: from 4 to 6.
  static void error_points(V const y[4], V out[6]) noexcept {
    V const four(T(4)), eight(T(8));
    V const e = y[0] + y[2], f = y[1] + y[3], g = fma(four, y[2], y[0]), h = fma(eight, y[3], y[1] + y[1]);
    out[0] = y[0];
    out[1] = e + f;
    out[2] = e - f;
    out[3] = g + h;
    out[4] = g - h;
    out[5] = y[3];
  }

  static void transform_input(winograd_canvas<T> x, std::size_t from, T* to, std::size_t point_stride) noexcept {
    for (std::size_t c = 0; c != x.channels; c += lanes) {
      T const* const pixels = x.data + from + c;
      V t[6][6];
#pragma GCC unroll 6
      for (std::size_t j = 0; j != 6; ++j) {
        V in[6], out[6];
#pragma GCC unroll 6
        for (std::size_t i = 0; i != 6; ++i) in[i] = V::load_unaligned(pixels + i * x.row_stride + j * x.channels);
        input_points(in, out);
#pragma GCC unroll 6
        for (std::size_t i = 0; i != 6; ++i) t[i][j] = out[i];
      }
#pragma GCC unroll 6
      for (std::size_t i = 0; i != 6; ++i) {
        V out[6];
        input_points(t[i], out);
#pragma GCC unroll 6
        for (std::size_t j = 0; j != 6; ++j) out[j].store_unaligned(to + (i * 6 + j) * point_stride + c);
      }
    }
  }

  static void transform_error(winograd_canvas<T> y, std::size_t from, T* to, std::size_t point_stride) noexcept {
    for (std::size_t c = 0; c != y.channels; c += lanes) {
      T const* const pixels = y.data + from + c;
      V t[6][4];
#pragma GCC unroll 4
      for (std::size_t j = 0; j != 4; ++j) {
        V in[4], out[6];
#pragma GCC unroll 4
        for (std::size_t i = 0; i != 4; ++i) in[i] = V::load_unaligned(pixels + i * y.row_stride + j * y.channels);
        error_points(in, out);
#pragma GCC unroll 6
        for (std::size_t i = 0; i != 6; ++i) t[i][j] = out[i];
      }
#pragma GCC unroll 6
      for (std::size_t i = 0; i != 6; ++i) {
        V out[6];
        error_points(t[i], out);
#pragma GCC unroll 6
        for (std::size_t j = 0; j != 6; ++j) out[j].store_unaligned(to + (i * 6 + j) * point_stride + c);
      }
    }
  }

  static void transform_output(T const* m, std::size_t point_stride, std::size_t channels, winograd_tile tile, T* y,
                               std::size_t row_stride, bool add) noexcept {
    for (std::size_t c = 0; c != channels; c += lanes) {
      V t[4][6];
#pragma GCC unroll 6
      for (std::size_t j = 0; j != 6; ++j) {
        V in[6], out[4];
#pragma GCC unroll 6
        for (std::size_t i = 0; i != 6; ++i) in[i] = V::load_unaligned(m + (i * 6 + j) * point_stride + c);
        output_points(in, out);
#pragma GCC unroll 4
        for (std::size_t i = 0; i != 4; ++i) t[i][j] = out[i];
      }
#pragma GCC unroll 4
      for (std::size_t i = 0; i != 4; ++i) {
        if (i == tile.rows) break;
        V out[4];
        output_points(t[i], out);
        T* const row = y + i * row_stride + c;
#pragma GCC unroll 4
        for (std::size_t j = 0; j != 4; ++j) {
          if (j == tile.columns) break;
          T* const at = row + j * channels;
          if (add) out[j] = out[j] + V::load_unaligned(at);
          out[j].store_unaligned(at);
        }
      }
    }
  }
};

}  // namespace detail

}  // namespace sqwa::inline SQWA_ABI

#endif
