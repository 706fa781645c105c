// SPDX-License-Identifier: BSD-3-Clause
// The exact average of low-bit snapshots: integer sums of their codes while they share their scales.
#ifndef SQWA_AVERAGE_CODE_AVERAGER_HPP
#define SQWA_AVERAGE_CODE_AVERAGER_HPP

#include <sqwa/core/bytes.hpp>
#include <sqwa/core/contract.hpp>
#include <sqwa/quant/packed.hpp>
#include <sqwa/quant/symmetric.hpp>
#include <sqwa/tensor/adapter.hpp>

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace sqwa::inline SQWA_ABI {

/// The mean of packed snapshots of one tensor.
///
/// While every snapshot has the scales of the first, codes are summed as integers: exact and independent of order. n snapshots
/// of M levels give (M - 1) n + 1 levels: seven ternary ones 15, which take 4 bits. Sums start in int8 and widen before they
/// could overflow. From the first snapshot with other scales on, decoded values are summed in double instead.
///
/// Memory: one accumulator, 1 byte a weight at first, allocated at the first update. Time: one pass over the snapshot.
class code_averager {
 public:
  /// @pre levels is odd and at least 3
  explicit code_averager(int levels) : levels_(levels) {
    expects(levels >= 3 && levels % 2 == 1 && levels <= 65'535, "code_averager: {} levels; odd numbers from 3 to 65535",
            levels);
  }
  template <number_format F>
  explicit code_averager(F const&) : code_averager(F::levels) {}

  /// Takes one snapshot in.
  /// @pre its levels and layout are those of the averager and of the first snapshot
  void update(packed const& snapshot) {
    expects(snapshot.levels == levels_, "code_averager::update: a snapshot of {} levels, an average of {}",
            snapshot.levels, levels_);
    expects(snapshot.scales.size() == snapshot.layout.count &&
                snapshot.bytes.size() == packed_bytes(snapshot.size(), snapshot.bits()),
            "code_averager::update: a snapshot of {} codes in {} blocks with {} bytes and {} scales", snapshot.size(),
            snapshot.layout.count, snapshot.bytes.size(), snapshot.scales.size());
    if (count_ == 0) begin(snapshot.layout, snapshot.scales);
    expects(snapshot.layout == layout_, "code_averager::update: a snapshot of {} values in {} blocks, an average of {} in {}",
            snapshot.size(), snapshot.layout.count, layout_.size, layout_.count);
    if (shared_scales() && snapshot.scales != scales_) decode_sums();
    if (shared_scales()) make_room(count_ + 1);
    std::visit(
        [&](auto& sums) {
          using value = typename std::remove_reference_t<decltype(sums)>::value_type;
          if constexpr (std::floating_point<value>) {
            snapshot.for_each_code([&](std::size_t i, int code) {
              sums[i] += code * static_cast<double>(snapshot.scales[layout_.of(i)]);
            });
          } else {
            snapshot.for_each_code([&](std::size_t i, int code) { sums[i] = static_cast<value>(sums[i] + code); });
          }
        },
        sums_);
    ++count_;
  }

  /// Joins the snapshots that another averager has seen.
  /// @pre levels and layouts agree, unless one of the two has seen nothing
  void merge(code_averager const& other) {
    expects(levels_ == other.levels_, "code_averager::merge: averages of {} and {} levels", levels_, other.levels_);
    if (other.count_ == 0) return;
    if (count_ == 0) {
      *this = other;
      return;
    }
    expects(layout_ == other.layout_, "code_averager::merge: averages of {} values in {} blocks and {} in {}",
            layout_.size, layout_.count, other.layout_.size, other.layout_.count);
    code_averager addend = other;
    if (!(shared_scales() && addend.shared_scales() && scales_ == addend.scales_)) {
      decode_sums();
      addend.decode_sums();
    } else {
      make_room(count_ + addend.count_);
    }
    std::visit(
        [&](auto& sums, auto const& more) {
          using value = typename std::remove_reference_t<decltype(sums)>::value_type;
          for (std::size_t i = 0; i != sums.size(); ++i) sums[i] = static_cast<value>(sums[i] + static_cast<value>(more[i]));
        },
        sums_, addend.sums_);
    count_ += addend.count_;
  }

  /// Writes the mean: sum * scale / n, in double and rounded once.
  /// @pre at least one snapshot; out.size() is that of the snapshots
  template <class Out>
    requires mutable_tensor<Out>
  void value_to(Out&& out) const {
    auto const mean = mutable_values(out);
    expects(count_ > 0, "code_averager::value_to: no snapshot has been averaged");
    expects(mean.size() == layout_.size, "code_averager::value_to: {} means into {} values", layout_.size, mean.size());
    auto const n = static_cast<double>(count_);
    std::visit(
        [&](auto const& sums) {
          for (std::size_t i = 0; i != mean.size(); ++i) {
            double const scale = shared_scales() ? static_cast<double>(scales_[layout_.of(i)]) : 1.0;
            mean[i] = static_cast<element_of<Out>>(static_cast<double>(sums[i]) * scale / n);
          }
        },
        sums_);
  }

  /// The mean as codes of its own, wider format with the scales divided by n.
  /// @pre shared scales, at least one snapshot, and levels() <= 65535
  [[nodiscard]] packed pack() const {
    expects(count_ > 0 && shared_scales(), "code_averager::pack: needs snapshots of common scales");
    expects(levels() <= 65'535, "code_averager::pack: {} levels do not fit 16 bits", levels());
    packed wide{static_cast<int>(levels()), layout_, scales_, {}};
    for (float& s : wide.scales) s /= static_cast<float>(count_);
    std::vector<std::int32_t> const codes = sums();
    wide.bytes.resize(packed_bytes(codes.size(), wide.bits()));
    sqwa::pack(std::span<std::int32_t const>(codes), wide.bits(), wide.max_code(), wide.bytes);
    return wide;
  }

  /// The integer sums of the codes. @pre shared scales; sums that fit 32 bits
  [[nodiscard]] std::vector<std::int32_t> sums() const {
    expects(shared_scales(), "code_averager::sums: the snapshots differ in their scales");
    return std::visit(
        [](auto const& s) {
          std::vector<std::int32_t> all(s.size());
          for (std::size_t i = 0; i != s.size(); ++i) all[i] = static_cast<std::int32_t>(s[i]);
          return all;
        },
        sums_);
  }

  [[nodiscard]] std::int64_t n_averaged() const noexcept { return count_; }
  [[nodiscard]] bool shared_scales() const noexcept { return !std::holds_alternative<std::vector<double>>(sums_); }
  /// The levels that the exact mean can have: (M - 1) n + 1.
  [[nodiscard]] std::int64_t levels() const noexcept { return (levels_ - 1) * count_ + 1; }
  /// The bits of a code of the exact mean.
  [[nodiscard]] int bits() const noexcept {
    return static_cast<int>(std::bit_width(static_cast<std::uint64_t>(levels() - 1)));
  }
  /// The bytes that one weight takes in the accumulator: 1, 2, 4 or 8.
  [[nodiscard]] std::size_t accumulator_width() const noexcept {
    return std::visit([](auto const& s) { return sizeof(s[0]); }, sums_);
  }

  /// The whole state as bytes: loaded and continued it gives the same bits as never having stopped.
  [[nodiscard]] std::vector<std::byte> save() const {
    byte_writer out;
    out.put(magic);
    out.put(static_cast<std::int32_t>(levels_));
    out.put(count_);
    for (std::size_t n : {layout_.size, layout_.outer, layout_.count, layout_.inner}) out.put(static_cast<std::uint64_t>(n));
    out.put_all(std::span<float const>(scales_));
    out.put(static_cast<std::uint8_t>(sums_.index()));
    std::visit([&](auto const& s) { out.put_all(std::span(s)); }, sums_);
    return std::move(out.bytes);
  }

  /// Reads a saved state back. @pre bytes come from `save`
  [[nodiscard]] static code_averager load(std::span<std::byte const> bytes) {
    byte_reader in(bytes, "code_averager::load");
    expects(in.get<std::uint32_t>() == magic, "code_averager::load: not the state of a code_averager");
    code_averager a(in.get<std::int32_t>());
    a.count_ = in.get<std::int64_t>();
    for (std::size_t* n : {&a.layout_.size, &a.layout_.outer, &a.layout_.count, &a.layout_.inner}) {
      *n = static_cast<std::size_t>(in.get<std::uint64_t>());
    }
    a.scales_ = in.all<float>();
    switch (in.get<std::uint8_t>()) {
      case 0: a.sums_ = in.all<std::int8_t>(); break;
      case 1: a.sums_ = in.all<std::int16_t>(); break;
      case 2: a.sums_ = in.all<std::int32_t>(); break;
      case 3: a.sums_ = in.all<std::int64_t>(); break;
      case 4: a.sums_ = in.all<double>(); break;
      default: expects(false, "code_averager::load: an unknown kind of sum");
    }
    in.end();
    std::size_t const size = std::visit([](auto const& s) { return s.size(); }, a.sums_);
    expects(a.count_ >= 0 && size == a.layout_.size && a.scales_.size() == a.layout_.count && a.layout_.inner > 0,
            "code_averager::load: {} sums and {} scales for {} elements in {} blocks", size, a.scales_.size(),
            a.layout_.size, a.layout_.count);
    return a;
  }

  bool operator==(code_averager const&) const = default;

 private:
  static constexpr std::uint32_t magic = 0x31434100;

  void begin(blocks const& layout, std::vector<float> const& scales) {
    layout_ = layout;
    scales_ = scales;
    sums_ = std::vector<std::int8_t>(layout.size);
  }

  /// Widens the sums until `n` snapshots cannot overflow them.
  void make_room(std::int64_t n) {
    std::int64_t const most = n * ((levels_ - 1) / 2);
    if (sums_.index() < 1 && most > std::numeric_limits<std::int8_t>::max()) widen<std::int16_t>();
    if (sums_.index() < 2 && most > std::numeric_limits<std::int16_t>::max()) widen<std::int32_t>();
    if (sums_.index() < 3 && most > std::numeric_limits<std::int32_t>::max()) widen<std::int64_t>();
  }

  template <class Wide>
  void widen() {
    sums_ = std::visit(
        [](auto const& s) {
          std::vector<Wide> wide(s.size());
          for (std::size_t i = 0; i != s.size(); ++i) wide[i] = static_cast<Wide>(s[i]);
          return wide;
        },
        sums_);
  }

  void decode_sums() {
    if (!shared_scales()) return;
    widen<double>();
    auto& sums = std::get<std::vector<double>>(sums_);
    for (std::size_t i = 0; i != sums.size(); ++i) sums[i] *= static_cast<double>(scales_[layout_.of(i)]);
  }

  int levels_;
  std::int64_t count_ = 0;
  blocks layout_{};
  std::vector<float> scales_;
  std::variant<std::vector<std::int8_t>, std::vector<std::int16_t>, std::vector<std::int32_t>, std::vector<std::int64_t>,
               std::vector<double>>
      sums_;
};

}  // namespace sqwa::inline SQWA_ABI

#endif
