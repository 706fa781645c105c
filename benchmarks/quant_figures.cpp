// SPDX-License-Identifier: BSD-3-Clause
// Our quantizers for quant_torch.py; see figures.hpp.
#include <sqwa/fast.hpp>
#include <sqwa/quant/encode.hpp>
#include <sqwa/quant/fit.hpp>
#include <sqwa/quant/l2.hpp>
#include <sqwa/quant/quantize.hpp>
#include "figures.hpp"
#include "side_by_side.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace {

constexpr float scale = 0.04F;
constexpr std::size_t row = 1024;  // of the rows that have a scale each
float volatile sink;

/// The tensors of one size, and what can be done to them.
template <class B>
class operations {
 public:
  explicit operations(std::size_t n)
      : n_(n), x_(n), y_(n), g_(n), codes_(n), row_scales_(n / row, scale), gaussian_(bench::gaussian(n, 0.05F)) {
    std::ranges::copy(gaussian_, x_.begin());
    std::ranges::copy_n(gaussian_.rbegin(), static_cast<std::ptrdiff_t>(n), g_.begin());
    encode("encode_2", sqwa::symmetric<3>{}, two_);
    encode("encode_4", sqwa::symmetric<15>{}, four_);
    decode("decode_2", two_);
    decode("decode_4", four_);
    auto const whole = sqwa::per_tensor{}(sqwa::shape{n});
    all_["fake_quantize"] = [=, this] {
      sqwa::fake_quantize(x(), whole, one_scale(), sqwa::symmetric<3>{}, sqwa::nearest_even{}, y(), {}, B{});
    };
    auto const rows = sqwa::per_channel{}(sqwa::shape{n / row, row});
    all_["fake_quantize_rows"] = [=, this] {
      sqwa::fake_quantize(x(), rows, std::span<float const>(row_scales_), sqwa::symmetric<3>{}, sqwa::nearest_even{},
                          y(), {}, B{});
    };
    all_["quantize_8"] = [=, this] {
      sqwa::quantize(x(), whole, one_scale(), sqwa::symmetric<255>{}, sqwa::nearest_even{},
                     std::span(codes_.data(), n_), {}, B{});
    };
    all_["dequantize_8"] = [=, this] { sqwa::dequantize(std::span(codes_.data(), n_), whole, one_scale(), y(), B{}); };
    all_["learned_step"] = [=, this] {  // forward and backward
      sqwa::fake_quantize(x(), whole, one_scale(), sqwa::symmetric<3>{}, sqwa::nearest_even{}, y(), {}, B{});
      sink = B::kernels::template lsq_backward<float>(y(), std::span<float const>(g_.data(), n_), x(), scale, 1);
    };
    fit("max_abs", sqwa::quantizer{sqwa::symmetric<3>{}, sqwa::max_abs{}});
    fit("l2", sqwa::quantizer{sqwa::symmetric<3>{}, sqwa::l2{}});
  }
  operations(operations const&) = delete;
  operations& operator=(operations const&) = delete;

  double rate(std::string const& operation) const {
    return bench::rates({{operation, all_.at(operation)}}, 1).front() * static_cast<double>(n_) / 1e9;
  }

 private:
  std::span<float const> x() { return {x_.data(), n_}; }
  std::span<float> y() { return {y_.data(), n_}; }
  static std::span<float const> one_scale() { return {&scale, 1}; }

  template <class F>
  void encode(char const* name, F format, sqwa::packed& to) {
    sqwa::quantizer const q{format, sqwa::fixed{scale}};
    all_[name] = [=, this, &to] { sqwa::encode_into(to, q, x(), sqwa::shape{n_}, one_scale(), {}, B{}); };
    all_[name]();
  }
  void decode(char const* name, sqwa::packed const& from) {
    all_[name] = [this, &from] { from.decode(y(), B{}); };
  }
  template <class Q>
  void fit(char const* name, Q q) {
    all_[name] = [=, this] {
      float fitted = 0;
      sqwa::fit_scales(q, x(), sqwa::shape{n_}, std::span(&fitted, 1), B{});
      sink = fitted;
    };
  }

  std::size_t n_;
  bench::buffer<float> x_, y_, g_;
  bench::buffer<std::int8_t> codes_;
  sqwa::packed two_, four_;
  std::vector<float> row_scales_, gaussian_;
  std::map<std::string, std::function<void()>> all_;
};

}  // namespace

int main() { bench::answer_questions<operations>(); }
