// SPDX-License-Identifier: BSD-3-Clause
// A graph of ONNX that grows node by node, and the file that it becomes.
#ifndef SQWA_IO_ONNX_GRAPH_HPP
#define SQWA_IO_ONNX_GRAPH_HPP

#include <sqwa/core/bytes.hpp>
#include <sqwa/io/protobuf.hpp>
#include <sqwa/tensor/shape.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace sqwa::inline SQWA_ABI {

namespace io {

namespace detail {

struct onnx_attribute {
  std::string name;
  std::variant<float, std::int64_t, std::vector<std::int64_t>> value;
};

using onnx_extents = std::vector<std::int64_t>;

/// The elements with the axes in another order.
template <class T>
std::vector<T> with_axes(shape const& extents, std::vector<std::size_t> const& axes, std::vector<T> const& values) {
  std::array<std::size_t, shape::max_rank> stride{}, index{};
  std::size_t const rank = extents.rank();
  for (std::size_t i = rank, size = 1; i-- != 0; size *= extents[i]) stride[i] = size;
  std::vector<T> turned(values.size());
  for (T& to : turned) {
    std::size_t from = 0;
    for (std::size_t i = 0; i != rank; ++i) from += index[i] * stride[axes[i]];
    to = values[from];
    for (std::size_t i = rank; i-- != 0 && ++index[i] == extents[axes[i]];) index[i] = 0;
  }
  return turned;
}

/// The numbers of fields and types are those of onnx/onnx.proto, github.com/onnx/onnx.
class onnx_graph {
 public:
  /// Adds a node whose only output is called `output`, and returns this name.
  std::string node(std::string const& type, std::vector<std::string> const& inputs, std::string output,
                   std::vector<onnx_attribute> const& attributes = {}) {
    protobuf_message n;
    for (std::string const& input : inputs) n.text(1, input);
    n.text(2, output);
    n.text(3, output);
    n.text(4, type);
    for (onnx_attribute const& a : attributes) n.message(5, attribute(a));
    graph_.message(1, n);
    return output;
  }

  /// Adds a tensor with values and returns its name.
  std::string floats(std::string const& name, onnx_extents const& extents, std::span<float const> values) {
    byte_writer raw;
    for (float v : values) raw.put(v);
    return tensor(name, extents, 1, raw.bytes);
  }
  std::string integers(std::string const& name, std::vector<std::int64_t> const& values) {
    byte_writer raw;
    for (std::int64_t v : values) raw.put(v);
    return tensor(name, {static_cast<std::int64_t>(values.size())}, 7, raw.bytes);
  }

  /// Codes in 2, 4 or 8 bits, in two's complement, the first of a byte in its lowest bits. The opset becomes one that
  /// knows the type.
  std::string codes(std::string const& name, onnx_extents const& extents, std::span<std::int8_t const> values,
                    int bits) {
    auto const width = static_cast<unsigned>(bits);
    unsigned const each = 8 / width, mask = (1U << width) - 1;
    std::vector<std::byte> raw((values.size() + each - 1) / each);
    for (std::size_t i = 0; i != values.size(); ++i) {
      raw[i / each] |= static_cast<std::byte>((static_cast<unsigned>(values[i]) & mask) << (i % each * width));
    }
    if (bits < 8) need(bits == 4 ? version{21, 10} : version{25, 13});
    return tensor(name, extents, bits == 8 ? 3 : bits == 4 ? 22 : 26, raw);
  }

  /// The file, with one input and one output of floats whose first extent is free.
  [[nodiscard]] std::vector<std::byte> file(std::string const& input, onnx_extents const& input_extents,
                                            std::string const& output, onnx_extents const& output_extents,
                                            std::map<std::string, std::string> const& notes) const {
    protobuf_message graph = graph_;
    graph.text(2, "sqwa");
    graph.message(11, value(input, input_extents));
    graph.message(12, value(output, output_extents));
    protobuf_message opset, model;
    opset.text(1, "");
    opset.integer(2, version_.opset);
    model.integer(1, version_.file);
    model.text(2, "sqwa");
    model.message(7, graph);
    model.message(8, opset);
    for (auto const& [key, note] : notes) {
      protobuf_message entry;
      entry.text(1, key);
      entry.text(2, note);
      model.message(14, entry);
    }
    return {model.bytes().begin(), model.bytes().end()};
  }

 private:
  struct version {
    unsigned opset, file;
  };
  void need(version v) { version_ = {std::max(version_.opset, v.opset), std::max(version_.file, v.file)}; }

  static protobuf_message attribute(onnx_attribute const& a) {
    protobuf_message m;
    m.text(1, a.name);
    if (auto const* const real = std::get_if<float>(&a.value)) {
      m.number(2, *real);
      m.integer(20, 1);
    } else if (auto const* const whole = std::get_if<std::int64_t>(&a.value)) {
      m.integer(3, static_cast<std::uint64_t>(*whole));
      m.integer(20, 2);
    } else {
      for (std::int64_t v : std::get<onnx_extents>(a.value)) m.integer(8, static_cast<std::uint64_t>(v));
      m.integer(20, 7);
    }
    return m;
  }

  std::string tensor(std::string name, onnx_extents const& extents, unsigned type, std::span<std::byte const> raw) {
    protobuf_message t;
    for (std::int64_t e : extents) t.integer(1, static_cast<std::uint64_t>(e));
    t.integer(2, type);
    t.text(8, name);
    t.block(9, raw);
    graph_.message(5, t);
    return name;
  }

  static protobuf_message value(std::string const& name, onnx_extents const& extents) {
    protobuf_message sizes, batch, tensor, type, all;
    batch.text(2, "batch");
    sizes.message(1, batch);
    for (std::int64_t e : extents) {
      protobuf_message size;
      size.integer(1, static_cast<std::uint64_t>(e));
      sizes.message(1, size);
    }
    tensor.integer(1, 1);
    tensor.message(2, sizes);
    type.message(1, tensor);
    all.text(1, name);
    all.message(2, type);
    return all;
  }

  protobuf_message graph_;
  version version_{13, 7};  // DequantizeLinear with a scale for each index of an axis
};

}  // namespace detail

}  // namespace io

}  // namespace sqwa::inline SQWA_ABI

#endif
