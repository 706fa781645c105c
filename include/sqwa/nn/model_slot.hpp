// SPDX-License-Identifier: BSD-3-Clause
// What model_average keeps of one tensor.
#ifndef SQWA_NN_MODEL_SLOT_HPP
#define SQWA_NN_MODEL_SLOT_HPP

#include <sqwa/average/averager.hpp>
#include <sqwa/average/code_averager.hpp>
#include <sqwa/average/snapshot_sums.hpp>
#include <sqwa/core/bytes.hpp>
#include <sqwa/core/contract.hpp>
#include <sqwa/nn/low_bit_model.hpp>
#include <sqwa/nn/model_policy.hpp>
#include <sqwa/nn/named_tensor.hpp>
#include <sqwa/quant/packed_view.hpp>
#include <sqwa/tensor/shape.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace sqwa::inline SQWA_ABI {

namespace detail {

inline std::string text_of(shape const& extents) {
  std::string text = "(";
  for (std::size_t e : extents) text += (text.size() > 1 ? ", " : "") + std::to_string(e);
  return text + ")";
}

/// One tensor of a model_average: its description, and an averager or a copy.
template <schedule Weight, any_backend Backend>
class model_slot {
 public:
  using codes = code_averager<Backend>;
  using means = averager<std::vector<double>, Weight, Backend>;
  using copied = std::vector<std::byte>;

  /// Describes the tensor of the first model; nothing is taken in yet.
  template <class Item>
  model_slot(char const* who, Item const& item, tensor_policy what, Weight const& weight, Backend const& where)
      : name_(std::string_view(item.name)), extents_(extents_of(item)), kind_(kind_of(contents_of(item))) {
    constexpr bool same_weights = std::same_as<Weight, uniform>;
    bool const integers = kind_.letter != 'f' && kind_.letter != 'p';
    if (what == tensor_policy::natural) {
      what = integers                              ? tensor_policy::copy
             : kind_.letter == 'p' && same_weights ? tensor_policy::codes
                                                   : tensor_policy::values;
    }
    what_ = what;
    bool const averaged = what == tensor_policy::codes || what == tensor_policy::values;
    expects(!integers || !averaged, "{}: {} holds {}: integers are copied or skipped, not averaged", who, name_,
            kind_.text());
    expects(what != tensor_policy::codes || kind_.letter == 'p', "{}: {} holds {}, not packed codes", who, name_,
            kind_.text());
    expects(what != tensor_policy::codes || same_weights, "{}: {}: codes are averaged with equal weights only", who,
            name_);
    auto const x = contents_of(item);
    if constexpr (is_packed<std::remove_const_t<decltype(x)>>) {
      x.check(name_.c_str());
      levels_ = x.levels;
      layout_ = x.layout;
      if (what == tensor_policy::codes) state_.template emplace<codes>(x.levels, where);
      if (what == tensor_policy::copy) state_.template emplace<packed>();
    } else if (what == tensor_policy::copy) {
      state_.template emplace<copied>();
    }
    if (what == tensor_policy::values) state_.template emplace<means>(weight, where);
    expects(extents_.size() == x.size(), "{}: {} has {} values, but extents {}", who, name_, x.size(),
            text_of(extents_));
  }

  [[nodiscard]] std::string const& name() const noexcept { return name_; }
  [[nodiscard]] tensor_policy policy() const noexcept { return what_; }

  /// Breaks a precondition unless tensor i of a model can be taken in.
  template <class Item>
  void check(char const* who, std::size_t i, Item const& item) const {
    auto const x = contents_of(item);
    check_place(who, i, item);
    expects(kind_of(x) == kind_, "{}: {} holds {}, in the first model {}", who, name_, kind_of(x).text(), kind_.text());
    if constexpr (is_packed<std::remove_const_t<decltype(x)>>) {
      x.check(name_.c_str());
      if (what_ == tensor_policy::codes) {
        expects(x.levels == levels_, "{}: {} has {} levels, in the first model {}", who, name_, x.levels, levels_);
        check_like(name_.c_str(), 1, x, {levels_, layout_, x.scales, x.bytes});
      }
      if (what_ != tensor_policy::skip) check_codes_of(name_.c_str(), 1, x);
    }
  }

