// SPDX-License-Identifier: BSD-3-Clause
// A network for microcontrollers from float to integers: ranges of its values, fixed-point factors.
#ifndef SQWA_IO_DEPLOY_INTEGERS_HPP
#define SQWA_IO_DEPLOY_INTEGERS_HPP

#include <sqwa/core/contract.hpp>
#include <sqwa/deploy/layer.hpp>
#include <sqwa/deploy/products.hpp>
#include <sqwa/io/deployed_network.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace sqwa::inline SQWA_ABI {

namespace io {

namespace detail {

/// The layer of the engine in integers that comes nearest to one in float.
class integer_layer_maker {
 public:
  integer_layer_maker(deployed_layer<deploy::floats> const& from, activation_grid const& in,
                      activation_grid const& side, activation_grid const& out)
      : from_(from), in_(in), side_(side), out_(out) {
    to_.name = from.name;
    copy_geometry();
  }

  /// `wide`: the output has 32 bits.
  deployed_layer<deploy::integers> make(bool wide) {
    deploy::layer<deploy::floats> const& l = from_.entry;
    to_.grid = out_;
    to_.entry.low = wide ? std::numeric_limits<std::int32_t>::min() : 0;
    to_.entry.high = wide ? std::numeric_limits<std::int32_t>::max() : out_.max_code;
    if (l.low > -infinity) to_.entry.low = std::max(to_.entry.low, code_of(l.low));
    if (l.high < infinity) to_.entry.high = std::min(to_.entry.high, code_of(l.high));
    if (l.what == deploy::operation::max_pool) return to_;
    std::vector<double> const ratio = ratios();
    choose_shift(ratio);
    for (double r : ratio) to_.factors.push_back(static_cast<std::int32_t>(std::llrint(std::ldexp(r, shift()))));
    for (std::size_t i = 0; i != from_.offsets.size(); ++i) {
      to_.offsets.push_back(offset(i) - zeros(i));
      expects(std::abs(to_.offsets.back()) < std::int64_t{1} << 62, "deploy: {} has an offset beyond 62 bits",
              from_.name);
    }
    return to_;
  }

  /// The factors before they become fixed-point numbers.
  [[nodiscard]] std::vector<double> ratios() const {
    std::vector<double> all;
    for (std::size_t i = 0; i != from_.factors.size(); ++i) {
      double const scale = from_.entry.what == deploy::operation::add && i == 1 ? side_.scale : in_.scale;
      all.push_back(static_cast<double>(from_.factors[i]) * scale / out_.scale);
    }
    return all;
  }

 private:
  static constexpr float infinity = std::numeric_limits<float>::infinity();
  static constexpr int most_shift = 46;

  [[nodiscard]] int shift() const { return to_.entry.shift; }

  void copy_geometry() {
    deploy::layer<deploy::floats> const& l = from_.entry;
    expects(l.bits != 32, "deploy: {} has weights in float; for integers give it a format of at most 255 levels",
            from_.name);
    to_.codes = from_.codes;
    deploy::layer<deploy::integers>& t = to_.entry;
    t.what = l.what;
    t.in = l.in;
    t.out = l.out;
    t.window_rows = l.window_rows;
    t.window_columns = l.window_columns;
    t.stride = l.stride;
    t.padding = l.padding;
    t.from = l.from;
    t.other = l.other;
    t.other_in = l.other_in;
    t.front = l.front;
    t.bits = l.bits;
    t.zero = static_cast<std::uint8_t>(l.what == deploy::operation::add ? side_.zero : in_.zero);
    double const most =
        static_cast<double>(l.window_size()) * (l.bits != 0 ? deploy::detail::centre_of(l.bits) : 1) * 255;
    expects(most < 2147483648.0, "deploy: {} sums up {} products, more than 32 bits hold", from_.name, l.window_size());
  }

  [[nodiscard]] std::int32_t code_of(float value) const {
    double const code = std::floor(static_cast<double>(value) / out_.scale + 0.5) + out_.zero;
    return static_cast<std::int32_t>(std::clamp(code, -2147483648.0, 2147483647.0));
  }

  /// The largest shift with which factors fit 31 bits and offsets 61.
  void choose_shift(std::vector<double> const& ratio) {
    int bits = most_shift;
    for (double r : ratio) {
      expects(std::isfinite(r), "deploy: {} has a factor that is not finite", from_.name);
      int exponent = 0;
      std::frexp(r, &exponent);
      if (r != 0) bits = std::min(bits, 30 - exponent);
    }
    for (float o : from_.offsets) {
      double const r = static_cast<double>(o) / out_.scale;
      expects(std::isfinite(r), "deploy: {} has an offset that is not finite", from_.name);
      int exponent = 0;
      std::frexp(std::abs(r) + out_.zero, &exponent);
      bits = std::min(bits, 60 - exponent);
    }
    expects(bits >= 1, "deploy: {} has factors or offsets that are too large for the range of its outputs", from_.name);
    to_.entry.shift = static_cast<std::uint8_t>(bits);
  }

  /// What is added for the offset in float, for the zero of the output, and to round.
  [[nodiscard]] std::int64_t offset(std::size_t i) const {
    double const real = static_cast<double>(from_.offsets[i]) / out_.scale;
    return std::llrint(std::ldexp(real, shift())) + (std::int64_t{out_.zero} << shift()) +
           (std::int64_t{1} << (shift() - 1));
  }

