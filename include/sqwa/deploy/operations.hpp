// SPDX-License-Identifier: BSD-3-Clause
// What the layers of a network for a microcontroller compute. Freestanding.
#ifndef SQWA_DEPLOY_OPERATIONS_HPP
#define SQWA_DEPLOY_OPERATIONS_HPP

#include <sqwa/deploy/layer.hpp>
#include <sqwa/deploy/products.hpp>

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace sqwa::inline SQWA_ABI {

namespace deploy::detail {

/// A sum as a value of a layer's output; NaN stays NaN.
template <class Out, class A>
constexpr Out finished(layer<A> const& l, typename A::sum sum, std::size_t channel) noexcept {
  auto const y = A::finish(sum, l.factors[channel], l.offsets[channel], l.shift);
  return static_cast<Out>(y < l.low ? l.low : y > l.high ? l.high : y);
}

template <class Out, class A>
constexpr void rescale(layer<A> const& l, typename A::value const* x, Out* y) noexcept {
  for (std::size_t i = 0, c = 0; i != l.in.size(); ++i) {
    y[i] = finished<Out>(l, static_cast<typename A::sum>(x[i]), c);
    if (++c == l.in.channels) c = 0;
  }
}

/// Calls `f(row, column, output)` for each pixel of the output: its place in the input, before padding is taken away,
/// and the first of its values.
template <class A, class Out, class F>
constexpr void each_pixel(layer<A> const& l, Out* y, F f) noexcept {
  for (std::size_t i = 0; i != l.out.rows; ++i) {
    for (std::size_t j = 0; j != l.out.columns; ++j, y += l.out.channels) f(i * l.stride, j * l.stride, y);
  }
}

/// The values of the window whose corner is (row, column) of the padded image, in a row: where they lie, or copied.
template <class A>
constexpr typename A::value const* window_at(layer<A> const& l, typename A::value const* x, std::size_t row,
                                             std::size_t column, typename A::value* copy) noexcept {
  std::size_t const channels = l.in.channels, line = l.in.columns * channels;
  if (l.padding == 0 && ((l.window_rows == 1 && l.window_columns == 1) ||
                         (l.window_rows == l.in.rows && l.window_columns == l.in.columns))) {
    return x + row * line + column * channels;
  }
  // Of each row of the window: zeros, what lies inside the image, zeros.
  auto const clipped = [&](std::size_t j) {
    return j < l.padding ? 0 : j - l.padding < l.in.columns ? (j - l.padding) * channels : line;
  };
  std::size_t const first = clipped(column), last = clipped(column + l.window_columns);
  std::size_t const length = l.window_columns * channels;
  std::size_t const before = column < l.padding ? (l.padding - column) * channels : 0;
  auto* to = copy;
  for (std::size_t i = row; i != row + l.window_rows; ++i, to += length) {
    bool const inside = i >= l.padding && i - l.padding < l.in.rows;
    auto const* from = x + (inside ? i - l.padding : 0) * line + first;
    std::size_t const count = inside ? last - first : 0, skipped = before < length ? before : length;
    for (std::size_t k = 0; k != skipped; ++k) to[k] = l.zero;
    for (std::size_t k = 0; k != count; ++k) to[skipped + k] = from[k];
    for (std::size_t k = skipped + count; k != length; ++k) to[k] = l.zero;
  }
  return copy;
}

template <int Bits, class Out>
constexpr void convolve(layer<integers> const& l, std::uint8_t const* x, Out* y, std::uint8_t* copy) noexcept {
  std::size_t const n = l.window_size(), bytes = row_bytes(n, Bits);
  each_pixel(l, y, [&](std::size_t row, std::size_t column, Out* pixel) {
    std::uint8_t const* const window = window_at(l, x, row, column, copy);
    std::uint32_t const centre = static_cast<std::uint32_t>(centre_of(Bits)) * sum_of(window, n);
    std::uint8_t const* codes = l.codes;
    for (std::size_t f = 0; f != l.out.channels; ++f, codes += bytes) {
      std::uint32_t const sum = field_products<Bits>(codes, window, n) - centre;
      pixel[f] = finished<Out>(l, static_cast<std::int32_t>(sum), f);
    }
  });
}

template <int Bits>
constexpr void convolve(layer<floats> const& l, float const* x, float* y, float* copy) noexcept {
  std::size_t const n = l.window_size();
  each_pixel(l, y, [&](std::size_t row, std::size_t column, float* pixel) {
    float const* const window = window_at(l, x, row, column, copy);
    for (std::size_t f = 0; f != l.out.channels; ++f) {
      if constexpr (Bits == 32) {
        pixel[f] = finished<float>(l, float_products(l.floats + f * n, window, n), f);
      } else {
        pixel[f] = finished<float>(l, code_products<Bits>(l.codes + f * row_bytes(n, Bits), window, n), f);
      }
    }
  });
}

/// The weights of one channel of a depthwise convolution, as they lie.
template <int Bits, class A>
constexpr auto const* weights_of(layer<A> const& l, std::size_t channel) noexcept {
  if constexpr (Bits == 32) {
    return l.floats + channel * l.window_size();
  } else {
    return l.codes + channel * row_bytes(l.window_size(), Bits);
  }
}

/// The i-th of them as a number.
template <int Bits, class A, class Weight>
constexpr typename A::sum weight_at(Weight const* weights, std::size_t i) noexcept {
  if constexpr (Bits == 32) {
    return weights[i];
  } else {
    return static_cast<typename A::sum>(static_cast<int>(field_at<Bits>(weights, i)) - centre_of(Bits));
  }
}

/// Of a window of `length` that begins at `begin` of a padded line, what lies inside its `n` values: from `first` to
/// `last`.
struct seen_part {
  std::size_t first, last;

  constexpr seen_part(std::size_t begin, std::size_t length, std::size_t padding, std::size_t n) noexcept
      : first(least(length, begin < padding ? padding - begin : 0)),
        last(least(length, begin < n + padding ? n + padding - begin : 0)) {
    if (last < first) last = first;
  }

 private:
  static constexpr std::size_t least(std::size_t a, std::size_t b) noexcept { return a < b ? a : b; }
};

/// Each channel with a filter of its own. The padding's `zero` is taken from all values, so that only those inside the
/// image count, and is added again with the sum of the weights.
template <int Bits, class Out, class A>
constexpr void convolve_each(layer<A> const& l, typename A::value const* x, Out* y) noexcept {
  using sum_type = typename A::sum;
  auto const zero = static_cast<sum_type>(l.zero);
  std::size_t const channels = l.in.channels;
  each_pixel(l, y, [&](std::size_t row, std::size_t column, Out* pixel) {
    seen_part rows(row, l.window_rows, l.padding, l.in.rows);
    seen_part const columns(column, l.window_columns, l.padding, l.in.columns);
    if (columns.first == columns.last) rows.last = rows.first;  // no pointer to what is not there
    for (std::size_t c = 0; c != l.out.channels; ++c) {
      auto const* const weights = weights_of<Bits>(l, c);
      sum_type sum = 0;
      for (std::size_t i = rows.first; i != rows.last; ++i) {
        std::size_t const line = (row + i - l.padding) * l.in.columns;
        auto const* value = x + (line + column + columns.first - l.padding) * channels + c;
        std::size_t const end = i * l.window_columns + columns.last;
        for (std::size_t at = i * l.window_columns + columns.first; at != end; ++at, value += channels) {
          sum += weight_at<Bits, A>(weights, at) * (static_cast<sum_type>(*value) - zero);
        }
      }
      if (l.zero != 0) {
        for (std::size_t i = 0; i != l.window_size(); ++i) sum += weight_at<Bits, A>(weights, i) * zero;
      }
      pixel[c] = finished<Out>(l, sum, c);
    }
  });
}

/// Calls `f(value)` for the values of one channel in the window at (row, column), which lies inside the image.
template <class A, class F>
constexpr void each_of_window(layer<A> const& l, typename A::value const* x, std::size_t row, std::size_t column,
                              F f) noexcept {
  for (std::size_t i = row; i != row + l.window_rows; ++i) {
    auto const* from = x + (i * l.in.columns + column) * l.in.channels;
    for (std::size_t j = 0; j != l.window_columns; ++j, from += l.in.channels) f(*from);
  }
}

template <class Out, class A>
constexpr void max_pool(layer<A> const& l, typename A::value const* x, Out* y) noexcept {
  each_pixel(l, y, [&](std::size_t row, std::size_t column, Out* pixel) {
    for (std::size_t c = 0; c != l.out.channels; ++c) {
      auto most = static_cast<typename A::wide>(x[(row * l.in.columns + column) * l.in.channels + c]);
      each_of_window(l, x + c, row, column, [&](auto v) {
        if (static_cast<typename A::wide>(v) > most) most = static_cast<typename A::wide>(v);
      });
      pixel[c] = static_cast<Out>(most < l.low ? l.low : most > l.high ? l.high : most);
    }
  });
}

template <class Out, class A>
constexpr void average_pool(layer<A> const& l, typename A::value const* x, Out* y) noexcept {
  each_pixel(l, y, [&](std::size_t row, std::size_t column, Out* pixel) {
    for (std::size_t c = 0; c != l.out.channels; ++c) {
      typename A::sum sum = 0;
      each_of_window(l, x + c, row, column, [&](auto v) { sum += static_cast<typename A::sum>(v); });
      pixel[c] = finished<Out>(l, sum, 0);
    }
  });
}

template <class Out, class A>
constexpr void add(layer<A> const& l, typename A::value const* x, typename A::value const* other, Out* y) noexcept {
  each_pixel(l, y, [&](std::size_t row, std::size_t column, Out* pixel) {
    for (std::size_t c = 0; c != l.out.channels; ++c, ++x) {
      bool const beside = c < l.front || c - l.front >= l.other_in.channels;
      auto const side =
          beside ? l.zero : other[(row * l.other_in.columns + column) * l.other_in.channels + (c - l.front)];
      auto const first = A::finish(static_cast<typename A::sum>(*x), l.factors[0], l.offsets[0], 0);
      auto const v = A::finish(static_cast<typename A::sum>(side), l.factors[1], first, l.shift);
      pixel[c] = static_cast<Out>(v < l.low ? l.low : v > l.high ? l.high : v);
    }
  });
}

}  // namespace deploy::detail

}  // namespace sqwa::inline SQWA_ABI

#endif
