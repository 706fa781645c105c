// SPDX-License-Identifier: BSD-3-Clause
// The mean of many snapshots at once: one pass over each, whether packed or float, in memory, mapped or loaded.
#ifndef SQWA_AVERAGE_MEAN_OF_HPP
#define SQWA_AVERAGE_MEAN_OF_HPP

#include <sqwa/average/snapshot_sums.hpp>
#include <sqwa/core/contract.hpp>
#include <sqwa/exec/backend.hpp>
#include <sqwa/exec/executor.hpp>
#include <sqwa/quant/packed_view.hpp>
#include <sqwa/tensor/adapter.hpp>

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <span>  // and the concepts of ranges: <ranges> takes as long to compile as all of this layer
#include <type_traits>
#include <vector>

namespace sqwa::inline SQWA_ABI {

/// How much each snapshot counts, in their order. A type of its own, so that no other numbers are taken for weights.
struct snapshot_weights {
  std::span<double const> values;  ///< finite, none below 0, their sum above 0
};

/// One snapshot of a tensor: floats, or packed codes.
template <class S>
concept snapshot = tensor<S> || std::convertible_to<S const&, packed_view>;

namespace detail {

/// A snapshot that may be looked at again: an object that stays, or a view of one.
template <class R>
concept lasting = std::is_lvalue_reference_v<R> || std::ranges::borrowed_range<R> ||
    std::same_as<std::remove_cvref_t<R>, packed_view>;

template <snapshot S>
constexpr auto read_only(S const& s) {
  if constexpr (tensor<S>) {
    return values(s);
  } else {
    return packed_view(s);
  }
}

/// How many elements a snapshot has; packed codes are checked before that is believed.
template <snapshot S>
std::size_t size_of([[maybe_unused]] char const* who, S const& s) {
  if constexpr (!tensor<S>) packed_view(s).check(who);
  return read_only(s).size();
}

/// What snapshots are averaged to, unless the caller says otherwise.
template <class S>
struct mean_element {
  using type = float;
};
template <tensor S>
struct mean_element<S> {
  using type = element_of<S>;
};

/// Checks weights and returns their sum; without weights the number of snapshots.
inline double total_of(char const* who, snapshot_weights const* weights, std::size_t snapshots) {
  if (weights == nullptr) return static_cast<double>(snapshots);
  expects(weights->values.size() == snapshots, "{}: {} weights for {} snapshots", who, weights->values.size(),
          snapshots);
  double total = 0;
  for (std::size_t k = 0; k != snapshots; ++k) {
    double const w = weights->values[k];
    expects(std::isfinite(w) && w >= 0, "{}: weight {} of snapshot {}; finite and not below 0", who, w, k);
    total += w;
  }
  expects(total > 0 && std::isfinite(total), "{}: weights whose sum is {}", who, total);
  return total;
}

/// Snapshots that stay: pieces of elements outside, snapshots inside, sums on the stack.
template <real T, class Snapshots, any_backend B>
void mean_of_lasting(char const* who, std::span<T> mean, Snapshots const& snapshots, snapshot_weights const* weights,
                     B const& where) {
  auto const first = read_only(*std::ranges::begin(snapshots));
  using view = std::remove_const_t<decltype(first)>;
  std::size_t count = 0;
  std::size_t shared = 0;  // how many snapshots at the beginning have the first one's scales
  for (auto&& s : snapshots) {
    auto const x = read_only(s);
    check_like(who, count, x, first);
    if (shared == count && same_scales(x, first)) ++shared;
    ++count;
  }
  mean_plan const plan{count, weights == nullptr ? shared : 0, total_of(who, weights, count),
                       weights == nullptr ? nullptr : weights->values.data()};
  bool const good = reduce(
      where.exec, mean.size(), true,
      [&](std::size_t begin, std::size_t end) { return mean_of_piece<B, view>(snapshots, plan, begin, end, mean); },
      [](bool a, bool b) { return a && b; });
  if (good) return;
  std::size_t k = 0;
  for (auto&& s : snapshots) check_codes_of(who, k++, read_only(s));
}

/// Snapshots that come and go: one at a time, sums of the whole tensor in double.
template <real T, class Snapshots, any_backend B>
void mean_of_passing(char const* who, std::span<T> mean, Snapshots&& snapshots, snapshot_weights const* weights,
                     B const& where) {
  if (weights != nullptr) (void)total_of(who, weights, weights->values.size());
  passing_sums sums(mean.size(), weights != nullptr);
  std::size_t count = 0;
  for (auto&& s : snapshots) {
    auto const x = read_only(s);
    expects(weights == nullptr || count < weights->values.size(), "{}: {} weights, but more snapshots", who, count);
    double const* const w = weights == nullptr ? nullptr : &weights->values[count];
    sums.check(who, count, x);
    if (w == nullptr || *w != 0) {
      check_codes_of(who, count, x);
      sums.template add<B>(x, w, where);
    }
    ++count;
  }
  expects(count > 0, "{}: no snapshots", who);
  sums.value_to(mean, total_of(who, weights, count), where);
}

template <class Out, class Snapshots, any_backend B>
void mean_into(Out&& out, Snapshots&& snapshots, snapshot_weights const* weights, B const& where) {
  constexpr char const* who = "mean_of";
  auto const mean = mutable_values(out);
  using source = std::remove_reference_t<Snapshots>;
  if constexpr (std::ranges::forward_range<source const>) {
    if constexpr (lasting<std::ranges::range_reference_t<source const>>) {
      source const& all = snapshots;
      expects(!std::ranges::empty(all), "{}: no snapshots", who);
      std::size_t const size = read_only(*std::ranges::begin(all)).size();
      expects(mean.size() == size, "{}: snapshots of {} values into {}", who, size, mean.size());
      return mean_of_lasting(who, mean, all, weights, where);
    }
  }
  mean_of_passing(who, mean, snapshots, weights, where);
}

}  // namespace detail

/// Writes the mean of a range of snapshots: the sum of weight * value over the sum of the weights, in double, rounded
/// to the elements of `out` once.
///
/// Snapshots are tensors of one size, or packed codes of one layout; at random access many threads may read the range
/// at once. Codes without weights are summed as integers while the scales are those of the first snapshot, bit for bit,
/// and by value from there on: the bits of `code_averager`. The same bits on every backend, and whether snapshots stay
/// in memory or are loaded one by one. Of a snapshot of weight 0 nothing is read but its size and layout. NaN and
/// infinity propagate. Where a field is refused, `out` holds numbers that mean nothing; otherwise what is refused
/// changes nothing.
///
/// Memory: where snapshots stay, or are views, none; where the range makes each anew, one double a weight and the
/// snapshot at hand. Never more for more snapshots. Time: one pass over each snapshot, one over `out`.
/// @pre at least one snapshot; equal sizes; for codes equal levels and layouts, sound members, every field a code
template <class Out, std::ranges::input_range Snapshots, any_backend B = backend<>>
  requires mutable_tensor<Out> && snapshot<std::ranges::range_value_t<Snapshots>>
void mean_into(Out&& out, Snapshots&& snapshots, B const& where = {}) {
  detail::mean_into(out, snapshots, nullptr, where);
}
/// @pre as above; one weight for each snapshot
template <class Out, std::ranges::input_range Snapshots, any_backend B = backend<>>
  requires mutable_tensor<Out> && snapshot<std::ranges::range_value_t<Snapshots>>
void mean_into(Out&& out, Snapshots&& snapshots, snapshot_weights weights, B const& where = {}) {
  detail::mean_into(out, snapshots, &weights, where);
}

/// The mean of snapshots, as `mean_into` writes it: in float for codes, else in the snapshots' own elements.
///
/// Memory: the mean, and what `mean_into` needs.
/// @pre as for `mean_into`
template <std::ranges::forward_range Snapshots, any_backend B = backend<>>
  requires snapshot<std::ranges::range_value_t<Snapshots>>
[[nodiscard]] auto mean_of(Snapshots&& snapshots, B const& where = {}) {
  expects(!std::ranges::empty(snapshots), "mean_of: no snapshots");
  std::vector<typename detail::mean_element<std::ranges::range_value_t<Snapshots>>::type> mean(
      detail::size_of("mean_of", *std::ranges::begin(snapshots)));
  detail::mean_into(mean, snapshots, nullptr, where);
  return mean;
}
/// @pre as above; one weight for each snapshot
template <std::ranges::forward_range Snapshots, any_backend B = backend<>>
  requires snapshot<std::ranges::range_value_t<Snapshots>>
[[nodiscard]] auto mean_of(Snapshots&& snapshots, snapshot_weights weights, B const& where = {}) {
  expects(!std::ranges::empty(snapshots), "mean_of: no snapshots");
  std::vector<typename detail::mean_element<std::ranges::range_value_t<Snapshots>>::type> mean(
      detail::size_of("mean_of", *std::ranges::begin(snapshots)));
  detail::mean_into(mean, snapshots, &weights, where);
  return mean;
}

}  // namespace sqwa::inline SQWA_ABI

#endif