  /// Breaks a precondition unless the average can be written into tensor i of a model.
  template <class Item>
  void check_target(char const* who, std::size_t i, Item& item) const {
    auto const x = contents_of(item);
    static_assert(!is_packed<std::remove_const_t<decltype(x)>>, "an average is written into floats, not into codes");
    check_place(who, i, item);
    if (what_ == tensor_policy::skip) return;
    bool const same = kind_of(x) == kind_ || (kind_of(x).letter == 'f' && !std::holds_alternative<copied>(state_));
    expects(same, "{}: {} holds {}, its average {}", who, name_, kind_of(x).text(), kind_.text());
  }

  /// Takes in a tensor that was checked.
  template <class Item>
  void update(Item const& item) {
    auto const x = contents_of(item);
    if constexpr (is_packed<std::remove_const_t<decltype(x)>>) {
      if (auto* const sums = std::get_if<codes>(&state_)) sums->update(x.copy());
      if (auto* const copy = std::get_if<packed>(&state_)) *copy = x.copy();
      if (auto* const mean = std::get_if<means>(&state_)) {
        std::vector<double> decoded(x.size());
        x.copy().decode(std::span(decoded));
        mean->update(decoded);
      }
    } else {
      if (auto* const copy = std::get_if<copied>(&state_)) {
        auto const bytes = std::as_bytes(x);
        copy->assign(bytes.begin(), bytes.end());
      }
      if constexpr (std::floating_point<typename decltype(x)::value_type>) {
        if (auto* const mean = std::get_if<means>(&state_)) mean->update(x);
      }
    }
  }

  /// Writes the average into a tensor that was checked.
  template <class T>
  void value_to(std::span<T> out) const {
    if (auto const* const copy = std::get_if<copied>(&state_)) {
      if (!copy->empty()) std::memcpy(out.data(), copy->data(), copy->size());
    }
    if constexpr (std::floating_point<T>) {
      if (auto const* const sums = std::get_if<codes>(&state_)) sums->value_to(out);
      if (auto const* const copy = std::get_if<packed>(&state_)) copy->decode(out);
      if (auto const* const mean = std::get_if<means>(&state_)) {
        std::ranges::transform(mean->mean(), out.begin(), [](double v) { return static_cast<T>(v); });
      }
    }
  }

  /// Adds the average to a model: codes as the exact sums, where they have common scales and fit, and else as floats.
  void append_to(low_bit_model& model) const {
    if (what_ == tensor_policy::skip) return;
    auto const* const sums = std::get_if<codes>(&state_);
    if (sums != nullptr && sums->shared_scales() && sums->levels() <= 65'535) {
      model.weights.push_back({name_, extents_, sums->pack()});
    } else if (auto const* const copy = std::get_if<packed>(&state_)) {
      model.weights.push_back({name_, extents_, *copy});
    } else {
      expects(kind_.letter == 'p' || kind_.letter == 'f', "model_average::to_model: {} holds {}: no low_bit_model does",
              name_, kind_.text());
      float_tensor t{name_, extents_, std::vector<float>(extents_.size())};
      if (kind_ == element_kind{'f', 8} && std::holds_alternative<copied>(state_)) {
        std::vector<double> wide(extents_.size());
        value_to(std::span(wide));
        std::ranges::transform(wide, t.values.begin(), [](double v) { return static_cast<float>(v); });
      } else {
        value_to(std::span(t.values));
      }
      model.floats.push_back(std::move(t));
    }
  }

  /// Joins what another slot has seen, as if it came later.
  void merge(char const* who, std::size_t i, model_slot const& other) {
    expects(name_ == other.name_, "{}: tensor {} is {}, in the other {}", who, i, name_, other.name_);
    expects(extents_ == other.extents_ && kind_ == other.kind_, "{}: {} has {} {}, in the other {} {}", who, name_,
            kind_.text(), text_of(extents_), other.kind_.text(), text_of(other.extents_));
    expects(what_ == other.what_, "{}: {} is averaged by policy {}, in the other by {}", who, name_,
            static_cast<int>(what_), static_cast<int>(other.what_));
    if (auto* const sums = std::get_if<codes>(&state_)) {
      sums->merge(*std::get_if<codes>(&other.state_));
    } else if (auto* const mean = std::get_if<means>(&state_)) {
      if constexpr (std::same_as<Weight, uniform>) mean->merge(*std::get_if<means>(&other.state_));
    } else {
      state_ = other.state_;
    }
  }

  void save(byte_writer& out) const {
    out.put_text(name_);
    std::vector<std::uint64_t> const extents(extents_.begin(), extents_.end());
    out.put_all(std::span(extents));
    out.put(kind_.letter);
    out.put(kind_.size);
    out.put(static_cast<std::uint8_t>(what_));
    put_packed(out, {levels_, layout_, {}, {}});
    if (auto const* const sums = std::get_if<codes>(&state_)) out.put_block(sums->save());
    if (auto const* const mean = std::get_if<means>(&state_)) out.put_block(mean->save());
    if (auto const* const copy = std::get_if<copied>(&state_)) out.put_block(*copy);
    if (auto const* const copy = std::get_if<packed>(&state_)) put_packed(out, *copy);
  }