  /// What the zeros of the inputs make of the sum: factor * zero * the sum of the codes.
  [[nodiscard]] std::int64_t zeros(std::size_t i) const {
    using enum deploy::operation;
    deploy::layer<deploy::floats> const& l = from_.entry;
    std::int64_t const zero = in_.zero, factor = to_.factors[i];
    if (l.what == average_pool) return factor * zero * l.window_rows * l.window_columns;
    if (l.what == add) return factor * zero + to_.factors[1] * std::int64_t{side_.zero};
    if (l.what == rescale) return factor * zero;
    std::size_t const row = l.window_size(), bytes = deploy::detail::row_bytes(row, l.bits);
    std::uint8_t const* const codes = from_.codes.data() + i * bytes;
    std::int64_t sum = 0;
    for (std::size_t k = 0; k != row; ++k) {
      unsigned const field = l.bits == 2   ? deploy::detail::field_at<2>(codes, k)
                             : l.bits == 4 ? deploy::detail::field_at<4>(codes, k)
                                           : deploy::detail::field_at<8>(codes, k);
      sum += static_cast<int>(field) - deploy::detail::centre_of(l.bits);
    }
    return factor * zero * sum;
  }

  deployed_layer<deploy::floats> const& from_;
  activation_grid in_, side_, out_;
  deployed_layer<deploy::integers> to_;
};

}  // namespace detail

/// The least and the largest number that each value of a network took, from 0 on; value 0 is the input.
struct value_range {
  float least = 0;
  float most = 0;
};

/// The ranges of all values over samples, which lie one after the other in `inputs`. Where training fixed the points of
/// a value, it is rounded to them on its way.
///
/// Memory: the values of one sample. @pre the inputs are finite and whole samples, at least one
[[nodiscard]] inline std::vector<value_range> measure_ranges(deployed_network<deploy::floats> const& network,
                                                             std::span<float const> inputs) {
  expects(!network.layers.empty(), "measure_ranges: no layers");
  std::size_t const size = network.input_size();
  expects(!inputs.empty() && inputs.size() % size == 0, "measure_ranges: {} numbers for samples of {}", inputs.size(),
          size);
  std::vector<value_range> ranges(network.layers.size() + 1);
  auto const see = [](value_range& range, std::span<float const> values) {
    for (float v : values) {
      expects(std::isfinite(v), "measure_ranges: a value that is not finite");
      range.least = std::min(range.least, v);
      range.most = std::max(range.most, v);
    }
  };
  for (; !inputs.empty(); inputs = inputs.subspan(size)) {
    see(ranges[0], inputs.first(size));
    network.run_with(inputs.first(size), [&](std::size_t i, std::span<float> values) {
      if (auto const& grid = network.layers[i].grid) {
        for (float& v : values) {
          double const code = std::floor(static_cast<double>(v) / grid->scale + 0.5) + grid->zero;
          v = static_cast<float>((std::clamp(code, 0.0, static_cast<double>(grid->max_code)) - grid->zero) *
                                 grid->scale);
        }
      }
      see(ranges[i + 1], values);
    });
  }
  return ranges;
}

/// The codes 0 … 255 for a range that 0 is made part of. A range of 0 alone: scale 1.
[[nodiscard]] inline activation_grid grid_of(value_range range) {
  double const least = std::min(0.0, static_cast<double>(range.least));
  double const most = std::max(0.0, static_cast<double>(range.most));
  if (most == least) return {};
  double const scale = (most - least) / 255;
  return {scale, static_cast<int>(std::lrint(-least / scale)), 255};
}

/// The network in integers: values of 8 bits, sums of 32, fixed-point factors; see `deploy::integers`.
///
/// Each value becomes codes 0 … 255 over its range, or those that `nn::fake_quantize` trained; a largest value keeps
/// the codes of its input. `bytes`: the input is bytes as they are. The last layer, unless training rounds it too,
/// gives 32 bits, in steps 256 times finer than its largest factor, so that next to nothing is lost. The scales of
/// input and output are in the result.
/// @pre one range for each value; weights of at most 255 levels; factors, offsets and sums that fit
[[nodiscard]] inline deployed_network<deploy::integers> to_integers(deployed_network<deploy::floats> const& network,
                                                                    std::span<value_range const> ranges,
                                                                    bool bytes = false) {
  std::size_t const count = network.layers.size();
  expects(count > 0 && ranges.size() == count + 1, "to_integers: {} ranges for {} layers", ranges.size(), count);
  std::vector<activation_grid> grids{bytes ? activation_grid{} : grid_of(ranges[0])};
  deployed_network<deploy::integers> result;
  result.input = grids[0];
  for (std::size_t i = 0; i != count; ++i) {
    auto const& l = network.layers[i];
    activation_grid const in = grids[l.entry.from], side = grids[l.entry.other];
    bool const wide = i + 1 == count && !l.grid;
    activation_grid out = l.grid ? *l.grid : grid_of(ranges[i + 1]);
    if (l.entry.what == deploy::operation::max_pool) {
      out = in;
    } else if (wide) {
      out = {1, 0, 255};
      double most = 0;
      for (double r : detail::integer_layer_maker(l, in, side, out).ratios()) most = std::max(most, std::abs(r));
      if (most > 0) out.scale = most / 256;
    }
    grids.push_back(out);
    result.layers.push_back(detail::integer_layer_maker(l, in, side, out).make(wide));
  }
  result.output = grids.back();
  return result;
}

}  // namespace io

}  // namespace sqwa::inline SQWA_ABI

#endif
