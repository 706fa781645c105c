// SPDX-License-Identifier: BSD-3-Clause
// Averages of packed and of float snapshots beside the loop written by hand, the machine's memory and a kernel without
// our freedom to refuse: tools/bench.sh average runs it.
#include <sqwa/average/averager.hpp>
#include <sqwa/average/code_averager.hpp>
#include <sqwa/average/mean_of.hpp>
#include <sqwa/fast.hpp>
#include <sqwa/quant/encode.hpp>
#include "reference_kernels.hpp"
#include "side_by_side.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
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

constexpr float scale = 0.04F;
constexpr char const* unit = "Gweights/s";

/// `count` ternary snapshots of n weights that share a scale.
std::vector<sqwa::packed> snapshots(std::size_t n, std::size_t count) {
  std::vector<float> w(n);
  std::vector<sqwa::packed> all(count);
  sqwa::quantizer const ternary{sqwa::symmetric<3>{}, sqwa::fixed{scale}};
  for (std::size_t s = 0; s != count; ++s) {
    sqwa::noise{.seed = 1, .tensor = static_cast<std::uint32_t>(s)}.fill(0, w);
    for (float& v : w) v = 0.2F * v - 0.1F;
    sqwa::encode_into(all[s], ternary, std::span(w), sqwa::shape{n}, std::span(&scale, 1), {}, one_thread{});
  }
  return all;
}

/// The loop a reader would write: fields to sums, sums to floats.
void by_hand_mean(float* y, std::vector<sqwa::packed> const& all, std::size_t n) {
  float const factor = scale / static_cast<float>(all.size());
  for (std::size_t i = 0; i != n / 4; ++i) {
    for (std::size_t k = 0; k != 4; ++k) {
      int sum = 0;
      for (sqwa::packed const& p : all) sum += (std::to_integer<int>(p.bytes[i]) >> 2 * k & 3) - 1;
      y[4 * i + k] = static_cast<float>(sum) * factor;
    }
  }
}

void by_hand_add(std::int8_t* sums, std::byte const* bytes, std::size_t n) {
  for (std::size_t i = 0; i != n / 4; ++i) {
    for (std::size_t k = 0; k != 4; ++k) {
      sums[4 * i + k] = static_cast<std::int8_t>(sums[4 * i + k] + (std::to_integer<int>(bytes[i]) >> 2 * k & 3) - 1);
    }
  }
}

void means(char const* size, std::size_t n) {
  auto const all = snapshots(n, 7);
  buffer<float> y(n), z(n);
  std::span const out(y.data(), n);
  auto const items = static_cast<double>(n);
  std::vector<contender> rivals{{"ours", [&] { sqwa::mean_into(out, all, one_thread{}); }},
                                {"by hand", [&] { by_hand_mean(z.data(), all, n); }},
                                {"memory", [&] {  // as many bytes read and written
                                   std::size_t at = 0;
                                   auto* const to = reinterpret_cast<std::byte*>(z.data());
                                   for (sqwa::packed const& p : all) {
                                     std::memcpy(to + at, p.bytes.data(), p.bytes.size());
                                     at += p.bytes.size();
                                   }
                                   std::memset(to + at, 1, n * sizeof(float) - at);
                                 }}};
  bench::row("mean of 7 ternary snapshots", size, 1, items, unit, rivals);
  by_hand_mean(z.data(), all, n);
  float most = 0;
  for (std::size_t i = 0; i != n; ++i) most = std::max(most, std::abs(y[i] - z[i]));
  bench::check(most < 1e-8F, "mean_into");
  bench::row("mean of 7 ternary snapshots", size, 2, items, unit,
             {{"ours", [&] { sqwa::mean_into(out, all, all_threads{}); }},
              {"one thread", [&] { sqwa::mean_into(out, all, one_thread{}); }}});
}

void sums(char const* size, std::size_t n) {
  auto const all = snapshots(n, 1);
  sqwa::packed const& p = all.front();
  buffer<std::int8_t> ours(n), theirs(n);
  auto const items = static_cast<double>(n);
  auto const add = [&] {
    return one_thread::kernels::add_codes(std::span(ours.data(), n), p.bytes.data(), p.bits(), p.max_code());
  };
  std::vector<contender> rivals{{"ours", [&] { (void)add(); }},
                                {"by hand", [&] { by_hand_add(theirs.data(), p.bytes.data(), n); }}};
#ifdef SQWA_HAS_REFERENCE
  buffer<std::byte> strided(n / 4);
  rivals.push_back({"reference", [&] { reference::add_codes(theirs.data(), strided.data(), n); }});
#endif
  bench::row("int8 sums of codes", size, 1, items, unit, rivals);
  std::fill(ours.begin(), ours.end(), std::int8_t{0});
  std::fill(theirs.begin(), theirs.end(), std::int8_t{0});
  (void)add();
  by_hand_add(theirs.data(), p.bytes.data(), n);
  bench::check(std::ranges::equal(ours, theirs), "add_codes");

  // An averager widens after 127 snapshots, so it is made anew after 100; copies of its start cost little beside that.
  sqwa::code_averager start(3, one_thread{});
  start.update(p);
  auto averager = start;
  bench::row("code_averager::update", size, 1, items, unit,
             {{"ours",
               [&] {
                 if (averager.n_averaged() == 100) averager = start;
                 averager.update(p);
               }},
              {"its kernel alone", [&] { (void)add(); }}});
}

void floats(char const* size, std::size_t n) {
  std::vector<float> const w = bench::gaussian(n, 1);
  buffer<float> mean(n), other(n);
  auto const items = static_cast<double>(n);
  sqwa::averager ours{std::span(mean.data(), n), sqwa::uniform{}, one_thread{}};
  ours.update(w);
  float count = 1;
  std::copy(w.begin(), w.end(), other.begin());
  bench::row("averager::update of floats", size, 1, items, unit,
             {{"ours", [&] { ours.update(w); }},
              {"by hand",
               [&] {
                 count += 1;
                 for (std::size_t i = 0; i != n; ++i) other[i] += (w[i] - other[i]) / count;
               }},
              {"memcpy", [&] { std::memcpy(other.data(), w.data(), n * sizeof(float)); }}});
}

}  // namespace

int main() {
  bench::heading();
  for (auto const& [size, n] : {std::pair{"L2", 65'536U}, {"memory", 100U << 20}}) means(size, n);
  for (auto const& [size, n] : {std::pair{"L2", 262'144U}, {"memory", 100U << 20}}) sums(size, n);
  for (auto const& [size, n] : {std::pair{"L2", 65'536U}, {"memory", 16U << 20}}) floats(size, n);
}
