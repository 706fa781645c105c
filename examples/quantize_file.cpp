// SPDX-License-Identifier: BSD-3-Clause
// Quantizes a file of weights to three levels and says what is lost: quantize_file WEIGHTS.npz OUTPUT.sqwa
//
// Arrays of float32 with two or more extents become low-bit, one scale for each index of the first axis; others stay.
#include <sqwa/io/model_file.hpp>
#include <sqwa/io/npz.hpp>
#include <sqwa/quant/encode.hpp>

#include <cmath>
#include <cstdio>
#include <cstring>
#include <exception>
#include <span>
#include <stdexcept>
#include <vector>

int main(int count, char** words) try {
  if (count != 3) throw std::invalid_argument("usage: quantize_file WEIGHTS.npz OUTPUT.sqwa");
  sqwa::quantizer const ternary{sqwa::symmetric<3>{}, sqwa::l2{}, sqwa::per_channel{.axis = 0}};
  sqwa::low_bit_model model;
  for (sqwa::io::npz_member const& m : sqwa::io::read_npz(words[1])) {
    if (m.array.type != "<f4" || m.array.fortran) throw std::invalid_argument(m.name + ": no float32 in C order");
    sqwa::shape const extents = m.array.extents;
    std::vector<float> weights(extents.size());
    std::memcpy(weights.data(), m.array.bytes.data(), m.array.bytes.size());
    if (extents.rank() < 2) {
      model.floats.push_back({m.name, extents, weights});
      continue;
    }
    std::vector<float> scales(sqwa::scale_count(ternary, extents));
    sqwa::fit_scales(ternary, std::span<float const>(weights), extents, scales);
    sqwa::packed const low = sqwa::encode(ternary, std::span<float const>(weights), extents, scales);
    std::vector<float> back(weights.size());
    low.decode(std::span(back));
    double signal = 0, noise = 0;
    for (std::size_t i = 0; i != back.size(); ++i) {
      signal += std::pow(weights[i], 2);
      noise += std::pow(weights[i] - back[i], 2);
    }
    std::printf("%s: %zu weights, signal to noise %.2f dB\n", m.name.c_str(), back.size(),
                10 * std::log10(signal / noise));
    model.weights.push_back({m.name, extents, low});
  }
  sqwa::io::write_model(words[2], model);
  std::printf("%.2f bits a weight, %zu bytes\n", sqwa::bits_per_weight(model), sqwa::byte_size(model));
} catch (std::exception const& e) {
  std::fprintf(stderr, "quantize_file: %s\n", e.what());
  return 1;
}
