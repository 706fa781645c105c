// SPDX-License-Identifier: BSD-3-Clause
// The average of whole models: named tensors, a policy for each, and one state for all.
#ifndef SQWA_NN_MODEL_AVERAGE_HPP
#define SQWA_NN_MODEL_AVERAGE_HPP

#include <sqwa/average/averager.hpp>
#include <sqwa/core/bytes.hpp>
#include <sqwa/core/contract.hpp>
#include <sqwa/exec/backend.hpp>
#include <sqwa/nn/low_bit_model.hpp>
#include <sqwa/nn/model_policy.hpp>
#include <sqwa/nn/model_slot.hpp>
#include <sqwa/nn/named_tensor.hpp>
#include <sqwa/schedule/schedule.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <ranges>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace sqwa::inline SQWA_ABI {

/// A range of named tensors, or a `low_bit_model`: what a model, or a part of one, is.
template <class M>
concept model_part = requires(M& m) {
  m.weights.begin();
  m.floats.begin();
}
|| (std::ranges::forward_range<M> && model_item<std::remove_reference_t<std::ranges::range_reference_t<M>>>);

class averaged_scope;

namespace detail {

/// Calls `f(item)` for each named tensor of each part.
template <class F, class... Parts>
void for_each_item(F f, Parts&... parts) {
  auto const each = [&](auto& part) {
    if constexpr (requires { part.weights.begin(); }) {
      for (auto& item : part.weights) f(item);
      for (auto& item : part.floats) f(item);
    } else {
      for (auto&& item : part) f(item);
    }
  };
  (each(parts), ...);
}

}  // namespace detail

/// The running average of whole models, told tensor by tensor what to do.
///
/// The first model fixes names, order, extents and element types; each later one must agree in all of them, so that
/// nothing is ever paired wrongly or left out. `policy(name)` is asked once, with the first model: for integers and
/// truth values only copy and skip are legal, codes only for packed tensors and `uniform` weight. Codes are summed as
/// `code_averager` does it, values as `averager` in double with `Weight`. The same bits on every backend.
///
/// Memory: one accumulator for each averaged tensor, a copy of each copied one. If a model is refused, nothing changes;
/// only where memory runs out within an update the average is lost. Time: two passes over values, three over codes.
template <schedule Weight = uniform, std::invocable<std::string_view> Policy = policy_by_name,
          any_backend Backend = backend<>>
class model_average {
 public:
  explicit model_average(Policy policy = {}, Weight weight = {}, Backend where = {})
      : policy_(std::move(policy)), weight_(std::move(weight)), where_(std::move(where)) {}

  /// Takes one model in: its parts, each a range of named tensors, in an order that does not change.
  /// @pre names, extents, element types, levels and layouts of the first model; no averaged_scope of this is open
  template <model_part... Parts>
  void update(Parts const&... parts) {
    constexpr char const* who = "model_average::update";
    expects(!open_.on, "{}: an averaged_scope is open, the live tensors hold the average", who);
    std::vector<slot> first;
    std::vector<slot>& slots = count_ == 0 ? first : slots_;
    if (count_ == 0) {
      std::set<std::string_view> names;
      detail::for_each_item(
          [&](auto const& item) {
            std::string_view const name = item.name;
            expects(names.insert(name).second, "{}: two tensors are called {}", who, name);
            first.emplace_back(who, item, policy_(name), weight_, where_);
          },
          parts...);
    }
    check_all(
        slots, who, [&](slot const& s, std::size_t i, auto const& item) { s.check(who, i, item); }, parts...);
    std::size_t i = 0;
    detail::for_each_item([&](auto const& item) { slots[i++].update(item); }, parts...);
    if (count_ == 0) slots_ = std::move(first);
    ++count_;
  }

  /// Writes the average into the tensors of a model; skipped tensors stay. If it is refused, nothing changes.
  /// @pre at least one update; names and extents as in `update`; copied tensors of their own element types
  template <model_part... Parts>
  void value_to(Parts&&... parts) const {
    constexpr char const* who = "model_average::value_to";
    expects(count_ > 0, "{}: no model has been averaged", who);
    check_all(
        slots_, who, [&](slot const& s, std::size_t i, auto& item) { s.check_target(who, i, item); }, parts...);
    std::size_t i = 0;
    detail::for_each_item([&](auto& item) { slots_[i++].value_to(detail::contents_of(item)); }, parts...);
  }

