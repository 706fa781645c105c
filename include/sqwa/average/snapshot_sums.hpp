// SPDX-License-Identifier: BSD-3-Clause
// How mean_of adds: a piece of many snapshots at once, or one whole snapshot after the other.
#ifndef SQWA_AVERAGE_SNAPSHOT_SUMS_HPP
#define SQWA_AVERAGE_SNAPSHOT_SUMS_HPP

#include <sqwa/average/code_sums.hpp>
#include <sqwa/core/contract.hpp>
#include <sqwa/exec/backend.hpp>
#include <sqwa/exec/executor.hpp>
#include <sqwa/quant/granularity.hpp>
#include <sqwa/quant/packed_view.hpp>
#include <sqwa/tensor/adapter.hpp>

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>  // and the concepts of ranges: <ranges> takes as long to compile as all of this layer
#include <type_traits>
#include <vector>

namespace sqwa::inline SQWA_ABI {

namespace detail {

inline constexpr std::size_t mean_piece = 1024;

template <class V>
inline constexpr bool is_packed = std::same_as<V, packed_view>;

template <real T>
bool same_scales(std::span<T const>, std::span<T const>) {
  return false;
}
inline bool same_scales(packed_view const& a, packed_view const& b) { return same_bits(a.scales, b.scales); }

template <real T>
void check_like(char const* who, std::size_t k, std::span<T const> x, std::span<T const> first) {
  expects(x.size() == first.size(), "{}: snapshot {} has {} values, the first {}", who, k, x.size(), first.size());
}
inline void check_like(char const* who, std::size_t k, packed_view const& x, packed_view const& first) {
  x.check(who);
  expects(x.levels == first.levels, "{}: snapshot {} has {} levels, the first {}", who, k, x.levels, first.levels);
  expects(x.layout == first.layout,
          "{}: snapshot {} has {} values in {} x {} runs of {}, the first {} in {} x {} of {}", who, k, x.layout.size,
          x.layout.outer, x.layout.count, x.layout.inner, first.layout.size, first.layout.outer, first.layout.count,
          first.layout.inner);
}

/// Reads codes from element `first` on, a multiple of 8. Returns whether each is a code.
template <class K, std::signed_integral Code>
bool read_piece(packed_view const& p, std::size_t first, std::span<Code> codes) noexcept {
  if constexpr (sizeof(Code) == 1) {
    K::unpack_codes(codes, p.bytes.data() + packed_bytes(first, p.bits()), p.bits(), p.max_code());
  } else {
    read_codes(p.bytes.data(), p.bits(), p.max_code(), first, codes);
  }
  Code low = 0;
  Code high = 0;
  for (Code c : codes) {
    low = std::min(low, c);
    high = std::max(high, c);
  }
  return low >= -p.max_code() && high <= p.max_code();
}

/// Calls `f(codes)` for the codes of [first, first + n), in as few bits as hold them; whether each is a code.
template <class K, class F>
bool with_piece(packed_view const& p, std::size_t first, std::size_t n, F f) {
  auto const read = [&](auto buffer) {
    auto const codes = std::span(buffer).first(n);
    bool const good = read_piece<K>(p, first, codes);
    f(codes);
    return good;
  };
  if (p.max_code() <= std::numeric_limits<std::int8_t>::max()) return read(std::array<std::int8_t, mean_piece>());
  return read(std::array<std::int16_t, mean_piece>());
}

/// Breaks a precondition if a field of snapshot k is no code.
template <real T>
void check_codes_of(char const*, std::size_t, std::span<T const>) {}
inline void check_codes_of(char const* who, std::size_t k, packed_view const& p) {
  for (std::size_t first = 0; first < p.size(); first += mean_piece) {
    with_piece<scalar_kernels>(p, first, std::min(mean_piece, p.size() - first), [&](auto codes) {
      std::size_t const bad = first_outside(std::span<typename decltype(codes)::value_type const>(codes), p.max_code());
      if (bad == codes.size()) return;
      expects(false, "{}: in snapshot {}, the code {} at {} is not within ±{}", who, k, std::int32_t{codes[bad]},
              first + bad, p.max_code());
    });
  }
}

/// sums[i] += w * value of element first + i.
template <class K, real T>
bool add_values(std::span<T const> x, double const* w, std::size_t first, std::span<double> sums) {
  T const* const from = x.data() + first;
  if (w == nullptr) {
    for (std::size_t i = 0; i != sums.size(); ++i) sums[i] += static_cast<double>(from[i]);
  } else {
    for (std::size_t i = 0; i != sums.size(); ++i) sums[i] += *w * static_cast<double>(from[i]);
  }
  return true;
}
template <class K>
bool add_values(packed_view const& p, double const* w, std::size_t first, std::span<double> sums) {
  return with_piece<K>(p, first, sums.size(), [&](auto codes) {
    for_each_run(p.layout, first, first + sums.size(), [&](std::size_t block, std::size_t at, std::size_t n) {
      double const factor = (w == nullptr ? 1.0 : *w) * static_cast<double>(p.scales[block]);
      for (std::size_t i = at - first; i != at - first + n; ++i) sums[i] += static_cast<double>(codes[i]) * factor;
    });
  });
}

/// sums[i] += the code of element first + i, exactly.
template <class K>
bool add_codes(packed_view const& p, std::size_t first, std::span<double> sums) {
  return with_piece<K>(p, first, sums.size(), [&](auto codes) {
    for (std::size_t i = 0; i != sums.size(); ++i) sums[i] += static_cast<double>(codes[i]);
  });
}

/// What is the same for every piece.
struct mean_plan {
  std::size_t count;      // of snapshots
  std::size_t shared;     // so many of them, from the first on, are summed as codes
  double total;           // what the sums are divided by
  double const* weights;  // or nullptr
};

/// The mean of elements [begin, end) of snapshots that share their scales, by the kernel for runs of codes.
///
/// Models: runs begin at a byte of every width: begin and, for several blocks, layout.inner are multiples of 8; codes
/// of at most 8 bits; at most `most_at_once` snapshots
inline constexpr std::size_t most_at_once = 64;
template <class K, real T, class Snapshots>
bool mean_of_codes(Snapshots const& snapshots, std::size_t begin, std::size_t end, std::span<T> mean) {
  packed_view const p(*std::ranges::begin(snapshots));
  bool good = true;
  for_each_run(p.layout, begin, end, [&](std::size_t block, std::size_t first, std::size_t length) {
    std::array<std::byte const*, most_at_once> at;
    std::size_t count = 0;
    for (auto&& s : snapshots) at[count++] = packed_view(s).bytes.data() + packed_bytes(first, p.bits());
    good = K::template mean_codes<T>(mean.subspan(first, length), std::span(at).first(count), p.bits(), p.max_code(),
                                     static_cast<double>(p.scales[block])) &&
           good;
  });
  return good;
}

/// The mean of elements [begin, end). Returns whether each field is a code.
template <any_backend B, class View, real T, class Snapshots>
bool mean_of_piece(Snapshots const& snapshots, mean_plan const& plan, std::size_t begin, std::size_t end,
                   std::span<T> mean) {
  using K = typename B::kernels;
  bool good = true;
  if constexpr (is_packed<View>) {
    packed_view const p(*std::ranges::begin(snapshots));
    bool const in_bytes = p.max_code() <= 127 && (p.layout.count == 1 || p.layout.inner % 8 == 0);
    if (in_bytes && plan.shared == plan.count && plan.count <= most_at_once) {
      return mean_of_codes<K>(snapshots, begin, end, mean);
    }
  }
  for (std::size_t first = begin; first < end; first += mean_piece) {
    auto const to = mean.subspan(first, std::min(mean_piece, end - first));
    std::array<double, mean_piece> buffer;
    auto const sums = std::span(buffer).first(to.size());
    std::ranges::fill(sums, 0.0);
    std::size_t k = 0;
    for (auto&& s : snapshots) {
      if constexpr (is_packed<View>) {
        packed_view const p(s);
        if (k < plan.shared) {
          good = add_codes<K>(p, first, sums) && good;
          if (++k == plan.shared) {
            for_each_run(p.layout, first, first + to.size(), [&](std::size_t block, std::size_t at, std::size_t n) {
              for (double& v : sums.subspan(at - first, n)) v *= static_cast<double>(p.scales[block]);
            });
          }
          continue;
        }
      }
      double const* const w = plan.weights == nullptr ? nullptr : plan.weights + k;
      ++k;
      if (w != nullptr && *w == 0) continue;
      if constexpr (is_packed<View>) {
        good = add_values<K>(packed_view(s), w, first, sums) && good;
      } else {
        good = add_values<K>(View(values(s)), w, first, sums) && good;
      }
    }
    for (std::size_t i = 0; i != to.size(); ++i) to[i] = static_cast<T>(sums[i] / plan.total);
  }
  return good;
}

/// Sums of whole snapshots that come one by one: as codes while scales are shared, then as values.
class passing_sums {
 public:
  passing_sums(std::size_t size, bool weighted) : sums_(size), weighted_(weighted) {}

