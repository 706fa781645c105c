// SPDX-License-Identifier: BSD-3-Clause
// A matrix of ternary weights in two bits, laid out for products with int8 and with float activations.
#ifndef SQWA_QUANT_TERNARY_MATRIX_HPP
#define SQWA_QUANT_TERNARY_MATRIX_HPP

#include <sqwa/core/contract.hpp>
#include <sqwa/exec/backend.hpp>
#include <sqwa/kernels/portable_ternary.hpp>
#include <sqwa/quant/packed.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace sqwa::inline SQWA_ABI {

/// Ternary weights of `rows` outputs and `columns` inputs, each row in whole blocks of 256 (see `ternary_rows`).
///
/// Made once from the `packed` codes of a tensor, checked then, and multiplied often. Memory: 64 bytes for each 256
/// weights of a row, begun or whole, and one scale for each row.
class ternary_matrix {
 public:
  /// Columns may be at most this many: no sum of 128 times so many leaves 32 bits.
  static constexpr std::size_t max_columns = (std::size_t{1} << 24) - 1;

  /// @pre codes are of three levels with one scale, or one for each row; their number is a multiple of `rows`, which is
  /// not 0; at most `max_columns` columns; the members fit together; no field is 3
  ternary_matrix(packed const& codes, std::size_t rows) : rows_(rows) {
    expects(codes.levels == 3, "ternary_matrix: codes of {} levels", codes.levels);
    expects(rows != 0 && codes.size() % rows == 0, "ternary_matrix: {} codes in {} rows", codes.size(), rows);
    columns_ = codes.size() / rows;
    expects(columns_ <= max_columns, "ternary_matrix: {} columns", columns_);
    blocks const& layout = codes.layout;
    bool const by_row = layout.count == rows && layout.outer == 1 && layout.inner == columns_;
    expects(layout.count == 1 || by_row, "ternary_matrix: {} scales in runs of {} for {} rows of {}", layout.count,
            layout.inner, rows, columns_);
    scales_.assign(rows, 0);
    for (std::size_t i = 0; i != rows; ++i) scales_[i] = codes.scales[layout.count == 1 ? 0 : i];
    blocks_ = (columns_ + ternary_rows::block - 1) / ternary_rows::block;
    bytes_.assign(rows * blocks_ * ternary_rows::block_bytes, std::byte{0x55});  // four times the code 0
    codes.for_each_code([&](std::size_t at, int code) {
      std::size_t const k = at % columns_;
      std::size_t const in_block = k % ternary_rows::block;
      std::size_t const byte = (at / columns_ * blocks_ + k / ternary_rows::block) * ternary_rows::block_bytes +
                               in_block % ternary_rows::block_bytes;
      std::size_t const shift = in_block / ternary_rows::block_bytes * 2;
      bytes_[byte] ^= static_cast<std::byte>((static_cast<unsigned>(code + 1) ^ 1U) << shift);
    });
  }

  [[nodiscard]] std::size_t rows() const noexcept { return rows_; }
  [[nodiscard]] std::size_t columns() const noexcept { return columns_; }
  /// One for each row.
  [[nodiscard]] std::span<float const> scales() const noexcept { return scales_; }

  /// c[j * rows + i] = the sum over k of code(i, k) * a[j * columns + k], for each of c.size() / rows vectors in `a`.
  ///
  /// Exact: integers of 32 bits that cannot overflow. A matrix of one vector is a product with a vector. The product of
  /// an activation's scale and `scales()[i]` makes c a real number; that is left to the caller. Memory: a copy of `a`
  /// where `columns` is not a multiple of 256.
  /// @pre c.size() is a multiple of rows(); a.size() == columns() * (c.size() / rows())
  template <any_backend B = backend<>>
  void multiply(std::span<std::int8_t const> a, std::span<std::int32_t> c, B const& where = {}) const {
    std::size_t const n = vectors(a.size(), c.size());
    if (n == 0) return;
    auto const padded = whole_blocks(a, n);
    std::int8_t const* x = padded.empty() ? a.data() : padded.data();
    for_each_piece(where, [&](std::size_t first, ternary_rows some) {
      B::kernels::ternary_gemm(c.data() + first, rows_, some, x, n);
    });
  }

  /// y[j * rows + i] = scales()[i] * the sum over k of code(i, k) * a[j * columns + k].
  ///
  /// Sums of float in a fixed order: the same bits on every backend. NaN and infinity in `a` go where products and sums
  /// take them: infinity times the code 0 is NaN. Memory: as above.
  /// @pre as above
  template <any_backend B = backend<>>
  void multiply(std::span<float const> a, std::span<float> y, B const& where = {}) const {
    std::size_t const n = vectors(a.size(), y.size());
    auto const padded = whole_blocks(a, n);
    float const* x = padded.empty() ? a.data() : padded.data();
    for_each_piece(where, [&](std::size_t first, ternary_rows some) {
      for (std::size_t j = 0; j != n; ++j) {
        float* to = y.data() + j * rows_ + first;
        B::kernels::ternary_gemv(to, some, x + j * blocks_ * ternary_rows::block);
        for (std::size_t i = 0; i != some.rows; ++i) to[i] *= scales_[first + i];
      }
    });
  }

 private:
  [[nodiscard]] std::size_t vectors(std::size_t in, std::size_t out) const {
    expects(out % rows_ == 0 && in == columns_ * (out / rows_),
            "ternary_matrix: {} activations and {} results for a matrix of {} x {}", in, out, rows_, columns_);
    return out / rows_;
  }

  /// The vectors of `a`, each filled up with zeros to whole blocks; empty if they are whole already.
  template <class T>
  [[nodiscard]] std::vector<T> whole_blocks(std::span<T const> a, std::size_t n) const {
    std::size_t const length = blocks_ * ternary_rows::block;
    std::vector<T> padded;
    if (length == columns_) return padded;
    padded.resize(n * length);
    for (std::size_t j = 0; j != n; ++j) {
      std::ranges::copy(a.subspan(j * columns_, columns_), padded.begin() + static_cast<std::ptrdiff_t>(j * length));
    }
    return padded;
  }

  /// `f(first, rows)` for pieces of the rows on the executor.
  template <class B, class F>
  void for_each_piece(B const& where, F&& f) const {
    constexpr std::size_t piece = 64;
    where.exec.for_each((rows_ + piece - 1) / piece, [&](std::size_t p) {
      std::size_t const first = p * piece;
      f(first, ternary_rows{bytes_.data() + first * blocks_ * ternary_rows::block_bytes, std::min(piece, rows_ - first),
                            blocks_});
    });
  }

  std::size_t rows_;
  std::size_t columns_ = 0;
  std::size_t blocks_ = 0;
  std::vector<float> scales_;
  std::vector<std::byte> bytes_;
};

}  // namespace sqwa::inline SQWA_ABI

#endif
