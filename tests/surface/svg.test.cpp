// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/surface/svg.hpp>

#include "support/refuses.hpp"
#include "surface/known_surfaces.hpp"

#include <doctest/doctest.h>
#include <string>

namespace SQWA_TEST_FILE {

namespace {

bool has(std::string const& text, std::string_view words) { return text.find(words) != text.npos; }

}  // namespace

TEST_CASE("surface_svg: says which surface, marks models, hatches what is missing; the same bytes again") {
  auto s = test::valley(21);
  s.models.push_back({"away & <far>", 99, 0, 0, 1, 2});
  auto const svg = sqwa::surface_svg(s);
  CHECK(svg == sqwa::surface_svg(s));
  CHECK(has(svg, "loss of the surface “float”"));
  CHECK(has(sqwa::surface_svg(s, {.surface = 1, .accuracy = true}), "accuracy in percent of the surface “projected”"));
  for (char const* name : {">capture 1<", ">capture 2<", ">capture 3 (0.75)<", ">average (0.1)<", ">float (1.5)<"}) {
    CHECK(has(svg, name));
  }
  CHECK(has(svg, "outside: away &amp; &lt;far&gt;"));
  CHECK(has(svg, "not finite"));
  CHECK_FALSE(has(sqwa::surface_svg(s, {.surface = 1}), "not finite"));
  CHECK_FALSE(has(svg, "nan"));
  CHECK(test::refuses([&] { (void)sqwa::surface_svg(s, {.surface = 2}); }, "surface 2 of 2"));
}

TEST_CASE("surface_svg: one node, and values that are all equal, are pictures too") {
  sqwa::loss_surface s;
  s.x.count = s.y.count = 1;
  s.x.last = s.y.last = 0;
  s.surfaces = {{"a", {1}, {2}}};
  CHECK(has(sqwa::surface_svg(s), "</svg>"));
  s.x = s.y = {"x", 0, 1, 2};
  s.surfaces = {{"a", {1, 1, 1, 1}, {2, 2, 2, 2}}};
  CHECK(has(sqwa::surface_svg(s), "</svg>"));
}

}  // namespace SQWA_TEST_FILE
