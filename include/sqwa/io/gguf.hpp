// SPDX-License-Identifier: BSD-3-Clause
// Low-bit models as GGUF, the file of ggml: ternary weights in blocks, the others as floats.
#ifndef SQWA_IO_GGUF_HPP
#define SQWA_IO_GGUF_HPP

#include <sqwa/core/bytes.hpp>
#include <sqwa/core/contract.hpp>
#include <sqwa/io/file.hpp>
#include <sqwa/io/model_bytes.hpp>
#include <sqwa/nn/low_bit_model.hpp>
#include <sqwa/quant/ggml.hpp>
#include <sqwa/quant/packed.hpp>
#include <sqwa/quant/scale_format.hpp>
#include <sqwa/tensor/shape.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sqwa::inline SQWA_ABI {

namespace io {

/// How weights are stored: in ternary blocks of ggml, 2.06 or 1.69 bits a weight, or as floats of 32 bits.
enum class gguf_type { tq2_0, tq1_0, f32 };

struct gguf_options {
  gguf_type type = gguf_type::tq2_0;
  bool float_elsewhere = false;       ///< store weights that `type` cannot hold as floats, instead of refusing them
  std::string architecture = "sqwa";  ///< the value of general.architecture
};

namespace detail {

// github.com/ggml-org/ggml, docs/gguf.md; the numbers of types are those of ggml_type in include/ggml.h.
inline constexpr std::size_t gguf_alignment = 32;
inline constexpr std::size_t gguf_longest_name = 63;  // GGML_MAX_NAME counts the zero behind it
inline constexpr std::size_t gguf_most_extents = 4;
inline constexpr std::uint32_t gguf_f32 = 0, gguf_tq1_0 = 34, gguf_tq2_0 = 35;
inline constexpr std::uint32_t gguf_uint32 = 4, gguf_string = 8;  // types of values

/// Why the ternary types cannot hold a tensor; nullptr if they can.
inline char const* gguf_fault(low_bit_tensor const& t) {
  packed const& p = t.weights;
  std::size_t const row = t.extents.rank() == 0 ? 1 : t.extents[t.extents.rank() - 1];
  if (p.levels != 3) return "three levels";
  if (row % tq2_0::block != 0) return "rows, the last extent, of a multiple of 256 weights";
  if (p.layout.count != 1 && p.layout.inner % tq2_0::block != 0) return "one scale for each 256 weights of a row";
  bool const exact = std::ranges::all_of(p.scales, [](float s) { return s >= 0 && f16::decode(f16::encode(s)) == s; });
  if (!exact) return "scales that are fp16 numbers and not negative (train with the scale format f16)";
  return nullptr;
}

/// A tensor on its way into a file.
struct gguf_tensor {
  std::string name;
  shape extents;
  std::uint32_t type = gguf_f32;
  std::vector<std::byte> bytes;
};

inline std::vector<std::byte> float_bytes(std::span<float const> values) {
  byte_writer out;
  for (float v : values) out.put(v);
  return std::move(out.bytes);
}

inline gguf_tensor gguf_weights(low_bit_tensor const& t, gguf_options const& options) {
  packed const& p = t.weights;
  char const* const fault = options.type == gguf_type::f32 ? nullptr : gguf_fault(t);
  expects(fault == nullptr || options.float_elsewhere,
          "write_gguf: {} cannot be stored in ternary blocks, which need {}", t.name, fault != nullptr ? fault : "");
  if (fault != nullptr || options.type == gguf_type::f32) {
    std::vector<float> values(p.size());
    p.decode(std::span(values));
    return {t.name, t.extents, gguf_f32, float_bytes(values)};
  }
  bool const two = options.type == gguf_type::tq2_0;
  std::vector<std::byte> bytes(two ? ggml_bytes(tq2_0{}, p.size()) : ggml_bytes(tq1_0{}, p.size()));
  two ? write_ggml(tq2_0{}, p, bytes) : write_ggml(tq1_0{}, p, bytes);
  return {t.name, t.extents, two ? gguf_tq2_0 : gguf_tq1_0, std::move(bytes)};
}

inline std::vector<std::byte> gguf_bytes(low_bit_model const& model, gguf_options const& options) {
  check_model("write_gguf", model);
  std::vector<gguf_tensor> tensors;
  for (low_bit_tensor const& t : model.weights) tensors.push_back(gguf_weights(t, options));
  for (float_tensor const& t : model.floats) tensors.push_back({t.name, t.extents, gguf_f32, float_bytes(t.values)});
  std::set<std::string_view> names;
  for (gguf_tensor const& t : tensors) {
    expects(names.insert(t.name).second, "write_gguf: two tensors have the name {}", t.name);
    expects(t.name.size() <= gguf_longest_name, "write_gguf: the name {} has {} bytes; ggml takes {}", t.name,
            t.name.size(), gguf_longest_name);
    expects(t.extents.rank() <= gguf_most_extents && t.extents.size() > 0,
            "write_gguf: {} has {} extents and {} values; ggml takes at most 4 and at least 1", t.name,
            t.extents.rank(), t.extents.size());
  }
  byte_writer file;
  auto const pad = [&] {
    while (file.bytes.size() % gguf_alignment != 0) file.put(std::uint8_t{0});
  };
  auto const key = [&](std::string const& name, std::uint32_t type) {
    file.put_text(name);
    file.put(type);
  };
  for (char c : std::string_view("GGUF")) file.put(c);
  file.put(std::uint32_t{3});
  file.put(static_cast<std::uint64_t>(tensors.size()));
  file.put(static_cast<std::uint64_t>(2 + model.notes.size()));
  key("general.architecture", gguf_string);
  file.put_text(options.architecture);
  key("general.alignment", gguf_uint32);
  file.put(static_cast<std::uint32_t>(gguf_alignment));
  for (auto const& [name, note] : model.notes) {
    key("sqwa.note." + name, gguf_string);
    file.put_text(note);
  }
  std::uint64_t at = 0;
  for (gguf_tensor const& t : tensors) {
    std::size_t const rank = std::max<std::size_t>(t.extents.rank(), 1);
    file.put_text(t.name);
    file.put(static_cast<std::uint32_t>(rank));
    for (std::size_t i = rank; i-- != 0;) {  // ggml's first extent is the fastest
      file.put(static_cast<std::uint64_t>(t.extents.rank() == 0 ? 1 : t.extents[i]));
    }
    file.put(t.type);
    file.put(at);
    at += (t.bytes.size() + gguf_alignment - 1) / gguf_alignment * gguf_alignment;
  }
  pad();
  for (gguf_tensor const& t : tensors) {
    file.bytes.insert(file.bytes.end(), t.bytes.begin(), t.bytes.end());
    pad();
  }
  return std::move(file.bytes);
}

}  // namespace detail

/// Writes a model as GGUF, version 3, through `write_aside`: the same model gives the same bytes.
///
/// Weights become tensors of `options.type`, float tensors F32, under their names; a note NAME becomes the text
/// sqwa.note.NAME. What is stored decodes to the model's values exactly: nothing is padded or rounded. The ternary
/// types hold three levels in rows (the last extent) of a multiple of 256 weights, no block of 256 with two scales,
/// scales that are fp16 numbers; other weights are refused, or with `float_elsewhere` stored as floats. ggml reads such
/// files as tensors with names; no program of it knows the architecture "sqwa". Throws `error` when writing fails.
/// Memory: the file twice.
/// @pre as for `write_model`; names that differ, of at most 63 bytes; 1 to 4 extents or none; no empty tensor; weights
///      that the type holds, unless `float_elsewhere`
inline void write_gguf(std::filesystem::path const& path, low_bit_model const& model,
                       gguf_options const& options = {}) {
  write_aside(path, detail::gguf_bytes(model, options));
}

}  // namespace io

}  // namespace sqwa::inline SQWA_ABI

#endif
