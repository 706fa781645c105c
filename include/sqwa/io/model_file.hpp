// SPDX-License-Identifier: BSD-3-Clause
// One file for one low-bit model: magic, version, JSON header, payload, checksum. docs/files.md draws the bytes.
#ifndef SQWA_IO_MODEL_FILE_HPP
#define SQWA_IO_MODEL_FILE_HPP

#include <sqwa/core/bytes.hpp>
#include <sqwa/core/contract.hpp>
#include <sqwa/io/error.hpp>
#include <sqwa/io/file.hpp>
#include <sqwa/io/pieces.hpp>
#include <sqwa/nn/low_bit_model.hpp>
#include <sqwa/quant/granularity.hpp>
#include <sqwa/quant/packed.hpp>
#include <sqwa/tensor/shape.hpp>

#include <zlib.h>
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sqwa::inline SQWA_ABI {

namespace io {

namespace detail {

inline constexpr std::string_view model_magic = "SQWA";
inline constexpr std::uint32_t model_version = 1;
inline constexpr std::size_t model_prefix = 16;  // magic, version, length of the header

inline std::uint32_t checksum(std::span<std::byte const> bytes) noexcept {
  return static_cast<std::uint32_t>(::crc32_z(0, reinterpret_cast<Bytef const*>(bytes.data()), bytes.size()));
}

/// What is wrong with a layout, as "expected …"; nullptr where it is sound.
inline char const* layout_fault(int levels, blocks const& b) noexcept {
  if (levels < 3 || levels > 65'535 || levels % 2 == 0) return "an odd number of levels from 3 to 65535";
  return b.valid() ? nullptr : "blocks that cover the tensor exactly";
}

/// What is wrong with scales or codes, as "expected …"; nullptr where they are sound.
inline char const* value_fault(packed const& p) {
  if (!std::ranges::all_of(p.scales, [](float s) { return std::isfinite(s); })) return "finite scales";
  std::array<std::int16_t, 512> buffer;
  for (std::size_t first = 0; first < p.size(); first += buffer.size()) {
    auto const part = std::span(buffer).first(std::min(buffer.size(), p.size() - first));
    sqwa::detail::read_codes(p.bytes.data(), p.bits(), p.max_code(), first, part);
    if (sqwa::detail::first_outside(std::span<std::int16_t const>(part), p.max_code()) != part.size()) {
      return "codes below the number of levels";
    }
  }
  std::size_t const used = p.size() % 8 * static_cast<std::size_t>(p.bits()) % 8;
  if (used != 0 && std::to_integer<unsigned>(p.bytes.back()) >> used != 0) return "zero bits behind the last code";
  return nullptr;
}

inline low_bit_tensor read_low_bit(piece_reader& source, json const& j) {
  low_bit_tensor t{j.at("name").get<std::string>(), source.extents(j), {}};
  std::size_t const levels = source.number(j, "levels");
  t.weights.levels = levels <= 65'535 ? static_cast<int>(levels) : 0;
  auto const& b = j.at("blocks");
  t.weights.layout = {t.extents.size(), source.number(b, "outer"), source.number(b, "count"),
                      source.number(b, "inner")};
  if (char const* fault = layout_fault(t.weights.levels, t.weights.layout)) source.fail(fault, j.dump());
  auto const bits = static_cast<std::size_t>(t.weights.bits());
  if (source.number(j, "bits") != bits) source.fail(std::to_string(bits) + " bits for these levels", j.dump());
  t.weights.scales = source.floats(j.at("scales"), t.weights.layout.count);
  t.weights.bytes = source.bytes(j.at("codes"), packed_bytes(t.weights.size(), t.weights.bits()));
  if (char const* fault = value_fault(t.weights))
    source.fail(std::string(fault) + " before here", "others in " + t.name);
  return t;
}

}  // namespace detail

/// Writes a model through `write_aside`: the same model gives the same bytes.
///
/// Throws `error` when that fails, and for names or notes that are not UTF-8. Memory: three times the packed model.
/// @pre every tensor has the size that its extents say, a sound layout, one finite scale for each block, packed codes
///      within its levels
inline void write_model(std::filesystem::path const& path, low_bit_model const& model) {
  using detail::json;
  json header{{"weights", json::array()}, {"floats", json::array()}, {"notes", json::object()}};
  detail::piece_writer pieces;
  for (low_bit_tensor const& t : model.weights) {
    packed const& p = t.weights;
    char const* const fault = detail::layout_fault(p.levels, p.layout);
    expects(fault == nullptr, "write_model: {} needs {}", t.name, fault != nullptr ? fault : "");
    expects(t.extents.size() == p.size(), "write_model: {} has {} codes, but extents for {}", t.name, p.size(),
            t.extents.size());
    expects(p.scales.size() == p.layout.count, "write_model: {} has {} scales for {} blocks", t.name, p.scales.size(),
            p.layout.count);
    expects(p.bytes.size() == packed_bytes(p.size(), p.bits()), "write_model: {} has {} bytes of codes, not {}", t.name,
            p.bytes.size(), packed_bytes(p.size(), p.bits()));
    char const* const wrong = detail::value_fault(p);
    expects(wrong == nullptr, "write_model: {} needs {}", t.name, wrong != nullptr ? wrong : "");
    json entry{{"name", t.name}, {"extents", std::vector<std::size_t>(t.extents.begin(), t.extents.end())}};
    entry["levels"] = static_cast<std::size_t>(p.levels);
    entry["bits"] = static_cast<std::size_t>(p.bits());
    entry["blocks"] = {{"outer", p.layout.outer}, {"count", p.layout.count}, {"inner", p.layout.inner}};
    std::size_t const scales = pieces.put(std::span<float const>(p.scales));
    entry["scales"] = {{"offset", scales}, {"count", p.scales.size()}};
    std::size_t const codes = pieces.put(std::span<std::byte const>(p.bytes));
    entry["codes"] = {{"offset", codes}, {"count", p.bytes.size()}};
    header["weights"].push_back(std::move(entry));
  }
  for (float_tensor const& t : model.floats) {
    expects(t.extents.size() == t.values.size(), "write_model: {} has {} values, but extents for {}", t.name,
            t.values.size(), t.extents.size());
    json entry{{"name", t.name}, {"extents", std::vector<std::size_t>(t.extents.begin(), t.extents.end())}};
    entry["values"] = {{"offset", pieces.put(std::span<float const>(t.values))}, {"count", t.values.size()}};
    header["floats"].push_back(std::move(entry));
  }
  for (auto const& [key, note] : model.notes) header["notes"][key] = note;

  std::string text;
  try {
    text = header.dump();
  } catch (nlohmann::json::type_error const& e) {
    throw error(path, detail::model_prefix, "names and notes in UTF-8", e.what());
  }
  text.resize((text.size() + 7) / 8 * 8, ' ');  // the payload begins at a multiple of eight
  auto const put_all = [](byte_writer& to, std::span<std::byte const> b) {
    to.bytes.insert(to.bytes.end(), b.begin(), b.end());
  };
  byte_writer file;
  put_all(file, std::as_bytes(std::span(detail::model_magic)));
  file.put(detail::model_version);
  file.put(static_cast<std::uint64_t>(text.size()));
  put_all(file, std::as_bytes(std::span(text)));
  put_all(file, pieces.payload());
  file.put(detail::checksum(file.bytes));
  write_aside(path, file.bytes);
}

/// Reads a model: bit for bit what was written.
///
/// Throws `error` for a file that is missing, truncated, altered, foreign or of another version, and for one whose
/// header and payload disagree in any number; nothing partial is returned. Memory: the file and the model.
[[nodiscard]] inline low_bit_model read_model(std::filesystem::path const& path) {
  using detail::json;
  std::vector<std::byte> const bytes = read_file(path);
  std::span<std::byte const> const file = bytes;
  std::string_view const text(reinterpret_cast<char const*>(file.data()), file.size());
  if (!text.starts_with(detail::model_magic)) throw error(path, 0, "the four bytes SQWA", "other bytes or none");
  constexpr std::size_t least = detail::model_prefix + detail::checksum_size;
  if (file.size() < least) throw error(path, file.size(), "at least 20 bytes", "the end of the file");
  byte_reader prefix(file.subspan(4), "read_model");
  auto const version = prefix.get<std::uint32_t>();
  if (version != detail::model_version) throw error(path, 4, "format version 1", std::to_string(version));
  auto const length = prefix.get<std::uint64_t>();
  if (length > file.size() - least) {
    throw error(path, 8, "a header that ends inside the file of " + std::to_string(file.size()) + " bytes",
                "a length of " + std::to_string(length));
  }
  std::size_t const body = file.size() - detail::checksum_size;
  auto const stored = byte_reader(file.subspan(body), "read_model").get<std::uint32_t>();
  if (auto const sum = detail::checksum(file.first(body)); sum != stored) {
    throw error(path, body, "the checksum " + std::to_string(sum) + " of what stands before it",
                std::to_string(stored));
  }

  std::size_t const first = detail::model_prefix + static_cast<std::size_t>(length);
  detail::piece_reader source(path, file, first);
  try {
    json const header = json::parse(text.substr(detail::model_prefix, first - detail::model_prefix));
    low_bit_model model;
    for (json const& j : header.at("weights")) model.weights.push_back(detail::read_low_bit(source, j));
    for (json const& j : header.at("floats")) {
      float_tensor t{j.at("name").get<std::string>(), source.extents(j), {}};
      t.values = source.floats(j.at("values"), t.extents.size());
      model.floats.push_back(std::move(t));
    }
    for (auto const& [key, note] : header.at("notes").items()) model.notes[key] = note.get<std::string>();
    source.end();
    return model;
  } catch (nlohmann::json::exception const& e) {
    throw error(path, detail::model_prefix, "a header of a low-bit model", e.what());
  }
}

}  // namespace io

}  // namespace sqwa::inline SQWA_ABI

#endif
