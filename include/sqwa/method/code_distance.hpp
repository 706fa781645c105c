// SPDX-License-Identifier: BSD-3-Clause
// How far apart low-bit models lie, in codes, and where their codes lie.
#ifndef SQWA_METHOD_CODE_DISTANCE_HPP
#define SQWA_METHOD_CODE_DISTANCE_HPP

#include <sqwa/average/code_sums.hpp>
#include <sqwa/core/bytes.hpp>
#include <sqwa/core/contract.hpp>
#include <sqwa/exec/backend.hpp>
#include <sqwa/exec/executor.hpp>
#include <sqwa/method/saved_numbers.hpp>
#include <sqwa/method/saved_values.hpp>
#include <sqwa/nn/low_bit_model.hpp>
#include <sqwa/quant/packed.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace sqwa::inline SQWA_ABI {

/// How the codes of two tensors, or of two models, differ.
struct code_distance {
  std::size_t weights = 0;
  std::size_t differing = 0;  ///< weights whose codes differ
  std::uint64_t steps = 0;    ///< the sum of |difference|, in codes
  bool shared_scales = true;  ///< bit for bit; without them equal codes are not equal values

  /// The share of the weights that differ; 0 for no weights.
  [[nodiscard]] double share() const noexcept {
    return weights == 0 ? 0 : static_cast<double>(differing) / static_cast<double>(weights);
  }
  /// The mean |difference| in codes, over all weights; 0 for no weights.
  [[nodiscard]] double mean() const noexcept {
    return weights == 0 ? 0 : static_cast<double>(steps) / static_cast<double>(weights);
  }

  code_distance& operator+=(code_distance const& other) noexcept {
    weights += other.weights;
    differing += other.differing;
    steps += other.steps;
    shared_scales = shared_scales && other.shared_scales;
    return *this;
  }
  bool operator==(code_distance const&) const = default;
};

/// Compares the codes of two tensors. Exact: the same on every backend. No elements: 0. Memory: none.
/// @pre equal levels and layouts; every field is a code
template <any_backend B = backend<>>
[[nodiscard]] code_distance distance_of(packed const& a, packed const& b, B const& where = {}) {
  constexpr char const* who = "distance_of";
  for (packed const* p : {&a, &b}) {
    p->check(who);
    detail::check_fields(who, *p, where.exec);
  }
  expects(a.levels == b.levels && a.layout == b.layout, "{}: {} codes of {} levels and {} of {}, or other blocks", who,
          a.size(), a.levels, b.size(), b.levels);
  auto const compare = [&](std::size_t begin, std::size_t end) {
    code_distance d{.weights = end - begin};
    detail::for_each_piece(a, begin, end, [&](std::size_t first, auto codes) {
      std::array<std::remove_const_t<typename decltype(codes)::element_type>, 1024> buffer;
      auto const others = std::span(buffer).first(codes.size());
      detail::read_codes(b.bytes.data(), b.bits(), b.max_code(), first, others);
      for (std::size_t i = 0; i != codes.size(); ++i) {
        int const apart = std::abs(codes[i] - others[i]);
        d.differing += apart != 0 ? 1 : 0;
        d.steps += static_cast<std::uint64_t>(apart);
      }
    });
    return d;
  };
  code_distance const none{.shared_scales = detail::same_bits(a.scales, b.scales)};
  return reduce(where.exec, a.size(), none, compare, [](code_distance x, code_distance const& y) { return x += y; });
}

/// How the codes of two models differ: each tensor, and all of them.
struct model_distance {
  std::vector<code_distance> tensors;  ///< in the order of the models
  code_distance total;

  bool operator==(model_distance const&) const = default;
};

namespace detail {

void fields(auto& a, maybe_const<code_distance> auto& d) { a(d.weights, d.differing, d.steps, d.shared_scales); }
void fields(auto& a, maybe_const<model_distance> auto& d) { a(d.tensors, d.total); }

}  // namespace detail

/// Compares the low-bit tensors of two models; their float tensors are not looked at. Memory: one entry a tensor.
/// @pre the same names and extents in the same order, and for each pair of tensors as above
template <any_backend B = backend<>>
[[nodiscard]] model_distance distance_of(low_bit_model const& a, low_bit_model const& b, B const& where = {}) {
  expects(a.weights.size() == b.weights.size(), "distance_of: models of {} and {} low-bit tensors", a.weights.size(),
          b.weights.size());
  model_distance d;
  for (std::size_t i = 0; i != a.weights.size(); ++i) {
    low_bit_tensor const& x = a.weights[i];
    low_bit_tensor const& y = b.weights[i];
    expects(x.name == y.name && x.extents == y.extents, "distance_of: tensor {} is {} or has other extents",
            std::string_view(x.name), std::string_view(y.name));
    d.tensors.push_back(distance_of(x.weights, y.weights, where));
    d.total += d.tensors.back();
  }
  return d;
}

