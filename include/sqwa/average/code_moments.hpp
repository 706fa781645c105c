// SPDX-License-Identifier: BSD-3-Clause
// How far captures of low-bit weights agree: exact mean, variance and disagreement of their codes.
#ifndef SQWA_AVERAGE_CODE_MOMENTS_HPP
#define SQWA_AVERAGE_CODE_MOMENTS_HPP

#include <sqwa/average/code_averager.hpp>
#include <sqwa/average/variance.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace sqwa::inline SQWA_ABI {

/// How much the captures of a tensor differ in their codes.
struct disagreement {
  std::uint64_t weights = 0;
  std::uint64_t differing = 0;            ///< weights whose captures do not all have the same code
  double mean_squared_distance = 0;       ///< of the codes of two captures of a weight, over all pairs and weights
  std::optional<double> mean_distance{};  ///< the same without squares; of three levels only

  /// differing / weights; 0 for no weights.
  [[nodiscard]] double share() const noexcept {
    return weights == 0 ? 0 : static_cast<double>(differing) / static_cast<double>(weights);
  }
  bool operator==(disagreement const&) const = default;
};

/// The mean of packed snapshots that share their scales, and beside the sums of their codes those of the squares.
///
/// With S and Q, the sums of codes and of squared codes of n snapshots, n Q - S² is n² times the variance of a weight's
/// codes and the sum of the squared distances of its n (n - 1) / 2 pairs. All of that are integers: exact, independent
/// of order, and the same bits on every backend.
///
/// Memory: that of a `code_averager` and as much again, 2 bytes a ternary weight for up to 127 snapshots. Time: two
/// passes over the codes.
template <any_backend Backend = backend<>>
class code_moments {
 public:
  /// For snapshots of `levels` levels.
  /// @pre levels is odd, from 3 to 65,535
  explicit code_moments(int levels, Backend where = {}) : average_(levels, std::move(where)) {}
  /// For snapshots of a format.
  template <uniform_format F>
  explicit code_moments(F const& format, Backend where = {}) : average_(format, std::move(where)) {}

  /// Takes one snapshot in. If it is refused, everything is unchanged.
  /// @pre as for `code_averager::update`; the scales are those of the first snapshot; n * max_code < 2^31
  void update(packed const& snapshot) {
    constexpr char const* who = "code_moments::update";
    std::int64_t const n = n_averaged() + 1;
    check_count(who, n);
    expects(n == 1 || snapshot.scales.size() != average_.scales_.size() ||  // then the layouts differ: told below
                detail::same_bits(snapshot.scales, average_.scales_),
            "{}: a snapshot with other scales; `moments` of the decoded values takes it", who);
    average_.update(snapshot);
    if (n == 1) squares_.clear(snapshot.size());
    squares_.reserve(n * max_square());
    squares_.add_squares(snapshot, average_.where_);
  }

  /// Joins the snapshots that another one has seen, exactly.
  /// @pre levels, layouts and scales agree, unless one of the two has seen nothing
  template <any_backend Other>
  void merge(code_moments<Other> const& other) {
    constexpr char const* who = "code_moments::merge";
    if (other.n_averaged() == 0 && average_.levels_ == other.average_.levels_) return;
    std::int64_t const n = n_averaged() + other.n_averaged();
    check_count(who, n);
    expects(n_averaged() == 0 || average_.layout_ != other.average_.layout_ ||
                detail::same_bits(average_.scales_, other.average_.scales_),
            "{}: snapshots with other scales", who);
    bool const first = n_averaged() == 0;
    average_.merge(other.average_);
    if (first) squares_.clear(other.squares_.size());
    squares_.reserve(n * max_square());
    squares_.add(other.squares_);
  }

  /// The average of the same snapshots: its values, sums, histogram and packed form.
  [[nodiscard]] code_averager<Backend> const& average() const noexcept { return average_; }
  [[nodiscard]] std::int64_t n_averaged() const noexcept { return average_.n_averaged(); }

  /// Writes the variance of each weight's values: (n Q - S²) / n² * scale², or / (n (n - 1)), in double, rounded to the
  /// elements of `out` once.
  /// @pre at least one snapshot; `out` has their size
  template <class Out>
    requires mutable_tensor<Out>
  void variance_to(Out&& out, variance which = variance::population) const {
    auto const to = mutable_values(out);
    expects(n_averaged() > 0, "code_moments::variance_to: no snapshot has been averaged");
    expects(to.size() == squares_.size(), "code_moments::variance_to: {} variances into {} values", squares_.size(),
            to.size());
    auto const n = static_cast<double>(n_averaged());
    double const factor = detail::variance_factor(which, n) / n;
    auto const& layout = average_.layout_;
    visit([&](auto const& sums, auto const& squares) {
      for_each_chunk(average_.where_.exec, to.size(), [&](std::size_t begin, std::size_t end) {
        for_each_run(layout, begin, end, [&](std::size_t block, std::size_t first, std::size_t length) {
          auto const scale = static_cast<double>(average_.scales_[block]);
          for (std::size_t i = first; i != first + length; ++i) {
            auto const spread = static_cast<double>(spread_of(sums[i], squares[i]));
            to[i] = static_cast<element_of<Out>>(spread * factor * (scale * scale));
          }
        });
      });
    });
  }

