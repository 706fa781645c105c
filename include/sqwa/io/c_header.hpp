// SPDX-License-Identifier: BSD-3-Clause
// A network as a C++ header for `deploy::engine`: constants that stay in flash.
#ifndef SQWA_IO_C_HEADER_HPP
#define SQWA_IO_C_HEADER_HPP

#include <sqwa/core/contract.hpp>
#include <sqwa/deploy/layer.hpp>
#include <sqwa/io/deployed_network.hpp>
#include <sqwa/io/file.hpp>
#include <sqwa/version.hpp>

#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace sqwa::inline SQWA_ABI {

namespace io {

struct c_header_options {
  std::string name = "network";  ///< of the namespace
  std::string section = {};      ///< of the linker, for weights, factors and offsets; empty: where constants lie
};

namespace detail {

/// Letters, digits and underscores of a name, so that it is one in C++ whatever it was: others become underscores.
inline std::string identifier(std::string_view text) {
  std::string name;
  for (char c : text) {
    bool const plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (plain || (!name.empty() && name.back() != '_')) name += plain ? c : '_';  // two underscores are reserved
  }
  while (!name.empty() && name.back() == '_') name.pop_back();
  if (name.empty() || (name[0] >= '0' && name[0] <= '9')) name.insert(0, "n");
  return name;
}

template <class T>
std::string literal(T v) {
  if constexpr (std::is_floating_point_v<T>) {
    if (std::isinf(v)) return v < 0 ? "-infinity" : "infinity";
    std::array<char, 64> digits;
    std::string text(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), v).ptr);
    if (text.find_first_of(".e") == std::string::npos) text += ".0";
    return std::is_same_v<T, float> ? text + "F" : text;
  } else {
    if (v == std::numeric_limits<T>::min() && std::is_signed_v<T>) return "-" + std::to_string(-(v + 1)) + " - 1";
    return std::to_string(v) + (sizeof(T) == 8 ? "LL" : "");
  }
}

/// The text of a header.
template <class Arithmetic>
class c_header_text {
 public:
  c_header_text(deployed_network<Arithmetic> const& network, c_header_options const& options)
      : network_(network), space_(identifier(options.name)) {
    for (char c : options.section) {
      expects(c > ' ' && c <= '~' && c != '"' && c != '\\', "c_header: the section's name {} has other characters",
              options.section);
    }
    if (!options.section.empty()) attribute_ = "[[gnu::section(\"" + options.section + "\")]] ";
  }

  std::string make() {
    std::string guard = "SQWA_DEPLOYED_";
    for (char c : space_) guard += static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
    line("// A network for sqwa::deploy::engine, written by sqwa ", SQWA_VERSION_STRING,
         ". Not to be changed by hand.");
    describe();
    line("// clang-format off");
    line("#ifndef ", guard, "_HPP");
    line("#define ", guard, "_HPP");
    line("");
    line("#include <sqwa/deploy/layer.hpp>");
    line("");
    line("#include <cstdint>");
    line("#include <limits>");
    line("");
    line("namespace ", space_, " {");
    line("");
    for (std::size_t i = 0; i != network_.layers.size(); ++i) {
      auto const& l = network_.layers[i];
      line("// Layer ", std::to_string(i), ": ", identifier(l.name));
      array("std::uint8_t", "codes", i, std::span(l.codes));
      array("float", "weights", i, std::span(l.floats));
      array(is_float ? "float" : "std::int32_t", "factors", i, std::span(l.factors));
      array(is_float ? "float" : "std::int64_t", "offsets", i, std::span(l.offsets));
    }
    table();
    line("");
    line("}  // namespace ", space_);
    line("");
    line("#endif");
    return std::move(text_);
  }

 private:
  static constexpr bool is_float = std::is_same_v<Arithmetic, deploy::floats>;

  template <class... Words>
  void line(Words const&... words) {
    ((text_ += words), ...);
    text_ += '\n';
  }

  void describe() {
    std::size_t bytes = 0;
    for (auto const& l : network_.layers) {
      bytes += l.codes.size() + l.floats.size() * sizeof(float) +
               l.factors.size() * sizeof(typename Arithmetic::factor) +
               l.offsets.size() * sizeof(typename Arithmetic::offset);
    }
    line("//");
    line("//   ", std::to_string(network_.layers.size()), " layers, ", std::to_string(bytes),
         " bytes of weights, factors and offsets; the engine works in ",
         std::to_string(network_.memory_size() * sizeof(typename Arithmetic::value)), " bytes of memory and ",
         std::to_string(network_.output_size() * sizeof(typename Arithmetic::wide)), " of output.");
    if constexpr (!is_float) {
      line("//   A number is scale * (code - zero): input_scale and input_zero, output_scale and output_zero below.");
    }
  }

