// SPDX-License-Identifier: BSD-3-Clause
// JSON in the headers of files: parsed with every name once and little nesting; counts and extents taken out of it.
#ifndef SQWA_IO_JSON_HEADER_HPP
#define SQWA_IO_JSON_HEADER_HPP

#include <sqwa/io/error.hpp>
#include <sqwa/tensor/shape.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace sqwa::inline SQWA_ABI {

namespace io {

namespace detail {

using json = nlohmann::ordered_json;

/// The JSON that begins at byte `offset` of the file. Throws `error` for other text, for a name that comes twice in one
/// object, and for more than 16 levels, since printing a value goes as deep as it is nested.
inline json parse_header(std::filesystem::path const& path, std::uint64_t offset, std::string_view text) {
  constexpr int deepest = 16;
  std::vector<std::set<std::string>> names;
  auto const look = [&](int depth, json::parse_event_t event, json& value) {
    if (depth > deepest) throw error(path, offset, "a header of at most 16 levels", "more");
    if (event == json::parse_event_t::object_start) names.emplace_back();
    if (event == json::parse_event_t::object_end) names.pop_back();
    if (event == json::parse_event_t::key && !names.back().insert(value.get<std::string>()).second) {
      throw error(path, offset, "a header with every name once", value.get<std::string>() + " again");
    }
    return true;
  };
  try {
    return json::parse(text, look);
  } catch (nlohmann::json::exception const& e) {
    throw error(path, offset, "a header in JSON", e.what());
  }
}

/// An unsigned number of a header; `fail(expected, found)` throws.
template <class Fail>
std::size_t header_count(json const& j, char const* key, Fail fail) {
  auto const& value = j.at(key);
  if (!value.is_number_unsigned()) fail(std::string("a count as \"") + key + "\"", value.dump());
  return value.template get<std::size_t>();
}

/// Extents whose product neither overflows nor exceeds `most`; `fail(expected, found)` throws.
template <class Fail>
shape header_extents(json const& j, std::size_t most, Fail fail, char const* key = "extents") {
  auto const& list = j.at(key);
  if (!list.is_array() || list.size() > shape::max_rank) fail("a list of at most 8 extents", list.dump());
  std::vector<std::size_t> extents;
  std::size_t product = 1;
  for (auto const& extent : list) {
    if (!extent.is_number_unsigned()) fail("counts as extents", list.dump());
    extents.push_back(extent.template get<std::size_t>());
    std::size_t const factor = std::max<std::size_t>(extents.back(), 1);
    if (product > most / factor) fail("extents that fit in the file", list.dump());
    product *= factor;
  }
  return shape(extents);
}

}  // namespace detail

}  // namespace io

}  // namespace sqwa::inline SQWA_ABI

#endif
