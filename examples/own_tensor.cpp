// SPDX-License-Identifier: BSD-3-Clause
// A tensor of your own: ten lines make it one that everything takes.
//
// Prints:
//   mean: 2 4 6 8
//   ternary: 3 3 7 7
#include <sqwa/average/averager.hpp>
#include <sqwa/quant/encode.hpp>

#include <array>
#include <cstdio>
#include <span>
#include <vector>

struct picture {  // somebody's type
  int width, height;
  std::vector<float> pixels;
};

template <>
struct sqwa::adapter<picture> {
  static std::span<float> elements(picture& p) { return p.pixels; }
  static std::span<float const> elements(picture const& p) { return p.pixels; }
  static std::array<int, 2> shape(picture const& p) { return {p.height, p.width}; }  // slowest index first
};
static_assert(sqwa::mutable_tensor<picture&>);

namespace {

void print(char const* what, picture const& p) {
  std::printf("%s:", what);
  for (float v : p.pixels) std::printf(" %g", static_cast<double>(v));
  std::printf("\n");
}

}  // namespace

int main() {
  picture const first{2, 2, {1, 3, 5, 7}}, second{2, 2, {3, 5, 7, 9}};
  picture result = first;
  sqwa::averager mean{sqwa::mutable_values(result)};  // in the memory of the result
  mean.update(first);
  mean.update(second);
  print("mean", result);

  sqwa::quantizer const ternary{sqwa::symmetric<3>{}, sqwa::l2{}, sqwa::per_channel{.axis = 0}};  // a scale a row
  std::vector<float> scales(2);
  sqwa::fit_scales(ternary, sqwa::values(result), sqwa::shape_of(result), scales);
  sqwa::encode(ternary, sqwa::values(result), sqwa::shape_of(result), scales).decode(sqwa::mutable_values(result));
  print("ternary", result);
}
