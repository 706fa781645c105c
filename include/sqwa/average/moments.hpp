// SPDX-License-Identifier: BSD-3-Clause
// Mean and variance of snapshots of floats, and models drawn from the normal distribution that they suggest.
#ifndef SQWA_AVERAGE_MOMENTS_HPP
#define SQWA_AVERAGE_MOMENTS_HPP

#include <sqwa/average/ring.hpp>
#include <sqwa/average/variance.hpp>
#include <sqwa/core/bytes.hpp>
#include <sqwa/core/contract.hpp>
#include <sqwa/core/noise.hpp>
#include <sqwa/core/normal.hpp>
#include <sqwa/exec/backend.hpp>
#include <sqwa/exec/executor.hpp>
#include <sqwa/schedule/schedule.hpp>
#include <sqwa/tensor/adapter.hpp>
#include <sqwa/tensor/half.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace sqwa::inline SQWA_ABI {

/// How many of the last deviations from the mean are kept; 0: none. The directions in which weights moved together.
struct low_rank {
  std::size_t deviations = 20;
  bool operator==(low_rank const&) const = default;
};

namespace detail {

/// One step of Welford's sums: the n-th value x[i] moves the mean, and the squared distances from it, w = 1 / n.
template <real T, class E>
void welford(std::span<T> mean, std::span<T> squares, std::span<E const> x, T w) noexcept {
  for (std::size_t i = 0; i != mean.size(); ++i) {
    T const v = widened<T>(x[i]);
    T const before = v - mean[i];
    mean[i] += w * before;
    squares[i] += before * (v - mean[i]);
  }
}

}  // namespace detail

/// Mean and variance of the snapshots it has seen, for each weight, in one pass and without cancellation.
///
/// B. Welford, "Note on a method for calculating corrected sums of squares and products", 1962. The mean has the bits
/// of a uniform `averager` in T. With `low_rank{r}` the last r deviations x - mean are kept too, each from the mean
/// just after its update: then `sample_to` draws from SWAG's normal distribution (W. Maddox, T. Garipov, P. Izmailov,
/// D. Vetrov, A. Wilson, "A simple baseline for Bayesian uncertainty in deep learning", 2019, arXiv 1902.02476).
/// NaN and infinity in a snapshot make both NaN, but that the first infinity is the mean until the next snapshot. The
/// same bits on every backend.
///
/// Memory: 2 numbers of T a weight, allocated at the first update, and a float for each deviation kept, at its first
/// time. Time: one pass over the snapshot and both.
/// @tparam T  what is summed in
template <real T = double, any_backend Backend = backend<>>
class moments {
 public:
  using value_type = T;

  moments() : moments(low_rank{0}) {}
  explicit moments(low_rank rank, Backend where = {}) : deviations_(rank.deviations), where_(std::move(where)) {}

  /// Takes one snapshot in. Its elements may be narrower than T, never wider.
  /// @pre the snapshot has the size of the first one
  template <float_snapshot Snapshot>
    requires(sizeof(snapshot_element<Snapshot>) <= sizeof(T))
  void update(Snapshot const& snapshot) {
    auto const x = snapshot_values(snapshot);
    expects(count_ == 0 || x.size() == mean_.size(), "moments::update: a snapshot of {} values, a mean of {}", x.size(),
            mean_.size());
    if (count_ == 0) {
      mean_.resize(x.size());
      squares_.resize(x.size());
    }
    std::vector<float>* const newest = deviations_.length() > 0 ? &deviations_.next() : nullptr;
    if (newest != nullptr) newest->resize(x.size());
    auto const w = static_cast<T>(1 / static_cast<double>(count_ + 1));
    for_each_chunk(where_.exec, x.size(), [&](std::size_t begin, std::size_t end) {
      auto const part = x.subspan(begin, end - begin);
      auto const mean = std::span(mean_).subspan(begin, end - begin);
      if (count_ == 0) {
        for (std::size_t i = 0; i != part.size(); ++i) {
          mean[i] = detail::widened<T>(part[i]);
          squares_[begin + i] = mean[i] - mean[i];  // 0, or NaN
        }
      } else {
        detail::welford(mean, std::span(squares_).subspan(begin, end - begin), part, w);
      }
      if (newest == nullptr) return;
      for (std::size_t i = 0; i != part.size(); ++i) {
        (*newest)[begin + i] = static_cast<float>(detail::widened<T>(part[i]) - mean[i]);
      }
    });
    ++count_;
  }

