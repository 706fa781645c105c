// SPDX-License-Identifier: BSD-3-Clause
// One file for one low-bit model. docs/files.md draws the bytes.
#ifndef SQWA_IO_MODEL_FILE_HPP
#define SQWA_IO_MODEL_FILE_HPP

#include <sqwa/io/error.hpp>
#include <sqwa/io/file.hpp>
#include <sqwa/io/model_bytes.hpp>
#include <sqwa/nn/low_bit_model.hpp>

#include <filesystem>

namespace sqwa::inline SQWA_ABI {

namespace io {

/// Writes a model through `write_aside`: the same model gives the same bytes.
///
/// Throws `error` when that fails, and for names or notes that are not UTF-8. Memory: three times the packed model.
/// @pre every tensor has the size that its extents say, a sound layout, one finite scale for each block, packed codes
///      within its levels
inline void write_model(std::filesystem::path const& path, low_bit_model const& model) {
  write_aside(path, detail::model_bytes(path, "write_model", model));
}

/// Reads a model: bit for bit what was written.
///
/// Throws `error` for a file that is missing, truncated, altered, foreign or of another version, and for one whose
/// header and payload disagree in any number; nothing partial is returned. Memory: the file and the model.
[[nodiscard]] inline low_bit_model read_model(std::filesystem::path const& path) {
  return detail::read_model_bytes<detail::owning>(path, read_file(path));
}

}  // namespace io

}  // namespace sqwa::inline SQWA_ABI

#endif