  [[nodiscard]] static model_slot load(char const* who, byte_reader& in, std::int64_t count, Weight const& weight,
                                       Backend const& where) {
    model_slot s;
    s.name_ = in.text();
    auto const extents = in.all<std::uint64_t>();
    expects(extents.size() <= shape::max_rank, "{}: {} extents of {}", who, extents.size(), s.name_);
    s.extents_ = shape(extents);
    s.kind_.letter = in.get<char>();
    s.kind_.size = in.get<std::uint8_t>();
    auto const what = in.get<std::uint8_t>();
    expects(what >= 1 && what <= 4, "{}: the unknown policy {} of {}", who, what, s.name_);
    s.what_ = static_cast<tensor_policy>(what);
    packed const like = get_packed(in);
    s.levels_ = like.levels;
    s.layout_ = like.layout;
    std::size_t size = s.extents_.size();
    if (s.what_ == tensor_policy::codes) {
      auto const& a = s.state_.template emplace<codes>(codes::load(in.block(), where));
      expects(a.n_averaged() == count && a.layout() == s.layout_ && a.levels() == (s.levels_ - 1) * count + 1,
              "{}: the codes of {} are of {} models, not {}, or of other levels", who, s.name_, a.n_averaged(), count);
      size = a.layout().size;
    } else if (s.what_ == tensor_policy::values) {
      auto const& a = s.state_.template emplace<means>(means::load(in.block(), weight, where));
      expects(a.n_averaged() == count, "{}: the mean of {} is of {} models, not {}", who, s.name_, a.n_averaged(),
              count);
      size = a.mean().size();
    } else if (s.what_ == tensor_policy::copy && s.kind_.letter == 'p') {
      auto const& p = s.state_.template emplace<packed>(get_packed(in));
      p.check(who);
      check_codes_of(who, 0, packed_view(p));
      size = p.size();
    } else if (s.what_ == tensor_policy::copy) {
      auto const b = in.block();
      std::size_t const bytes = s.state_.template emplace<copied>(b.begin(), b.end()).size();
      size = s.kind_.size == 0 || bytes % s.kind_.size != 0 ? ~std::size_t{0} : bytes / s.kind_.size;
    }
    expects(size == s.extents_.size(), "{}: {} values of {}, but extents {}", who, size, s.name_, text_of(s.extents_));
    return s;
  }

 private:
  model_slot() = default;

  template <class Item>
  void check_place(char const* who, std::size_t i, Item const& item) const {
    std::string_view const name = item.name;
    expects(name == name_, "{}: tensor {} is {}, in the first model {}", who, i, name, name_);
    std::size_t const size = contents_of(item).size();
    expects(size == extents_.size(), "{}: {} has {} values, in the first model {}", who, name_, size, extents_.size());
    shape const extents = extents_of(item);
    expects(extents == extents_, "{}: {} has extents {}, in the first model {}", who, name_, text_of(extents),
            text_of(extents_));
  }

  static void put_packed(byte_writer& out, packed const& p) {
    out.put(static_cast<std::int32_t>(p.levels));
    for (std::size_t n : {p.layout.size, p.layout.outer, p.layout.count, p.layout.inner}) {
      out.put(static_cast<std::uint64_t>(n));
    }
    out.put_all(std::span<float const>(p.scales));
    out.put_block(p.bytes);
  }
  static packed get_packed(byte_reader& in) {
    packed p;
    p.levels = in.get<std::int32_t>();
    for (std::size_t* n : {&p.layout.size, &p.layout.outer, &p.layout.count, &p.layout.inner}) {
      *n = static_cast<std::size_t>(in.get<std::uint64_t>());
    }
    p.scales = in.all<float>();
    auto const b = in.block();
    p.bytes.assign(b.begin(), b.end());
    return p;
  }

  std::string name_;
  shape extents_;
  element_kind kind_;
  tensor_policy what_ = tensor_policy::skip;
  int levels_ = 0;   // of packed tensors, in the first model
  blocks layout_{};  // the same
  std::variant<std::monostate, codes, means, copied, packed> state_;
};

}  // namespace detail

}  // namespace sqwa::inline SQWA_ABI

#endif
