// SPDX-License-Identifier: BSD-3-Clause
// NumPy's array files, for xtensor arrays: written by xtensor, read with every word of the header checked first.
#ifndef SQWA_IO_NPY_HPP
#define SQWA_IO_NPY_HPP

#include <sqwa/io/error.hpp>
#include <sqwa/io/file.hpp>
#include <sqwa/tensor/xtensor.hpp>

#if __has_include(<xtensor/io/xnpy.hpp>)  // 0.26 moved its headers into folders
#include <xtensor/io/xnpy.hpp>
#else
#include <xtensor/xnpy.hpp>
#endif

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace sqwa::inline SQWA_ABI {

namespace io {

/// A number that NumPy has a one-letter type for.
template <class T>
concept npy_number = ((std::integral<T> && !std::same_as<T, bool>) || std::same_as<T, float> ||
                      std::same_as<T, double>)&&sizeof(T) <= 8;

namespace detail {

/// NumPy's name of a type, for example <f4.
template <npy_number T>
std::string npy_type() {
  char const order = sizeof(T) == 1 ? '|' : std::endian::native == std::endian::little ? '<' : '>';
  char const kind = std::floating_point<T> ? 'f' : std::is_signed_v<T> ? 'i' : 'u';
  return std::string{order, kind} + std::to_string(sizeof(T));
}

/// What follows 'key': in the dictionary of a header.
inline std::string_view npy_value(std::filesystem::path const& path, std::string_view header, std::string const& key) {
  std::size_t at = header.find("'" + key + "':");
  if (at == std::string_view::npos) throw error(path, 10, "the key '" + key + "' in the header", "none");
  header.remove_prefix(at + key.size() + 3);
  at = header.find_first_not_of(' ');
  header.remove_prefix(std::min(at, header.size()));
  return header;
}

/// The header's dictionary and the offset of the first value.
struct npy_header {
  std::string_view text;
  std::size_t end = 0;
};

inline npy_header find_npy_header(std::filesystem::path const& path, std::span<std::byte const> file) {
  constexpr std::string_view magic = "\x93NUMPY";
  std::string_view const text(reinterpret_cast<char const*>(file.data()), file.size());
  if (!text.starts_with(magic)) throw error(path, 0, "a NumPy array file", "other bytes");
  if (file.size() < 8) throw error(path, file.size(), "a format version", "the end of the file");
  auto const byte = [&](std::size_t at) { return std::to_integer<std::size_t>(file[at]); };
  std::size_t const version = byte(6);
  if (version < 1 || version > 3) throw error(path, 6, "format version 1, 2 or 3", std::to_string(version));
  std::size_t const width = version == 1 ? 2 : 4;
  if (file.size() < 8 + width) throw error(path, file.size(), "the length of the header", "the end of the file");
  std::size_t length = 0;
  for (std::size_t i = width; i-- != 0;) length = length << 8 | byte(8 + i);
  if (length > file.size() - 8 - width) {
    throw error(path, 8, "a header that ends inside the file", "a length of " + std::to_string(length));
  }
  return {text.substr(8 + width, length), 8 + width + length};
}

}  // namespace detail

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
  std::string_view const order = detail::npy_value(path, header.text, "fortran_order");
  if (!order.starts_with("False") && !(Rank < 2 && order.starts_with("True"))) {
    throw error(path, 10, "C order", "'fortran_order': " + std::string(order.substr(0, order.find(','))));
  }

  std::string_view tuple = detail::npy_value(path, header.text, "shape");
  std::size_t const close = tuple.find(')');
  if (!tuple.starts_with('(') || close == std::string_view::npos) throw error(path, 10, "a tuple of extents", "none");
  tuple = tuple.substr(1, close - 1);
  std::array<std::size_t, Rank> extents{};
  std::size_t const room = (file.size() - header.end) / sizeof(T);
  std::size_t count = 1;
  std::size_t rank = 0;
  bool empty = false;
  while (!tuple.empty()) {
    std::size_t extent = 0;
    auto const [stop, status] = std::from_chars(tuple.data(), tuple.data() + tuple.size(), extent);
    if (status != std::errc()) throw error(path, 10, "whole numbers as extents", "(" + std::string(tuple) + ")");
    tuple.remove_prefix(static_cast<std::size_t>(stop - tuple.data()));
    if (!tuple.empty() && tuple.front() != ',') throw error(path, 10, "commas between extents", std::string(tuple));
    tuple.remove_prefix(std::min(tuple.size(), tuple.find_first_not_of(", ")));
    if (rank < Rank) extents[rank] = extent;
    ++rank;
    empty = empty || extent == 0;
    count = extent != 0 && count > room / extent ? room + 1 : count * std::max<std::size_t>(extent, 1);
  }
  if (rank != Rank) throw error(path, 10, std::to_string(Rank) + " extents", std::to_string(rank));
  if (empty) count = 0;
  if (count > room || file.size() - header.end != count * sizeof(T)) {
    throw error(path, header.end, "values that fill the file as the extents say",
                std::to_string(file.size() - header.end) + " bytes");
  }

  xt::xtensor<T, Rank> array(extents);
  if (count != 0) std::memcpy(array.data(), file.data() + header.end, count * sizeof(T));
  return array;
}

}  // namespace io

}  // namespace sqwa::inline SQWA_ABI

#endif
