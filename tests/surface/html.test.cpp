// SPDX-License-Identifier: BSD-3-Clause
// That the page works is checked in a browser by tests/pictures/browse.py.
#include <sqwa/surface/html.hpp>

#include <doctest/doctest.h>
#include <cmath>
#include <limits>
#include <string>

namespace SQWA_TEST_FILE {

TEST_CASE("surface_html: hostile names stay text, values that are not finite stay JSON, nothing is fetched") {
  CHECK(sqwa::detail::json_string("</script>\"\\\n&é") == R"("\u003c/script\u003e\"\\\u000a\u0026é")");
  sqwa::loss_surface s;
  s.title = "</title><script>alert(1)</script>";
  s.x.count = 2;
  s.y.count = 1;
  s.surfaces = {{"</script><b>", {std::nan(""), -std::numeric_limits<double>::infinity()}, {0.1, 1}}};
  s.models = {{"<!--", 0, 0, 0, 1, 2}};
  auto const page = sqwa::surface_html(s);
  CHECK(page.find("</script><b>") == page.npos);
  CHECK(page.find("alert(1)</script>") == page.npos);
  CHECK(page.find("<!--") == page.npos);
  CHECK(page.find("\"loss\":[null,-1e999]") != page.npos);
  CHECK(page.find("http") == page.npos);
}

}  // namespace SQWA_TEST_FILE
