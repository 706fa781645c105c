// SPDX-License-Identifier: BSD-3-Clause
// Quantizing, packing, unpacking, the learned step's backward pass and low-bit products beside the loop written by
// hand, the machine's memory and kernels without our freedom to refuse: tools/bench.sh quant runs it.
#include <sqwa/exec/team.hpp>
#include <sqwa/fast.hpp>
#include <sqwa/quant/encode.hpp>
#include <sqwa/quant/fit.hpp>
#include <sqwa/quant/l2.hpp>
#include <sqwa/quant/quantize.hpp>
#include <sqwa/quant/ternary_matrix.hpp>
#include "reference_kernels.hpp"
#include "side_by_side.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace {

using bench::buffer;
using bench::contender;
using one_thread = sqwa::backend<sqwa::native_kernels>;
using all_threads = sqwa::fast;
using team_threads = sqwa::backend<sqwa::native_kernels, sqwa::team_executor>;

constexpr float scale = 0.04F;
constexpr char const* unit = "Gweights/s";

void by_hand_fake_quantize(float* y, float const* x, std::size_t n, float limit) {
  float const inverse = 1 / scale;
  for (std::size_t i = 0; i != n; ++i) y[i] = std::clamp(std::nearbyint(x[i] * inverse), -limit, limit) * scale;
}

void by_hand_encode(std::byte* bytes, float const* x, std::size_t n) {
  float const inverse = 1 / scale;
  for (std::size_t i = 0; i != n / 4; ++i) {
    int b = 0;
    for (std::size_t k = 0; k != 4; ++k) {
      b |= (static_cast<int>(std::clamp(std::nearbyint(x[4 * i + k] * inverse), -1.0F, 1.0F)) + 1) << 2 * k;
    }
    bytes[i] = static_cast<std::byte>(b);
  }
}

void by_hand_decode(float* y, std::byte const* bytes, std::size_t n) {
  for (std::size_t i = 0; i != n / 4; ++i) {
    for (std::size_t k = 0; k != 4; ++k) {
      y[4 * i + k] = static_cast<float>((std::to_integer<int>(bytes[i]) >> 2 * k & 3) - 1) * scale;
    }
  }
}

float by_hand_lsq(float* dx, float const* dy, float const* x, std::size_t n, float limit) {
  float const inverse = 1 / scale;
  float sum = 0;
  for (std::size_t i = 0; i != n; ++i) {
    float const v = x[i] * inverse;
    bool const inside = std::abs(v) <= limit;
    sum += dy[i] * (inside ? std::nearbyint(v) - v : std::copysign(limit, v));
    dx[i] = inside ? dy[i] : 0.0F;
  }
  return sum;
}

float by_hand_pass(float const* x, std::size_t n, float step) {
  double products = 0, squares = 0;
  for (std::size_t i = 0; i != n; ++i) {
    float const size = std::abs(x[i]), code = std::min(std::nearbyint(size / step), 1.0F);
    products += static_cast<double>(size * code);
    squares += static_cast<double>(code * code);
  }
  return static_cast<float>(products / squares);
}

std::uint32_t read_all(float const* x, std::size_t n) {  // sums of integers, which compilers turn into vectors
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i != n; ++i) sum += std::bit_cast<std::uint32_t>(x[i]);
  return sum;
}

float volatile sink;