  template <class T>
  void array(std::string_view type, std::string_view what, std::size_t layer, std::span<T const> values) {
    if (values.empty()) return;
    std::string row = "inline constexpr ";
    line(attribute_, row, type, " ", what, "_", std::to_string(layer), "[] = {");
    row = "   ";
    for (T v : values) {
      std::string const word = " " + literal(v) + ",";
      if (row.size() + word.size() > 110) {
        line(row);
        row = "   ";
      }
      row += word;
    }
    row.pop_back();
    line(row, "};");
  }

  static std::string extents(deploy::extents const& e) {
    return "{" + std::to_string(e.rows) + ", " + std::to_string(e.columns) + ", " + std::to_string(e.channels) + "}";
  }

  void table() {
    constexpr std::array<char const*, 6> operations{"rescale",  "convolution",  "depthwise",
                                                    "max_pool", "average_pool", "add"};
    line("struct network {");
    line("  using arithmetic = sqwa::deploy::", is_float ? "floats" : "integers", ";");
    if constexpr (!is_float) {
      line("  static constexpr double input_scale = ", literal(network_.input.scale), ";");
      line("  static constexpr int input_zero = ", std::to_string(network_.input.zero), ";");
      line("  static constexpr double output_scale = ", literal(network_.output.scale), ";");
      line("  static constexpr int output_zero = ", std::to_string(network_.output.zero), ";");
    } else {
      line("  static constexpr float infinity = std::numeric_limits<float>::infinity();");
    }
    line("  static constexpr sqwa::deploy::layer<arithmetic> layers[] = {");
    for (std::size_t i = 0; i != network_.layers.size(); ++i) {
      auto const& l = network_.layers[i];
      auto const& e = l.entry;
      std::string row = "      {.what = sqwa::deploy::operation::";
      row += operations[static_cast<std::size_t>(e.what)];
      auto const put = [&](char const* member, std::string const& value) {
        row += std::string(", .") + member + " = " + value;
      };
      auto const number = [&](char const* member, int value, int usual) {
        if (value != usual) put(member, std::to_string(value));
      };
      auto const pointer = [&](char const* member, char const* name, auto const& values) {
        if (!values.empty()) put(member, name + ("_" + std::to_string(i)));
      };
      put("in", extents(e.in));
      put("out", extents(e.out));
      number("window_rows", e.window_rows, 1);
      number("window_columns", e.window_columns, 1);
      number("stride", e.stride, 1);
      number("padding", e.padding, 0);
      number("from", e.from, 0);
      number("other", e.other, 0);
      if (e.what == deploy::operation::add) put("other_in", extents(e.other_in));
      number("front", e.front, 0);
      number("bits", e.bits, 0);
      number("zero", e.zero, 0);
      number("shift", e.shift, 0);
      pointer("codes", "codes", l.codes);
      pointer("floats", "weights", l.floats);
      pointer("factors", "factors", l.factors);
      pointer("offsets", "offsets", l.offsets);
      put("low", literal(e.low));
      put("high", literal(e.high));
      line(row, "},");
    }
    line("  };");
    line("};");
  }

  deployed_network<Arithmetic> const& network_;
  std::string space_;
  std::string attribute_;
  std::string text_;
};

}  // namespace detail

/// A network as the text of a C++ header: `NAME::network`, the type that `deploy::engine` takes.
///
/// Constants of namespace scope, which a linker leaves in flash, or puts where its script has `section`. The header
/// includes <sqwa/deploy/layer.hpp> and nothing of the hosted library; it may stand in several files of a program. The
/// same network gives the same text. Characters that C++ knows in no name become underscores.
///
/// Memory: the text.
/// @pre there are layers; no value that is NaN; in float none that training rounds; the section in printable ASCII
/// without spaces, quotation marks and backslashes
template <class Arithmetic>
[[nodiscard]] std::string c_header(deployed_network<Arithmetic> const& network, c_header_options const& options = {}) {
  expects(!network.layers.empty(), "c_header: a network without layers");
  for (auto const& l : network.layers) {
    bool const rounds = std::is_same_v<Arithmetic, deploy::floats> && l.grid;
    expects(!rounds, "c_header: the activations of {} are rounded in training; write the network in integers", l.name);
    for (auto v : l.factors) expects(v == v, "c_header: {} has a factor that is NaN", l.name);
    for (auto v : l.offsets) expects(v == v, "c_header: {} has an offset that is NaN", l.name);
    for (float v : l.floats) expects(v == v, "c_header: {} has a weight that is NaN", l.name);
  }
  return detail::c_header_text<Arithmetic>(network, options).make();
}

/// Writes `c_header` to a file, through `write_aside`. Throws `error` when that fails.
/// @pre as for `c_header`
template <class Arithmetic>
void write_c_header(std::filesystem::path const& path, deployed_network<Arithmetic> const& network,
                    c_header_options const& options = {}) {
  std::string const text = c_header(network, options);
  write_aside(path, std::as_bytes(std::span(text)));
}

}  // namespace io

}  // namespace sqwa::inline SQWA_ABI

#endif
