// SPDX-License-Identifier: BSD-3-Clause
// The mean of the last few snapshots of floats.
#ifndef SQWA_AVERAGE_WINDOW_HPP
#define SQWA_AVERAGE_WINDOW_HPP

#include <sqwa/average/ring.hpp>
#include <sqwa/core/bytes.hpp>
#include <sqwa/core/contract.hpp>
#include <sqwa/exec/backend.hpp>
#include <sqwa/exec/executor.hpp>
#include <sqwa/tensor/adapter.hpp>
#include <sqwa/tensor/half.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace sqwa::inline SQWA_ABI {

namespace detail {

/// mean[i] = the sum of x[i] over all snapshots, oldest first, in double, / their number, for i in [begin, end).
///
/// `snapshot(k)` gives the k-th oldest as a span.
template <class Snapshot, class Out>
void mean_in_order(std::size_t begin, std::size_t end, std::size_t count, Snapshot&& snapshot, Out&& write) {
  std::array<double, 512> sums;
  for (std::size_t first = begin; first < end; first += sums.size()) {
    auto const part = std::span(sums).first(std::min(sums.size(), end - first));
    std::ranges::fill(part, 0.0);
    for (std::size_t k = 0; k != count; ++k) {
      auto const x = snapshot(k).subspan(first, part.size());
      for (std::size_t i = 0; i != part.size(); ++i) part[i] += widened<double>(x[i]);
    }
    for (double& s : part) s /= static_cast<double>(count);
    write(first, std::span<double const>(part));
  }
}

}  // namespace detail

/// The mean of the last `length` snapshots; of all while there are fewer.
///
/// It is computed when it is asked for, from the snapshots themselves: their sum in double, oldest first, divided by
/// their number and rounded once. Nothing is ever subtracted, so a snapshot that left the window leaves no trace.
/// Infinity and NaN count while they are in the window. The same bits on every backend.
///
/// J. Kaddour, "Stop wasting my time! Saving days of ImageNet and BERT training with latest weight averaging", 2022.
///
/// Memory: `length` snapshots of T, each allocated when it first comes. Time: an update copies one snapshot, the mean
/// reads all.
/// @tparam T  what is kept: float, double or a 16-bit float
template <class T = float, any_backend Backend = backend<>>
  requires(real<T> || half<T>)
class window {
 public:
  using value_type = T;

  /// @pre length >= 1
  explicit window(std::size_t length, Backend where = {}) : held_(length), where_(std::move(where)) {
    expects(length >= 1, "window: of the last {} snapshots", length);
  }

  /// Takes one snapshot in, of T or of narrower floats, which are widened; the oldest one leaves a full window.
  /// @pre the snapshot has the size of the first one
  template <float_snapshot Snapshot>
    requires(std::same_as<snapshot_element<Snapshot>, T> || (real<T> && sizeof(snapshot_element<Snapshot>) < sizeof(T)))
  void update(Snapshot const& snapshot) { push(snapshot_values(snapshot)); }

  /// As if the snapshots that another window has seen had been seen after those of this one; exactly.
  /// @pre both have one length and snapshots of one size, unless one has seen nothing
  template <any_backend Other>
  void merge(window<T, Other> const& other) {
    expects(other.held_.length() == held_.length(), "window::merge: windows of {} and {} snapshots", held_.length(),
            other.held_.length());
    if (static_cast<void const*>(&other) == this) return merge(window(*this));
    std::int64_t const all = seen_ + other.seen_;
    for (std::size_t k = 0; k != other.held_.size(); ++k) push(std::span<T const>(other.held_[k]));
    seen_ = all;
  }

  /// Writes the mean, rounded to the elements of `out` once.
  /// @pre at least one snapshot; `out` has their size
  template <class Out>
    requires mutable_tensor<Out>
  void value_to(Out&& out) const {
    auto const to = mutable_values(out);
    expects(seen_ > 0, "window::value_to: no snapshot has been averaged");
    expects(to.size() == held_[0].size(), "window::value_to: {} means into {} values", held_[0].size(), to.size());
    for_each_chunk(where_.exec, to.size(), [&](std::size_t begin, std::size_t end) {
      detail::mean_in_order(
          begin, end, held_.size(), [&](std::size_t k) { return std::span<T const>(held_[k]); },
          [&](std::size_t first, std::span<double const> mean) {
            for (std::size_t i = 0; i != mean.size(); ++i) to[first + i] = static_cast<element_of<Out>>(mean[i]);
          });
    });
  }

