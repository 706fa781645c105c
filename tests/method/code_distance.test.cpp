// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/core/noise.hpp>
#include <sqwa/method/code_distance.hpp>

#include "support/every_backend.hpp"
#include "support/refuses.hpp"

#include <doctest/doctest.h>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <vector>

using namespace sqwa;

namespace SQWA_TEST_FILE {

namespace {

/// Codes of `levels` levels, each a function of its place and the seed.
std::vector<std::int16_t> codes_of(std::size_t n, int levels, std::uint64_t seed) {
  std::vector<std::int16_t> codes(n);
  for (std::size_t i = 0; i != n; ++i) {
    codes[i] = static_cast<std::int16_t>(static_cast<int>(noise{seed}.below(i, static_cast<std::uint32_t>(levels))) -
                                         (levels - 1) / 2);
  }
  return codes;
}

packed packed_of(std::vector<std::int16_t> const& codes, int levels, float scale = 1) {
  std::size_t const n = codes.size();
  return pack_tensor(std::span(codes), blocks{n, 1, 1, n}, std::span<float const>(&scale, 1), levels);
}

low_bit_model model(std::uint64_t seed, float scale = 1) {
  low_bit_model m;
  for (std::size_t n : {std::size_t{30}, std::size_t{7}}) {
    m.weights.push_back({"w" + std::to_string(n), shape{n}, packed_of(codes_of(n, 3, seed + n), 3, scale)});
  }
  return m;
}

}  // namespace

TEST_CASE("distance_of: counts are those of a plain loop, for narrow and wide codes, on every backend") {
  for (int levels : {3, 5, 255, 1023}) {
    for (std::size_t n : {0U, 1U, 5U, 1024U, 1025U, 20'000U}) {
      auto const x = codes_of(n, levels, 1), y = codes_of(n, levels, 2);
      code_distance plain{.weights = n};
      for (std::size_t i = 0; i != n; ++i) {
        plain.differing += x[i] != y[i];
        plain.steps += static_cast<std::uint64_t>(std::abs(x[i] - y[i]));
      }
      packed const a = packed_of(x, levels), b = packed_of(y, levels);
      CHECK(distance_of(a, b) == plain);
      CHECK(distance_of(b, a) == plain);
      test::every_backend([&](auto const& where) { CHECK(distance_of(a, b, where) == plain); });
      CHECK(distance_of(a, a) == code_distance{.weights = n});
    }
  }
}

TEST_CASE("distance_of: share and mean are over all weights, and 0 for none") {
  auto const d = distance_of(packed_of({1, 0, -1, 1}, 3), packed_of({1, 1, 1, 1}, 3));
  CHECK(d.share() == 0.5);
  CHECK(d.mean() == 0.75);
  CHECK(code_distance{}.share() == 0);
  CHECK(code_distance{}.mean() == 0);
}

TEST_CASE("distance_of: scales that differ in a bit are told") {
  CHECK(distance_of(packed_of({1, 0}, 3, 0.5F), packed_of({1, 0}, 3, 0.5F)).shared_scales);
  CHECK(!distance_of(packed_of({1, 0}, 3, 0.5F), packed_of({1, 0}, 3, 0.25F)).shared_scales);
}

TEST_CASE("distance_of: models are compared tensor by tensor, and those of other models refused") {
  low_bit_model const a = model(1), b = model(2);
  auto const d = distance_of(a, b);
  REQUIRE(d.tensors.size() == 2);
  CHECK(d.tensors[0] == distance_of(a.weights[0].weights, b.weights[0].weights));
  CHECK(d.total.weights == 37);
  CHECK(d.total.differing == d.tensors[0].differing + d.tensors[1].differing);
  CHECK(d.total.steps == d.tensors[0].steps + d.tensors[1].steps);
  CHECK(d.total.differing > 0);
  CHECK(!distance_of(a, model(1, 2)).total.shared_scales);

  low_bit_model other = b;
  other.weights[1].name = "bias";
  CHECK(test::refuses([&] { (void)distance_of(a, other); }, "tensor w7 is bias"));
  other.weights.pop_back();
  CHECK(test::refuses([&] { (void)distance_of(a, other); }, "models of 2 and 1 low-bit tensors"));
  CHECK(test::refuses([] { (void)distance_of(packed_of({1, 0}, 3), packed_of({1, 0}, 5)); }, "2 codes of 3 levels"));
  CHECK(test::refuses([] { (void)distance_of(packed_of({1, 0}, 3), packed_of({1}, 3)); }, "2 codes of 3 levels and 1"));
  packed bad = packed_of({1, 0, 1, 0}, 3);
  bad.bytes[0] = std::byte{0xFF};
  CHECK(test::refuses([&] { (void)distance_of(packed_of({1, 0, 1, 0}, 3), bad); }, "not within"));
  CHECK(test::refuses([&] { (void)shares_of(bad); }, "not within"));
}

TEST_CASE("shares_of: zeros and outermost codes are those of a plain loop, on every backend") {
  for (int levels : {3, 7, 1023}) {
    for (std::size_t n : {0U, 1U, 20'000U}) {
      auto const codes = codes_of(n, levels, 3);
      code_shares plain{.weights = n};
      for (int c : codes) {
        plain.zeros += c == 0;
        plain.outermost += std::abs(c) == (levels - 1) / 2;
      }
      packed const p = packed_of(codes, levels);
      CHECK(shares_of(p) == plain);
      test::every_backend([&](auto const& where) { CHECK(shares_of(p, where) == plain); });
    }
  }
  auto const s = shares_of(packed_of({1, 0, 0, -1, 0}, 3));
  CHECK(s.zero() == 0.6);
  CHECK(s.outer() == 0.4);
  CHECK(code_shares{}.zero() == 0);
}

TEST_CASE("capture_distances: all pairs while captures are kept, and only the last ones are") {
  for (std::size_t keep : {1U, 2U, 3U, 10U}) {
    capture_distances<> seen(keep);
    std::size_t expected = 0;
    for (std::size_t k = 0; k != 5; ++k) {
      seen.update(model(k));
      expected += std::min(k, keep);
      CHECK(seen.captures() == k + 1);
      CHECK(seen.kept().size() == std::min(k + 1, keep));
      CHECK(seen.kept().back().number == k);
      CHECK(seen.kept().back().model == model(k));
    }
    CHECK(seen.pairs().size() == expected);
    for (auto const& p : seen.pairs()) {
      CHECK(p.from < p.to);
      CHECK(p.to - p.from <= keep);
      CHECK(p.distance == distance_of(model(p.from), model(p.to)));
    }
  }
}

TEST_CASE("capture_distances: a refused capture leaves everything as it was") {
  capture_distances<> seen(2);
  seen.update(model(1));
  low_bit_model bad = model(2);
  bad.weights.pop_back();
  CHECK(test::refuses([&] { seen.update(bad); }, "2 and 1 low-bit tensors"));
  CHECK(seen.captures() == 1);
  CHECK(seen.pairs().empty());
  CHECK(seen.kept().size() == 1);
  CHECK(test::refuses([] { capture_distances<>(0); }, "at least one capture is kept, not 0"));
}

}  // namespace SQWA_TEST_FILE
