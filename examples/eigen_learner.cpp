// SPDX-License-Identifier: BSD-3-Clause
// Can a hand-written trainer on Eigen matrices run the method? Three members make a learner of softmax regression; a
// fourth, evaluate(), fills the table.
#include "support/recovery_table.hpp"

#include <sqwa/sqwa.hpp>
#include <sqwa/tensor/eigen.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <span>
#include <vector>

namespace {

/// Images as columns, pixels scaled to [0, 1], and below them a constant 1 that the biases multiply.
Eigen::MatrixXf columns(sqwa::nn::data_set const& set) {
  auto const n = static_cast<Eigen::Index>(set.size());
  Eigen::Map<Eigen::Matrix<std::uint8_t, Eigen::Dynamic, Eigen::Dynamic> const> const pixels(
      set.images.data(), static_cast<Eigen::Index>(set.images.size()) / n, n);
  Eigen::MatrixXf x(pixels.rows() + 1, n);
  x << pixels.cast<float>() / 16, Eigen::RowVectorXf::Ones(n);
  return x;
}

class softmax_regression {
 public:
  softmax_regression(sqwa::nn::data_sets const& data, std::size_t batch)
      : train_(data.train), test_(data.test), x_(columns(train_)), stream_(train_.size(), 1), picked_(batch) {
    weight_ = gradient_ = velocity_ = Eigen::MatrixXf::Zero(x_.rows(), static_cast<Eigen::Index>(train_.classes));
  }

  std::span<Eigen::MatrixXf> parameters() { return {&weight_, 1}; }

  double backward() {
    stream_.take(taken_, picked_);
    taken_ += picked_.size();
    auto const x = x_(Eigen::seqN(0, x_.rows()), picked_);
    Eigen::MatrixXf p = probabilities(x);
    double loss = 0;
    for (std::size_t i = 0; i != picked_.size(); ++i) {
      float& of_label = p(train_.labels(picked_[i]), static_cast<Eigen::Index>(i));
      loss -= std::log(static_cast<double>(of_label));
      of_label -= 1;
    }
    gradient_ = x * p.transpose() / static_cast<float>(picked_.size());
    return loss / static_cast<double>(picked_.size());
  }

  void update(float rate) {
    velocity_ = 0.9F * velocity_ + gradient_;
    weight_ -= rate * velocity_;
  }

  sqwa::score evaluate() const {
    Eigen::MatrixXf const p = probabilities(columns(test_));
    sqwa::score s{.split = "test"};
    for (Eigen::Index i = 0; i != p.cols(); ++i) {
      auto const label = static_cast<Eigen::Index>(test_.labels(static_cast<std::size_t>(i)));
      Eigen::Index best = 0;
      p.col(i).maxCoeff(&best);
      s.loss -= std::log(static_cast<double>(p(label, i))) / static_cast<double>(p.cols());
      s.accuracy += (best == label ? 100.0 : 0.0) / static_cast<double>(p.cols());
    }
    return s;
  }

 private:
  Eigen::MatrixXf probabilities(auto const& x) const {
    Eigen::ArrayXXf z = weight_.transpose() * x;
    z = (z.rowwise() - z.colwise().maxCoeff()).exp();
    return z.rowwise() / z.colwise().sum();
  }

  sqwa::nn::data_set const &train_, &test_;
  Eigen::MatrixXf x_, weight_, gradient_, velocity_;
  sqwa::nn::sample_stream stream_;
  std::uint64_t taken_ = 0;
  std::vector<std::size_t> picked_;
};

}  // namespace

int main() try {
  auto const digits = sqwa::io::read_idx(SQWA_EXAMPLE_DATA "/digits");
  softmax_regression learner(digits, 60);
  sqwa::recipe const recipe{
      .format = sqwa::quantizer{sqwa::symmetric<3>{}, sqwa::l2{}, sqwa::per_channel{.axis = 0}},  // a scale a column
      .train = {.rate = sqwa::cosine{.hi = 0.2F, .lo = 0, .length = 1'000}},
      .retrain = {.rate = sqwa::cyclic{sqwa::cosine{.hi = 0.1F, .lo = 0.005F, .length = 99}, 100}, .steps = 1'000},
      .capture = sqwa::at_trough{.last = 7},
      .fine_tune = {.rate = sqwa::cosine{.hi = 0.1F, .lo = 0, .length = 500}}};
  return example::recovers(sqwa::run(recipe, learner)) ? 0 : 1;
} catch (std::exception const& e) {
  std::fprintf(stderr, "eigen_learner: %s\n", e.what());
  return 1;
}
