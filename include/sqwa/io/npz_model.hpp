// SPDX-License-Identifier: BSD-3-Clause
// Low-bit models as archives of NumPy's arrays: codes times scales are the weights.
#ifndef SQWA_IO_NPZ_MODEL_HPP
#define SQWA_IO_NPZ_MODEL_HPP

#include <sqwa/core/bytes.hpp>
#include <sqwa/io/error.hpp>
#include <sqwa/io/model_description.hpp>
#include <sqwa/io/npy_array.hpp>
#include <sqwa/io/npz.hpp>
#include <sqwa/nn/low_bit_model.hpp>
#include <sqwa/quant/packed.hpp>
#include <sqwa/tensor/shape.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sqwa::inline SQWA_ABI {

namespace io {

namespace detail {

inline npy_array npy_floats(shape const& extents, std::vector<float> const& values) {
  byte_writer bytes;
  for (float v : values) bytes.put(v);
  return {"<f4", extents, false, std::move(bytes.bytes)};
}

/// Extents with which scales meet their codes by NumPy's rules; where these cannot, one for each block.
inline shape npy_scale_extents(shape const& extents, blocks const& layout) {
  if (layout.count == 1) return shape{};
  auto const axis = scaled_axis(extents, layout);
  if (!axis) return shape{layout.count};
  std::vector<std::size_t> ones(extents.rank(), 1);
  ones[*axis] = layout.count;
  return shape(ones);
}

/// The arrays of a model: the description, then those of weights, then floats.
inline std::vector<npz_member> npz_members(std::filesystem::path const& path, low_bit_model const& model) {
  std::string const text = describe(path, "write_npz_model", model);
  auto const raw = std::as_bytes(std::span(text));
  std::vector<npz_member> all{{std::string(description_name), {"|u1", {text.size()}, false, {raw.begin(), raw.end()}}}};
  for (low_bit_tensor const& t : model.weights) {
    bool const narrow = t.weights.levels <= 255;
    byte_writer codes;
    t.weights.for_each_code([&](std::size_t, int code) {
      if (narrow) {
        codes.put(static_cast<std::int8_t>(code));
      } else {
        codes.put(static_cast<std::int16_t>(code));
      }
    });
    all.push_back({codes_name(t), {narrow ? "|i1" : "<i2", t.extents, false, std::move(codes.bytes)}});
    shape const extents = npy_scale_extents(t.extents, t.weights.layout);
    all.push_back({scales_name(t), npy_floats(extents, t.weights.scales)});
  }
  for (float_tensor const& t : model.floats) all.push_back({t.name, npy_floats(t.extents, t.values)});
  return all;
}

/// The model of these arrays.
inline low_bit_model npz_model(std::filesystem::path const& path, std::vector<npz_member> const& members) {
  std::map<std::string_view, npy_array const*> arrays;
  for (npz_member const& m : members) arrays[m.name] = &m.array;
  std::size_t taken = 0, most = 0;
  for (npz_member const& m : members) most = std::max(most, m.array.bytes.size());
  auto const take = [&](std::string_view name, std::string_view type, std::size_t count) -> std::span<std::byte const> {
    auto const at = arrays.find(name);
    bool const fits = at != arrays.end() && at->second->type == type && !at->second->fortran &&
                      at->second->bytes.size() == count * npy_size(type);
    if (!fits) {
      throw error(path, 0, std::to_string(count) + " values of type " + std::string(type) + " as " + std::string(name),
                  at == arrays.end() ? "no such array" : "another array");
    }
    ++taken;
    return at->second->bytes;
  };
  auto const floats = [&](std::string const& name, std::size_t count) {
    byte_reader bytes(take(name, "<f4", count), "read_npz_model");
    std::vector<float> values(count);
    for (float& v : values) v = bytes.get<float>();
    return values;
  };
  auto const codes = [&]<class Code>(low_bit_tensor& t, std::string_view type, Code) {
    byte_reader bytes(take(codes_name(t), type, t.weights.size()), "read_npz_model");
    std::vector<Code> all(t.weights.size());
    for (Code& c : all) c = bytes.get<Code>();
    if (sqwa::detail::first_outside(std::span<Code const>(all), t.weights.max_code()) != all.size()) {
      throw error(path, 0, "codes of " + std::to_string(t.weights.levels) + " levels as " + codes_name(t), "others");
    }
    t.weights.bytes.resize(packed_bytes(all.size(), t.weights.bits()));
    pack(std::span<Code const>(all), t.weights.bits(), t.weights.max_code(), t.weights.bytes);
  };
  auto const fill = [&]<class Tensor>(Tensor& t) {
    if constexpr (std::same_as<Tensor, low_bit_tensor>) {
      t.weights.scales = floats(scales_name(t), t.weights.layout.count);
      t.weights.levels <= 255 ? codes(t, "|i1", std::int8_t{}) : codes(t, "<i2", std::int16_t{});
    } else {
      t.values = floats(t.name, t.extents.size());
    }
  };
  auto const described = arrays.find(description_name);
  std::size_t const length = described == arrays.end() ? 0 : described->second->bytes.size();
  auto const text = take(description_name, "|u1", length);
  auto model = described_model(path, 0, {reinterpret_cast<char const*>(text.data()), text.size()}, most, fill);
  if (taken != arrays.size()) {
    throw error(path, 0, std::to_string(taken) + " arrays, those that the description names",
                std::to_string(arrays.size()));
  }
  return model;
}

}  // namespace detail

/// Writes a model as an archive of NumPy's arrays, through `write_aside`: the same model gives the same bytes.
///
/// A low-bit tensor NAME becomes NAME.codes, integers of 8 bits (16 for more than 255 levels) with the tensor's
/// extents, and NAME.scales, floats: one, or one for each index of an axis with the other extents 1, so that the
/// product of both arrays is the weights; where blocks are no axis, one for each block. Float tensors keep their names
/// and extents. The bytes "sqwa" are the description in JSON, the notes in it. Throws `error` as `write_npz` does.
/// @pre as for `write_safetensors`
inline void write_npz_model(std::filesystem::path const& path, low_bit_model const& model) {
  write_npz(path, detail::npz_members(path, model));
}

/// Reads what `write_npz_model` wrote, bit for bit, also after NumPy has written the same arrays, deflated or not.
///
/// Throws `error` for files that `read_npz` refuses, and where arrays are missing, too many, of other types or sizes,
/// or hold codes beyond their levels. Memory: the file, its arrays and the model.
[[nodiscard]] inline low_bit_model read_npz_model(std::filesystem::path const& path) {
  return detail::npz_model(path, read_npz(path));
}

}  // namespace io

}  // namespace sqwa::inline SQWA_ABI

#endif