  /// How much the snapshots differ. Of fewer than two snapshots, not at all.
  [[nodiscard]] disagreement differences() const {
    struct wide {  // a sum in two parts, which 2^32 weights cannot make overflow
      std::uint64_t low = 0, high = 0;

      void add(std::int64_t x) {
        low += static_cast<std::uint64_t>(x) & 0xFFFF'FFFFU;
        high += static_cast<std::uint64_t>(x) >> 32;
      }
      double value() const { return static_cast<double>(high) * 0x1p32 + static_cast<double>(low); }
    };
    struct tally {
      std::uint64_t differing = 0;
      wide squares{}, distances{};
    };
    bool const ternary = max_square() == 1;
    auto const n = n_averaged();
    auto const all = visit([&](auto const& sums, auto const& squares) {
      return reduce(
          average_.where_.exec, sums.size(), tally{},
          [&](std::size_t begin, std::size_t end) {
            tally t;
            for (std::size_t i = begin; i != end; ++i) {
              std::int64_t const s = sums[i], q = squares[i];
              auto const spread = spread_of(s, q);
              t.differing += spread != 0 ? 1 : 0;
              t.squares.add(spread);
              if (ternary) t.distances.add((n - q) * q + (q * q - s * s) / 2);  // (q ± s) / 2 codes are ±1, n - q are 0
            }
            return t;
          },
          [](tally a, tally const& b) {
            return tally{a.differing + b.differing,
                         {a.squares.low + b.squares.low, a.squares.high + b.squares.high},
                         {a.distances.low + b.distances.low, a.distances.high + b.distances.high}};
          });
    });
    disagreement d{.weights = squares_.size(), .differing = all.differing};
    double const pairs = static_cast<double>(n) * static_cast<double>(n - 1) / 2 * static_cast<double>(d.weights);
    double const each = pairs > 0 ? 1 / pairs : 0;
    d.mean_squared_distance = all.squares.value() * each;
    if (ternary) d.mean_distance = all.distances.value() * each;
    return d;
  }

  /// The whole state as bytes: loaded and continued it gives the same bits as never having stopped.
  [[nodiscard]] std::vector<std::byte> save() const {
    byte_writer out;
    out.put(magic);
    auto const average = average_.save();
    out.put(static_cast<std::uint64_t>(average.size()));
    out.bytes.insert(out.bytes.end(), average.begin(), average.end());
    squares_.save(out);
    return std::move(out.bytes);
  }

  /// Moments in the state that was saved. Memory: the state, twice.
  /// @pre `bytes` come from `save`
  [[nodiscard]] static code_moments load(std::span<std::byte const> bytes, Backend where = {}) {
    constexpr char const* who = "code_moments::load";
    byte_reader in(bytes, who);
    expects(in.get<std::uint32_t>() == magic, "{}: not the state of code_moments", who);
    auto const average = in.all<std::uint8_t>();
    code_moments m(code_averager<Backend>::load(std::as_bytes(std::span(average)), std::move(where)));
    m.squares_ = detail::code_sums::load(who, in);
    in.end();
    m.check_count(who, m.n_averaged());
    bool const fits = m.average_.shared_scales() && !m.squares_.floating() &&
                      m.squares_.size() == m.average_.layout_.size && m.squares_.holds(m.n_averaged() * m.max_square());
    expects(fits && m.visit([&](auto const& sums, auto const& squares) {
      for (std::size_t i = 0; i != sums.size(); ++i) {
        if (squares[i] < 0 || m.spread_of(sums[i], squares[i]) < 0) return false;
      }
      return true;
    }),
            "{}: sums of squares that {} snapshots cannot have", who, m.n_averaged());
    return m;
  }

  /// Whether both have seen the same. Where they run does not count.
  template <any_backend Other>
  bool operator==(code_moments<Other> const& other) const {
    return average_ == other.average_ && squares_ == other.squares_;
  }

 private:
  template <any_backend>
  friend class code_moments;

  static constexpr std::uint32_t magic = 0x314D4300;

  explicit code_moments(code_averager<Backend> average) : average_(std::move(average)) {}

  [[nodiscard]] std::int64_t max_square() const noexcept { return average_.max_code() * average_.max_code(); }

  /// n Q - S² of one weight: below 2^62.
  [[nodiscard]] std::int64_t spread_of(std::int64_t sum, std::int64_t square) const noexcept {
    return n_averaged() * square - sum * sum;
  }

  void check_count(char const* who, std::int64_t n) const {
    expects(n <= std::numeric_limits<std::int32_t>::max() / average_.max_code(), "{}: {} snapshots of {} levels", who,
            n, average_.levels_);
  }

  /// Calls `f` with the integer sums of codes and of squares.
  template <class F>
  auto visit(F&& f) const {
    return average_.sums_.visit_integers([&](auto const& sums) {
      return squares_.visit_integers([&](auto const& squares) { return f(sums, squares); });
    });
  }

  code_averager<Backend> average_;
  detail::code_sums squares_;
};

}  // namespace sqwa::inline SQWA_ABI

#endif