void elementwise(char const* size, std::size_t n, sqwa::thread_team& team) {
  team_threads const together{team};
  buffer<float> x(n), y(n), z(n), g(n);
  buffer<std::byte> bytes(n / 4), strided(n / 4);
  std::vector<float> uniform(n);
  sqwa::noise{.seed = 1}.fill(0, uniform);
  for (std::size_t i = 0; i != n; ++i) {
    x[i] = 0.2F * uniform[i] - 0.1F;
    g[i] = uniform[n - 1 - i] - 0.5F;
  }
  auto const layout = sqwa::per_tensor{}(sqwa::shape{n});
  sqwa::quantizer const ternary{sqwa::symmetric<3>{}, sqwa::fixed{scale}};
  std::span const values(x.data(), n), out(y.data(), n);
  std::span const scales(&scale, 1);
  auto const items = static_cast<double>(n);
  auto const fake = [&]<class F, class B>(F format, B where) {
    sqwa::fake_quantize(std::span<float const>(values), layout, scales, format, sqwa::nearest_even{}, out, {}, where);
  };
  sqwa::packed again;
  auto const encode = [&](auto where) { sqwa::encode_into(again, ternary, values, sqwa::shape{n}, scales, {}, where); };
  sqwa::packed const p = sqwa::encode(ternary, values, sqwa::shape{n}, scales);

  std::vector<contender> all{{"ours", [&] { fake(sqwa::symmetric<3>{}, one_thread{}); }},
                             {"by hand", [&] { by_hand_fake_quantize(y.data(), x.data(), n, 1); }},
                             {"memcpy", [&] { std::memcpy(y.data(), x.data(), n * sizeof(float)); }}};
#ifdef SQWA_HAS_REFERENCE
  all.push_back({"reference", [&] { reference::fake_quantize(y.data(), x.data(), n, scale, 1); }});
#endif
  bench::row("fake_quantize 3 levels", size, 1, items, unit, all);
  fake(sqwa::symmetric<3>{}, one_thread{});
  by_hand_fake_quantize(z.data(), x.data(), n, 1);
  bench::check(std::ranges::equal(y, z), "fake_quantize");
  bench::row("fake_quantize 3 levels, thread_team", size, 2, items, unit,
             {{"ours", [&] { fake(sqwa::symmetric<3>{}, together); }},
              {"one thread", [&] { fake(sqwa::symmetric<3>{}, one_thread{}); }}});
  bench::row("fake_quantize 3 levels", size, 2, items, unit,
             {{"ours", [&] { fake(sqwa::symmetric<3>{}, all_threads{}); }},
              {"one thread", [&] { fake(sqwa::symmetric<3>{}, one_thread{}); }}});
  all[0].run = [&] { fake(sqwa::symmetric<15>{}, one_thread{}); };
  all[1].run = [&] { by_hand_fake_quantize(y.data(), x.data(), n, 7); };
#ifdef SQWA_HAS_REFERENCE
  all[3].run = [&] { reference::fake_quantize(y.data(), x.data(), n, scale, 7); };
#endif
  bench::row("fake_quantize 15 levels", size, 1, items, unit, all);

  all = {{"ours", [&] { encode(one_thread{}); }},
         {"by hand", [&] { by_hand_encode(bytes.data(), x.data(), n); }},
         {"read", [&] { sink = static_cast<float>(read_all(x.data(), n)); }}};
#ifdef SQWA_HAS_REFERENCE
  all.push_back({"reference", [&] { reference::encode(strided.data(), x.data(), n, scale); }});
#endif
  bench::row("encode 2 bits", size, 1, items, unit, all);
  by_hand_encode(bytes.data(), x.data(), n);
  bench::check(std::ranges::equal(bytes, p.bytes) && again == p, "encode");
  bench::row("encode 2 bits, thread_team", size, 2, items, unit,
             {{"ours", [&] { encode(together); }}, {"one thread", [&] { encode(one_thread{}); }}});
  bench::row("encode 2 bits", size, 2, items, unit,
             {{"ours", [&] { encode(all_threads{}); }}, {"one thread", [&] { encode(one_thread{}); }}});

  all = {{"ours", [&] { p.decode(out, one_thread{}); }},
         {"by hand", [&] { by_hand_decode(y.data(), bytes.data(), n); }},
         {"memset", [&] { std::memset(y.data(), 1, n * sizeof(float)); }}};
#ifdef SQWA_HAS_REFERENCE
  all.push_back({"reference", [&] { reference::decode(y.data(), strided.data(), n, scale); }});
#endif
  bench::row("decode 2 bits", size, 1, items, unit, all);
  p.decode(out, one_thread{});
  by_hand_decode(z.data(), bytes.data(), n);
  bench::check(std::ranges::equal(y, z), "decode");
  bench::row("decode 2 bits, thread_team", size, 2, items, unit,
             {{"ours", [&] { p.decode(out, together); }}, {"one thread", [&] { p.decode(out, one_thread{}); }}});
  bench::row("decode 2 bits", size, 2, items, unit,
             {{"ours", [&] { p.decode(out, all_threads{}); }}, {"one thread", [&] { p.decode(out, one_thread{}); }}});

  using kernels = sqwa::native_kernels;
  std::span<float const> const gradient(g.data(), n), inputs(x.data(), n);
  all = {{"ours", [&] { sink = kernels::lsq_backward<float>(out, gradient, inputs, scale, 1); }},
         {"by hand", [&] { sink = by_hand_lsq(y.data(), g.data(), x.data(), n, 1); }}};
#ifdef SQWA_HAS_REFERENCE
  all.push_back({"reference", [&] { sink = reference::lsq_backward(y.data(), g.data(), x.data(), n, scale, 1); }});
#endif
  bench::row("lsq_backward 3 levels", size, 1, items, unit, all);
  kernels::lsq_backward<float>(out, gradient, inputs, scale, 1);
  sink = by_hand_lsq(z.data(), g.data(), x.data(), n, 1);
  bench::check(std::ranges::equal(y, z), "lsq_backward");
}

