// SPDX-License-Identifier: BSD-3-Clause
// The running average of tensors of floats, with any weight schedule.
#ifndef SQWA_AVERAGE_AVERAGER_HPP
#define SQWA_AVERAGE_AVERAGER_HPP

#include <sqwa/core/bytes.hpp>
#include <sqwa/core/contract.hpp>
#include <sqwa/exec/backend.hpp>
#include <sqwa/schedule/schedule.hpp>
#include <sqwa/tensor/adapter.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace sqwa::inline SQWA_ABI {

/// The weight 1 / (n + 1) of snapshot n: the arithmetic mean.
struct uniform {
  constexpr float operator()(step_index n) const noexcept { return 1.0F / static_cast<float>(n + 1); }
  bool operator==(uniform const&) const = default;
};

/// The first snapshot is copied, each later one moves the mean by 1 - decay: an exponential moving average.
struct exponential_weight {
  float decay = 0.999F;
  constexpr float operator()(step_index n) const noexcept { return n == 0 ? 1.0F : 1.0F - decay; }
  bool operator==(exponential_weight const&) const = default;
};

namespace detail {

template <class S>
concept average_storage = std::same_as<S, std::vector<float>> || std::same_as<S, std::vector<double>> ||
                          std::same_as<S, std::span<float>> || std::same_as<S, std::span<double>>;

}  // namespace detail

/// The running average of the snapshots it has seen.
///
/// Snapshot n moves the mean by weight(n): mean += weight(n) * (snapshot - mean); a weight of 1 copies. `uniform` divides by the
/// count in the type of the mean. Infinity and NaN in a snapshot stay in the mean.
///
/// Memory: with a vector as storage, the mean, allocated at the first update; with a span none, the caller owns the mean.
/// Time: one pass over the snapshot and the mean.
template <detail::average_storage Storage = std::vector<float>, schedule Weight = uniform, any_backend Backend = backend<>>
class averager {
 public:
  using value_type = typename Storage::value_type;
  static constexpr bool owns = std::same_as<Storage, std::vector<value_type>>;

  averager() = default;
  explicit averager(Storage mean, Weight weight = {}, Backend where = {})
      : mean_(std::move(mean)), weight_(std::move(weight)), where_(std::move(where)) {}
  explicit averager(Weight weight, Backend where = {})
    requires owns
      : weight_(std::move(weight)), where_(std::move(where)) {}

  /// Takes one snapshot in. Its elements may be narrower than those of the mean, not wider.
  /// @pre the snapshot has the size of the mean
  template <tensor Snapshot>
    requires(sizeof(element_of<Snapshot>) <= sizeof(value_type))
  void update(Snapshot const& snapshot) {
    auto const x = values(snapshot);
    if constexpr (owns) {
      if (count_ == 0 && mean_.empty()) mean_.resize(x.size());
    }
    expects(x.size() == mean_.size(), "averager::update: a snapshot of {} values, a mean of {}", x.size(), mean_.size());
    value_type const w = weight_of(count_);
    for_each_chunk(where_.exec, x.size(), [&](std::size_t first, std::size_t last) {
      auto const mean = std::span(mean_).subspan(first, last - first);
      auto const part = x.subspan(first, last - first);
      if (w == 1) {
        std::ranges::copy(part, mean.begin());
      } else if constexpr (std::same_as<element_of<Snapshot>, value_type>) {
        Backend::kernels::template lerp<value_type>(mean, part, w);
      } else {
        for (std::size_t i = 0; i != mean.size(); ++i) mean[i] += w * (static_cast<value_type>(part[i]) - mean[i]);
      }
    });
    ++count_;
  }

  /// Joins the mean of other snapshots to this one.
  /// @pre sizes agree, unless one of the two has seen nothing
  void merge(averager const& other)
    requires std::same_as<Weight, uniform>
  {
    if (other.count_ == 0) return;
    if constexpr (owns) {
      if (count_ == 0) mean_.resize(other.mean_.size());
    }
    expects(mean_.size() == other.mean_.size(), "averager::merge: means of {} and {} values", mean_.size(),
            other.mean_.size());
    auto const w = static_cast<value_type>(other.count_) / static_cast<value_type>(count_ + other.count_);
    for (std::size_t i = 0; i != mean_.size(); ++i) {
      mean_[i] = count_ == 0 ? other.mean_[i] : mean_[i] + w * (other.mean_[i] - mean_[i]);
    }
    count_ += other.count_;
  }

  [[nodiscard]] std::span<value_type const> mean() const noexcept { return mean_; }
  [[nodiscard]] step_index n_averaged() const noexcept { return count_; }

  /// The whole state but the weight, as bytes: loaded and continued it gives the same bits as never having stopped.
  [[nodiscard]] std::vector<std::byte> save() const {
    byte_writer out;
    out.put(magic);
    out.put(static_cast<std::int64_t>(count_));
    out.put_all(mean());
    return std::move(out.bytes);
  }

  /// Takes over a saved state. If it is refused, this averager is unchanged.
  /// @pre bytes come from `save` of an averager of the same element type; with a span, of the same size
  void load(std::span<std::byte const> bytes) {
    byte_reader in(bytes, "averager::load");
    expects(in.get<std::uint32_t>() == magic, "averager::load: not the state of an averager of {}-byte values",
            sizeof(value_type));
    auto const count = in.get<std::int64_t>();
    expects(count >= 0, "averager::load: a count of {}", count);
    auto saved = in.all<value_type>();
    in.end();
    if constexpr (owns) {
      mean_ = std::move(saved);
    } else {
      expects(saved.size() == mean_.size(), "averager::load: {} saved values, a mean of {}", saved.size(), mean_.size());
      std::ranges::copy(saved, mean_.begin());
    }
    count_ = count;
  }

 private:
  static constexpr std::uint32_t magic = 0x31415100 + sizeof(value_type);

  value_type weight_of(step_index n) const {
    if constexpr (std::same_as<Weight, uniform>) return 1 / static_cast<value_type>(n + 1);
    return static_cast<value_type>(weight_(n));
  }

  Storage mean_{};
  [[no_unique_address]] Weight weight_{};
  [[no_unique_address]] Backend where_{};
  step_index count_ = 0;
};

averager() -> averager<>;
template <real T, class... Rest>
averager(std::span<T>, Rest...) -> averager<std::span<T>, Rest...>;
template <schedule Weight>
averager(Weight) -> averager<std::vector<float>, Weight>;

}  // namespace sqwa::inline SQWA_ABI

#endif
