// SPDX-License-Identifier: BSD-3-Clause
// The mean of the last few low-bit snapshots, exact while they share their scales.
#ifndef SQWA_AVERAGE_CODE_WINDOW_HPP
#define SQWA_AVERAGE_CODE_WINDOW_HPP

#include <sqwa/average/code_averager.hpp>
#include <sqwa/average/ring.hpp>
#include <sqwa/core/bytes.hpp>
#include <sqwa/core/contract.hpp>
#include <sqwa/exec/backend.hpp>
#include <sqwa/quant/packed.hpp>
#include <sqwa/tensor/adapter.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace sqwa::inline SQWA_ABI {

/// The mean of the last `length` packed snapshots; of all while there are fewer.
///
/// `average()` is the `code_averager` that has seen those in the window alone, oldest first: exact while they share
/// their scales, whatever the scales of those that left. The same bits on every executor.
///
/// Memory: `length` packed snapshots, each allocated when it first comes; an accumulator while a mean is computed.
/// Time: an update checks and copies one snapshot, the mean reads all.
template <any_backend Backend = backend<>>
class code_window {
 public:
  /// @pre length >= 1
  explicit code_window(std::size_t length, Backend where = {}) : held_(length), where_(std::move(where)) {
    expects(length >= 1, "code_window: of the last {} snapshots", length);
  }

  /// Takes one snapshot in; the oldest one leaves a full window. If it is refused, the window is unchanged.
  /// @pre its levels and layout are those of the first snapshot; every field is a code
  void update(packed const& snapshot) {
    check("code_window::update", snapshot);
    held_.next() = snapshot;
    ++seen_;
  }

  /// As if the snapshots that another window has seen had been seen after those of this one; exactly.
  /// @pre both have one length, and levels and layout agree, unless one has seen nothing
  template <any_backend Other>
  void merge(code_window<Other> const& other) {
    expects(other.held_.length() == held_.length(), "code_window::merge: windows of {} and {} snapshots",
            held_.length(), other.held_.length());
    if (static_cast<void const*>(&other) == this) return merge(code_window(*this));
    std::int64_t const all = seen_ + other.seen_;
    for (std::size_t k = 0; k != other.held_.size(); ++k) {
      if (k == 0) check("code_window::merge", other.held_[0]);
      held_.next() = other.held_[k];
    }
    seen_ = all;
  }

  /// The average of the snapshots in the window: values, integer sums, histogram and packed form.
  /// @pre at least one snapshot
  [[nodiscard]] code_averager<Backend> average() const {
    expects(seen_ > 0, "code_window::average: no snapshot has been averaged");
    code_averager<Backend> a(held_[0].levels, where_);
    for (std::size_t k = 0; k != held_.size(); ++k) a.update(held_[k]);
    return a;
  }

  /// Writes the mean: that of `average()`.
  /// @pre at least one snapshot; `out` has their size
  template <class Out>
    requires mutable_tensor<Out>
  void value_to(Out&& out) const { average().value_to(out); }

  /// The k-th oldest of the `n_averaged()` snapshots in the window.
  /// @pre k < n_averaged()
  [[nodiscard]] packed const& operator[](std::size_t k) const {
    expects(k < held_.size(), "code_window: snapshot {} of {}", k, held_.size());
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
      packed const& p = held_[k];
      out.put(static_cast<std::int32_t>(p.levels));
      for (std::size_t n : {p.layout.size, p.layout.outer, p.layout.count, p.layout.inner}) {
        out.put(static_cast<std::uint64_t>(n));
      }
      out.put_all(std::span<float const>(p.scales));
      out.put(static_cast<std::uint64_t>(p.bytes.size()));
      out.bytes.insert(out.bytes.end(), p.bytes.begin(), p.bytes.end());
    }
    return std::move(out.bytes);
  }

  /// A window in the state that was saved. Memory: the state.
  /// @pre `bytes` come from `save`
  [[nodiscard]] static code_window load(std::span<std::byte const> bytes, Backend where = {}) {
    constexpr char const* who = "code_window::load";
    byte_reader in(bytes, who);
    expects(in.get<std::uint32_t>() == magic, "{}: not the state of a code_window", who);
    code_window w(static_cast<std::size_t>(in.get<std::uint64_t>()), std::move(where));
    auto const seen = in.get<std::int64_t>();
    expects(seen >= 0, "{}: {} snapshots", who, seen);
    auto const held = std::min(static_cast<std::uint64_t>(seen), static_cast<std::uint64_t>(w.length()));
    for (std::uint64_t k = 0; k != held; ++k) {
      packed p;
      p.levels = static_cast<int>(in.get<std::int32_t>());
      for (std::size_t* n : {&p.layout.size, &p.layout.outer, &p.layout.count, &p.layout.inner}) {
        *n = static_cast<std::size_t>(in.get<std::uint64_t>());
      }
      p.scales = in.all<float>();
      auto const fields = in.all<std::uint8_t>();
      p.bytes.resize(fields.size());
      std::ranges::copy(std::as_bytes(std::span(fields)), p.bytes.begin());
      w.check(who, p);
      w.held_.next() = std::move(p);
      ++w.seen_;
    }
    in.end();
    w.seen_ = seen;
    return w;
  }

 private:
  template <any_backend>
  friend class code_window;

  static constexpr std::uint32_t magic = 0x31574300;

  void check(char const* who, packed const& snapshot) const {
    snapshot.check(who);
    if (seen_ > 0) {
      blocks const &a = snapshot.layout, &b = held_[0].layout;
      expects(snapshot.levels == held_[0].levels, "{}: a snapshot of {} levels in a window of {}", who, snapshot.levels,
              held_[0].levels);
      expects(a == b, "{}: a snapshot of {} values in {} x {} runs of {}, in a window of {} in {} x {} of {}", who,
              a.size, a.outer, a.count, a.inner, b.size, b.outer, b.count, b.inner);
    }
    detail::check_fields(who, snapshot, where_.exec);
  }

  detail::ring<packed> held_;
  [[no_unique_address]] Backend where_{};
  std::int64_t seen_ = 0;
};

}  // namespace sqwa::inline SQWA_ABI

#endif
