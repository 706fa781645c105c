// SPDX-License-Identifier: BSD-3-Clause
// The running average of tensors of floats, with any weight schedule.
#ifndef SQWA_AVERAGE_AVERAGER_HPP
#define SQWA_AVERAGE_AVERAGER_HPP

#include <sqwa/average/weights.hpp>  // IWYU pragma: export
#include <sqwa/core/bytes.hpp>
#include <sqwa/core/contract.hpp>
#include <sqwa/exec/backend.hpp>
#include <sqwa/exec/executor.hpp>
#include <sqwa/schedule/schedule.hpp>
#include <sqwa/tensor/adapter.hpp>
#include <sqwa/tensor/half.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <utility>
#include <vector>

namespace sqwa::inline SQWA_ABI {

namespace detail {

template <class S>
concept average_storage = std::same_as<S, std::vector<float>> || std::same_as<S, std::vector<double>> ||
    std::same_as<S, std::span<float>> || std::same_as<S, std::span<double>>;

}  // namespace detail

/// The running average of the snapshots it has seen.
///
/// The first snapshot is copied; snapshot n moves the mean by weight(n): mean += weight(n) * (snapshot - mean), in the
/// type of the mean, float or double: halves are widened first. With `uniform`, snapshots may come with weights of
/// their own, of which each moves the mean by its share of all so far. Nothing is learned from steps outside: the
/// averager counts its own updates. Infinity and NaN in a snapshot propagate into the mean. The same bits on every
/// backend.
///
/// Memory: with a vector as storage, the mean, allocated at the first update; with a span none, the caller owns the
/// mean and copies of the averager share it. Time: one pass over the snapshot and the mean.
template <detail::average_storage Storage = std::vector<float>, schedule Weight = uniform,
          any_backend Backend = backend<>>
class averager {
 public:
  using value_type = typename Storage::value_type;
  static constexpr bool owns = std::same_as<Storage, std::vector<value_type>>;
  static constexpr bool weighs = std::same_as<Weight, uniform>;

  averager() = default;
  /// Averages in the caller's memory, whose contents do not matter.
  explicit averager(Storage mean, Weight weight = {}, Backend where = {}) requires(!owns)
      : mean_(mean), weight_(std::move(weight)), where_(std::move(where)) {}
  explicit averager(Weight weight, Backend where = {}) requires owns : weight_(std::move(weight)),
                                                                       where_(std::move(where)) {}

  /// Takes one snapshot in. Its elements may be narrower than those of the mean, never wider.
  /// @pre the snapshot has the size of the mean
  template <float_snapshot Snapshot>
    requires(sizeof(snapshot_element<Snapshot>) <= sizeof(value_type))
  void update(Snapshot const& snapshot) {
    if constexpr (weighs) {
      update(snapshot, 1.0);
    } else {
      take(snapshot_values(snapshot), weight_(count_));
    }
  }

  /// Takes one snapshot in that counts `weight` times: mean += weight / (sum of all weights) * (snapshot - mean).
  ///
  /// One of weight 0 is counted and changes nothing, whatever it holds.
  /// @pre the snapshot has the size of the mean; weight >= 0; the sum of all weights is positive and finite
  template <float_snapshot Snapshot>
    requires(weighs && sizeof(snapshot_element<Snapshot>) <= sizeof(value_type))
  void update(Snapshot const& snapshot, double weight) {
    double const all = total_ + weight;
    expects(weight >= 0 && all > 0 && all <= std::numeric_limits<double>::max(),
            "averager::update: a weight of {} after weights of {} in all", weight, total_);
    take(snapshot_values(snapshot), weight / all);
    total_ = all;
  }

  /// Joins the mean of other snapshots to this one, weighted by their numbers or the sums of their weights.
  /// @pre sizes agree, unless this averager owns its mean or the other has seen nothing
  template <detail::average_storage OtherStorage, any_backend OtherBackend>
    requires std::same_as<Weight, uniform> && std::same_as<typename OtherStorage::value_type, value_type>
  void merge(averager<OtherStorage, uniform, OtherBackend> const& other) {
    if (other.n_averaged() == 0) return;
    if constexpr (owns) {
      if (count_ == 0) mean_.resize(other.mean().size());
    }
    expects(mean_.size() == other.mean().size(), "averager::merge: means of {} and {} values", mean_.size(),
            other.mean().size());
    double const all = total_ + other.total_weight();
    expects(all <= std::numeric_limits<double>::max(), "averager::merge: weights of {} and {} in all", total_,
            other.total_weight());
    if (count_ == 0) {
      std::ranges::copy(other.mean(), mean_.begin());
    } else {
      auto const w = static_cast<value_type>(other.total_weight() / all);
      Backend::kernels::template lerp<value_type>(std::span(mean_), other.mean(), w);
    }
    count_ += other.n_averaged();
    total_ = all;
  }