  /// The average as a model of its own: codes as the exact wider codes where the snapshots share their scales, all else
  /// as float; skipped tensors are left out. Memory: the model.
  /// @pre at least one update; no integers but skipped ones
  [[nodiscard]] low_bit_model to_model() const {
    expects(count_ > 0, "model_average::to_model: no model has been averaged");
    low_bit_model model;
    for (slot const& s : slots_) s.append_to(model);
    return model;
  }

  /// Joins what another average has seen, as if it came later: copied tensors become those of `other`.
  /// @pre names, extents, element types and policies agree, unless one of the two has seen nothing
  void merge(model_average const& other) requires std::same_as<Weight, uniform> {
    constexpr char const* who = "model_average::merge";
    if (other.count_ == 0) return;
    if (count_ > 0) {
      expects(slots_.size() == other.slots_.size(), "{}: averages of {} and {} tensors", who, slots_.size(),
              other.slots_.size());
      auto merged = slots_;  // so that a refusal leaves this as it is
      for (std::size_t i = 0; i != merged.size(); ++i) merged[i].merge(who, i, other.slots_[i]);
      slots_ = std::move(merged);
    } else {
      slots_ = other.slots_;
    }
    count_ += other.count_;
  }

  [[nodiscard]] step_index n_averaged() const noexcept { return count_; }
  /// How many tensors a model has; 0 before the first.
  [[nodiscard]] std::size_t size() const noexcept { return slots_.size(); }
  /// Models: i < size()
  [[nodiscard]] std::string const& name(std::size_t i) const noexcept { return slots_[i].name(); }
  /// What is done with tensor i; never `natural`.
  [[nodiscard]] tensor_policy policy(std::size_t i) const noexcept { return slots_[i].policy(); }

  /// The whole state but policy and weight as bytes: loaded and continued it gives the bits of never having stopped.
  [[nodiscard]] std::vector<std::byte> save() const {
    byte_writer out;
    out.put(magic);
    out.put(count_);
    out.put(static_cast<std::uint64_t>(slots_.size()));
    for (slot const& s : slots_) s.save(out);
    return std::move(out.bytes);
  }

  /// An average in the state that was saved; `policy` matters only if no model had been seen. Memory: twice the state.
  /// @pre `bytes` come from `save`
  [[nodiscard]] static model_average load(std::span<std::byte const> bytes, Policy policy = {}, Weight weight = {},
                                          Backend where = {}) {
    constexpr char const* who = "model_average::load";
    model_average loaded(std::move(policy), std::move(weight), std::move(where));
    byte_reader in(bytes, who);
    expects(in.get<std::uint32_t>() == magic, "{}: not the state of a model_average", who);
    loaded.count_ = in.get<step_index>();
    expects(loaded.count_ >= 0, "{}: {} models", who, loaded.count_);
    auto const size = in.get<std::uint64_t>();
    expects(loaded.count_ > 0 || size == 0, "{}: {} tensors of no model", who, size);
    for (std::uint64_t i = 0; i != size; ++i) {
      loaded.slots_.push_back(slot::load(who, in, loaded.count_, loaded.weight_, loaded.where_));
    }
    in.end();
    return loaded;
  }

 private:
  friend class averaged_scope;
  using slot = detail::model_slot<Weight, Backend>;
  static constexpr std::uint32_t magic = 0x314D4100;

  /// Whether an averaged_scope is open: of this object, not of its copies.
  struct open_flag {
    bool on = false;
    open_flag() = default;
    open_flag(open_flag const&) noexcept {}
    open_flag& operator=(open_flag const&) noexcept { return *this; }
  };

  template <class F, class... Parts>
  static void check_all(std::vector<slot> const& slots, char const* who, F f, Parts&... parts) {
    std::size_t i = 0;
    detail::for_each_item(
        [&](auto& item) {
          std::string_view const name = item.name;
          expects(i < slots.size(), "{}: tensor {} is {}, the first model has only {} tensors", who, i, name,
                  slots.size());
          f(slots[i], i, item);
          ++i;
        },
        parts...);
    expects(i == slots.size(), "{}: {} tensors, in the first model {}: {} is missing", who, i, slots.size(),
            i < slots.size() ? slots[i].name() : std::string());
  }

  Policy policy_;
  [[no_unique_address]] Weight weight_;
  [[no_unique_address]] Backend where_;
  step_index count_ = 0;
  std::vector<slot> slots_;
  open_flag open_;
};

}  // namespace sqwa::inline SQWA_ABI

#endif
