// SPDX-License-Identifier: BSD-3-Clause
// Many snapshots of a model in one file, read lazily through a memory map. docs/files.md draws the bytes.
#ifndef SQWA_IO_SNAPSHOT_SERIES_HPP
#define SQWA_IO_SNAPSHOT_SERIES_HPP

#include <sqwa/core/bytes.hpp>
#include <sqwa/core/contract.hpp>
#include <sqwa/io/error.hpp>
#include <sqwa/io/mapped_file.hpp>
#include <sqwa/io/model_bytes.hpp>
#include <sqwa/nn/low_bit_model.hpp>
#include <sqwa/nn/low_bit_model_view.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sqwa::inline SQWA_ABI {

namespace io {

namespace detail {

inline constexpr std::string_view series_magic = "SQWS";
inline constexpr std::uint32_t series_version = 1;
inline constexpr std::size_t series_head = 64;    // magic, version, two slots of 24 bytes, eight zeros
inline constexpr std::size_t series_record = 16;  // length and number before each snapshot

/// How many snapshots are committed, and where the last one ends.
struct series_commit {
  std::uint64_t count = 0;
  std::uint64_t end = series_head;

  [[nodiscard]] std::size_t slot() const noexcept { return 8 + 24 * static_cast<std::size_t>(count % 2); }
  [[nodiscard]] std::vector<std::byte> bytes() const {
    byte_writer out;
    out.put(count);
    out.put(end);
    out.put(checksum(out.bytes));
    out.put(std::uint32_t{0});
    return std::move(out.bytes);
  }
};

/// A series without snapshots.
inline std::vector<std::byte> empty_series() {
  byte_writer out;
  for (char c : series_magic) out.put(c);
  out.put(series_version);
  for (std::byte b : series_commit{}.bytes()) out.bytes.push_back(b);
  out.bytes.resize(series_head);
  return std::move(out.bytes);
}

/// The last commit in the first bytes of a file of `size` bytes: of two slots, written in turns, the later sound one.
inline series_commit read_commit(std::filesystem::path const& path, std::span<std::byte const> head,
                                 std::uint64_t size) {
  auto const fresh = empty_series();
  if (!std::ranges::equal(head.first(std::min<std::size_t>(head.size(), 4)), std::span(fresh).first(4))) {
    throw error(path, 0, "the four bytes SQWS", "other bytes or none");
  }
  if (head.size() < series_head) throw error(path, head.size(), "at least 64 bytes", "the end of the file");
  byte_reader in(head.subspan(4), "snapshot_series");
  if (auto const version = in.get<std::uint32_t>(); version != series_version) {
    throw error(path, 4, "format version 1", std::to_string(version));
  }
  std::optional<series_commit> last;
  for (std::uint64_t i = 0; i != 2; ++i) {
    series_commit c;
    c.count = in.get<std::uint64_t>();
    c.end = in.get<std::uint64_t>();
    (void)in.get<std::uint64_t>();  // the checksum and four zeros
    auto const stored = head.subspan(8 + 24 * static_cast<std::size_t>(i), 24);
    bool const sound = std::ranges::equal(stored, c.bytes()) && c.count % 2 == i && c.end >= series_head &&
                       c.end % 8 == 0 && c.count <= (c.end - series_head) / series_record;
    if (sound && (!last || c.count > last->count)) last = c;
  }
  if (!last) throw error(path, 8, "the number of snapshots with its checksum", "two damaged ones");
  if (last->end > size) {
    throw error(path, size, std::to_string(last->count) + " snapshots in " + std::to_string(last->end) + " bytes",
                "the end of the file");
  }
  return *last;
}

}  // namespace detail

/// The snapshots of a file that `series_writer` wrote, as they were when it was opened.
///
/// Opening reads the places of the snapshots; each snapshot is read, and checked in full, when it is asked for. What a
/// killed writer left behind the last whole snapshot is not seen. Throws `error` for a file that is missing, foreign,
/// of another version, truncated or damaged; nothing partial is returned. Memory: 16 bytes for each snapshot;
/// little-endian machines only.
class snapshot_series {
  static_assert(std::endian::native == std::endian::little, "the file is little-endian, and so must be who maps it");

 public:
  explicit snapshot_series(std::filesystem::path const& path) : file_(path) {
    auto const bytes = file_.bytes();
    auto const commit =
        detail::read_commit(path, bytes.first(std::min(bytes.size(), detail::series_head)), bytes.size());
    auto const all = bytes.first(static_cast<std::size_t>(commit.end));
    std::size_t at = detail::series_head;
    for (std::uint64_t k = 0; k != commit.count; ++k) {
      if (all.size() - at < detail::series_record) throw error(path, at, "snapshot " + std::to_string(k), "the end");
      byte_reader in(all.subspan(at), "snapshot_series");
      auto const length = in.get<std::uint64_t>();
      auto const number = in.get<std::uint64_t>();
      if (number != k) throw error(path, at + 8, "the number " + std::to_string(k), std::to_string(number));
      std::size_t const room = all.size() - at - detail::series_record;
      if (length > room) {
        throw error(path, at, "a snapshot that ends before byte " + std::to_string(all.size()),
                    "a length of " + std::to_string(length));
      }
      places_.push_back({at + detail::series_record, static_cast<std::size_t>(length)});
      at += detail::series_record + std::min(room, (static_cast<std::size_t>(length) + 7) / 8 * 8);
    }
    if (at != all.size()) {
      throw error(path, at, "the end of the last snapshot", std::to_string(all.size() - at) + " bytes more");
    }
  }

  [[nodiscard]] std::size_t size() const noexcept { return places_.size(); }
  [[nodiscard]] bool empty() const noexcept { return places_.empty(); }

  /// Snapshot k, in memory of its own. Time: two passes over it.
  /// @pre k < size()
  [[nodiscard]] low_bit_model operator[](std::size_t k) const { return read<detail::owning>(k); }

  /// Snapshot k, whose numbers stay in the file: valid while the series lives and its file is not cut. Time: two
  /// passes.
  /// @pre k < size()
  [[nodiscard]] low_bit_model_view view(std::size_t k) const { return read<detail::viewing>(k); }

 private:
  struct place {
    std::size_t offset;
    std::size_t length;
  };

  template <class How>
  typename How::model read(std::size_t k) const {
    expects(k < size(), "snapshot_series: snapshot {} of {}", k, size());
    file_.check();
    return detail::read_model_bytes<How>(file_.path(), file_.bytes().subspan(places_[k].offset, places_[k].length),
                                         places_[k].offset);
  }

  mapped_file file_;
  std::vector<place> places_;
};

}  // namespace io

}  // namespace sqwa::inline SQWA_ABI

#endif
