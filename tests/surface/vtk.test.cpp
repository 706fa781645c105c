// SPDX-License-Identifier: BSD-3-Clause
// That VTK reads the files is checked by tests/pictures/read_files.py.
#include <sqwa/surface/vtk.hpp>

#include "surface/known_surfaces.hpp"

#include <doctest/doctest.h>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace SQWA_TEST_FILE {

TEST_CASE("base64: the vectors of RFC 4648") {
  auto const coded = [](std::string_view s) { return sqwa::detail::base64(std::as_bytes(std::span(s))); };
  CHECK(coded("") == "");
  CHECK(coded("f") == "Zg==");
  CHECK(coded("fo") == "Zm8=");
  CHECK(coded("foo") == "Zm9v");
  CHECK(coded("foobar") == "Zm9vYmFy");
}

TEST_CASE("surface_vti, marked_models_vtp: names cannot leave their attributes; one node, no models") {
  sqwa::loss_surface s;
  s.x.count = s.y.count = 1;
  s.surfaces = {{"\"><a", {1}, {2}}};
  std::string const vti = sqwa::surface_vti(s);
  CHECK(vti.find("WholeExtent=\"0 0 0 0 0 0\" Origin=\"0 0 0\" Spacing=\"1 1 1\"") != vti.npos);
  CHECK(vti.find("Name=\"&quot;&gt;&lt;a_loss\"") != vti.npos);
  CHECK(sqwa::marked_models_vtp(s).find("NumberOfPoints=\"0\"") != std::string::npos);
}

}  // namespace SQWA_TEST_FILE
