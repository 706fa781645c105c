// SPDX-License-Identifier: BSD-3-Clause
// An array of NumPy's whose type and rank are known at run time: its bytes, with every word of the header checked.
#ifndef SQWA_IO_NPY_ARRAY_HPP
#define SQWA_IO_NPY_ARRAY_HPP

#include <sqwa/io/error.hpp>
#include <sqwa/tensor/shape.hpp>

#include <algorithm>
#include <bit>
#include <charconv>
#include <concepts>
#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
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

}  // namespace detail

/// An array as NumPy stores it.
///
/// Memory: owns its bytes. `bytes.size()` is the number of elements times their size.
struct npy_array {
  std::string type;              ///< NumPy's name of the type: <f4, <i8, |b1, …
  shape extents;                 ///< slowest index first in C order
  bool fortran = false;          ///< whether the first index is the fastest
  std::vector<std::byte> bytes;  ///< the elements as they lie in memory

  bool operator==(npy_array const&) const = default;
};

/// An array in memory that belongs to somebody else: the members of `npy_array`.
struct npy_view {
  std::string_view type;
  shape extents;
  bool fortran = false;
  std::span<std::byte const> bytes;
};

namespace detail {

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

/// Whether the array is in Fortran order.
inline bool npy_fortran(std::filesystem::path const& path, std::string_view header) {
  std::string_view const order = npy_value(path, header, "fortran_order");
  bool const fortran = order.starts_with("True");
  if (!fortran && !order.starts_with("False")) {
    throw error(path, 10, "True or False", "'fortran_order': " + std::string(order.substr(0, order.find(','))));
  }
  return fortran;
}

/// The tuple of extents, of any length; nothing is multiplied.
inline std::vector<std::size_t> npy_extents(std::filesystem::path const& path, std::string_view header) {
  std::string_view tuple = npy_value(path, header, "shape");
  std::size_t const close = tuple.find(')');
  if (!tuple.starts_with('(') || close == std::string_view::npos) throw error(path, 10, "a tuple of extents", "none");
  tuple = tuple.substr(1, close - 1);
  std::vector<std::size_t> extents;
  while (!tuple.empty()) {
    std::size_t extent = 0;
    auto const [stop, status] = std::from_chars(tuple.data(), tuple.data() + tuple.size(), extent);
    if (status != std::errc()) throw error(path, 10, "whole numbers as extents", "(" + std::string(tuple) + ")");
    tuple.remove_prefix(static_cast<std::size_t>(stop - tuple.data()));
    if (!tuple.empty() && tuple.front() != ',') throw error(path, 10, "commas between extents", std::string(tuple));
    tuple.remove_prefix(std::min(tuple.size(), tuple.find_first_not_of(", ")));
    extents.push_back(extent);
  }
  return extents;
}

/// How many elements of `each` bytes there are; they fill the `left` bytes behind the header, which begin at `at`.
inline std::size_t npy_count(std::filesystem::path const& path, std::span<std::size_t const> extents, std::size_t left,
                             std::size_t at, std::size_t each) {
  std::size_t const room = left / each;
  std::size_t count = 1;
  for (std::size_t e : extents) count = e != 0 && count > room / e ? room + 1 : count * std::max<std::size_t>(e, 1);
  if (std::ranges::find(extents, std::size_t{0}) != extents.end()) count = 0;
  if (count > room || left != count * each) {
    throw error(path, at, "values that fill the file as the extents say", std::to_string(left) + " bytes");
  }
  return count;
}

/// The size of an element of a type of one letter, as NumPy writes it in quotation marks; 0 for any other.
inline std::size_t npy_size(std::string_view type) {
  if (type.size() != 3 || (type[0] != '<' && type[0] != '>' && type[0] != '|')) return 0;
  bool const one = type[2] == '1';
  bool const more = type[2] == '2' || type[2] == '4' || type[2] == '8';
  switch (type[1]) {
    case 'f':
      return more ? static_cast<std::size_t>(type[2] - '0') : 0;
    case 'i':
    case 'u':
      return one || more ? static_cast<std::size_t>(type[2] - '0') : 0;
    case 'b':
      return one ? 1 : 0;
    default:
      return 0;
  }
}

}  // namespace detail

/// The array that `file`, a whole NumPy file, holds, where it lies; `path` is for messages.
///
/// Throws `error` for another kind of file, for types other than floats, integers and truth values, for more than eight
/// extents, and where header and size disagree. The values fill the end of the file.
[[nodiscard]] inline npy_view view_npy_array(std::filesystem::path const& path, std::span<std::byte const> file) {
  auto const header = detail::find_npy_header(path, file);
  std::string_view type = detail::npy_value(path, header.text, "descr");
  type = type.substr(0, type.find_first_of(",}"));
  std::string_view const name = type.size() > 2 ? type.substr(1, type.size() - 2) : std::string_view();
  std::size_t const each = detail::npy_size(name);
  if (each == 0) throw error(path, 10, "floats, integers or truth values", std::string(type));
  auto const extents = detail::npy_extents(path, header.text);
  if (extents.size() > shape::max_rank) throw error(path, 10, "at most 8 extents", std::to_string(extents.size()));
  (void)detail::npy_count(path, extents, file.size() - header.end, header.end, each);
  return {name, shape(extents), detail::npy_fortran(path, header.text), file.subspan(header.end)};
}

/// A copy of that array. Memory: its values.
[[nodiscard]] inline npy_array read_npy_array(std::filesystem::path const& path, std::span<std::byte const> file) {
  npy_view const array = view_npy_array(path, file);
  return {std::string(array.type), array.extents, array.fortran, {array.bytes.begin(), array.bytes.end()}};
}

/// A whole NumPy file of format version 1.
[[nodiscard]] inline std::vector<std::byte> npy_file_bytes(npy_array const& array) {
  std::string text = "{'descr': '" + array.type + "', 'fortran_order': " + (array.fortran ? "True" : "False");
  text += ", 'shape': (";
  for (std::size_t e : array.extents) text += std::to_string(e) + ", ";
  if (array.extents.rank() > 1) text.resize(text.size() - 2);
  text += "), }";
  text.resize((text.size() + 1 + 10 + 63) / 64 * 64 - 10 - 1, ' ');  // values begin at a multiple of 64
  text += '\n';
  std::string const prefix =
      std::string("\x93NUMPY\x01\0", 8) + static_cast<char>(text.size() & 0xFF) + static_cast<char>(text.size() >> 8);
  std::vector<std::byte> file;
  for (std::string const& part : {prefix, text}) {
    for (char c : part) file.push_back(static_cast<std::byte>(c));
  }
  file.insert(file.end(), array.bytes.begin(), array.bytes.end());
  return file;
}

}  // namespace io

}  // namespace sqwa::inline SQWA_ABI

#endif
