// SPDX-License-Identifier: BSD-3-Clause
// Averages checkpoints, arrays of NumPy by their names: average_files MEAN.npz A.npz B.npz...
//
// The shortest program that does it; sqwa-average (average.cpp) knows weights, patterns of names and other kinds of
// files.
#include <sqwa/io/npz.hpp>
#include <sqwa/nn/model_average.hpp>

#include <cstdio>
#include <exception>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using floats = std::vector<sqwa::named_tensor<std::span<float>>>;

/// The arrays of a file under their names, in place. Others than float32 are refused: they are no weights.
floats weights_in(std::vector<sqwa::io::npz_member>& members) {
  floats all;
  for (auto& [name, array] : members) {
    if (array.type != "<f4" || array.fortran) throw std::invalid_argument(name + ": no float32 in C order");
    all.push_back({name, {reinterpret_cast<float*>(array.bytes.data()), array.extents.size()}});
  }
  return all;
}

}  // namespace

int main(int count, char** words) try {
  if (count < 3) throw std::invalid_argument("usage: average_files MEAN.npz A.npz B.npz...");
  sqwa::model_average mean;
  std::vector<sqwa::io::npz_member> members;
  for (int i = 2; i != count; ++i) {
    members = sqwa::io::read_npz(words[i]);
    mean.update(weights_in(members));  // a file with other names or extents than the first is refused
  }
  auto into = weights_in(members);
  mean.value_to(into);
  sqwa::io::write_npz(words[1], members);
  std::printf("%zu tensors, the mean of %d files\n", into.size(), count - 2);
} catch (std::exception const& e) {
  std::fprintf(stderr, "average_files: %s\n", e.what());
  return 1;
}
