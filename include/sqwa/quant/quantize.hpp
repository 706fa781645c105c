// SPDX-License-Identifier: BSD-3-Clause
// From values to scales, to codes, and back.
#ifndef SQWA_QUANT_QUANTIZE_HPP
#define SQWA_QUANT_QUANTIZE_HPP

#include <sqwa/core/contract.hpp>
#include <sqwa/core/noise.hpp>
#include <sqwa/exec/backend.hpp>
#include <sqwa/exec/executor.hpp>
#include <sqwa/quant/format.hpp>
#include <sqwa/quant/granularity.hpp>
#include <sqwa/quant/quantizer.hpp>
#include <sqwa/quant/rounding.hpp>
#include <sqwa/tensor/adapter.hpp>
#include <sqwa/tensor/shape.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <type_traits>
#include <vector>

namespace sqwa::inline SQWA_ABI {

namespace detail {

inline void check_sizes(char const* who, std::size_t values, blocks const& layout, std::size_t scales,
                        std::size_t out) {
  expects(layout.valid(), "{}: {} elements in {} x {} runs of {}", who, layout.size, layout.outer, layout.count,
          layout.inner);
  expects(values == layout.size && scales == layout.count && out == values,
          "{}: {} values, {} scales and {} results; the layout has {} elements in {} blocks", who, values, scales, out,
          layout.size, layout.count);
}

inline void check_scales(char const* who, std::span<float const> scales) {
  for (std::size_t b = 0; b != scales.size(); ++b) {
    expects(scales[b] >= 0 && scales[b] <= std::numeric_limits<float>::max(), "{}: the scale {} of block {}", who,
            scales[b], b);
  }
}

/// The place of the first value whose magnitude is not at most `most`; `x.size()` if there is none.
template <real T, any_backend B>
std::size_t first_above(std::span<T const> x, T most, B const& where) {
  std::size_t const n = x.size();
  auto const search = [&](std::size_t first, std::size_t last) {
    constexpr std::size_t step = 64;  // without a branch inside, so that compilers turn it into vectors
    for (std::size_t i = first; i < last; i += step) {
      std::size_t const end = std::min(i + step, last);
      int above = 0;
      for (std::size_t k = i; k != end; ++k) above |= static_cast<int>(!(std::abs(x[k]) <= most));
      if (above == 0) continue;
      while (std::abs(x[i]) <= most) ++i;
      return i;
    }
    return n;
  };
  return reduce(where.exec, n, n, search, [](std::size_t a, std::size_t b) { return std::min(a, b); });
}

/// Breaks a precondition that names the first NaN.
template <real T, any_backend B>
void refuse_nan(char const* who, std::span<T const> x, B const& where) {
  expects(false, "{}: the value at {} is not a number", who, first_above(x, std::numeric_limits<T>::infinity(), where));
}

/// The code of `w` as a number, +0 rather than -0; a NaN stays one. `scale` = 0 gives 0.
template <uniform_format F, rounding R, real T>
T code_of(T w, T scale, R const& round, float u) noexcept {
  constexpr T limit = F::max_code;
  if (scale == 0) return w == w ? T{0} : w;
  T const t = w / scale;
  if (t >= limit) return limit;
  if (t <= -limit) return -limit;
  if constexpr (!std::same_as<R, nearest_even>) {  // w / scale may fall short of the code that gave w
    T const nearest = std::rint(t);
    if (nearest * scale == w) return nearest + 0;
  }
  return round(t, static_cast<T>(u)) + 0;
}

/// `f(block, first, length)` for the runs of a layout, cut into the executor's pieces.
template <any_backend B, class F>
void for_runs(B const& where, blocks const& layout, F&& f) {
  for_each_chunk(where.exec, layout.size,
                 [&](std::size_t begin, std::size_t end) { for_each_run(layout, begin, end, f); });
}

/// The same; whether all calls returned true.
template <any_backend B, class F>
bool all_runs(B const& where, blocks const& layout, F&& f) {
  auto const some = [&](std::size_t begin, std::size_t end) {
    bool good = true;
    for_each_run(layout, begin, end, [&](std::size_t block, std::size_t first, std::size_t length) {
      good = f(block, first, length) && good;
    });
    return good;
  };
  return reduce(where.exec, layout.size, true, some, [](bool a, bool b) { return a && b; });
}

/// `f(i, u(first + i))` for i in [0, n); 0 in place of the noise for a rounding that needs none.
template <rounding R, class F>
void for_each_noisy(std::size_t n, std::size_t first, noise const& u, F&& f) noexcept {
  if constexpr (R::needs_noise) {
    std::array<float, 256> some;
    for (std::size_t i = 0; i < n; i += some.size()) {
      auto const part = std::span(some).first(std::min(some.size(), n - i));
      u.fill(first + i, part);
      for (std::size_t k = 0; k != part.size(); ++k) f(i + k, part[k]);
    }
  } else {
    for (std::size_t i = 0; i != n; ++i) f(i, 0.0F);
  }
}

/// The codes of a run with one scale, elements from `first` on. Returns whether no value is NaN.
template <uniform_format F, rounding R, real T, any_backend B>
bool code_run(std::span<T const> x, T scale, R const& round, std::span<typename F::code> codes, std::size_t first,
              noise const& u, B const&) noexcept {
  bool numbers = true;
  if constexpr (std::same_as<R, nearest_even> && std::same_as<typename F::code, std::int8_t>) {
    if (scale > 0) return B::kernels::template to_codes<T>(codes, x, scale, F::max_code);
  }
  for_each_noisy<R>(x.size(), first, u, [&](std::size_t i, float noise_at) {
    T const code = code_of<F>(x[i], scale, round, noise_at);
    numbers = numbers && code == code;
    codes[i] = code == code ? static_cast<typename F::code>(code) : typename F::code{0};
  });
  return numbers;
}

}  // namespace detail

/// How many scales a quantizer gives a tensor of these extents.
template <class F, class Fit, class G, class R>
[[nodiscard]] constexpr std::size_t scale_count(quantizer<F, Fit, G, R> const& q, shape const& extents) {
  return q.grain(extents).count;
}

/// Fits one scale for each block: a float, or an `affine_scale` for affine formats.
///
/// The executor gets several blocks at once, the same number of tasks on every machine. A fit that can be called with a
/// backend gets its kernels, and for one block alone its executor. The same bits on every backend. Memory: for each
/// task one block, where the elements of a block do not lie together, and what the fit says.
/// Where a value is refused, `scales` may hold NaN.
/// @pre every value is finite; values.size() == extents.size(); scales.size() == scale_count(q, extents)
template <class F, class Fit, class G, class R, class T, any_backend B = backend<>>
  requires real<std::remove_const_t<T>>
void fit_scales(quantizer<F, Fit, G, R> const& q, std::span<T> values, shape const& extents,
                std::span<scale_of<F>> scales, B const& where = {}) {
  using value = std::remove_const_t<T>;
  std::span<value const> const x = values;
  blocks const layout = q.grain(extents);
  detail::check_sizes("fit_scales", x.size(), layout, scales.size(), x.size());
  auto const refuse_non_finite = [&] {
    std::size_t const bad = detail::first_above(x, std::numeric_limits<value>::max(), where);
    if (bad != x.size()) expects(false, "fit_scales: the value {} at {} is not finite", x[bad], bad);
  };
  constexpr bool told = requires { requires Fit::tells_non_finite; };
  if constexpr (!told) refuse_non_finite();
  auto const fit_one = [&q](std::span<value const> block, auto const& with) {
    if constexpr (requires { q.scale_fit(block, q.format, with); }) {
      return q.scale_fit(block, q.format, with);
    } else {
      return q.scale_fit(block, q.format);
    }
  };
  if (layout.count == 1) {
    scales[0] = fit_one(x, where);
    if constexpr (told) {
      if (scales[0] != scales[0]) refuse_non_finite();
    }
    return;
  }
  backend<typename B::kernels> const here;
  std::size_t const tasks = std::min(layout.count, std::max<std::size_t>(1, chunks{x.size()}.count()));
  where.exec.for_each(tasks, [&](std::size_t task) {
    std::vector<value> gathered;
    for (std::size_t block = task * layout.count / tasks; block != (task + 1) * layout.count / tasks; ++block) {
      if (layout.outer == 1) {
        std::size_t const first = block * layout.inner;
        scales[block] = fit_one(x.subspan(first, std::min(layout.inner, x.size() - first)), here);
      } else {
        gathered.clear();
        for (std::size_t round = 0; round != layout.outer; ++round) {
          auto const run = x.subspan((round * layout.count + block) * layout.inner, layout.inner);
          gathered.insert(gathered.end(), run.begin(), run.end());
        }
        scales[block] = fit_one(std::span<value const>(gathered), here);
      }
    }
  });
  if constexpr (told) {
    if (std::ranges::any_of(scales, [](float s) { return s != s; })) refuse_non_finite();
  }
}

/// Rounds every value to the code of its block's lattice: clamp(round(w / scale)).
///
/// A point of the lattice, code * scale as rounded in the type of the values, gives its own code under every rounding.
/// `u` is read at the index of each value. Infinity gives the outermost code, a scale of 0 the code 0. Where a NaN is
/// refused, `codes` holds numbers that mean nothing. The same codes on every backend. Memory: none.
/// @pre no NaN; finite scales >= 0; sizes that agree with a valid layout
template <uniform_format F, rounding R, class T, any_backend B = backend<>>
  requires real<std::remove_const_t<T>>
void quantize(std::span<T> values, blocks const& layout, std::span<float const> scales, F const&, R const& round,
              std::span<typename F::code> codes, noise u = {}, B const& where = {}) {
  using value = std::remove_const_t<T>;
  std::span<value const> const x = values;
  detail::check_sizes("quantize", x.size(), layout, scales.size(), codes.size());
  detail::check_scales("quantize", scales);
  bool const numbers = detail::all_runs(where, layout, [&](std::size_t block, std::size_t first, std::size_t length) {
    return detail::code_run<F>(x.subspan(first, length), static_cast<value>(scales[block]), round,
                               codes.subspan(first, length), first, u, where);
  });
  if (!numbers) detail::refuse_nan("quantize", x, where);
}

/// value = code * scale, for every element. Neither is checked: a NaN scale gives NaN. Memory: none.
/// @pre sizes that agree with a valid layout
template <class C, real T, any_backend B = backend<>>
  requires std::signed_integral<std::remove_const_t<C>>
void dequantize(std::span<C> codes, blocks const& layout, std::span<float const> scales, std::span<T> out,
                B const& where = {}) {
  detail::check_sizes("dequantize", codes.size(), layout, scales.size(), out.size());
  detail::for_runs(where, layout, [&](std::size_t block, std::size_t first, std::size_t length) {
    auto const scale = static_cast<T>(scales[block]);
    if constexpr (std::same_as<std::remove_const_t<C>, std::int8_t>) {
      B::kernels::template from_codes<T>(out.subspan(first, length), codes.subspan(first, length), scale);
    } else {
      for (std::size_t i = first; i != first + length; ++i) out[i] = static_cast<T>(codes[i]) * scale;
    }
  });
}

/// The values of their codes: bit for bit what `quantize` and then `dequantize` give, without the codes.
///
/// `out` may be `values`. Zero is +0, whatever the sign of the value. A NaN stays NaN; infinity gives the outermost
/// point. The same bits on every backend. Memory: none.
/// @pre finite scales >= 0; sizes that agree with a valid layout
template <uniform_format F, rounding R, class In, real T, any_backend B = backend<>>
  requires std::same_as<std::remove_const_t<In>, T>
void fake_quantize(std::span<In> values, blocks const& layout, std::span<float const> scales, F const&, R const& round,
                   std::span<T> out, noise u = {}, B const& where = {}) {
  std::span<T const> const x = values;
  detail::check_sizes("fake_quantize", x.size(), layout, scales.size(), out.size());
  detail::check_scales("fake_quantize", scales);
  detail::for_runs(where, layout, [&](std::size_t block, std::size_t first, std::size_t length) {
    auto const scale = static_cast<T>(scales[block]);
    if constexpr (std::same_as<R, nearest_even>) {
      if (scale > 0) {
        return B::kernels::template round_to_grid<T>(out.subspan(first, length), x.subspan(first, length), scale,
                                                     static_cast<T>(F::max_code));
      }
    }
    detail::for_each_noisy<R>(length, first, u, [&](std::size_t i, float noise_at) {
      out[first + i] = detail::code_of<F>(x[first + i], scale, round, noise_at) * scale;
    });
  });
}

}  // namespace sqwa::inline SQWA_ABI

#endif