  /// The mean of what was seen; before the first update nothing, or the caller's memory as it was.
  [[nodiscard]] std::span<value_type const> mean() const noexcept { return mean_; }
  /// Writes the mean, rounded to the elements of `out`.
  /// @pre at least one snapshot; `out` has their size
  template <class Out>
    requires mutable_tensor<Out>
  void value_to(Out&& out) const {
    auto const to = mutable_values(out);
    expects(count_ > 0, "averager::value_to: no snapshot has been averaged");
    expects(to.size() == mean_.size(), "averager::value_to: {} means into {} values", mean_.size(), to.size());
    std::ranges::transform(mean_, to.begin(), [](value_type v) { return static_cast<element_of<Out>>(v); });
  }
  [[nodiscard]] step_index n_averaged() const noexcept { return count_; }
  /// The sum of all weights: the number of snapshots, unless some came with weights of their own.
  [[nodiscard]] double total_weight() const noexcept requires weighs { return total_; }

  /// The whole state but the weight schedule, as bytes: loaded and continued it gives the same bits as never having
  /// stopped.
  [[nodiscard]] std::vector<std::byte> save() const {
    byte_writer out;
    out.put(magic);
    out.put(static_cast<std::int64_t>(count_));
    out.put(total_);
    out.put_all(mean());
    return std::move(out.bytes);
  }

  /// An averager in the state that was saved. Memory: the mean.
  /// @pre `bytes` come from `save` of an averager of the same element type, and of `uniform` if and only if this is one
  [[nodiscard]] static averager load(std::span<std::byte const> bytes, Weight weight = {},
                                     Backend where = {}) requires owns {
    averager loaded(std::move(weight), std::move(where));
    loaded.restore(bytes);
    return loaded;
  }

  /// Takes over a saved state. If it is refused, this averager is unchanged. Memory: a second mean while it works.
  /// @pre `bytes` come from `save` of an averager of the same element type, and of `uniform` if and only if this is
  /// one; with a span, of the same size
  void restore(std::span<std::byte const> bytes) {
    byte_reader in(bytes, "averager::restore");
    expects(in.get<std::uint32_t>() == magic, "averager::restore: not the state of an averager of {}-byte values",
            sizeof(value_type));
    auto const count = in.get<std::int64_t>();
    expects(count >= 0 && count < std::int64_t{1} << 62, "averager::restore: a count of {}", count);
    auto const total = in.get<double>();
    expects(weighs && count > 0 ? total > 0 && total <= std::numeric_limits<double>::max() : total == 0,
            "averager::restore: {} snapshots of other weights, {} in all", count, total);
    auto saved = in.all<value_type>();
    in.end();
    if constexpr (owns) {
      mean_ = std::move(saved);
    } else {
      expects(saved.size() == mean_.size(), "averager::restore: {} saved values, a mean of {}", saved.size(),
              mean_.size());
      std::ranges::copy(saved, mean_.begin());
    }
    count_ = count;
    total_ = total;
  }

 private:
  static constexpr std::uint32_t magic = 0x32415100 + sizeof(value_type);

  /// Moves the mean by `weight` towards the snapshot; the first one is copied.
  template <class E>
  void take(std::span<E const> x, double weight) {
    if constexpr (owns) {
      if (count_ == 0) mean_.resize(x.size());
    }
    expects(x.size() == mean_.size(), "averager::update: a snapshot of {} values, a mean of {}", x.size(),
            mean_.size());
    auto const w = static_cast<value_type>(weight);
    for_each_chunk(where_.exec, weighs && weight == 0 ? 0 : x.size(), [&](std::size_t first, std::size_t last) {
      auto const mean = std::span(mean_).subspan(first, last - first);
      auto const part = x.subspan(first, last - first);
      if (count_ == 0) {
        std::ranges::transform(part, mean.begin(), [](E v) { return detail::widened<value_type>(v); });
      } else if constexpr (std::same_as<E, value_type>) {
        Backend::kernels::template lerp<value_type>(mean, part, w);
      } else {
        for (std::size_t i = 0; i != mean.size(); ++i) mean[i] += w * (detail::widened<value_type>(part[i]) - mean[i]);
      }
    });
    ++count_;
  }

  Storage mean_{};
  [[no_unique_address]] Weight weight_{};
  [[no_unique_address]] Backend where_{};
  step_index count_ = 0;
  double total_ = 0;  // of the weights, where they are uniform
};

averager()->averager<>;
template <schedule Weight>
averager(Weight) -> averager<std::vector<float>, Weight>;
template <schedule Weight, any_backend Backend>
averager(Weight, Backend) -> averager<std::vector<float>, Weight, Backend>;
template <real T>
averager(std::span<T>) -> averager<std::span<T>>;
template <real T, schedule Weight>
averager(std::span<T>, Weight) -> averager<std::span<T>, Weight>;
template <real T, schedule Weight, any_backend Backend>
averager(std::span<T>, Weight, Backend) -> averager<std::span<T>, Weight, Backend>;

}  // namespace sqwa::inline SQWA_ABI

#endif
