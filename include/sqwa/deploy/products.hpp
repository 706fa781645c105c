// SPDX-License-Identifier: BSD-3-Clause
// Products of packed weights with values. Freestanding.
#ifndef SQWA_DEPLOY_PRODUCTS_HPP
#define SQWA_DEPLOY_PRODUCTS_HPP

#include <sqwa/core/config.hpp>

#include <cstddef>
#include <cstdint>
#include <utility>

namespace sqwa::inline SQWA_ABI {

namespace deploy::detail {

/// What is added to a code to make it a field of so many bits.
constexpr int centre_of(int bits) noexcept { return (1 << (bits - 1)) - 1; }

/// How many bytes a row of packed weights takes.
constexpr std::size_t row_bytes(std::size_t n, int bits) noexcept {
  return (n * static_cast<std::size_t>(bits) + 7) / 8;
}

/// The i-th field of a row.
template <int Bits>
constexpr unsigned field_at(std::uint8_t const* row, std::size_t i) noexcept {
  constexpr std::size_t each = 8 / Bits;
  constexpr unsigned mask = (1U << Bits) - 1;
  return (static_cast<unsigned>(row[i / each]) >> (i % each * Bits)) & mask;
}

/// The sum of field * value, modulo 2^32. No values: 0.
template <int Bits>
constexpr std::uint32_t field_products(std::uint8_t const* row, std::uint8_t const* x, std::size_t n) noexcept {
  constexpr std::size_t each = 8 / Bits;
  constexpr unsigned mask = (1U << Bits) - 1;
  std::uint32_t sum = 0;
  for (; n >= each; n -= each, x += each) {
    unsigned const fields = *row++;
    [&]<std::size_t... K>(std::index_sequence<K...>) {  // written out, so that no compiler keeps the loop
      ((sum += ((fields >> (K * Bits)) & mask) * x[K]), ...);
    }
    (std::make_index_sequence<each>{});
  }
  for (std::size_t i = 0; i != n; ++i) sum += field_at<Bits>(row, i) * x[i];
  return sum;
}

/// The sum of the values.
constexpr std::uint32_t sum_of(std::uint8_t const* x, std::size_t n) noexcept {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i != n; ++i) sum += x[i];
  return sum;
}

/// The sum of code * value, value after value. No values: 0.
template <int Bits>
constexpr float code_products(std::uint8_t const* row, float const* x, std::size_t n) noexcept {
  constexpr std::size_t each = 8 / Bits;
  constexpr unsigned mask = (1U << Bits) - 1;
  auto const number = [](unsigned field) { return static_cast<float>(static_cast<int>(field) - centre_of(Bits)); };
  float sum = 0;
  for (; n >= each; n -= each, x += each) {
    unsigned const fields = *row++;
    [&]<std::size_t... K>(std::index_sequence<K...>) {  // written out, so that no compiler keeps the loop
      ((sum += number((fields >> (K * Bits)) & mask) * x[K]), ...);
    }
    (std::make_index_sequence<each>{});
  }
  for (std::size_t i = 0; i != n; ++i) sum += number(field_at<Bits>(row, i)) * x[i];
  return sum;
}

constexpr float float_products(float const* row, float const* x, std::size_t n) noexcept {
  float sum = 0;
  for (std::size_t i = 0; i != n; ++i) sum += row[i] * x[i];
  return sum;
}

}  // namespace deploy::detail

}  // namespace sqwa::inline SQWA_ABI

#endif