void fits(char const* size, std::size_t n) {
  auto const w = bench::gaussian(n, 1);
  std::span<float const> const x(w);
  sqwa::symmetric<3> const ternary;
  auto const items = static_cast<double>(n);
  auto const pass = [&] { sink = static_cast<float>(sqwa::detail::sum_codes(x, 0.8F, 1.0F, one_thread{}).products); };
  std::vector<contender> all{{"ours", pass}, {"by hand", [&] { sink = by_hand_pass(w.data(), n, 1.25F); }}};
#ifdef SQWA_HAS_REFERENCE
  all.push_back({"reference", [&] { sink = reference::sum_above(w.data(), n, 0.625F); }});
#endif
  bench::row("pass of l2_alternating 3 levels", size, 1, items, unit, all);
  bench::row("l2 fit 3 levels", size, 1, items, unit,
             {{"ours", [&] { sink = sqwa::l2{}(x, ternary, one_thread{}); }},
              {"pass of l2_alternating", pass},
              {"l2_alternating to its end", [&] { sink = sqwa::l2_alternating{}(x, ternary, one_thread{}); }}});
  bench::row("l2 fit 3 levels", size, 2, items, unit,
             {{"ours", [&] { sink = sqwa::l2{}(x, ternary, all_threads{}); }},
              {"one thread", [&] { sink = sqwa::l2{}(x, ternary, one_thread{}); }}});
}

/// Fields to integers, row by row.
void by_hand_product(std::int32_t* c, std::byte const* w, std::int8_t const* a, std::size_t rows, std::size_t columns,
                     std::size_t n) {
  for (std::size_t j = 0; j != n; ++j) {
    for (std::size_t i = 0; i != rows; ++i) {
      std::int32_t sum = 0;
      std::byte const* row = w + i * columns / 4;
      std::int8_t const* x = a + j * columns;
      for (std::size_t k = 0; k != columns / 4; ++k) {
        int const b = std::to_integer<int>(row[k]);
        for (std::size_t q = 0; q != 4; ++q) sum += ((b >> 2 * q & 3) - 1) * x[4 * k + q];
      }
      c[j * rows + i] = sum;
    }
  }
}

void products(std::size_t rows, std::size_t n) {
  std::size_t const columns = rows;
  std::vector<std::int8_t> codes(rows * columns);
  for (std::size_t i = 0; i != codes.size(); ++i)
    codes[i] = static_cast<std::int8_t>(static_cast<int>(i * i % 7 % 3) - 1);
  auto const p = sqwa::pack_tensor(std::span<std::int8_t const>(codes), sqwa::per_tensor{}(sqwa::shape{rows, columns}),
                                   std::span(&scale, 1), 3);
  sqwa::ternary_matrix const w(p, rows);
  buffer<std::int8_t> a(n * columns);
  for (std::size_t i = 0; i != a.size(); ++i) a[i] = static_cast<std::int8_t>(static_cast<int>(i * 37 % 255) - 127);
  buffer<std::int32_t> c(n * rows), d(n * rows);
  auto const multiply = [&](auto where) {
    w.multiply(std::span<std::int8_t const>(a.data(), a.size()), std::span(c.data(), c.size()), where);
  };
  std::string const size = std::to_string(rows) + " x " + std::to_string(columns);
  std::string const name = n == 1 ? "2-bit x int8 gemv" : "2-bit x int8 gemm, n = " + std::to_string(n);
  double const operations = 2 * static_cast<double>(rows) * static_cast<double>(columns) * static_cast<double>(n);
  std::vector<contender> all{{"ours", [&] { multiply(one_thread{}); }}};
  if (rows < 16'384) {
    all.push_back({"by hand", [&] { by_hand_product(d.data(), p.bytes.data(), a.data(), rows, columns, n); }});
  }
#ifdef SQWA_HAS_REFERENCE
  buffer<std::byte> blocks(rows * columns / 4);  // any fields: its time does not depend on them
  if (n % 8 == 0)
    all.push_back({"reference", [&] { reference::gemm(d.data(), blocks.data(), a.data(), rows, n, columns); }});
#endif
  if (all.size() > 1) bench::row(name.c_str(), size.c_str(), 1, operations, "GOP/s", all);
  bench::row(name.c_str(), size.c_str(), 2, operations, "GOP/s",
             {{"ours", [&] { multiply(all_threads{}); }}, {"one thread", [&] { multiply(one_thread{}); }}});
  by_hand_product(d.data(), p.bytes.data(), a.data(), std::min<std::size_t>(rows, 64), columns, 1);
  bench::check(std::equal(c.begin(), c.begin() + std::min<std::size_t>(rows, 64), d.begin()), "product");
}

}  // namespace

int main() {
  bench::heading();
  {
    sqwa::thread_team team;
    for (auto const& [size, n] :
         {std::pair{"L1", 4096U}, {"L2", 65'536U}, {"L2 x 2", 131'072U}, {"memory", 1U << 24}}) {
      elementwise(size, n, team);
    }
  }
  fits("L2", 65'536);
  fits("memory", 1U << 24);
  products(1024, 1);
  products(4096, 1);
  products(16'384, 1);
  products(1024, 128);
  products(4096, 128);
}
