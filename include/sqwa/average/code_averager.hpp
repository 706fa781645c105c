// SPDX-License-Identifier: BSD-3-Clause
// The exact average of low-bit snapshots: integer sums of their codes while they share their scales.
#ifndef SQWA_AVERAGE_CODE_AVERAGER_HPP
#define SQWA_AVERAGE_CODE_AVERAGER_HPP

#include <sqwa/average/code_sums.hpp>
#include <sqwa/core/bytes.hpp>
#include <sqwa/core/contract.hpp>
#include <sqwa/exec/backend.hpp>
#include <sqwa/exec/executor.hpp>
#include <sqwa/quant/format.hpp>
#include <sqwa/quant/granularity.hpp>
#include <sqwa/quant/packed.hpp>
#include <sqwa/quant/symmetric.hpp>  // IWYU pragma: export
#include <sqwa/tensor/adapter.hpp>

#include <algorithm>
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

template <any_backend>
class code_moments;

/// The mean of packed snapshots of one tensor.
///
/// While every snapshot has the scales of the first, bit for bit, codes are summed as integers: exact and independent
/// of order. n snapshots of M levels give (M - 1) n + 1 levels: seven ternary ones 15, which take 4 bits. Sums start in
/// int8 and widen before they could overflow. From the first snapshot with other scales on, decoded values are summed
/// in double; what was summed before is converted, exactly while the sums stay below 2^29. The same bits on every
/// executor.
///
/// Memory: one accumulator, 1 byte a weight at first, allocated at the first update. Time: one pass over the codes, two
/// when sums widen or scales differ.
template <any_backend Backend = backend<>>
class code_averager {
 public:
  /// For snapshots of `levels` levels.
  /// @pre levels is odd, from 3 to 65,535
  explicit code_averager(int levels, Backend where = {}) : levels_(levels), where_(std::move(where)) {
    expects(levels >= 3 && levels % 2 == 1 && levels <= 65'535, "code_averager: {} levels; odd numbers from 3 to 65535",
            levels);
  }
  /// For snapshots of a format.
  template <uniform_format F>
  explicit code_averager(F const&, Backend where = {}) : code_averager(static_cast<int>(F::levels), std::move(where)) {}

  /// Takes one snapshot in. If it is refused, the average is unchanged.
  /// @pre its levels and layout are those of the averager and of the first snapshot; every field is a code
  void update(packed const& snapshot) {
    constexpr char const* who = "code_averager::update";
    snapshot.check(who);
    expects(snapshot.levels == levels_, "{}: a snapshot of {} levels, an average of {}", who, snapshot.levels, levels_);
    if (count_ > 0) check_layout(who, snapshot.layout);
    expects(count_ < most_snapshots(), "{}: {} snapshots are the most", who, count_);
    bool const shares = count_ == 0 || (shared_scales() && detail::same_bits(snapshot.scales, scales_));
    std::int64_t const most = (count_ + 1) * max_code();
    bool const reversible = shares && sums_.fits(most);  // then fields are checked while they are added
    if (!reversible) detail::check_fields(who, snapshot, where_.exec);
    if (count_ == 0) sums_.clear(snapshot.size());
    if (shares) {
      sums_.reserve(most);
    } else if (shared_scales()) {
      decode_sums();
    }
    if (!sums_.add(snapshot, where_)) {
      sums_.add(snapshot, where_, -1);
      if (count_ == 0) sums_.clear(0);
      detail::check_fields(who, snapshot, where_.exec);
    }
    if (count_ == 0) {
      layout_ = snapshot.layout;
      scales_ = snapshot.scales;
    }
    ++count_;
  }

  /// Joins the snapshots that another averager has seen; exact while both share their scales.
  /// @pre levels and layouts agree, unless one of the two has seen nothing
  template <any_backend Other>
  void merge(code_averager<Other> const& other) {
    constexpr char const* who = "code_averager::merge";
    expects(levels_ == other.levels_, "{}: averages of {} and {} levels", who, levels_, other.levels_);
    if (other.count_ == 0) return;
    if (count_ > 0) check_layout(who, other.layout_);
    expects(other.count_ <= most_snapshots() - count_, "{}: {} and {} snapshots are too many", who, count_,
            other.count_);
    auto more = other.sums_;
    if (count_ == 0) {
      layout_ = other.layout_;
      scales_ = other.scales_;
      sums_ = std::move(more);
    } else if (shared_scales() && other.shared_scales() && detail::same_bits(scales_, other.scales_)) {
      sums_.reserve((count_ + other.count_) * max_code());
      sums_.add(more);
    } else {
      if (other.shared_scales()) more.decode(layout_, other.scales_);
      if (shared_scales()) decode_sums();
      sums_.add(more);
    }
    count_ += other.count_;
  }