  /// Joins the moments of other snapshots, up to rounding those of all; deviations stay as they are, the other's last.
  ///
  /// T. Chan, G. Golub, R. LeVeque, "Updating formulae and a pairwise algorithm for computing sample variances", 1979.
  /// @pre sizes agree, unless one of the two has seen nothing; both keep as many deviations
  template <any_backend Other>
  void merge(moments<T, Other> const& other) {
    if (static_cast<void const*>(&other) == this) return merge(moments(*this));
    expects(deviations_.length() == other.deviations_.length(), "moments::merge: {} and {} deviations",
            deviations_.length(), other.deviations_.length());
    if (other.count_ == 0) return;
    expects(count_ == 0 || mean_.size() == other.mean_.size(), "moments::merge: means of {} and {} values",
            mean_.size(), other.mean_.size());
    if (count_ == 0) {
      mean_ = other.mean_;
      squares_ = other.squares_;
    } else {
      auto const a = static_cast<double>(count_), b = static_cast<double>(other.count_);
      auto const w = static_cast<T>(b / (a + b)), between = static_cast<T>(a * (b / (a + b)));
      for_each_chunk(where_.exec, mean_.size(), [&](std::size_t begin, std::size_t end) {
        for (std::size_t i = begin; i != end; ++i) {
          T const distance = other.mean_[i] - mean_[i];
          mean_[i] += w * distance;
          squares_[i] += other.squares_[i] + distance * distance * between;
        }
      });
    }
    for (std::size_t k = 0; k != other.deviations_.size(); ++k) deviations_.next() = other.deviations_[k];
    count_ += other.count_;
  }

  /// The mean; nothing before the first update.
  [[nodiscard]] std::span<T const> mean() const noexcept { return mean_; }
  /// The sums of squared distances from the mean: n times the variance; nothing before the first update.
  [[nodiscard]] std::span<T const> squares() const noexcept { return squares_; }
  [[nodiscard]] step_index n_averaged() const noexcept { return count_; }
  /// How many deviations are kept by now.
  [[nodiscard]] std::size_t deviations() const noexcept { return deviations_.size(); }
  /// The k-th oldest deviation.
  /// @pre k < deviations()
  [[nodiscard]] std::span<float const> deviation(std::size_t k) const {
    expects(k < deviations_.size(), "moments::deviation: {} of {}", k, deviations_.size());
    return deviations_[k];
  }

  /// Writes the mean, rounded to the elements of `out`.
  /// @pre at least one snapshot; `out` has their size
  template <class Out>
    requires mutable_tensor<Out>
  void value_to(Out&& out) const {
    write("moments::value_to", mutable_values(out), [this](std::size_t i) { return static_cast<double>(mean_[i]); });
  }

  /// Writes the variance, rounded to the elements of `out`. Unbiased, it is 0 for one snapshot.
  /// @pre at least one snapshot; `out` has their size
  template <class Out>
    requires mutable_tensor<Out>
  void variance_to(Out&& out, variance which = variance::population) const {
    double const factor = detail::variance_factor(which, static_cast<double>(count_));
    write("moments::variance_to", mutable_values(out),
          [this, factor](std::size_t i) { return static_cast<double>(squares_[i]) * factor; });
  }

