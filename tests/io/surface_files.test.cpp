// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/io/surface_files.hpp>

#include "io/files.hpp"
#include "surface/known_surfaces.hpp"

#include <doctest/doctest.h>
#include <cstring>
#include <string>
#include <vector>

namespace SQWA_TEST_FILE {

TEST_CASE("write_surface: every file is there, the archive holds the bits, names cannot leave the directory") {
  test::folder const out("surface");
  auto s = test::valley(9);
  s.surfaces[0].name = "../a b";
  sqwa::io::write_surface(out / "deep" / "er", s);
  auto const there = [&](std::string const& name) {
    return std::filesystem::is_regular_file(out / "deep" / "er" / name);
  };
  for (char const* name : {"surface.csv", "surface.npy", "surface.vti", "models.vtp", "surface.html", "---a-b_loss.svg",
                           "---a-b_accuracy.svg", "projected_loss.svg", "projected_accuracy.svg"}) {
    CHECK_MESSAGE(there(name), name);
  }
  auto const members = sqwa::io::read_npz(out / "deep" / "er" / "surface.npz");
  CHECK(members == sqwa::io::surface_arrays(s));
  REQUIRE(members.size() == 14);
  CHECK(members[2].name == "---a-b_loss");
  CHECK(members[2].array.extents == sqwa::shape{s.y.count, s.x.count});
  REQUIRE(members[2].array.bytes.size() == 8 * s.size());
  CHECK(std::memcmp(members[2].array.bytes.data(), s.surfaces[0].loss.data(), 8 * s.size()) == 0);
}

}  // namespace SQWA_TEST_FILE
