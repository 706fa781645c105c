// SPDX-License-Identifier: BSD-3-Clause
#include "support/any_rounder.hpp"
#include "support/every_backend.hpp"
#include "support/refuses.hpp"

#include <sqwa/quant/encode.hpp>
#include <sqwa/quant/quantize.hpp>
#include <sqwa/quant/scale_format.hpp>

#include <doctest/doctest.h>
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

using namespace sqwa;

namespace SQWA_TEST_FILE {

namespace {

template <class T>
using bits_of = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;

/// Equal in every bit: +0 is not -0.
template <class T>
bool same(std::span<T const> a, std::span<T const> b) {
  return std::ranges::equal(a, b, {}, std::bit_cast<bits_of<T>, T>, std::bit_cast<bits_of<T>, T>);
}
template <class T>
bool same(std::vector<T> const& a, std::vector<T> const& b) {
  return same(std::span<T const>(a), std::span<T const>(b));
}

/// Weights of every kind: zeros of both signs, ties, tiny and huge ones, and a run of zeros.
template <class T>
std::vector<T> weights(std::size_t n, std::uint64_t seed = 1) {
  noise const u{.seed = seed};
  std::vector<T> w(n);
  for (std::size_t i = 0; i != n; ++i) {
    T const x = static_cast<T>(2 * u(i) - 1);
    switch (i % 9) {
      case 0:
        w[i] = std::round(x * 8) / 16;
        break;
      case 1:
        w[i] = std::copysign(T(0), x);
        break;
      case 2:
        w[i] = x * 40;
        break;
      case 3:
        w[i] = x * T(1e-20);
        break;
      default:
        w[i] = x;
    }
    if (i / 12 % 5 == 4) w[i] = 0;
  }
  return w;
}

/// Every layout of one tensor of 60 elements.
std::vector<blocks> layouts() {
  shape const s{4, 3, 5};
  std::vector<blocks> all{per_tensor{}(s)};
  for (std::size_t axis = 0; axis != 3; ++axis) all.push_back(per_channel{.axis = axis}(s));
  for (std::size_t n : {1U, 7U, 60U}) all.push_back(per_group{.size = n}(s));
  return all;
}

std::vector<float> some_scales(blocks const& layout, int max_code) {
  std::vector<float> scales(layout.count);
  for (std::size_t b = 0; b != scales.size(); ++b) {
    scales[b] = b % 4 == 3 ? 0.0F : (0.1F + 0.37F * static_cast<float>(b)) / static_cast<float>(max_code);
  }
  return scales;
}

/// Runs `f(rounder, layout, scales)` for every format, rounding and element type, on every layout.
template <class Test>
void for_all(Test&& f) {
  auto const types = [&](auto t) {
    test::rounders<decltype(t)> every;
    test::add_every_rounding(every, symmetric<3>{});
    test::add_every_rounding(every, symmetric<5>{});
    test::add_every_rounding(every, symmetric<7>{});
    test::add_every_rounding(every, symmetric<255>{});
    test::add_every_rounding(every, symmetric<65535>{});
    for (auto const& q : every) {
      for (blocks const& layout : layouts()) {
        auto const scales = some_scales(layout, -q->format.lowest_code);
        std::vector<affine_scale> any;
        for (float s : scales) any.push_back(test::any_scale(s));
        f(*q, layout, any);
      }
    }
  };
  types(0.0F);
  types(0.0);
}

template <class F, class R, class T>
std::vector<T> faked(F format, R round, std::vector<T> const& w, blocks const& layout, std::vector<float> const& scales,
                     noise u = {}) {
  std::vector<T> out(w.size());
  fake_quantize(std::span(w), layout, scales, format, round, std::span(out), u);
  return out;
}

template <class F, class R, class T>
std::vector<typename F::code> coded(F format, R round, std::vector<T> const& w, blocks const& layout,
                                    std::vector<float> const& scales, noise u = {}) {
  std::vector<typename F::code> codes(w.size());
  quantize(std::span(w), layout, scales, format, round, codes, u);
  return codes;
}

/// Calls `f` for every backend that is here, with its values as the first argument.
template <class Test>
void for_all_backends(Test&& f) {
  f(backend<>{});
  test::every_backend(f);
}

}  // namespace

TEST_CASE("fake_quantize: gives the bits of quantize and dequantize, for everything that can be combined") {
  for_all([]<class T>(test::any_rounder<T> const& q, blocks const& layout, std::vector<affine_scale> const& scales) {
    auto x = weights<T>(layout.size);
    noise const u{.seed = 9, .tensor = 2, .step = 5};
    auto const decoded = q.values(q.codes(x, layout, scales, u), layout, scales);
    CHECK(same(q.rounded(x, layout, scales, u), decoded));
    q.round_in_place(x, layout, scales, u);
    CHECK(same(x, decoded));
  });
}

TEST_CASE("fake_quantize: every point of the lattice stays, whatever the rounding") {
  for_all([]<class T>(test::any_rounder<T> const& q, blocks const& layout, std::vector<affine_scale> const& scales) {
    int const lowest = q.format.lowest_code;
    noise const u{.seed = 4};
    std::vector<int> codes(layout.size);
    for (int round = 0; round != 20; ++round) {
      for (std::size_t i = 0; i != codes.size(); ++i) {
        auto const field =
            u.below(i + 1'000 * static_cast<std::size_t>(round), static_cast<std::uint32_t>(1 - 2 * lowest));
        codes[i] = scales[layout.of(i)].scale == 0 ? 0 : lowest + static_cast<int>(field);
      }
      auto const points = q.values(codes, layout, scales);
      CHECK(q.codes(points, layout, scales, u) == codes);
      CHECK(same(q.rounded(points, layout, scales, u), points));
    }
  });
}

TEST_CASE("quantize: all codes of a format stay for awkward scales") {
  noise const u{.seed = 12};
  blocks const layout = per_tensor{}({1});
  for (std::uint64_t seed = 0; seed != 300; ++seed) {
    std::vector<float> const scales{0.001F + u(seed)};
    for (int c = -7; c <= 7; ++c) {
      std::vector<float> const x{static_cast<float>(c) * scales[0]};
      CHECK(coded(symmetric<15>{}, toward_zero{}, x, layout, scales)[0] == c);
      CHECK(coded(symmetric<15>{}, stochastic{}, x, layout, scales, noise{seed})[0] == c);
      CHECK(coded(symmetric<15>{}, nearest_even{}, x, layout, scales)[0] == c);
    }
  }
}

TEST_CASE("fake_quantize: values land on the grid, less than a step away or at its end") {
  for_all([]<class T>(test::any_rounder<T> const& q, blocks const& layout, std::vector<affine_scale> const& scales) {
    int const most = -q.format.lowest_code;
    auto const x = weights<T>(layout.size, 2);
    auto const codes = q.codes(x, layout, scales);
    auto const y = q.rounded(x, layout, scales);
    for (std::size_t i = 0; i != x.size(); ++i) {
      auto const scale = static_cast<T>(scales[layout.of(i)].scale);
      CHECK(std::abs(codes[i]) <= most);
      CHECK_FALSE(std::signbit(y[i] == 0 ? y[i] : T(0)));
      T const slack = 1 + 8 * std::numeric_limits<T>::epsilon() * static_cast<T>(most);
      if (std::abs(x[i]) < scale * static_cast<T>(most)) {
        CHECK(std::abs(y[i] - x[i]) <= scale * slack * (q.nearest ? T(0.5) : T(1)));
      } else {
        CHECK(std::abs(y[i]) == scale * static_cast<T>(most));
      }
    }
  });
}

TEST_CASE("fake_quantize: rises with the value") {
  for_all([]<class T>(test::any_rounder<T> const& q, blocks const&, std::vector<affine_scale> const& scales) {
    if (q.needs_noise) return;
    int const most = std::min(-q.format.lowest_code, 30);
    auto const scale = static_cast<T>(scales[0].scale);
    std::vector<T> x;
    for (int c = -most - 1; c <= most; ++c) {  // around points and ties, one unit in the last place apart
      for (T center : {static_cast<T>(c) * scale, (static_cast<T>(c) + T(0.5)) * scale}) {
        T at = center;
        for (int k = 0; k != 4; ++k) at = std::nextafter(at, T(-1e9));
        for (int k = 0; k != 9; ++k, at = std::nextafter(at, T(1e9))) x.push_back(at);
      }
    }
    CHECK(std::ranges::is_sorted(x));
    CHECK(std::ranges::is_sorted(q.rounded(x, per_tensor{}({x.size()}), {scales[0]})));
  });
}

TEST_CASE("fake_quantize: roundings without noise are symmetric under negation") {
  for_all([]<class T>(test::any_rounder<T> const& q, blocks const& layout, std::vector<affine_scale> const& scales) {
    if (q.needs_noise) return;
    auto x = weights<T>(layout.size, 3);
    auto const y = q.rounded(x, layout, scales);
    for (auto& v : x) v = -v;
    auto const z = q.rounded(x, layout, scales);
    for (std::size_t i = 0; i != y.size(); ++i) CHECK(y[i] == -z[i]);
  });
}

TEST_CASE_TEMPLATE("fake_quantize: stochastic rounding is unbiased inside the grid", T, float, double) {
  std::size_t const n = 200'000;
  blocks const layout = per_tensor{}({n});
  for (T value : {T(0.3), T(-0.72), T(0.999), T(0.001)}) {
    std::vector<T> const x(n, value);
    auto const y = faked(symmetric<3>{}, stochastic{}, x, layout, {1.0F}, noise{.seed = 21});
    double mean = 0;
    for (T v : y) mean += static_cast<double>(v) / static_cast<double>(n);
    auto const p = std::abs(static_cast<double>(value));
    CHECK(std::abs(mean - static_cast<double>(value)) < 5 * std::sqrt(p * (1 - p) / static_cast<double>(n)));
  }
}

TEST_CASE_TEMPLATE("quantize, dequantize, fake_quantize: every backend gives the same bits", T, float, double) {
  std::size_t const n = 20'011;
  auto const x = weights<T>(n, 5);
  noise const u{.seed = 8};
  for (blocks const& layout : {per_tensor{}({n}), per_group{.size = 100}({n}), per_group{.size = 4'097}({n})}) {
    auto const scales = some_scales(layout, 3);
    auto const check = [&](auto round) {
      auto const codes = coded(symmetric<7>{}, round, x, layout, scales, u);
      auto const y = faked(symmetric<7>{}, round, x, layout, scales, u);
      for_all_backends([&](auto where) {
        std::vector<std::int8_t> c(n);
        quantize(std::span(x), layout, scales, symmetric<7>{}, round, c, u, where);
        CHECK(c == codes);
        std::vector<T> z(n);
        dequantize(std::span(codes), layout, scales, std::span(z), where);
        CHECK(same(z, y));
        z.assign(n, 1);
        fake_quantize(std::span(x), layout, scales, symmetric<7>{}, round, std::span(z), u, where);
        CHECK(same(z, y));
      });
    };
    check(nearest_even{});
    check(half_away{});
    check(stochastic{});
  }
}

TEST_CASE("fit_scales: each block has the scale that its own elements get, for every fit and granularity") {
  shape const extents{4, 3, 5};
  auto const check = [&](auto fit, auto grain, auto t) {
    using T = decltype(t);
    auto const x = weights<T>(extents.size(), 6);
    quantizer const q{symmetric<3>{}, fit, grain};
    blocks const layout = grain(extents);
    std::vector<float> scales(scale_count(q, extents));
    CHECK(scales.size() == layout.count);
    fit_scales(q, std::span(x), extents, scales);
    for (std::size_t block = 0; block != layout.count; ++block) {
      std::vector<T> own;
      for (std::size_t i = 0; i != x.size(); ++i) {
        if (layout.of(i) == block) own.push_back(x[i]);
      }
      CHECK(scales[block] == fit(std::span<T const>(own), symmetric<3>{}));
    }
  };
  auto const grains = [&](auto fit) {
    auto const types = [&](auto grain) {
      check(fit, grain, 0.0F);
      check(fit, grain, 0.0);
    };
    types(per_tensor{});
    for (std::size_t axis = 0; axis != 3; ++axis) types(per_channel{.axis = axis});
    types(per_group{.size = 7});
  };
  grains(l2{});
  grains(l2_alternating{});
  grains(max_abs{});
  grains(mean_abs{});
  grains(fixed{.scale = 0.25F});
}

TEST_CASE("fit_scales: a fit that takes a backend gets it for one block, and its kernels for several") {
  using threads = backend<scalar_kernels, test::thread_executor>;
  struct telling {  // what it was called with
    float operator()(std::span<float const>, symmetric<3> const&) const { return 1; }
    float operator()(std::span<double const>, symmetric<3> const&) const { return 1; }
    float operator()(std::span<float const>, symmetric<3> const&, backend<> const&) const { return 2; }
    float operator()(std::span<float const>, symmetric<3> const&, threads const&) const { return 3; }
  };
  auto const x = weights<float>(12, 6);
  auto const first = [&](auto fit, auto grain) {
    quantizer const q{symmetric<3>{}, fit, grain};
    std::vector<float> scales(scale_count(q, {3, 4}));
    fit_scales(q, std::span(x), {3, 4}, scales, threads{});
    return scales[0];
  };
  CHECK(first(telling{}, per_tensor{}) == 3);
  CHECK(first(telling{}, per_group{.size = 12}) == 3);
  CHECK(first(telling{}, per_channel{}) == 2);
  CHECK(first(stored_as{f16{}, telling{}}, per_tensor{}) == 3);
  CHECK(first(stored_as{f16{}, telling{}}, per_channel{}) == 2);
}

TEST_CASE_TEMPLATE("fit_scales: max_abs, which tells of them itself, refuses NaN and infinity by their place", T, float,
                   double) {
  for (T const bad : {std::numeric_limits<T>::quiet_NaN(), -std::numeric_limits<T>::infinity()}) {
    auto x = weights<T>(100, 6);
    x[77] = bad;
    auto const fit = [&](auto grain) {
      quantizer const q{symmetric<15>{}, max_abs{}, grain};
      std::vector<float> scales(scale_count(q, {10, 10}));
      fit_scales(q, std::span(x), {10, 10}, scales);
    };
    CHECK(test::refuses([&] { fit(per_tensor{}); }, "at 77 is not finite"));
    CHECK(test::refuses([&] { fit(per_channel{}); }, "at 77 is not finite"));
  }
}

TEST_CASE("encode: decodes to the bits of fake_quantize, for every granularity and rounding") {
  shape const extents{4, 3, 5};
  auto const x = weights<float>(extents.size(), 7);
  noise const u{.seed = 3};
  auto const check = [&](auto q) {
    std::vector<float> scales(scale_count(q, extents));
    fit_scales(q, std::span(x), extents, scales);
    packed const p = encode(q, std::span(x), extents, scales, u);
    CHECK(p.levels == q.format.levels);
    CHECK(p.scales == scales);
    CHECK(p.layout == q.grain(extents));
    std::vector<float> decoded(x.size()), expected(x.size());
    p.decode(std::span(decoded));
    fake_quantize(std::span(x), p.layout, scales, q.format, q.round, std::span(expected), u);
    CHECK(same(decoded, expected));
    CHECK(encode(q, std::span<float const>(decoded), extents, scales, u) == p);
  };
  auto const rounds = [&](auto format, auto grain) {
    check(quantizer{format, l2{}, grain, nearest_even{}});
    check(quantizer{format, l2{}, grain, half_away{}});
    check(quantizer{format, l2{}, grain, toward_zero{}});
    check(quantizer{format, l2{}, grain, stochastic{}});
  };
  rounds(symmetric<3>{}, per_tensor{});
  rounds(symmetric<5>{}, per_channel{.axis = 1});
  rounds(symmetric<15>{}, per_group{.size = 7});
  rounds(symmetric<1023>{}, per_channel{});
}

TEST_CASE("quantize: infinity gives the outermost code, NaN is refused, and stays NaN in fake_quantize") {
  float const inf = std::numeric_limits<float>::infinity();
  float const nan = std::numeric_limits<float>::quiet_NaN();
  blocks const layout = per_tensor{}({40});
  std::vector<float> x(40, 0.4F);
  x[3] = inf;
  x[4] = -inf;
  auto const codes = coded(symmetric<5>{}, nearest_even{}, x, layout, {0.5F});
  CHECK(codes[3] == 2);
  CHECK(codes[4] == -2);
  CHECK(coded(symmetric<5>{}, nearest_even{}, x, layout, {0.0F})[3] == 0);
  CHECK(faked(symmetric<5>{}, nearest_even{}, x, layout, {0.0F})[3] == 0);
  x[7] = nan;
  CHECK(test::refuses([&] { (void)coded(symmetric<5>{}, nearest_even{}, x, layout, {0.5F}); },
                      "quantize: the value at 7 is not a number"));
  for_all_backends([&](auto where) {
    for (float scale : {0.5F, 0.0F}) {
      std::vector<float> y(40), z(40);
      fake_quantize(std::span(x), layout, std::vector{scale}, symmetric<5>{}, nearest_even{}, std::span(y), {}, where);
      fake_quantize(std::span(x), layout, std::vector{scale}, symmetric<5>{}, stochastic{}, std::span(z), {}, where);
      CHECK(std::isnan(y[7]));
      CHECK(std::isnan(z[7]));
      CHECK(y[3] == 2 * scale);
      CHECK(y[4] == -2 * scale);
      CHECK(y[8] == scale);
    }
  });
}

TEST_CASE_TEMPLATE("encode, decode: the same bytes and values on every backend, beyond one chunk", T, float, double) {
  auto const same_everywhere = [](auto q, std::size_t n) {
    shape const extents{n};
    auto const w = weights<T>(n);
    std::vector<float> scales(scale_count(q, extents));
    fit_scales(q, std::span(w), extents, scales);
    noise const u{.seed = 3};
    packed const plain = encode(q, std::span(w), extents, scales, u);
    std::vector<T> expected(n);
    fake_quantize(std::span(w), plain.layout, scales, q.format, q.round, std::span(expected), u);
    for_all_backends([&](auto where) {
      CHECK(encode(q, std::span(w), extents, scales, u, where) == plain);
      std::vector<T> decoded(n);
      plain.decode(std::span(decoded), where);
      CHECK(same(decoded, expected));
    });
  };
  for (std::size_t const n : {1U, 4095U, 12'289U}) {
    same_everywhere(quantizer{symmetric<3>{}, max_abs{}, per_tensor{}}, n);
    same_everywhere(quantizer{symmetric<3>{}, max_abs{}, per_group{.size = 100}, stochastic{}}, n);
    same_everywhere(quantizer{symmetric<7>{}, max_abs{}, per_group{.size = 33}}, n);
    same_everywhere(quantizer{symmetric<255>{}, max_abs{}, per_tensor{}, half_away{}}, n);
    same_everywhere(quantizer{symmetric<1023>{}, max_abs{}, per_group{.size = 500}}, n);
  }
}

TEST_CASE("quantize, encode, decode: the first bad element is named, wherever it lies, on every backend") {
  quantizer const q{symmetric<3>{}, fixed{}};
  shape const extents{20'000};
  float const one = 1;
  for (std::size_t const at : {std::size_t{0}, std::size_t{70}, std::size_t{4096}, std::size_t{19'999}}) {
    std::vector<float> w(20'000);
    std::vector<std::int8_t> codes(w.size());
    packed p = encode(q, std::span(w), extents, std::span(&one, 1));
    w[at] = w.back() = std::numeric_limits<float>::quiet_NaN();
    p.bytes[at / 4] |= std::byte{3} << (at % 4 * 2);
    p.bytes.back() |= std::byte{0xC0};
    std::vector<float> decoded(w.size());
    std::string const place = "at " + std::to_string(at) + " ";
    for_all_backends([&](auto where) {
      CHECK(test::refuses(
          [&] { quantize(std::span(w), p.layout, p.scales, q.format, q.round, std::span(codes), {}, where); }, place));
      CHECK(test::refuses([&] { (void)encode(q, std::span(w), extents, std::span(&one, 1), {}, where); }, place));
      CHECK(test::refuses([&] { p.decode(std::span(decoded), where); }, place));
    });
  }
}

TEST_CASE("quantize: tensors without elements are nothing special") {
  for (blocks const& layout : {per_tensor{}({0}), per_channel{}({0, 3}), per_group{}({0})}) {
    std::vector<float> const none, scales(layout.count);
    CHECK(coded(symmetric<3>{}, nearest_even{}, none, layout, scales).empty());
    CHECK(faked(symmetric<3>{}, stochastic{}, none, layout, scales).empty());
  }
  quantizer const q{symmetric<3>{}};
  std::vector<float> none, scales(scale_count(q, {0}), 7.0F);
  fit_scales(q, std::span(none), {0}, scales);
  for (float s : scales) CHECK(s == 0);
}

TEST_CASE("quantize: sizes, scales and values that cannot be meant are refused with their numbers") {
  quantizer const q{symmetric<3>{}};
  std::vector<float> x(6, 1.0F), out(6), scales(1, 1.0F), two(2, 1.0F);
  std::vector<std::int8_t> codes(6), five(5);
  blocks const layout = per_tensor{}({6});
  float const inf = std::numeric_limits<float>::infinity();
  auto const quantized = [&](auto const& s, auto& c) {
    quantize(std::span(x), layout, s, symmetric<3>{}, half_away{}, c);
  };
  CHECK(test::refuses([&] { quantized(scales, five); }, "quantize: 6 values, 1 scales and 5 results"));
  CHECK(test::refuses([&] { quantized(two, codes); }, "2 scales"));
  for (float bad : {-1.0F, inf, std::numeric_limits<float>::quiet_NaN()}) {
    std::vector<float> const s{bad};
    CHECK(test::refuses([&] { quantized(s, codes); }, "of block 0"));
    CHECK(test::refuses([&] { fake_quantize(std::span(x), layout, s, symmetric<3>{}, half_away{}, std::span(out)); },
                        "of block 0"));
  }
  blocks const gap{6, 1, 1, 4};
  CHECK(test::refuses([&] { quantize(std::span(x), gap, scales, symmetric<3>{}, half_away{}, codes); }, "runs of 4"));
  CHECK(test::refuses([&] { dequantize(std::span(five), layout, scales, std::span(out)); }, "dequantize: 5 values"));
  CHECK(test::refuses([&] { fit_scales(q, std::span(x), {7}, scales); }, "fit_scales: 6 values"));
  CHECK(test::refuses([&] { fit_scales(q, std::span(x), {6}, two); }, "2 scales"));
  for (float bad : {inf, -inf, std::numeric_limits<float>::quiet_NaN()}) {
    x[4] = bad;
    CHECK(test::refuses([&] { fit_scales(q, std::span(x), {6}, scales); }, "at 4 is not finite"));
  }
}

}  // namespace SQWA_TEST_FILE