  /// The k-th oldest of the `n_averaged()` snapshots in the window.
  /// @pre k < n_averaged()
  [[nodiscard]] std::span<T const> operator[](std::size_t k) const {
    expects(k < held_.size(), "window: snapshot {} of {}", k, held_.size());
    return held_[k];
  }
  /// How many snapshots the mean is of.
  [[nodiscard]] std::int64_t n_averaged() const noexcept { return static_cast<std::int64_t>(held_.size()); }
  [[nodiscard]] std::int64_t n_seen() const noexcept { return seen_; }
  [[nodiscard]] std::size_t length() const noexcept { return held_.length(); }

  /// The whole state as bytes: loaded and continued it gives the same bits as never having stopped.
  [[nodiscard]] std::vector<std::byte> save() const {
    byte_writer out;
    out.put(magic);
    out.put(static_cast<std::uint64_t>(held_.length()));
    out.put(seen_);
    for (std::size_t k = 0; k != held_.size(); ++k) {
      out.put(static_cast<std::uint64_t>(held_[k].size()));
      for (T const& v : held_[k]) out.put(std::bit_cast<stored>(v));
    }
    return std::move(out.bytes);
  }

  /// A window in the state that was saved. Memory: the state.
  /// @pre `bytes` come from `save` of a window of the same T
  [[nodiscard]] static window load(std::span<std::byte const> bytes, Backend where = {}) {
    constexpr char const* who = "window::load";
    byte_reader in(bytes, who);
    expects(in.get<std::uint32_t>() == magic, "{}: not the state of a window of {}-byte values", who, sizeof(T));
    window w(static_cast<std::size_t>(in.get<std::uint64_t>()), std::move(where));
    auto const seen = in.get<std::int64_t>();
    expects(seen >= 0 && seen < std::int64_t{1} << 62, "{}: {} snapshots", who, seen);
    auto const held = std::min(static_cast<std::uint64_t>(seen), static_cast<std::uint64_t>(w.length()));
    for (std::uint64_t k = 0; k != held; ++k) {
      auto const values = in.all<stored>();
      expects(k == 0 || values.size() == w.held_[0].size(), "{}: snapshots of {} and {} values", who,
              k == 0 ? 0 : w.held_[0].size(), values.size());
      auto& to = w.held_.next();
      to.resize(values.size());
      std::ranges::transform(values, to.begin(), [](stored v) { return std::bit_cast<T>(v); });
    }
    in.end();
    w.seen_ = seen;
    return w;
  }

 private:
  template <class U, any_backend>
    requires(real<U> || half<U>)
  friend class window;

  using stored = std::conditional_t<sizeof(T) == 2, std::uint16_t,
                                    std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>>;
  static constexpr std::uint32_t magic = 0x31415700 + sizeof(T);

  template <class E>
  void push(std::span<E const> x) {
    expects(seen_ == 0 || x.size() == held_[0].size(), "window::update: a snapshot of {} values in a window of {}",
            x.size(), seen_ == 0 ? 0 : held_[0].size());
    auto& to = held_.next();
    to.resize(x.size());
    for_each_chunk(where_.exec, x.size(), [&](std::size_t begin, std::size_t end) {
      if constexpr (std::same_as<E, T>) {
        std::copy(x.data() + begin, x.data() + end, to.data() + begin);
      } else {
        for (std::size_t i = begin; i != end; ++i) to[i] = detail::widened<T>(x[i]);
      }
    });
    ++seen_;
  }

  detail::ring<std::vector<T>> held_;
  [[no_unique_address]] Backend where_{};
  std::int64_t seen_ = 0;
};

window(std::size_t)->window<>;
template <any_backend Backend>
window(std::size_t, Backend) -> window<float, Backend>;

}  // namespace sqwa::inline SQWA_ABI

#endif