  template <real T>
  void check(char const* who, std::size_t k, std::span<T const> x) const {
    expects(x.size() == sums_.size(), "{}: snapshot {} has {} values, the mean {}", who, k, x.size(), sums_.size());
  }
  void check(char const* who, std::size_t k, packed_view const& x) {
    x.check(who);
    if (k == 0) {
      expects(x.size() == sums_.size(), "{}: snapshots of {} values into {}", who, x.size(), sums_.size());
      levels_ = x.levels;
      layout_ = x.layout;
      scales_.assign(x.scales.begin(), x.scales.end());
      codes_ = !weighted_;
    }
    check_like(who, k, x, {levels_, layout_, x.scales, x.bytes});
  }

  template <any_backend B, class View>
  void add(View const& x, double const* w, B const& where) {
    if constexpr (is_packed<View>) {
      if (codes_ && !same_bits(x.scales, scales_)) decode();
    }
    for_each_chunk(where.exec, sums_.size(), [&](std::size_t begin, std::size_t end) {
      for (std::size_t first = begin; first < end; first += mean_piece) {
        auto const to = std::span(sums_).subspan(first, std::min(mean_piece, end - first));
        if constexpr (is_packed<View>) {
          if (codes_) {
            (void)add_codes<typename B::kernels>(x, first, to);
            continue;
          }
        }
        (void)add_values<typename B::kernels>(x, w, first, to);
      }
    });
  }

  template <real T, any_backend B>
  void value_to(std::span<T> mean, double total, B const& where) {
    if (codes_) decode();
    for_each_chunk(where.exec, mean.size(), [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i != end; ++i) mean[i] = static_cast<T>(sums_[i] / total);
    });
  }

 private:
  void decode() {
    codes_ = false;
    for_each_run(layout_, [&](std::size_t block, std::size_t first, std::size_t n) {
      for (double& v : std::span(sums_).subspan(first, n)) v *= static_cast<double>(scales_[block]);
    });
  }

  std::vector<double> sums_;
  bool weighted_;
  bool codes_ = false;
  int levels_ = 0;
  blocks layout_{};
  std::vector<float> scales_;
};

}  // namespace detail

}  // namespace sqwa::inline SQWA_ABI

#endif