  /// Writes the mean: sum * scale / n in double, rounded to the elements of `out` once.
  /// @pre at least one snapshot; `out` has their size
  template <class Out>
    requires mutable_tensor<Out>
  void value_to(Out&& out) const {
    auto const mean = mutable_values(out);
    expects(count_ > 0, "code_averager::value_to: no snapshot has been averaged");
    expects(mean.size() == layout_.size, "code_averager::value_to: {} means into {} values", layout_.size, mean.size());
    auto const n = static_cast<double>(count_);
    sums_.visit([&](auto const& sums) {
      for_each_chunk(where_.exec, mean.size(), [&](std::size_t begin, std::size_t end) {
        for_each_run(layout_, begin, end, [&](std::size_t block, std::size_t first, std::size_t length) {
          double const scale = shared_scales() ? static_cast<double>(scales_[block]) : 1.0;
          for (std::size_t i = first; i != first + length; ++i) {
            mean[i] = static_cast<element_of<Out>>(static_cast<double>(sums[i]) * scale / n);
          }
        });
      });
    });
  }

  /// The mean as codes of a wider format, exactly the integer sums, with scales divided by n (rounded to float).
  /// @pre at least one snapshot; shared scales; levels() <= 65,535
  [[nodiscard]] packed pack() const {
    expects(count_ > 0, "code_averager::pack: no snapshot has been averaged");
    expects(shared_scales(), "code_averager::pack: the snapshots differ in their scales");
    expects(levels() <= 65'535, "code_averager::pack: {} levels do not fit 16 bits", levels());
    std::vector<float> scales = scales_;
    for (float& s : scales) s = static_cast<float>(static_cast<double>(s) / static_cast<double>(count_));
    std::vector<std::int16_t> codes(layout_.size);
    sums_.visit([&](auto const& sums) {
      std::ranges::transform(sums, codes.begin(), [](auto s) { return static_cast<std::int16_t>(s); });
    });
    return pack_tensor(std::span<std::int16_t const>(codes), layout_, scales, static_cast<int>(levels()));
  }

  /// The integer sums of the codes. Memory: a copy in 64 bits.
  /// @pre shared scales
  [[nodiscard]] std::vector<std::int64_t> sums() const {
    expects(shared_scales(), "code_averager::sums: the snapshots differ in their scales");
    std::vector<std::int64_t> all(layout_.size);
    sums_.visit([&](auto const& sums) {
      std::ranges::transform(sums, all.begin(), [](auto s) { return static_cast<std::int64_t>(s); });
    });
    return all;
  }

  /// How many weights have each sum: entry i is that of the sum i - (levels() - 1) / 2.
  ///
  /// Of one snapshot, the histogram of its codes. Memory: levels() numbers. Time: one pass over the sums.
  /// @pre shared scales; levels() <= 65,535
  [[nodiscard]] std::vector<std::uint64_t> histogram() const {
    expects(shared_scales(), "code_averager::histogram: the snapshots differ in their scales");
    expects(levels() <= 65'535, "code_averager::histogram: {} levels; 65535 are the most", levels());
    std::vector<std::uint64_t> counts(static_cast<std::size_t>(levels()));
    sums_.visit([&](auto const& sums) {
      for (auto s : sums) ++counts[static_cast<std::size_t>(static_cast<std::int64_t>(s) + max_code() * count_)];
    });
    return counts;
  }

  [[nodiscard]] std::int64_t n_averaged() const noexcept { return count_; }
  /// Whether all snapshots so far have the same scales.
  [[nodiscard]] bool shared_scales() const noexcept { return !sums_.floating(); }
  /// The scales that all snapshots share; none before the first update and once they differ.
  [[nodiscard]] std::span<float const> scales() const noexcept { return scales_; }
  [[nodiscard]] blocks const& layout() const noexcept { return layout_; }
  /// How many levels the exact mean can have while scales are shared: (M - 1) n + 1.
  [[nodiscard]] std::int64_t levels() const noexcept { return 2 * max_code() * count_ + 1; }
  /// The bits of a code of the exact mean while scales are shared; 0 before the first snapshot.
  [[nodiscard]] int bits() const noexcept {
    return static_cast<int>(std::bit_width(static_cast<std::uint64_t>(levels() - 1)));
  }
  /// How many weights a snapshot has; 0 before the first.
  [[nodiscard]] std::size_t size() const noexcept { return layout_.size; }
  /// The bytes that one weight takes in the accumulator: 1, 2, 4 or 8.
  [[nodiscard]] std::size_t accumulator_width() const noexcept { return sums_.width(); }

  /// The whole state as bytes: loaded and continued it gives the same bits as never having stopped.
  [[nodiscard]] std::vector<std::byte> save() const {
    byte_writer out;
    out.put(magic);
    out.put(static_cast<std::int32_t>(levels_));
    out.put(count_);
    for (std::size_t n : {layout_.size, layout_.outer, layout_.count, layout_.inner}) {
      out.put(static_cast<std::uint64_t>(n));
    }
    out.put_all(std::span<float const>(scales_));
    sums_.save(out);
    return std::move(out.bytes);
  }

  /// An averager in the state that was saved. Memory: the state.
  /// @pre `bytes` come from `save`
  [[nodiscard]] static code_averager load(std::span<std::byte const> bytes, Backend where = {}) {
    constexpr char const* who = "code_averager::load";
    byte_reader in(bytes, who);
    expects(in.get<std::uint32_t>() == magic, "{}: not the state of a code_averager", who);
    code_averager a(static_cast<int>(in.get<std::int32_t>()), std::move(where));
    a.count_ = in.get<std::int64_t>();
    expects(a.count_ >= 0 && a.count_ <= a.most_snapshots(), "{}: {} snapshots", who, a.count_);
    for (std::size_t* n : {&a.layout_.size, &a.layout_.outer, &a.layout_.count, &a.layout_.inner}) {
      *n = static_cast<std::size_t>(in.get<std::uint64_t>());
    }
    a.scales_ = in.all<float>();
    a.sums_ = detail::code_accumulator::load(who, in);
    in.end();
    bool const scaled = a.scales_.size() == (a.count_ > 0 && a.shared_scales() ? a.layout_.count : 0);
    expects(scaled && a.layout_.valid() && a.sums_.size() == a.layout_.size,
            "{}: {} sums and {} scales for {} elements in {} blocks", who, a.sums_.size(), a.scales_.size(),
            a.layout_.size, a.layout_.count);
    expects(a.sums_.holds(a.count_ * a.max_code()), "{}: sums that {} snapshots of {} levels cannot have", who,
            a.count_, a.levels_);
    return a;
  }

  /// Whether both have seen the same: levels, count, scales and sums. Where they run does not count.
  template <any_backend Other>
  bool operator==(code_averager<Other> const& other) const {
    return levels_ == other.levels_ && count_ == other.count_ && layout_ == other.layout_ && scales_ == other.scales_ &&
           sums_ == other.sums_;
  }

 private:
  template <any_backend>
  friend class code_averager;
  template <any_backend>
  friend class code_moments;

  static constexpr std::uint32_t magic = 0x31434100;

  [[nodiscard]] std::int64_t max_code() const noexcept { return (levels_ - 1) / 2; }
  [[nodiscard]] std::int64_t most_snapshots() const noexcept {
    return std::numeric_limits<std::int64_t>::max() / (2 * max_code()) - 1;
  }

  void check_layout(char const* who, blocks const& layout) const {
    expects(layout == layout_, "{}: a snapshot of {} values in {} x {} runs of {}, an average of {} in {} x {} of {}",
            who, layout.size, layout.outer, layout.count, layout.inner, layout_.size, layout_.outer, layout_.count,
            layout_.inner);
  }

  void decode_sums() {
    sums_.decode(layout_, scales_);
    scales_.clear();
  }

  int levels_;
  [[no_unique_address]] Backend where_{};
  std::int64_t count_ = 0;
  blocks layout_{};
  std::vector<float> scales_;
  detail::code_accumulator sums_;
};

}  // namespace sqwa::inline SQWA_ABI

#endif
