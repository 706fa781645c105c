// SPDX-License-Identifier: BSD-3-Clause
// NumPy's archives: zip files of arrays, stored or deflated.
#ifndef SQWA_IO_NPZ_HPP
#define SQWA_IO_NPZ_HPP

#include <sqwa/core/bytes.hpp>
#include <sqwa/io/error.hpp>
#include <sqwa/io/file.hpp>
#include <sqwa/io/npy_array.hpp>

#include <zlib.h>
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <new>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace sqwa::inline SQWA_ABI {

namespace io {

/// One array of an archive, under its name without ".npy".
struct npz_member {
  std::string name;
  npy_array array;

  bool operator==(npz_member const&) const = default;
};

namespace detail {

// PKWARE, "APPNOTE.TXT: .ZIP File Format Specification", sections 4.3.7, 4.3.12 and 4.3.16.
inline constexpr std::uint32_t zip_local = 0x04034B50;
inline constexpr std::uint32_t zip_entry = 0x02014B50;
inline constexpr std::uint32_t zip_end = 0x06054B50;
inline constexpr std::size_t zip_local_size = 30;
inline constexpr std::size_t zip_entry_size = 46;
inline constexpr std::size_t zip_end_size = 22;
inline constexpr std::uint64_t zip_most = 0xFFFF'FFFF;  // what larger numbers are marked with

/// A file of the archive, as the directory at its end describes it.
struct zip_member {
  std::string name;
  std::uint16_t method = 0;
  std::uint32_t checksum = 0;
  std::size_t packed = 0;
  std::size_t size = 0;
  std::size_t local = 0;  // where its own header begins
};

/// Reads and checks the directory; every place and length in it lies inside the file.
inline std::vector<zip_member> read_zip_directory(std::filesystem::path const& path, std::span<std::byte const> file) {
  std::string const expected = "the directory at the end of a zip file";
  if (file.size() < zip_end_size) throw error(path, file.size(), expected, "the end of the file");
  std::size_t end = file.size() - zip_end_size;
  auto const number = [&](std::size_t at, std::size_t bytes) {
    std::uint64_t v = 0;
    for (std::size_t i = bytes; i-- != 0;) v = v << 8 | std::to_integer<std::uint64_t>(file[at + i]);
    return v;
  };
  std::size_t const least = end - std::min<std::size_t>(end, 0xFFFF);  // a comment may follow
  while (number(end, 4) != zip_end || number(end + 20, 2) != file.size() - zip_end_size - end) {
    if (end-- == least) throw error(path, 0, expected, "none");
  }
  std::uint64_t const count = number(end + 10, 2), size = number(end + 12, 4), first = number(end + 16, 4);
  if (count == 0xFFFF || size == zip_most || first == zip_most) {
    throw error(path, end, "a zip file below 4 GiB", "zip64");
  }
  if (number(end + 4, 4) != 0 || number(end + 8, 2) != count) throw error(path, end + 4, "one volume", "several");
  if (first + size > end) {
    throw error(path, end + 12, "a directory before byte " + std::to_string(end),
                std::to_string(size) + " bytes at " + std::to_string(first));
  }
  std::vector<zip_member> members;
  std::size_t at = static_cast<std::size_t>(first);
  std::size_t const stop = at + static_cast<std::size_t>(size);
  for (std::uint64_t i = 0; i != count; ++i) {
    if (stop - at < zip_entry_size || number(at, 4) != zip_entry) {
      throw error(path, at, "entry " + std::to_string(i) + " of the directory", "other bytes");
    }
    zip_member m;
    if ((number(at + 8, 2) & 1) != 0) throw error(path, at + 8, "files that are not encrypted", "an encrypted one");
    m.method = static_cast<std::uint16_t>(number(at + 10, 2));
    m.checksum = static_cast<std::uint32_t>(number(at + 16, 4));
    std::uint64_t const packed = number(at + 20, 4), whole = number(at + 24, 4), local = number(at + 42, 4);
    std::size_t const name = number(at + 28, 2), rest = number(at + 30, 2) + number(at + 32, 2);
    if (packed == zip_most || whole == zip_most || local == zip_most) {
      throw error(path, at + 20, "a file below 4 GiB", "zip64");
    }
    if (name + rest > stop - at - zip_entry_size) throw error(path, at + 28, "an entry inside the directory", "more");
    if (m.method != 0 && m.method != 8) {
      throw error(path, at + 10, "stored or deflated files", "method " + std::to_string(m.method));
    }
    bool const possible = m.method == 0 ? packed == whole : whole / 1032 <= packed;  // deflate's best, RFC 1951
    if (!possible || local + zip_local_size + packed > first) {
      throw error(path, at + 20, "sizes that the file can hold",
                  std::to_string(packed) + " bytes for " + std::to_string(whole));
    }
    m.packed = static_cast<std::size_t>(packed);
    m.size = static_cast<std::size_t>(whole);
    m.local = static_cast<std::size_t>(local);
    m.name.assign(reinterpret_cast<char const*>(file.data()) + at + zip_entry_size, name);
    at += zip_entry_size + name + rest;
    members.push_back(std::move(m));
  }
  if (at != stop) throw error(path, at, "the end of the directory", std::to_string(stop - at) + " bytes more");
  return members;
}

/// The bytes of one file of the archive.
inline std::vector<std::byte> extract(std::filesystem::path const& path, std::span<std::byte const> file,
                                      zip_member const& m) {
  byte_reader header(file.subspan(m.local, zip_local_size), "read_npz");
  if (header.get<std::uint32_t>() != zip_local) throw error(path, m.local, "the header of " + m.name, "other bytes");
  byte_reader lengths(file.subspan(m.local + 26, 4), "read_npz");
  std::size_t const skipped = zip_local_size + lengths.get<std::uint16_t>() + lengths.get<std::uint16_t>();
  if (skipped > file.size() - m.local || m.packed > file.size() - m.local - skipped) {
    throw error(path, m.local + 26, m.name + " inside the file", "lengths beyond it");
  }
  auto const from = file.subspan(m.local + skipped, m.packed);
  std::vector<std::byte> bytes(m.size);
  if (m.method == 0) {
    std::ranges::copy(from, bytes.begin());
  } else {
    z_stream stream{};
    if (inflateInit2(&stream, -15) != Z_OK) throw std::bad_alloc();  // 15: the window; negative: no header
    std::byte nothing{};                                             // zlib wants an address even for no bytes
    stream.next_in = reinterpret_cast<Bytef z_const*>(const_cast<std::byte*>(from.data()));
    stream.avail_in = static_cast<uInt>(from.size());
    stream.next_out = reinterpret_cast<Bytef*>(bytes.empty() ? &nothing : bytes.data());
    stream.avail_out = static_cast<uInt>(bytes.size());
    int const result = ::inflate(&stream, Z_FINISH);
    bool const whole = result == Z_STREAM_END && stream.avail_out == 0 && stream.avail_in == 0;
    inflateEnd(&stream);
    if (result == Z_MEM_ERROR) throw std::bad_alloc();
    if (!whole) throw error(path, m.local + skipped, m.name + " in deflated form", "a damaged stream");
  }
  auto const sum = static_cast<std::uint32_t>(::crc32_z(0, reinterpret_cast<Bytef const*>(bytes.data()), bytes.size()));
  if (sum != m.checksum) {
    throw error(path, m.local + skipped, m.name + " with the checksum " + std::to_string(m.checksum),
                std::to_string(sum));
  }
  return bytes;
}

}  // namespace detail

/// The arrays of an archive, in the order of its directory.
///
/// Throws `error` for files that are no zip file, are damaged, encrypted, in several volumes or of 4 GiB and more, for
/// names that come twice, and for members that are no arrays. Sizes are checked before anything is allocated. Memory:
/// the file and its arrays.
[[nodiscard]] inline std::vector<npz_member> read_npz(std::filesystem::path const& path) {
  auto const file = read_file(path);
  std::vector<npz_member> all;
  std::set<std::string> names;
  for (detail::zip_member const& m : detail::read_zip_directory(path, file)) {
    if (!m.name.ends_with(".npy")) throw error(path, m.local, "files whose names end in .npy", m.name);
    if (!names.insert(m.name).second) throw error(path, m.local, "each name once", m.name + " again");
    all.push_back({m.name.substr(0, m.name.size() - 4), read_npy_array(path / m.name, detail::extract(path, file, m))});
  }
  return all;
}

/// Writes an archive through `write_aside`: stored, not deflated; the same arrays give the same bytes.
///
/// Throws `error` when that fails, and for archives of 4 GiB and more, or 65,535 arrays. Memory: the file.
inline void write_npz(std::filesystem::path const& path, std::span<npz_member const> members) {
  byte_writer file, directory;
  auto const add = [](byte_writer& to, std::span<std::byte const> bytes) {
    to.bytes.insert(to.bytes.end(), bytes.begin(), bytes.end());
  };
  for (npz_member const& m : members) {
    std::string const name = m.name + ".npy";
    auto const content = npy_file_bytes(m.array);
    std::size_t const local = file.bytes.size();
    if (name.size() >= 0xFFFF || local + content.size() + name.size() + 4096 >= detail::zip_most) {
      throw error(path, local, "an archive below 4 GiB", "more in " + m.name);
    }
    byte_writer common;  // what both headers say
    common.put(std::uint16_t{20});
    common.put(std::uint16_t{0x0800});       // the name is in UTF-8
    common.put(std::uint16_t{0});            // stored
    common.put(std::uint32_t{0x0021'0000});  // 1 January 1980, the earliest date there is
    common.put(
        static_cast<std::uint32_t>(::crc32_z(0, reinterpret_cast<Bytef const*>(content.data()), content.size())));
    common.put(static_cast<std::uint32_t>(content.size()));
    common.put(static_cast<std::uint32_t>(content.size()));
    common.put(static_cast<std::uint16_t>(name.size()));
    common.put(std::uint16_t{0});
    file.put(detail::zip_local);
    add(file, common.bytes);
    add(file, std::as_bytes(std::span(name)));
    add(file, content);
    directory.put(detail::zip_entry);
    directory.put(std::uint16_t{20});
    add(directory, common.bytes);
    directory.bytes.resize(directory.bytes.size() + 10);  // no comment, volume 0, no attributes
    directory.put(static_cast<std::uint32_t>(local));
    add(directory, std::as_bytes(std::span(name)));
  }
  if (members.size() >= 0xFFFF || file.bytes.size() + directory.bytes.size() >= detail::zip_most) {
    throw error(path, file.bytes.size(), "fewer than 65535 arrays below 4 GiB", std::to_string(members.size()));
  }
  std::size_t const first = file.bytes.size();
  add(file, directory.bytes);
  file.put(detail::zip_end);
  file.put(std::uint32_t{0});
  file.put(static_cast<std::uint16_t>(members.size()));
  file.put(static_cast<std::uint16_t>(members.size()));
  file.put(static_cast<std::uint32_t>(directory.bytes.size()));
  file.put(static_cast<std::uint32_t>(first));
  file.put(std::uint16_t{0});
  write_aside(path, file.bytes);
}

}  // namespace io

}  // namespace sqwa::inline SQWA_ABI

#endif
