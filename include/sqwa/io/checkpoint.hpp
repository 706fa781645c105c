// SPDX-License-Identifier: BSD-3-Clause
// One file that holds a run of the method between two steps. docs/checkpoints.md draws the bytes.
#ifndef SQWA_IO_CHECKPOINT_HPP
#define SQWA_IO_CHECKPOINT_HPP

#include <sqwa/core/bytes.hpp>
#include <sqwa/io/error.hpp>
#include <sqwa/io/file.hpp>
#include <sqwa/io/mapped_file.hpp>

#include <zlib.h>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace sqwa::inline SQWA_ABI {

namespace io {

/// Something whose whole state can be kept, such as a `training_run`. `load` throws a `std::logic_error`, as
/// `contract_error` is one, and changes nothing, for a state that is not of the same kind.
template <class R>
concept savable_run = requires(R r, std::span<std::byte const> bytes) {
  { r.save() } -> std::convertible_to<std::vector<std::byte>>;
  r.load(bytes);
};

namespace detail {

inline constexpr std::string_view checkpoint_magic = "SQWACKPT";
inline constexpr std::uint32_t checkpoint_version = 1;
inline constexpr std::size_t checkpoint_header = 24;  // magic, version, checksum, length

inline std::uint32_t checkpoint_sum(std::span<std::byte const> bytes) noexcept {
  return static_cast<std::uint32_t>(::crc32_z(0, reinterpret_cast<Bytef const*>(bytes.data()), bytes.size()));
}

/// The state in a file's bytes, after everything around it was checked.
inline std::span<std::byte const> checkpoint_state(std::filesystem::path const& path, std::span<std::byte const> file) {
  if (file.size() < checkpoint_header) {
    throw error(path, file.size(), "a header of " + std::to_string(checkpoint_header) + " bytes",
                "the end of the file");
  }
  std::string_view const magic(reinterpret_cast<char const*>(file.data()), checkpoint_magic.size());
  if (magic != checkpoint_magic) throw error(path, 0, "a checkpoint, which begins with SQWACKPT", "other bytes");
  byte_reader in(file.subspan(magic.size(), checkpoint_header - magic.size()), "load_checkpoint");
  auto const version = in.get<std::uint32_t>();
  if (version != checkpoint_version) {
    throw error(path, 8, "version " + std::to_string(checkpoint_version), "version " + std::to_string(version));
  }
  auto const sum = in.get<std::uint32_t>();
  auto const length = in.get<std::uint64_t>();
  auto const state = file.subspan(checkpoint_header);
  if (length != state.size()) {
    throw error(path, 16, "a length of " + std::to_string(state.size()) + ", as many bytes follow the header",
                std::to_string(length));
  }
  if (sum != checkpoint_sum(state))
    throw error(path, 12, "the checksum of what follows", "another: the file is damaged");
  return state;
}

}  // namespace detail

/// Writes the state of a run through `write_aside`: at every moment the path holds the old checkpoint or the new one.
///
/// Throws `error` when that fails; the old file is then untouched. Memory: the state twice.
template <savable_run R>
void save_checkpoint(std::filesystem::path const& path, R& run) {
  std::vector<std::byte> const state = run.save();
  byte_writer out;
  for (char c : detail::checkpoint_magic) out.put(c);
  out.put(detail::checkpoint_version);
  out.put(detail::checkpoint_sum(state));
  out.put_block(state);
  write_aside(path, out.bytes);
}

/// Continues a run where a checkpoint was saved.
///
/// Throws `error` for a file that is missing, truncated, too long, altered, foreign or of another version, and for the
/// state of another model, recipe or data set: the run is then as it was. Where broken preconditions do not throw, the
/// latter trap. Memory: what the run takes; the file is mapped.
template <savable_run R>
void load_checkpoint(std::filesystem::path const& path, R& run) {
  mapped_file const file(path);
  auto const state = detail::checkpoint_state(path, file.bytes());
  try {
    run.load(state);
  } catch (std::logic_error const& e) {
    throw error(path, detail::checkpoint_header, "the state of a run like this one", e.what());
  }
}

}  // namespace io

}  // namespace sqwa::inline SQWA_ABI

#endif
