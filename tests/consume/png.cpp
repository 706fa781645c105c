// SPDX-License-Identifier: BSD-3-Clause
// The component png: a folder that is not there is refused.
#include <sqwa/io/png_folder.hpp>

int main() {
  try {
    (void)sqwa::io::read_png_folder("no-such-folder", 3);
  } catch (sqwa::io::error const&) {
    return 0;
  }
  return 1;
}
