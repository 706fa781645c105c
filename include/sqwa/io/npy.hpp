// SPDX-License-Identifier: BSD-3-Clause
// NumPy's array files, for xtensor arrays: written by xtensor, read with every word of the header checked first.
#ifndef SQWA_IO_NPY_HPP
#define SQWA_IO_NPY_HPP

#include <sqwa/io/error.hpp>
#include <sqwa/io/file.hpp>
#include <sqwa/io/npy_array.hpp>
#include <sqwa/tensor/xtensor.hpp>

#if __has_include(<xtensor/io/xnpy.hpp>)  // 0.26 moved its headers into folders
#include <xtensor/io/xnpy.hpp>
#else
#include <xtensor/xnpy.hpp>
#endif

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sqwa::inline SQWA_ABI {

namespace io {

/// Writes an array or an expression as a NumPy file, through `write_aside`.
template <class E>
void save_npy(std::filesystem::path const& path, xt::xexpression<E> const& array) {
  std::string const file = xt::dump_npy(array);
  write_aside(path, std::as_bytes(std::span(file)));
}

/// Reads a NumPy file of exactly this type and rank, in C order.
///
/// Throws `error` for another type, rank or order and wherever the header does not fit the size of the file. The values
/// are copied here rather than by xtensor 0.24, whose reader allocates what the header says and misreads headers of 128
/// bytes and more. Memory: the file and the array.
template <npy_number T, std::size_t Rank>
[[nodiscard]] xt::xtensor<T, Rank> load_npy(std::filesystem::path const& path) {
  std::vector<std::byte> const file = read_file(path);
  auto const header = detail::find_npy_header(path, file);
  std::string const type = "'" + detail::npy_type<T>() + "'";
  if (std::string_view const found = detail::npy_value(path, header.text, "descr"); !found.starts_with(type)) {
    throw error(path, 10, "values of type " + type, std::string(found.substr(0, found.find_first_of(",}"))));
  }
  if (Rank >= 2 && detail::npy_fortran(path, header.text)) throw error(path, 10, "C order", "'fortran_order': True");
  auto const found = detail::npy_extents(path, header.text);
  if (found.size() != Rank) throw error(path, 10, std::to_string(Rank) + " extents", std::to_string(found.size()));
  std::array<std::size_t, Rank> extents{};
  std::ranges::copy(found, extents.begin());
  std::size_t const count = detail::npy_count(path, found, file.size() - header.end, header.end, sizeof(T));

  xt::xtensor<T, Rank> array(extents);
  if (count != 0) std::memcpy(array.data(), file.data() + header.end, count * sizeof(T));
  return array;
}

}  // namespace io

}  // namespace sqwa::inline SQWA_ABI

#endif
