// SPDX-License-Identifier: BSD-3-Clause
// One low-bit model as bytes: magic, version, JSON header, payload, checksum. docs/files.md draws them.
#ifndef SQWA_IO_MODEL_BYTES_HPP
#define SQWA_IO_MODEL_BYTES_HPP

#include <sqwa/core/bytes.hpp>
#include <sqwa/core/contract.hpp>
#include <sqwa/io/error.hpp>
#include <sqwa/io/json_header.hpp>
#include <sqwa/io/pieces.hpp>
#include <sqwa/nn/low_bit_model.hpp>
#include <sqwa/nn/low_bit_model_view.hpp>
#include <sqwa/quant/granularity.hpp>
#include <sqwa/quant/packed.hpp>
#include <sqwa/quant/packed_view.hpp>
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
inline char const* value_fault(packed_view const& p) {
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

/// Makes models that own their numbers.
struct owning {
  using model = low_bit_model;
  using weights = low_bit_tensor;
  using floats = float_tensor;
  static std::vector<float> numbers(piece_reader const&, std::span<std::byte const> bytes) {
    byte_reader source(bytes, "read_model");
    std::vector<float> values(bytes.size() / sizeof(float));
    for (float& v : values) v = source.get<float>();
    return values;
  }
  static std::vector<std::byte> codes(std::span<std::byte const> bytes) { return {bytes.begin(), bytes.end()}; }
};

/// Makes models that look at the bytes they were read from; on little-endian machines only.
struct viewing {
  using model = low_bit_model_view;
  using weights = low_bit_tensor_view;
  using floats = float_tensor_view;
  static std::span<float const> numbers(piece_reader const& source, std::span<std::byte const> bytes) {
    if (reinterpret_cast<std::uintptr_t>(bytes.data()) % alignof(float) != 0) {
      source.fail("floats at a multiple of four before here", "others");
    }
    return {reinterpret_cast<float const*>(bytes.data()), bytes.size() / sizeof(float)};
  }
  static std::span<std::byte const> codes(std::span<std::byte const> bytes) { return bytes; }
};

template <class How>
typename How::weights read_low_bit(piece_reader& source, json const& j) {
  typename How::weights t{j.at("name").get<std::string>(), source.extents(j), {}};
  std::size_t const levels = source.number(j, "levels");
  t.weights.levels = levels <= 65'535 ? static_cast<int>(levels) : 0;
  auto const& b = j.at("blocks");
  t.weights.layout = {t.extents.size(), source.number(b, "outer"), source.number(b, "count"),
                      source.number(b, "inner")};
  if (char const* fault = layout_fault(t.weights.levels, t.weights.layout)) source.fail(fault, j.dump());
  auto const bits = static_cast<std::size_t>(t.weights.bits());
  if (source.number(j, "bits") != bits) source.fail(std::to_string(bits) + " bits for these levels", j.dump());
  t.weights.scales = How::numbers(source, source.floats(j.at("scales"), t.weights.layout.count));
  t.weights.bytes = How::codes(source.bytes(j.at("codes"), packed_bytes(t.weights.size(), t.weights.bits())));
  if (char const* fault = value_fault(t.weights))
    source.fail(std::string(fault) + " before here", "others in " + t.name);
  return t;
}

/// Breaks a precondition unless every tensor has the size that its extents say, a sound layout, one finite scale for
/// each block, and packed codes within its levels.
inline void check_model(char const* who, low_bit_model const& model) {
  for (low_bit_tensor const& t : model.weights) {
    packed const& p = t.weights;
    char const* const fault = layout_fault(p.levels, p.layout);
    expects(fault == nullptr, "{}: {} needs {}", who, t.name, fault != nullptr ? fault : "");
    expects(t.extents.size() == p.size(), "{}: {} has {} codes, but extents for {}", who, t.name, p.size(),
            t.extents.size());
    expects(p.scales.size() == p.layout.count, "{}: {} has {} scales for {} blocks", who, t.name, p.scales.size(),
            p.layout.count);
    expects(p.bytes.size() == packed_bytes(p.size(), p.bits()), "{}: {} has {} bytes of codes, not {}", who, t.name,
            p.bytes.size(), packed_bytes(p.size(), p.bits()));
    char const* const wrong = value_fault(p);
    expects(wrong == nullptr, "{}: {} needs {}", who, t.name, wrong != nullptr ? wrong : "");
  }
  for (float_tensor const& t : model.floats) {
    expects(t.extents.size() == t.values.size(), "{}: {} has {} values, but extents for {}", who, t.name,
            t.values.size(), t.extents.size());
  }
}

/// The bytes of a model: the same model gives the same bytes. `path` is for messages, `who` for broken preconditions.
inline std::vector<std::byte> model_bytes(std::filesystem::path const& path, char const* who,
                                          low_bit_model const& model) {
  check_model(who, model);
  json header{{"weights", json::array()}, {"floats", json::array()}, {"notes", json::object()}};
  piece_writer pieces;
  for (low_bit_tensor const& t : model.weights) {
    packed const& p = t.weights;
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
    json entry{{"name", t.name}, {"extents", std::vector<std::size_t>(t.extents.begin(), t.extents.end())}};
    entry["values"] = {{"offset", pieces.put(std::span<float const>(t.values))}, {"count", t.values.size()}};
    header["floats"].push_back(std::move(entry));
  }
  for (auto const& [key, note] : model.notes) header["notes"][key] = note;

  std::string text;
  try {
    text = header.dump();
  } catch (nlohmann::json::type_error const& e) {
    throw error(path, model_prefix, "names and notes in UTF-8", e.what());
  }
  text.resize((text.size() + 7) / 8 * 8, ' ');  // the payload begins at a multiple of eight
  auto const put_all = [](byte_writer& to, std::span<std::byte const> b) {
    to.bytes.insert(to.bytes.end(), b.begin(), b.end());
  };
  byte_writer file;
  file.bytes.reserve(model_prefix + text.size() + pieces.payload().size() + checksum_size);
  put_all(file, std::as_bytes(std::span(model_magic)));
  file.put(model_version);
  file.put(static_cast<std::uint64_t>(text.size()));
  put_all(file, std::as_bytes(std::span(text)));
  put_all(file, pieces.payload());
  file.put(checksum(file.bytes));
  return std::move(file.bytes);
}

/// The model in `file`, which begins at `base` of the file called `path`: `owning` its numbers or `viewing` them.
template <class How>
typename How::model read_model_bytes(std::filesystem::path const& path, std::span<std::byte const> file,
                                     std::uint64_t base = 0) {
  constexpr char const* who = "read_model";
  std::string_view const text(reinterpret_cast<char const*>(file.data()), file.size());
  if (!text.starts_with(model_magic)) throw error(path, base, "the four bytes SQWA", "other bytes or none");
  constexpr std::size_t least = model_prefix + checksum_size;
  if (file.size() < least) throw error(path, base + file.size(), "at least 20 bytes", "the end of the file");
  byte_reader prefix(file.subspan(4), who);
  auto const version = prefix.get<std::uint32_t>();
  if (version != model_version) throw error(path, base + 4, "format version 1", std::to_string(version));
  auto const length = prefix.get<std::uint64_t>();
  if (length > file.size() - least) {
    throw error(path, base + 8, "a header that ends inside the file of " + std::to_string(file.size()) + " bytes",
                "a length of " + std::to_string(length));
  }
  std::size_t const body = file.size() - checksum_size;
  auto const stored = byte_reader(file.subspan(body), who).get<std::uint32_t>();
  if (auto const sum = checksum(file.first(body)); sum != stored) {
    throw error(path, base + body, "the checksum " + std::to_string(sum) + " of what stands before it",
                std::to_string(stored));
  }

  std::size_t const first = model_prefix + static_cast<std::size_t>(length);
  piece_reader source(path, file, first, base);
  try {
    json const header = parse_header(path, base + model_prefix, text.substr(model_prefix, first - model_prefix));
    typename How::model model;
    for (json const& j : header.at("weights")) model.weights.push_back(read_low_bit<How>(source, j));
    for (json const& j : header.at("floats")) {
      typename How::floats t{j.at("name").get<std::string>(), source.extents(j), {}};
      t.values = How::numbers(source, source.floats(j.at("values"), t.extents.size()));
      model.floats.push_back(std::move(t));
    }
    for (auto const& [key, note] : header.at("notes").items()) model.notes[key] = note.template get<std::string>();
    source.end();
    return model;
  } catch (nlohmann::json::exception const& e) {
    throw error(path, base + model_prefix, "a header of a low-bit model", e.what());
  }
}

}  // namespace detail

}  // namespace io

}  // namespace sqwa::inline SQWA_ABI

#endif