  /// Draws a model: mean + scale * deviation, the deviation being normal with the (population) variances.
  ///
  /// With r >= 2 deviations d_k kept, half of its covariance is theirs: sqrt(variance / 2) z + sum of d_k y_k /
  /// sqrt(2 (r - 1)). z is `normal(u, i)` for weight i; y_k depends on seed and step of `u` alone, so that the tensors
  /// of a model, drawn with `tensor` = 0, 1, …, move together.
  /// @pre at least one snapshot; `out` has their size
  template <class Out>
    requires mutable_tensor<Out>
  void sample_to(Out&& out, noise const& u, double scale = 1) const {
    auto const to = mutable_values(out);
    check("moments::sample_to", to.size());
    std::size_t const rank = deviations_.size() < 2 ? 0 : deviations_.size();
    double const variance_part = (rank == 0 ? 1.0 : 0.5) / static_cast<double>(count_);
    double const rank_part = rank == 0 ? 0.0 : 1 / std::sqrt(2 * static_cast<double>(rank - 1));
    noise const common{.seed = u.seed, .tensor = 0xFFFF'FFFF, .step = u.step};
    for_each_chunk(where_.exec, to.size(), [&](std::size_t begin, std::size_t end) {
      std::array<double, 512> some;
      for (std::size_t first = begin; first < end; first += some.size()) {
        auto const moves = std::span(some).first(std::min(some.size(), end - first));
        for (std::size_t i = 0; i != moves.size(); ++i) {
          moves[i] = std::sqrt(static_cast<double>(squares_[first + i]) * variance_part) * normal(u, first + i);
        }
        for (std::size_t k = 0; k != rank; ++k) {
          double const y = normal(common, k) * rank_part;
          float const* const d = deviations_[k].data() + first;
          for (std::size_t i = 0; i != moves.size(); ++i) moves[i] += y * static_cast<double>(d[i]);
        }
        for (std::size_t i = 0; i != moves.size(); ++i) {
          to[first + i] = static_cast<element_of<Out>>(static_cast<double>(mean_[first + i]) + scale * moves[i]);
        }
      }
    });
  }

  /// The whole state as bytes: loaded and continued it gives the same bits as never having stopped.
  [[nodiscard]] std::vector<std::byte> save() const {
    byte_writer out;
    out.put(magic);
    out.put(static_cast<std::int64_t>(count_));
    out.put_all(std::span<T const>(mean_));
    out.put_all(std::span<T const>(squares_));
    out.put(static_cast<std::uint64_t>(deviations_.length()));
    for (std::size_t k = 0; k != deviations_.size(); ++k) out.put_all(std::span<float const>(deviations_[k]));
    return std::move(out.bytes);
  }

  /// Moments in the state that was saved. Memory: the state.
  /// @pre `bytes` come from `save` of moments of the same T
  [[nodiscard]] static moments load(std::span<std::byte const> bytes, Backend where = {}) {
    constexpr char const* who = "moments::load";
    byte_reader in(bytes, who);
    expects(in.get<std::uint32_t>() == magic, "{}: not the state of moments of {}-byte values", who, sizeof(T));
    auto const count = in.get<std::int64_t>();
    auto mean = in.all<T>();
    auto squares = in.all<T>();
    expects(count >= 0 && count < std::int64_t{1} << 62 && squares.size() == mean.size() && (count > 0 || mean.empty()),
            "{}: {} snapshots, {} means and {} sums of squares", who, count, mean.size(), squares.size());
    expects(std::ranges::none_of(squares, [](T s) { return s < 0; }), "{}: a negative sum of squares", who);
    moments m(low_rank{static_cast<std::size_t>(in.get<std::uint64_t>())}, std::move(where));
    auto const held = std::min(static_cast<std::uint64_t>(count), static_cast<std::uint64_t>(m.deviations_.length()));
    for (std::uint64_t k = 0; k != held; ++k) {
      auto deviation = in.all<float>();
      expects(deviation.size() == mean.size(), "{}: {} means and {} deviations", who, mean.size(), deviation.size());
      m.deviations_.next() = std::move(deviation);
    }
    in.end();
    m.mean_ = std::move(mean);
    m.squares_ = std::move(squares);
    m.count_ = count;
    return m;
  }

 private:
  template <real, any_backend>
  friend class moments;

  static constexpr std::uint32_t magic = 0x314D4D00 + sizeof(T);

  void check(char const* who, std::size_t size) const {
    expects(count_ > 0, "{}: no snapshot has been averaged", who);
    expects(size == mean_.size(), "{}: {} weights into {} values", who, mean_.size(), size);
  }

  /// to[i] = value(i)
  template <class Out, class F>
  void write(char const* who, std::span<Out> to, F&& value) const {
    check(who, to.size());
    for_each_chunk(where_.exec, to.size(), [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i != end; ++i) to[i] = static_cast<Out>(value(i));
    });
  }

  std::vector<T> mean_, squares_;
  detail::ring<std::vector<float>> deviations_;
  [[no_unique_address]] Backend where_{};
  step_index count_ = 0;
};

moments()->moments<>;
moments(low_rank)->moments<>;
template <any_backend Backend>
moments(low_rank, Backend) -> moments<double, Backend>;

}  // namespace sqwa::inline SQWA_ABI

#endif
