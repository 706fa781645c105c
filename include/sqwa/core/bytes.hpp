// SPDX-License-Identifier: BSD-3-Clause
// Numbers to bytes and back, little-endian on every machine: how averagers save their state.
#ifndef SQWA_CORE_BYTES_HPP
#define SQWA_CORE_BYTES_HPP

#include <sqwa/core/contract.hpp>

#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace sqwa::inline SQWA_ABI {

/// A number whose bytes can be saved.
template <class T>
concept savable = std::integral<T> || std::floating_point<T>;

namespace detail {

/// The bytes of a number of this machine, lowest first, or back.
template <std::size_t N>
constexpr std::array<std::byte, N> little_endian(std::array<std::byte, N> const& raw) noexcept {
  if constexpr (std::endian::native == std::endian::little) return raw;
  std::array<std::byte, N> turned;
  for (std::size_t k = 0; k != N; ++k) turned[k] = raw[N - 1 - k];
  return turned;
}

}  // namespace detail

/// Appends numbers to a growing run of bytes.
///
/// Memory: what is written, in `bytes`.
class byte_writer {
 public:
  template <savable T>
  void put(T value) {
    append(detail::little_endian(std::bit_cast<std::array<std::byte, sizeof(T)>>(value)));
  }

  /// The count as 64 bits, then the values.
  template <savable T>
  void put_all(std::span<T const> values) {
    put(static_cast<std::uint64_t>(values.size()));
    for (T v : values) put(v);
  }
  /// The count as 64 bits, then the bytes: of a state that something else saved, or of a text.
  void put_block(std::span<std::byte const> block) {
    put(static_cast<std::uint64_t>(block.size()));
    append(block);
  }
  void put_text(std::string_view text) { put_block({reinterpret_cast<std::byte const*>(text.data()), text.size()}); }

  std::vector<std::byte> bytes;

 private:
  // The one place that inserts, by pointers: every other form is another template to compile for all who include this.
  void append(std::span<std::byte const> block) {
    bytes.insert(bytes.end(), block.data(), block.data() + block.size());
  }
};

/// Takes numbers from a run of bytes in the order in which they were put.
///
/// A run that ends too early breaks a precondition and is told with `who` and both lengths. Memory: none but what `all`
/// returns.
class byte_reader {
 public:
  byte_reader(std::span<std::byte const> bytes, char const* who) : bytes_(bytes), who_(who) {}

  template <savable T>
  [[nodiscard]] T get() {
    need(sizeof(T));
    std::array<std::byte, sizeof(T)> raw;
    for (std::byte& b : raw) b = bytes_[at_++];
    return std::bit_cast<T>(detail::little_endian(raw));
  }

  /// What `put_all` wrote. The count is checked against the bytes that are left before anything is allocated.
  template <savable T>
  [[nodiscard]] std::vector<T> all() {
    auto const count = get<std::uint64_t>();
    expects(count <= (bytes_.size() - at_) / sizeof(T), "{}: the saved state names {} values, but {} bytes are left",
            who_, count, bytes_.size() - at_);
    std::vector<T> values(static_cast<std::size_t>(count));
    for (T& v : values) v = get<T>();
    return values;
  }

  /// What `put_block` wrote: a view of the run of bytes.
  [[nodiscard]] std::span<std::byte const> block() {
    auto const count = get<std::uint64_t>();
    expects(count <= bytes_.size() - at_, "{}: the saved state names a block of {} bytes, but {} are left", who_, count,
            bytes_.size() - at_);
    auto const taken = bytes_.subspan(at_, static_cast<std::size_t>(count));
    at_ += taken.size();
    return taken;
  }
  [[nodiscard]] std::string_view text() {
    auto const b = block();
    return {reinterpret_cast<char const*>(b.data()), b.size()};
  }

  /// How many bytes have been taken.
  [[nodiscard]] std::size_t taken() const noexcept { return at_; }

  /// Breaks a precondition unless everything has been taken.
  void end() const {
    expects(at_ == bytes_.size(), "{}: the saved state has {} bytes too many", who_, bytes_.size() - at_);
  }

 private:
  void need(std::size_t n) const {
    expects(n <= bytes_.size() - at_, "{}: the saved state ends at byte {} of at least {}", who_, bytes_.size(),
            at_ + n);
  }

  std::span<std::byte const> bytes_;
  char const* who_;
  std::size_t at_ = 0;
};

}  // namespace sqwa::inline SQWA_ABI

#endif
