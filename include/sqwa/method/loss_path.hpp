// SPDX-License-Identifier: BSD-3-Clause
// The loss between two captured models: along the straight line, and along low-bit models beside it.
#ifndef SQWA_METHOD_LOSS_PATH_HPP
#define SQWA_METHOD_LOSS_PATH_HPP

#include <sqwa/core/contract.hpp>
#include <sqwa/core/noise.hpp>
#include <sqwa/method/any_policy.hpp>
#include <sqwa/method/format_by_name.hpp>
#include <sqwa/method/learner.hpp>
#include <sqwa/nn/low_bit_model.hpp>
#include <sqwa/nn/score.hpp>

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sqwa::inline SQWA_ABI {

/// A learner that can tell how good its parameters are.
template <class L>
concept evaluating_learner = learner<L> && requires(L l) {
  l.evaluate();
};

/// The loss at one place between two models; at the ends all three are those of the models themselves.
struct path_point {
  double t = 0;          ///< 0 at the first model, 1 at the second
  double straight = 0;   ///< at (1 - t) a + t b, which is no low-bit model
  double projected = 0;  ///< …moved to the format's lattice
  double mixed = 0;      ///< where each weight is that of b once t exceeds its own random number, and else that of a

  bool operator==(path_point const&) const = default;
};

/// The loss along the way from one capture to another.
struct loss_path {
  std::size_t from = 0, to = 0;  ///< numbers of the captures
  std::vector<path_point> points;

  /// How high the loss rises above the straight line between the losses of the two ends: max over t of
  /// loss(t) - ((1 - t) loss(0) + t loss(1)), never below 0.
  ///
  /// R. Entezari et al., arXiv 2110.06296, section 2; at equal ends it is the error barrier of J. Frankle et al.,
  /// arXiv 1912.05671, which takes the mean of both. A loss that is not finite between the ends: infinity; at an end:
  /// NaN. No points: 0.
  [[nodiscard]] double barrier(double path_point::*loss = &path_point::straight) const {
    return highest(loss, [](double first, double last, double t) { return (1 - t) * first + t * last; });
  }
  /// How high the loss rises above the larger of the two ends; never below 0. The same otherwise.
  [[nodiscard]] double above_ends(double path_point::*loss = &path_point::straight) const {
    return highest(loss, [](double first, double last, double) { return std::max(first, last); });
  }
  /// The mean loss of the two ends; 0 for no points.
  [[nodiscard]] double mean_of_ends() const {
    return points.empty() ? 0 : points.front().straight / 2 + points.back().straight / 2;
  }
  /// How far the loss in the middle lies below the mean of the two ends: what averaging two captures gains, or, if it
  /// is negative, costs. NaN without a point in the middle.
  [[nodiscard]] double gain_in_the_middle(double path_point::*loss = &path_point::straight) const {
    for (path_point const& p : points) {
      if (p.t == 0.5) return mean_of_ends() - p.*loss;
    }
    return std::numeric_limits<double>::quiet_NaN();
  }

 private:
  template <class Ends>
  double highest(double path_point::*loss, Ends between) const {
    double most = 0;
    if (points.empty()) return most;
    double const first = points.front().*loss, last = points.back().*loss;
    if (!std::isfinite(first) || !std::isfinite(last)) return std::numeric_limits<double>::quiet_NaN();
    for (path_point const& p : points) {
      if (!std::isfinite(p.*loss)) return std::numeric_limits<double>::infinity();
      if (p.t > 0 && p.t < 1) most = std::max(most, p.*loss - between(first, last, p.t));
    }
    return most;
  }
};

/// How a path is walked.
struct path_options {
  std::size_t intervals = 4;  ///< equal ones; an even number has a point in the middle, which is the mean of the two
  std::string split = {};     ///< whose loss: empty for the first that the learner names; never choose by the test set
  bool low_bit = true;        ///< `projected` and `mixed` too, for three evaluations a point instead of one
  std::uint64_t seed = 1;     ///< of the mixture, and of stochastic rounding
};

namespace detail {

/// A copy of everything a learner is made of; puts it back when it ends, also on an exception.
template <learner L>
class kept_learner {
 public:
  using scalar = scalar_of<L>;

  kept_learner(L& l, format_by_name const& policy) {
    auto const all = formats_of(l, policy);
    for_each_trained(l, [&](auto&& t, std::string name, std::size_t place) {
      if (!all[place]) return;
      weights.push_back(mutable_values(t));
      formats.push_back(*all[place]);
      names.push_back(std::move(name));
    });
    for_each_float(l, all, [&](auto&& t, std::string name) {
      floats.push_back(mutable_values(t));
      names.push_back(std::move(name));
    });
    for (auto const* tensors : {&weights, &floats}) {
      for (auto t : *tensors) copies_.emplace_back(t.begin(), t.end());
    }
  }
  kept_learner(kept_learner const&) = delete;
  kept_learner& operator=(kept_learner const&) = delete;
  ~kept_learner() {
    auto copy = copies_.begin();
    for (auto* tensors : {&weights, &floats}) {
      for (auto t : *tensors) std::ranges::copy(*copy++, t.begin());
    }
  }

  std::vector<std::span<scalar>> weights;  // low-bit ones
  std::vector<any_quantizer> formats;      // of the weights
  std::vector<std::string> names;          // of the weights, then of the floats
  std::vector<std::span<scalar>> floats;   // trained, then measured

 private:
  std::vector<std::vector<scalar>> copies_;
};

/// (1 - t) a + t b, exactly a and b at the ends, and exactly both where they are equal.
template <std::floating_point T>
T between(T a, T b, double t) noexcept {
  return a == b ? a : static_cast<T>((1 - t) * static_cast<double>(a) + t * static_cast<double>(b));
}

template <learner L>
void check_end(kept_learner<L> const& l, low_bit_model const& end, low_bit_model const& other) {
  constexpr char const* who = "loss_between";
  expects(end.weights.size() == l.weights.size() && end.floats.size() == l.floats.size(),
          "{}: the model has {} low-bit and {} float tensors, the learner {} and {}", who, end.weights.size(),
          end.floats.size(), l.weights.size(), l.floats.size());
  auto const check_name = [&](std::string const& has, std::string const& wants) {
    expects(has == wants, "{}: the model's tensor {} stands where the learner has {}", who, std::string_view(has),
            std::string_view(wants));
  };
  for (std::size_t i = 0; i != l.weights.size(); ++i) {
    low_bit_tensor const& t = end.weights[i];
    check_name(t.name, l.names[i]);
    t.weights.check(who);
    expects(t.weights.size() == l.weights[i].size() && t.extents == other.weights[i].extents &&
                t.weights.layout == other.weights[i].weights.layout,
            "{}: tensor {} has {} codes in the model, {} in the learner, or other extents or blocks in the other model",
            who, std::string_view(t.name), t.weights.size(), l.weights[i].size());
    expects(t.weights.levels == l.formats[i].levels(), "{}: tensor {} has {} levels, the format {}", who,
            std::string_view(t.name), t.weights.levels, l.formats[i].levels());
  }
  for (std::size_t i = 0; i != l.floats.size(); ++i) {
    check_name(end.floats[i].name, l.names[l.weights.size() + i]);
    expects(end.floats[i].values.size() == l.floats[i].size(),
            "{}: tensor {} has {} values in the model, {} in the learner", who, std::string_view(end.floats[i].name),
            end.floats[i].values.size(), l.floats[i].size());
  }
}

/// The loss of the learner as it stands, its statistics re-estimated first.
template <learner L>
double loss_of(L& l, std::string const& split) {
  auto const scores = scores_of(l);
  for (score const& s : scores) {
    if (split.empty() || s.split == split) return s.loss;
  }
  expects(false, "loss_between: the learner has {} scores, but none of a split \"{}\"", scores.size(),
          std::string_view(split));
  return 0;
}

}  // namespace detail

/// The losses on the way from the capture `a` to the capture `b`, told by the learner itself.
///
/// `straight` moves the decoded weights along the line between the models. `projected` moves each of these points to
/// the lattice of its format, with scales along the line from a's to b's; note that by nearest rounding neighbouring
/// codes all change over in the middle at once, so that between captures one code apart this path is a, then b. `mixed`
/// is a way through low-bit models whose weights change over one after another, each at a random t: what stochastic
/// rounding of the line does to neighbouring codes. Tensors that stay float move along the line in all three;
/// statistics too, and are re-estimated where the learner can.
///
/// The learner is put back as it was, also on an exception. Memory: a copy of its tensors, and two decoded tensors.
/// Time: 2 evaluations for the ends, and for each point between them 3, or 1 with low_bit = false.
/// @pre both models are captures of this learner by this policy; intervals >= 1; the learner knows the split
template <evaluating_learner L>
[[nodiscard]] loss_path loss_between(L& l, format_by_name const& policy, low_bit_model const& a, low_bit_model const& b,
                                     path_options const& how = {}) {
  using scalar = scalar_of<L>;
  expects(how.intervals >= 1, "loss_between: a path of {} intervals", how.intervals);
  detail::kept_learner<L> const kept(l, policy);
  expects(a.weights.size() == b.weights.size(), "loss_between: models of {} and {} low-bit tensors", a.weights.size(),
          b.weights.size());
  detail::check_end(kept, a, b);
  detail::check_end(kept, b, a);

  enum class kind { straight, projected, mixed };
  auto const loss_at = [&](double t, kind what) {
    std::vector<scalar> first, second;
    std::vector<float> scales;
    for (std::size_t i = 0; i != kept.weights.size(); ++i) {
      packed const& from = a.weights[i].weights;
      packed const& to = b.weights[i].weights;
      auto const w = kept.weights[i];
      first.resize(w.size());
      second.resize(w.size());
      from.decode(std::span(first));
      to.decode(std::span(second));
      noise const u{how.seed, static_cast<std::uint32_t>(i)};
      for (std::size_t k = 0; k != w.size(); ++k) {
        w[k] = what != kind::mixed             ? detail::between(first[k], second[k], t)
               : static_cast<double>(u(k)) < t ? second[k]
                                               : first[k];
      }
      if (what != kind::projected) continue;
      scales.resize(from.scales.size());
      for (std::size_t k = 0; k != scales.size(); ++k) scales[k] = detail::between(from.scales[k], to.scales[k], t);
      kept.formats[i].project(std::span<scalar const>(w), a.weights[i].extents, std::span<float const>(scales), w, u);
    }
    for (std::size_t i = 0; i != kept.floats.size(); ++i) {
      for (std::size_t k = 0; k != kept.floats[i].size(); ++k) {
        kept.floats[i][k] = static_cast<scalar>(detail::between(a.floats[i].values[k], b.floats[i].values[k], t));
      }
    }
    return detail::loss_of(l, how.split);
  };

  loss_path path;
  for (std::size_t i = 0; i <= how.intervals; ++i) {
    double const t = static_cast<double>(i) / static_cast<double>(how.intervals);
    path_point p{.t = t, .straight = loss_at(t, kind::straight)};
    bool const between = how.low_bit && i != 0 && i != how.intervals;
    p.projected = between ? loss_at(t, kind::projected) : p.straight;
    p.mixed = between ? loss_at(t, kind::mixed) : p.straight;
    path.points.push_back(p);
  }
  return path;
}

}  // namespace sqwa::inline SQWA_ABI

#endif
