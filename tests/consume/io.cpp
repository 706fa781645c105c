// SPDX-License-Identifier: BSD-3-Clause
// The component io: a model goes through a file.
#include <sqwa/io/model_file.hpp>
#include <sqwa/nn/low_bit_model.hpp>

#include <cstdio>

int main() {
  sqwa::low_bit_model model;
  model.floats.push_back({"bias", {2}, {1.0F, 2.0F}});
  sqwa::io::write_model("model.sqwa", model);
  bool const same = sqwa::io::read_model("model.sqwa") == model;
  std::remove("model.sqwa");
  return same ? 0 : 1;
}
