// SPDX-License-Identifier: BSD-3-Clause
// Products of ternary weights in two bits with vectors of int8 and of float: what each computes, as plain loops.
#ifndef SQWA_KERNELS_PORTABLE_TERNARY_HPP
#define SQWA_KERNELS_PORTABLE_TERNARY_HPP

#include <sqwa/core/config.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

namespace sqwa::inline SQWA_ABI {

/// Rows of ternary weights in blocks of 256, 64 bytes each: byte j holds the fields of the weights j, j + 64, j + 128
/// and j + 192, from the lowest bits up; a field is code + 1.
///
/// So each shift of 64 bytes gives 64 neighbours, which is what byte products take. Row i begins at
/// `data + i * blocks * 64`; no field is 3.
struct ternary_rows {
  static constexpr std::size_t block = 256;
  static constexpr std::size_t block_bytes = 64;

  std::byte const* data = nullptr;
  std::size_t rows = 0;
  std::size_t blocks = 0;

  [[nodiscard]] constexpr std::byte const* row(std::size_t i) const noexcept { return data + i * blocks * block_bytes; }
};

/// Plain loops: the meaning of these kernels, and the oracle of their tests. Part of `portable_kernels`.
template <class Isa>
struct portable_ternary_kernels {
  /// c[j * stride + i] = the sum of code(i, k) * a[j * length + k] over a row, with length = blocks * 256, for each row
  /// i and each of n columns j. Exact, modulo 2^32.
  static void ternary_gemm(std::int32_t* c, std::size_t stride, ternary_rows w, std::int8_t const* a,
                           std::size_t n) noexcept {
    std::size_t const length = w.blocks * ternary_rows::block;
    std::array<std::int8_t, ternary_rows::block> code;
    for (std::size_t i = 0; i != w.rows; ++i) {
      for (std::size_t j = 0; j != n; ++j) c[j * stride + i] = 0;
      for (std::size_t b = 0; b != w.blocks; ++b) {
        read_block(code, w.row(i) + b * ternary_rows::block_bytes);
        for (std::size_t j = 0; j != n; ++j) {
          std::int8_t const* x = a + j * length + b * ternary_rows::block;
          std::int32_t sum = 0;
          for (std::size_t k = 0; k != code.size(); ++k) sum += code[k] * x[k];
          c[j * stride + i] += sum;
        }
      }
    }
  }

  /// y[i] = the sum of code(i, k) * a[k] over a row of blocks * 256 weights, for each row i.
  ///
  /// The sum runs in 64 lanes, element k in lane k % 64, which then are added in halves: the same bits everywhere.
  static void ternary_gemv(float* y, ternary_rows w, float const* a) noexcept {
    std::array<std::int8_t, ternary_rows::block> code;
    for (std::size_t i = 0; i != w.rows; ++i) {
      std::array<float, 64> lane{};
      for (std::size_t b = 0; b != w.blocks; ++b) {
        read_block(code, w.row(i) + b * ternary_rows::block_bytes);
        float const* x = a + b * ternary_rows::block;
        for (std::size_t k = 0; k != code.size(); k += lane.size()) {
          for (std::size_t l = 0; l != lane.size(); ++l) lane[l] += static_cast<float>(code[k + l]) * x[k + l];
        }
      }
      for (std::size_t half = lane.size() / 2; half != 0; half /= 2) {
        for (std::size_t l = 0; l != half; ++l) lane[l] += lane[l + half];
      }
      y[i] = lane[0];
    }
  }

 private:
  static void read_block(std::array<std::int8_t, ternary_rows::block>& code, std::byte const* bytes) noexcept {
    for (std::size_t s = 0; s != 4; ++s) {
      for (std::size_t j = 0; j != ternary_rows::block_bytes; ++j) {
        int const field = std::to_integer<int>(bytes[j]) >> 2 * s & 3;
        code[s * ternary_rows::block_bytes + j] = static_cast<std::int8_t>(field - 1);
      }
    }
  }
};

}  // namespace sqwa::inline SQWA_ABI

#endif