/// How many codes are zero, and how many are the outermost on either side.
struct code_shares {
  std::size_t weights = 0;
  std::size_t zeros = 0;
  std::size_t outermost = 0;

  /// The share of zeros; 0 for no weights.
  [[nodiscard]] double zero() const noexcept {
    return weights == 0 ? 0 : static_cast<double>(zeros) / static_cast<double>(weights);
  }
  /// The share of outermost codes; 0 for no weights. Of three levels it is 1 - zero().
  [[nodiscard]] double outer() const noexcept {
    return weights == 0 ? 0 : static_cast<double>(outermost) / static_cast<double>(weights);
  }

  code_shares& operator+=(code_shares const& other) noexcept {
    weights += other.weights;
    zeros += other.zeros;
    outermost += other.outermost;
    return *this;
  }
  bool operator==(code_shares const&) const = default;
};

namespace detail {

void fields(auto& a, maybe_const<code_shares> auto& s) { a(s.weights, s.zeros, s.outermost); }

}  // namespace detail

/// Counts the codes of one tensor. Exact. Memory: none.
/// @pre the members of `p` fit together; every field is a code
template <any_backend B = backend<>>
[[nodiscard]] code_shares shares_of(packed const& p, B const& where = {}) {
  p.check("shares_of");
  detail::check_fields("shares_of", p, where.exec);
  auto const count = [&](std::size_t begin, std::size_t end) {
    code_shares s{.weights = end - begin};
    detail::for_each_piece(p, begin, end, [&](std::size_t, auto codes) {
      for (auto code : codes) {
        s.zeros += code == 0 ? 1 : 0;
        s.outermost += std::abs(code) == p.max_code() ? 1 : 0;
      }
    });
    return s;
  };
  return reduce(where.exec, p.size(), code_shares{}, count, [](code_shares x, code_shares const& y) { return x += y; });
}

/// The distances between captures, measured as they come.
///
/// Each capture is compared with the last `keep` before it, so `keep` captures are kept, packed and with their float
/// tensors, and no more: with `keep` at least one less than their number all pairs are measured, with 1 only
/// neighbours. Memory: `keep` models, and one entry for each pair and tensor.
template <any_backend B = backend<>>
class capture_distances {
 public:
  struct pair {
    std::size_t from, to;  ///< numbers of the captures, from 0
    model_distance distance;
  };
  struct kept_capture {
    std::size_t number;
    low_bit_model model;
  };

  /// @pre keep >= 1
  explicit capture_distances(std::size_t keep = 16, B where = {}) : keep_(keep), where_(std::move(where)) {
    expects(keep >= 1, "capture_distances: at least one capture is kept, not {}", keep);
  }

  /// Takes in the next capture. If it is refused, nothing has changed.
  /// @pre as for `distance_of`
  void update(low_bit_model capture) {
    std::vector<pair> more;
    for (kept_capture const& k : kept_) more.push_back({k.number, count_, distance_of(k.model, capture, where_)});
    pairs_.insert(pairs_.end(), more.begin(), more.end());
    if (kept_.size() == keep_) kept_.pop_front();
    kept_.push_back({count_++, std::move(capture)});
  }

  [[nodiscard]] std::size_t captures() const noexcept { return count_; }
  /// The pairs measured, in the order of their later and then of their earlier capture.
  [[nodiscard]] std::vector<pair> const& pairs() const noexcept { return pairs_; }
  /// The last captures.
  [[nodiscard]] std::deque<kept_capture> const& kept() const noexcept { return kept_; }

  /// The whole state, for `load`.
  void save(byte_writer& out) const {
    detail::value_saver{out}(count_, pairs_);
    for (kept_capture const& k : kept_) detail::save_numbers(k.model, out);
  }
  /// Takes over what `save` wrote for captures with the tensors of `like`. If it is refused, nothing has changed.
  /// @pre as many captures are kept
  void load(byte_reader& in, low_bit_model const& like) {
    capture_distances loaded(keep_, where_);
    detail::value_loader{in}(loaded.count_, loaded.pairs_);
    for (pair const& p : loaded.pairs_) {
      expects(p.from < p.to && p.to < loaded.count_ && p.distance.tensors.size() == like.weights.size(),
              "capture_distances::load: the distance of captures {} and {} of {}, in {} tensors of {}", p.from, p.to,
              loaded.count_, p.distance.tensors.size(), like.weights.size());
    }
    for (std::size_t n = loaded.count_ - std::min(keep_, loaded.count_); n != loaded.count_; ++n) {
      loaded.kept_.push_back({n, like});
      detail::load_numbers(loaded.kept_.back().model, in);
    }
    *this = std::move(loaded);
  }

 private:
  friend void fields(auto& a, detail::maybe_const<pair> auto& p) { a(p.from, p.to, p.distance); }

  std::size_t keep_;
  [[no_unique_address]] B where_;
  std::size_t count_ = 0;
  std::deque<kept_capture> kept_;
  std::vector<pair> pairs_;
};

}  // namespace sqwa::inline SQWA_ABI

#endif
