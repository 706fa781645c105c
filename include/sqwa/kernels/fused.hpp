// SPDX-License-Identifier: BSD-3-Clause
// Kernels for training at full speed: fused multiply-add, and Winograd's filters for 3 x 3 convolutions.
#ifndef SQWA_KERNELS_FUSED_HPP
#define SQWA_KERNELS_FUSED_HPP

#include <sqwa/kernels/avx512.hpp>
#include <sqwa/kernels/winograd.hpp>
#include <sqwa/kernels/xsimd_gemm.hpp>

#include <cstddef>
#include <span>
#include <type_traits>
#include <xsimd/xsimd.hpp>

namespace sqwa::inline SQWA_ABI {

/// A kernel set whose matrix products and convolutions trade the last bits for speed.
///
/// Products and sums are rounded once where the processor can (two roundings otherwise), and 3 x 3 convolutions of
/// stride 1 take a quarter of the multiplications. So results differ in their last bits between instruction sets, and
/// from those of the other kernel sets: by at most `columns * epsilon * sum of |products|` for a product, and by about
/// 1e-5 of the largest output for a 3 x 3 convolution in float. They do not depend on threads or on the run.
/// Everything else is Base's.
template <kernel_set Base = native_kernels, class Arch = xsimd::default_arch>
struct fused_kernels : Base {
  template <class T>
  static void gemm(matrix<T> c, matrix<T const> a, matrix<T const> b) noexcept {
    detail::xsimd_product<T, Arch, true>::gemm(c, a, b);
  }
  template <class T>
  static void convolve(matrix<T> c, windows<T> a, matrix<T const> b) noexcept {
    detail::xsimd_product<T, Arch, true>::convolve(c, a, b);
  }
  template <class T>
  static void convolve_transposed(matrix<T> c, windows<T> a, matrix<T const> b) noexcept {
    detail::xsimd_product<T, Arch, true>::convolve_transposed(c, a, b);
  }

  /// Whether the members below work for so many channels: a vector has to divide both.
  template <class T>
  static bool has_winograd(std::size_t inputs, std::size_t outputs) noexcept {
    return inputs > 0 && outputs > 0 && lanes_for<batch<T>>(inputs, outputs) != 0;
  }
  /// The members of `detail::winograd`, with the longest vectors that divide the channels.
  /// @pre has_winograd(inputs, outputs)
  template <class T>
  static void winograd_filters(T const* weights, std::size_t inputs, std::size_t outputs, T* u) noexcept {
    with<T>(inputs, outputs, [&]<class W>(W) { W::filters(weights, inputs, outputs, u); });
  }
  template <class T>
  static void winograd_filter_gradient(T const* u, std::size_t inputs, std::size_t outputs, T* weights) noexcept {
    with<T>(inputs, outputs, [&]<class W>(W) { W::filter_gradient(u, inputs, outputs, weights); });
  }
  template <class T>
  static void winograd_convolve(winograd_canvas<T> x, std::span<winograd_tile const> tiles, T const* u,
                                std::size_t outputs, T* y, std::size_t row_stride, bool add, T* scratch) noexcept {
    with<T>(x.channels, outputs, [&]<class W>(W) { W::convolve(x, tiles, u, outputs, y, row_stride, add, scratch); });
  }
  template <class T>
  static void winograd_add_gradient(winograd_canvas<T> x, std::span<winograd_tile const> tiles,
                                    winograd_canvas<T> errors, std::span<winograd_tile const> error_tiles, T* u,
                                    T* scratch) noexcept {
    with<T>(x.channels, errors.channels,
            [&]<class W>(W) { W::add_gradient(x, tiles, errors, error_tiles, u, scratch); });
  }

 private:
  template <class T>
  using batch = xsimd::batch<T, Arch>;

  /// The vector of half as many lanes, or void.
  template <class B>
  using half = xsimd::make_sized_batch_t<typename B::value_type, B::size / 2>;

  template <class B>
  static std::size_t lanes_for(std::size_t inputs, std::size_t outputs) noexcept {
    if (inputs % B::size == 0 && outputs % B::size == 0) return B::size;
    if constexpr (!std::is_void_v<half<B>>) return lanes_for<half<B>>(inputs, outputs);
    return 0;
  }

  template <class T, class B = batch<T>, class F>
  static void with(std::size_t inputs, std::size_t outputs, F f) noexcept {
    if constexpr (!std::is_void_v<half<B>>) {
      if (inputs % B::size != 0 || outputs % B::size != 0) return with<T, half<B>>(inputs, outputs, f);
    }
    f(detail::winograd<B>{});
  }
};

static_assert(winograd_kernel_set<fused_kernels<>>);

}  // namespace sqwa::inline SQWA_ABI

#endif
