// SPDX-License-Identifier: BSD-3-Clause
// Our averages for average_torch.py; see figures.hpp. A mean of seven snapshots counts as one pass: its weights are
// counted once.
#include <sqwa/average/averager.hpp>
#include <sqwa/average/mean_of.hpp>
#include <sqwa/fast.hpp>
#include <sqwa/quant/encode.hpp>
#include "figures.hpp"
#include "side_by_side.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace {

template <class B>
class operations {
 public:
  explicit operations(std::size_t n) : mean_(n), weights_(bench::gaussian(n, 0.05F)), packed_(7) {
    float const scale = 0.04F;
    sqwa::quantizer const ternary{sqwa::symmetric<3>{}, sqwa::fixed{scale}};
    for (std::size_t s = 0; s != packed_.size(); ++s) {
      for (float& w : weights_) w = -w;
      sqwa::encode_into(packed_[s], ternary, std::span(weights_), sqwa::shape{n}, std::span(&scale, 1), {}, B{});
    }
    averager_.update(weights_);
  }

  double rate(std::string const& operation) {
    auto const run = [&] {
      if (operation == "mean_of_7_packed") {
        sqwa::mean_into(mean_, packed_, B{});
      } else {
        averager_.update(weights_);
      }
    };
    return bench::rates({{operation, run}}, 1).front() * static_cast<double>(mean_.size()) / 1e9;
  }

 private:
  std::vector<float> mean_, weights_;
  std::vector<sqwa::packed> packed_;
  sqwa::averager<std::vector<float>, sqwa::uniform, B> averager_;
};

}  // namespace

int main() { bench::answer_questions<operations>(); }
