// SPDX-License-Identifier: BSD-3-Clause
// What a low-bit model is beside its numbers, as JSON: for files of others that hold only arrays with names.
#ifndef SQWA_IO_MODEL_DESCRIPTION_HPP
#define SQWA_IO_MODEL_DESCRIPTION_HPP

#include <sqwa/core/contract.hpp>
#include <sqwa/io/error.hpp>
#include <sqwa/io/json_header.hpp>
#include <sqwa/io/model_bytes.hpp>
#include <sqwa/nn/low_bit_model.hpp>
#include <sqwa/quant/granularity.hpp>
#include <sqwa/tensor/shape.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sqwa::inline SQWA_ABI {

namespace io {

namespace detail {

inline constexpr std::string_view description_name = "sqwa";  // of what holds the description
inline std::string codes_name(low_bit_tensor const& t) { return t.name + ".codes"; }
inline std::string scales_name(low_bit_tensor const& t) { return t.name + ".scales"; }

/// The axis whose indices have a scale each; none where one scale serves all, or blocks lie otherwise.
inline std::optional<std::size_t> scaled_axis(shape const& extents, blocks const& layout) {
  for (std::size_t axis = 0; layout.count != 1 && axis != extents.rank(); ++axis) {
    if (layout == per_channel{axis}(extents)) return axis;
  }
  return std::nullopt;
}

/// The description of a model that was checked: {"version", "weights", "floats", "notes"}.
/// @pre the names of the arrays, NAME.codes, NAME.scales and those of floats, differ
inline std::string describe(std::filesystem::path const& path, char const* who, low_bit_model const& model) {
  check_model(who, model);
  std::set<std::string> names{std::string(description_name), "__metadata__"};  // safetensors keeps the latter
  auto const claim = [&](std::string const& name) {
    expects(names.insert(name).second, "{}: two arrays would have the name {}", who, name);
  };
  auto const entry = [](auto const& t) {
    return json{{"name", t.name}, {"extents", std::vector<std::size_t>(t.extents.begin(), t.extents.end())}};
  };
  json all{{"version", 1U}, {"weights", json::array()}, {"floats", json::array()}, {"notes", json::object()}};
  for (low_bit_tensor const& t : model.weights) {
    claim(codes_name(t));
    claim(scales_name(t));
    blocks const& b = t.weights.layout;
    json j = entry(t);
    j["levels"] = static_cast<std::size_t>(t.weights.levels);
    j["bits"] = static_cast<std::size_t>(t.weights.bits());
    j["blocks"] = {{"outer", b.outer}, {"count", b.count}, {"inner", b.inner}};
    all["weights"].push_back(std::move(j));
  }
  for (float_tensor const& t : model.floats) {
    claim(t.name);
    all["floats"].push_back(entry(t));
  }
  for (auto const& [key, note] : model.notes) all["notes"][key] = note;
  try {
    return all.dump();
  } catch (nlohmann::json::type_error const& e) {
    throw error(path, 0, "names and notes in UTF-8", e.what());
  }
}

/// The model of a description, at byte `offset` of the file. `fill(weights)` and `fill(floats)` put in the numbers, and
/// throw where there are not as many as the extents, levels and blocks say. No tensor has more than `most` elements.
template <class Fill>
low_bit_model described_model(std::filesystem::path const& path, std::uint64_t offset, std::string_view text,
                              std::size_t most, Fill fill) {
  json const header = parse_header(path, offset, text);
  auto const fail = [&](std::string const& expected, std::string const& found) {
    throw error(path, offset, expected, found);
  };
  try {
    if (header.at("version") != 1U) fail("version 1 of the description", header.at("version").dump());
    low_bit_model model;
    for (json const& j : header.at("weights")) {
      low_bit_tensor t{j.at("name").get<std::string>(), header_extents(j, most, fail), {}};
      std::size_t const levels = header_count(j, "levels", fail);
      t.weights.levels = levels <= 65'535 ? static_cast<int>(levels) : 0;
      json const& b = j.at("blocks");
      t.weights.layout = {t.extents.size(), header_count(b, "outer", fail), header_count(b, "count", fail),
                          header_count(b, "inner", fail)};
      if (char const* fault = layout_fault(t.weights.levels, t.weights.layout)) fail(fault, j.dump());
      fill(t);
      if (char const* fault = value_fault(t.weights)) fail(fault, "others in " + t.name);
      model.weights.push_back(std::move(t));
    }
    for (json const& j : header.at("floats")) {
      float_tensor t{j.at("name").get<std::string>(), header_extents(j, most, fail), {}};
      fill(t);
      model.floats.push_back(std::move(t));
    }
    for (auto const& [key, note] : header.at("notes").items()) model.notes[key] = note.template get<std::string>();
    return model;
  } catch (nlohmann::json::exception const& e) {
    throw error(path, offset, "the description of a low-bit model", e.what());
  }
}

}  // namespace detail

}  // namespace io

}  // namespace sqwa::inline SQWA_ABI

#endif
