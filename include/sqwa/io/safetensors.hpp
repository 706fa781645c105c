// SPDX-License-Identifier: BSD-3-Clause
// Low-bit models as safetensors, which the tools of Hugging Face open.
#ifndef SQWA_IO_SAFETENSORS_HPP
#define SQWA_IO_SAFETENSORS_HPP

#include <sqwa/core/bytes.hpp>
#include <sqwa/io/error.hpp>
#include <sqwa/io/file.hpp>
#include <sqwa/io/json_header.hpp>
#include <sqwa/io/model_description.hpp>
#include <sqwa/nn/low_bit_model.hpp>
#include <sqwa/quant/packed.hpp>
#include <sqwa/tensor/shape.hpp>

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sqwa::inline SQWA_ABI {

namespace io {

namespace detail {

inline constexpr std::size_t safetensors_prefix = 8;             // the length of the header
inline constexpr std::size_t safetensors_longest = 100'000'000;  // what the format allows a header
inline constexpr char const* safetensors_notes = "__metadata__";

/// One array of a file, where it lies.
struct safetensors_array {
  std::string type;
  shape extents;
  std::span<std::byte const> bytes;
};

struct safetensors_content {
  std::map<std::string, safetensors_array> arrays;
  std::map<std::string, std::string> notes;
};

/// The bytes of an element; 0 for types that are not whole bytes or not known.
inline std::size_t safetensors_size(std::string_view type) {
  constexpr std::array<std::pair<std::string_view, std::size_t>, 15> sizes{{{"F64", 8},
                                                                            {"I64", 8},
                                                                            {"U64", 8},
                                                                            {"F32", 4},
                                                                            {"I32", 4},
                                                                            {"U32", 4},
                                                                            {"F16", 2},
                                                                            {"BF16", 2},
                                                                            {"I16", 2},
                                                                            {"U16", 2},
                                                                            {"I8", 1},
                                                                            {"U8", 1},
                                                                            {"BOOL", 1},
                                                                            {"F8_E4M3", 1},
                                                                            {"F8_E5M2", 1}}};
  auto const* const found = std::ranges::find(sizes, type, &std::pair<std::string_view, std::size_t>::first);
  return found == sizes.end() ? 0 : found->second;
}

/// All arrays of a file. They fill what follows the header, without gap or overlap.
inline safetensors_content view_safetensors(std::filesystem::path const& path, std::span<std::byte const> file) {
  if (file.size() < safetensors_prefix) throw error(path, file.size(), "the length of a header", "the end of the file");
  auto const length = byte_reader(file, "read_safetensors").get<std::uint64_t>();
  if (length > std::min(file.size() - safetensors_prefix, safetensors_longest)) {
    throw error(path, 0, "a header that ends inside the file", "a length of " + std::to_string(length));
  }
  std::string_view const text(reinterpret_cast<char const*>(file.data()) + safetensors_prefix, length);
  auto const fail = [&](std::string const& expected, std::string const& found) {
    throw error(path, safetensors_prefix, expected, found);
  };
  if (!text.starts_with('{')) fail("a header that begins with {", "other bytes");
  json const header = parse_header(path, safetensors_prefix, text);
  auto const payload = file.subspan(safetensors_prefix + text.size());
  safetensors_content all;
  std::vector<std::pair<std::size_t, std::size_t>> places;
  try {
    for (auto const& [name, j] : header.items()) {
      if (name == safetensors_notes) {
        for (auto const& [key, note] : j.items()) all.notes[key] = note.get<std::string>();
        continue;
      }
      safetensors_array a{j.at("dtype").get<std::string>(), header_extents(j, payload.size(), fail, "shape"), {}};
      std::size_t const each = safetensors_size(a.type);
      if (each == 0) fail("a type of whole bytes that is known", a.type);
      json const& place = j.at("data_offsets");
      bool const pair =
          place.is_array() && place.size() == 2 && place[0].is_number_unsigned() && place[1].is_number_unsigned();
      if (!pair) fail("two offsets", place.dump());
      auto const first = place[0].get<std::size_t>(), last = place[1].get<std::size_t>();
      if (first > last || last > payload.size()) fail("offsets inside the file", place.dump());
      if (last - first != a.extents.size() * each)
        fail("offsets as far apart as the extents of " + name + " say", j.dump());
      a.bytes = payload.subspan(first, last - first);
      places.emplace_back(first, last);
      all.arrays.emplace(name, std::move(a));
    }
  } catch (nlohmann::json::exception const& e) {
    throw error(path, safetensors_prefix, "a header of safetensors", e.what());
  }
  std::ranges::sort(places);
  std::size_t end = 0;
  for (auto const& [first, last] : places) {
    if (first != end) fail("an array that begins at offset " + std::to_string(end), std::to_string(first));
    end = last;
  }
  if (end != payload.size()) fail("arrays that fill the file", std::to_string(payload.size() - end) + " bytes more");
  return all;
}

/// The bytes of a model as a file. `path` is for messages.
inline std::vector<std::byte> safetensors_bytes(std::filesystem::path const& path, low_bit_model const& model) {
  json header{{safetensors_notes, {{description_name, describe(path, "write_safetensors", model)}}}};
  byte_writer payload;
  auto const enter = [&](std::string const& name, char const* type, std::vector<std::size_t> const& extents,
                         std::size_t first) {
    header[name] = {{"dtype", type}, {"shape", extents}, {"data_offsets", {first, payload.bytes.size()}}};
  };
  auto const put = [&](std::string const& name, std::vector<std::size_t> const& extents,
                       std::vector<float> const& values) {
    std::size_t const first = payload.bytes.size();
    for (float v : values) payload.put(v);
    enter(name, "F32", extents, first);
  };
  for (float_tensor const& t : model.floats) put(t.name, {t.extents.begin(), t.extents.end()}, t.values);
  for (low_bit_tensor const& t : model.weights) put(scales_name(t), {t.weights.scales.size()}, t.weights.scales);
  for (low_bit_tensor const& t : model.weights) {  // behind all floats, which lie at multiples of four then
    std::size_t const first = payload.bytes.size();
    payload.bytes.insert(payload.bytes.end(), t.weights.bytes.begin(), t.weights.bytes.end());
    enter(codes_name(t), "U8", {t.weights.bytes.size()}, first);
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');
  if (text.size() > safetensors_longest)
    throw error(path, 0, "a header of at most 100 MB", std::to_string(text.size()));
  byte_writer file;
  file.put_text(text);
  file.bytes.insert(file.bytes.end(), payload.bytes.begin(), payload.bytes.end());
  return std::move(file.bytes);
}

/// The model in the bytes of a file.
inline low_bit_model safetensors_model(std::filesystem::path const& path, std::span<std::byte const> file) {
  auto const content = view_safetensors(path, file);
  auto const note = content.notes.find(std::string(description_name));
  if (note == content.notes.end()) {
    throw error(path, safetensors_prefix, "metadata \"sqwa\", the description of a low-bit model", "none");
  }
  std::size_t taken = 0;
  auto const take = [&](std::string const& name, char const* type, std::size_t count) {
    auto const at = content.arrays.find(name);
    bool const fits = at != content.arrays.end() && at->second.type == type && at->second.extents.size() == count;
    if (!fits) {
      throw error(path, safetensors_prefix, std::to_string(count) + " values of type " + type + " as " + name,
                  at == content.arrays.end() ? "no such array" : "another array");
    }
    ++taken;
    return at->second.bytes;
  };
  auto const floats = [&](std::string const& name, std::size_t count) {
    byte_reader bytes(take(name, "F32", count), "read_safetensors");
    std::vector<float> values(count);
    for (float& v : values) v = bytes.get<float>();
    return values;
  };
  auto const fill = [&]<class Tensor>(Tensor& t) {
    if constexpr (std::same_as<Tensor, low_bit_tensor>) {
      t.weights.scales = floats(scales_name(t), t.weights.layout.count);
      auto const codes = take(codes_name(t), "U8", packed_bytes(t.weights.size(), t.weights.bits()));
      t.weights.bytes.assign(codes.begin(), codes.end());
    } else {
      t.values = floats(t.name, t.extents.size());
    }
  };
  auto model = described_model(path, safetensors_prefix, note->second, file.size() * 8, fill);
  if (taken != content.arrays.size()) {
    throw error(path, safetensors_prefix, "the arrays that the description names",
                std::to_string(content.arrays.size()) + " arrays instead of " + std::to_string(taken));
  }
  return model;
}

}  // namespace detail

/// Writes a model as safetensors, through `write_aside`: the same model gives the same bytes.
///
/// A low-bit tensor NAME becomes NAME.codes, packed as in `packed::bytes`, of type U8, and NAME.scales of type F32, one
/// for each block; float tensors keep their names and extents. The metadata "sqwa" describes levels, blocks and
/// extents, and holds the notes; docs/files.md has the details and a decoder.
/// The format: github.com/huggingface/safetensors. Throws `error` when writing fails, and for names or notes that are
/// not UTF-8. Memory: three times the packed model.
/// @pre as for `write_model`; no two arrays get one name, and none is called "sqwa" or "__metadata__"
inline void write_safetensors(std::filesystem::path const& path, low_bit_model const& model) {
  write_aside(path, detail::safetensors_bytes(path, model));
}

/// Reads what `write_safetensors` wrote, bit for bit; other safetensors are refused, as they have no description.
///
/// Throws `error` for a file that is missing, truncated or foreign, for offsets that overlap, leave gaps or lie
/// outside, for names that come twice, unknown types, sizes that do not fit their extents, and arrays that the
/// description does not name. Nothing is allocated on the word of the header. Memory: the file, its header and the
/// model.
[[nodiscard]] inline low_bit_model read_safetensors(std::filesystem::path const& path) {
  return detail::safetensors_model(path, read_file(path));
}

}  // namespace io

}  // namespace sqwa::inline SQWA_ABI

#endif
