// SPDX-License-Identifier: BSD-3-Clause
// Can the method train a libtorch network with torch's own optimizer? Three members make a learner of it; a fourth,
// evaluate(), fills the table.
#include <ATen/core/ivalue.h>  // first: else clang refuses the other headers of libtorch 1.13 in C++20

#include "support/recovery_table.hpp"

#include <sqwa/sqwa.hpp>
#include <sqwa/tensor/torch.hpp>

#include <torch/nn.h>
#include <torch/optim/sgd.h>
#include <torch/utils.h>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

namespace {

/// Images as rows, pixels scaled to [0, 1]; labels as torch wants them.
struct samples {
  explicit samples(sqwa::nn::data_set const& set)
      : x(torch::from_blob(const_cast<std::uint8_t*>(set.images.data()), {rows(set), 64}, torch::kByte)
              .to(torch::kFloat) /
          16),
        labels(torch::from_blob(const_cast<std::uint8_t*>(set.labels.data()), {rows(set)}, torch::kByte)
                   .to(torch::kLong)) {}
  static std::int64_t rows(sqwa::nn::data_set const& set) { return static_cast<std::int64_t>(set.size()); }

  torch::Tensor x, labels;
};

class torch_learner {
 public:
  torch_learner(sqwa::nn::data_sets const& data, std::size_t batch)
      : train_(data.train), test_(data.test), stream_(data.train.size(), 1), picked_(batch) {
    for (auto const& p : net_->named_parameters()) {
      if (p.key().ends_with("weight")) weights_.emplace_back(p.value());  // biases stay torch's
    }
  }

  std::vector<sqwa::torch_view<float>>& parameters() { return weights_; }

  double backward() {
    stream_.take(taken_, picked_);
    taken_ += picked_.size();
    auto const index = torch::tensor(std::vector<std::int64_t>(picked_.begin(), picked_.end()));
    optimizer_.zero_grad();
    auto const loss =
        torch::nn::functional::cross_entropy(net_->forward(train_.x.index({index})), train_.labels.index({index}));
    loss.backward();
    return loss.item<double>();
  }

  void update(float rate) {
    static_cast<torch::optim::SGDOptions&>(optimizer_.param_groups()[0].options()).lr(static_cast<double>(rate));
    optimizer_.step();
  }

  sqwa::score evaluate() {
    torch::NoGradGuard const no_gradients;
    auto const out = net_->forward(test_.x);
    auto const loss = torch::nn::functional::cross_entropy(out, test_.labels);
    auto const right = out.argmax(1).eq(test_.labels).to(torch::kDouble).mean();
    return {.split = "test", .loss = loss.item<double>(), .accuracy = 100 * right.item<double>()};
  }

 private:
  samples train_, test_;
  torch::nn::Sequential net_{torch::nn::Linear(64, 32), torch::nn::ReLU(), torch::nn::Linear(32, 10)};
  torch::optim::SGD optimizer_{net_->parameters(), torch::optim::SGDOptions(0.1).momentum(0.9)};
  std::vector<sqwa::torch_view<float>> weights_;
  sqwa::nn::sample_stream stream_;
  std::uint64_t taken_ = 0;
  std::vector<std::size_t> picked_;
};

}  // namespace

int main() try {
  torch::manual_seed(1);
  torch::set_num_threads(1);  // small matrices
  auto const digits = sqwa::io::read_idx(SQWA_EXAMPLE_DATA "/digits");
  torch_learner learner(digits, 60);
  sqwa::recipe const recipe{
      .format = sqwa::quantizer{sqwa::symmetric<3>{}, sqwa::l2{}, sqwa::per_channel{.axis = 0}},  // one a neuron
      .train = {.rate = sqwa::cosine{.hi = 0.1F, .lo = 0, .length = 1'000}},
      .retrain = {.rate = sqwa::cyclic{sqwa::cosine{.hi = 0.1F, .lo = 0.005F, .length = 99}, 100}, .steps = 1'000},
      .capture = sqwa::at_trough{.last = 7},
      .fine_tune = {.rate = sqwa::cosine{.hi = 0.1F, .lo = 0, .length = 500}}};
  return example::recovers(sqwa::run(recipe, learner)) ? 0 : 1;
} catch (std::exception const& e) {
  std::fprintf(stderr, "libtorch_learner: %s\n", e.what());
  return 1;
}
