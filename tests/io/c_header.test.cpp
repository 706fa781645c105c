// SPDX-License-Identifier: BSD-3-Clause
// Tests of sqwa/io/c_header.hpp: its text. tests/examples and tests/embedded compile and run it.
#include <sqwa/io/c_header.hpp>

#include "support/refuses.hpp"

#include <doctest/doctest.h>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>

namespace SQWA_TEST_FILE {

namespace {

namespace io = sqwa::io;
namespace deploy = sqwa::deploy;

/// One dense layer of two inputs and one output.
io::deployed_network<deploy::integers> integers() {
  io::deployed_network<deploy::integers> network;
  auto& l = network.layers.emplace_back();
  l.name = "dense_1.";
  l.entry = {.what = deploy::operation::convolution,
             .in = {1, 1, 2},
             .out = {1, 1, 1},
             .bits = 2,
             .zero = 3,
             .shift = 20,
             .low = std::numeric_limits<std::int32_t>::min(),
             .high = 7};
  l.codes = {0x0A};
  l.factors = {-5};
  l.offsets = {1LL << 40};
  network.output.scale = 0.125;
  return network;
}

io::deployed_network<deploy::floats> floats() {
  io::deployed_network<deploy::floats> network;
  auto& l = network.layers.emplace_back();
  l.name = "dense_1.";
  l.entry = {.what = deploy::operation::convolution,
             .in = {1, 1, 2},
             .out = {1, 1, 1},
             .bits = 32,
             .low = -HUGE_VALF,
             .high = 6};
  l.floats = {0.1F, 1e-30F};
  l.factors = {1};
  l.offsets = {-16777216};
  return network;
}

bool holds(std::string const& text, char const* part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("c_header: numbers, shapes and scales of a network in integers") {
  std::string const text = io::c_header(integers(), {.name = "one", .section = ".model"});
  CHECK(holds(text, "namespace one {\n"));
  CHECK(holds(text, "#include <sqwa/deploy/layer.hpp>\n"));
  CHECK(holds(text, "[[gnu::section(\".model\")]] inline constexpr std::uint8_t codes_0[] = {\n    10};\n"));
  CHECK(holds(text, "std::int32_t factors_0[] = {\n    -5};\n"));
  CHECK(holds(text, "std::int64_t offsets_0[] = {\n    1099511627776LL};\n"));
  CHECK(holds(text, "using arithmetic = sqwa::deploy::integers;"));
  CHECK(holds(text, "output_scale = 0.125;"));
  CHECK(holds(text,
              ".what = sqwa::deploy::operation::convolution, .in = {1, 1, 2}, .out = {1, 1, 1}, .bits = 2, "
              ".zero = 3, .shift = 20, .codes = codes_0, .factors = factors_0, .offsets = offsets_0, "
              ".low = -2147483647 - 1, .high = 7}"));
  CHECK(holds(text, "13 bytes of weights, factors and offsets"));
  CHECK(text == io::c_header(integers(), {.name = "one", .section = ".model"}));
  CHECK_FALSE(holds(io::c_header(integers(), {}), "section"));
}

TEST_CASE("c_header: floats read back are the same floats") {
  std::string const text = io::c_header(floats(), {});
  CHECK(holds(text, "float weights_0[] = {\n    0.1F, 1e-30F};\n"));
  CHECK(holds(text, "float offsets_0[] = {\n    -16777216.0F};\n"));
  CHECK(holds(text, ".low = -infinity, .high = 6.0F}"));
  CHECK(holds(text, "using arithmetic = sqwa::deploy::floats;"));
}

TEST_CASE("c_header: any name becomes one of C++") {
  for (auto const& [name, becomes] : {std::pair{"digits", "digits"},
                                      {"my-net 2.0", "my_net_2_0"},
                                      {"2bit", "n2bit"},
                                      {"__a__b__", "a_b"},
                                      {"", "n"},
                                      {"\xC3\xA4\"\n", "n"}}) {
    CHECK(io::detail::identifier(name) == becomes);
  }
  auto network = integers();
  network.layers[0].name = "\n#error";
  CHECK(holds(io::c_header(network, {.name = "x\ny"}), "namespace x_y {\n"));
  CHECK(holds(io::c_header(network, {}), "// Layer 0: error\n"));
}

TEST_CASE("c_header: NaN, rounding in float, no layers and odd sections are refused") {
  auto const attempt = [](auto const& network, char const* why, std::string section = "") {
    return test::refuses([&] { (void)io::c_header(network, {.name = "n", .section = section}); }, why);
  };
  CHECK(attempt(io::deployed_network<deploy::integers>{}, "without layers"));
  CHECK(attempt(integers(), "other characters", "a\"b"));
  CHECK(attempt(integers(), "other characters", "a b"));
  auto network = floats();
  network.layers[0].floats[1] = std::nanf("");
  CHECK(attempt(network, "dense_1. has a weight that is NaN"));
  network = floats();
  network.layers[0].factors[0] = std::nanf("");
  CHECK(attempt(network, "a factor that is NaN"));
  network = floats();
  network.layers[0].offsets[0] = std::nanf("");
  CHECK(attempt(network, "an offset that is NaN"));
  network = floats();
  network.layers[0].grid = io::activation_grid{};
  CHECK(attempt(network, "rounded in training"));
}

}  // namespace SQWA_TEST_FILE
