// SPDX-License-Identifier: BSD-3-Clause
// Writes the known valley, with hostile names, into the directory that is given: what the scripts beside it read.
#include <sqwa/io/surface_files.hpp>

#include "surface/known_surfaces.hpp"

int main(int count, char** words) {
  if (count != 2) return 2;
  auto s = test::valley();
  s.title = "</script><script>document.title='broken'</script> & \"valley\"";
  s.models[0].name = "<img src=x onerror=\"document.title='broken'\">";
  s.models[1].name = "]]> 'é' \\";
  s.models.push_back({"away", 9, 9, 3, 1, 20});
  sqwa::io::write_surface(words[1], s);
}
