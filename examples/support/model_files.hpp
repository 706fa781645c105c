// SPDX-License-Identifier: BSD-3-Clause
// Models from files of several kinds, in one shape; and the mean of them back into a file.
#ifndef SQWA_EXAMPLES_SUPPORT_MODEL_FILES_HPP
#define SQWA_EXAMPLES_SUPPORT_MODEL_FILES_HPP

#include <sqwa/io/model_file.hpp>
#include <sqwa/io/npz.hpp>
#include <sqwa/io/snapshot_series.hpp>
#include <sqwa/tensor/shape.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace example {

namespace fs = std::filesystem;

enum class file_kind { npy, npz, model, series };

/// One model: arrays of NumPy's, or low-bit.
struct loaded_model {
  std::vector<sqwa::io::npz_member> arrays;
  sqwa::low_bit_model low_bit;
};

/// Where one model is: a file, and which snapshot of it.
struct model_place {
  fs::path file;
  file_kind kind = file_kind::npz;
  std::size_t snapshot = 0;

  [[nodiscard]] std::string text() const {
    return kind == file_kind::series ? file.string() + ", snapshot " + std::to_string(snapshot) : file.string();
  }
  [[nodiscard]] bool low_bit() const noexcept { return kind == file_kind::model || kind == file_kind::series; }
};

/// What kind of file it is, by its first bytes.
inline file_kind kind_of(fs::path const& path) {
  std::array<char, 4> first{};
  if (!fs::is_regular_file(path)) throw sqwa::io::error(path, 0, "a regular file", "none");
  std::ifstream(path, std::ios::binary).read(first.data(), first.size());
  std::string_view const text(first.data(), first.size());
  if (text == "SQWA") return file_kind::model;
  if (text == "SQWS") return file_kind::series;
  if (text == "\x93NUM") return file_kind::npy;
  if (text == "PK\3\4" || text == "PK\5\6") return file_kind::npz;
  throw sqwa::io::error(path, 0, "a file of kind npz, npy, model.sqwa or snapshot series", "other bytes");
}

/// All models that the files hold, in their order.
inline std::vector<model_place> places_of(std::vector<std::string> const& files) {
  std::vector<model_place> all;
  for (std::string const& file : files) {
    file_kind const kind = kind_of(file);
    std::size_t const count = kind == file_kind::series ? sqwa::io::snapshot_series(file).size() : 1;
    for (std::size_t k = 0; k != count; ++k) all.push_back({file, kind, k});
  }
  for (model_place const& p : all) {
    if (p.low_bit() != all[0].low_bit()) {
      throw std::invalid_argument(p.text() + ": low-bit models and NumPy's arrays are not averaged together");
    }
  }
  if (all.empty()) throw std::invalid_argument("no models in the files that were named");
  return all;
}

/// IEEE 754 binary16 as float, exactly.
inline float widened(std::uint16_t half) {
  unsigned const exponent = half >> 10 & 31, mantissa = half & 1023;
  float const sign = (half >> 15) != 0 ? -1.0F : 1.0F;
  if (exponent == 31) return mantissa == 0 ? sign * HUGE_VALF : std::nanf("");
  if (exponent == 0) return sign * std::ldexp(static_cast<float>(mantissa), -24);
  return sign * std::ldexp(static_cast<float>(mantissa + 1024), static_cast<int>(exponent) - 25);
}

/// The elements in C order.
inline void turn(sqwa::io::npy_array& a) {
  std::size_t const rank = a.extents.rank();
  std::size_t const each = a.extents.size() == 0 ? 0 : a.bytes.size() / a.extents.size();
  std::vector<std::byte> turned(a.bytes.size());
  for (std::size_t i = 0; i != a.extents.size(); ++i) {
    std::size_t rest = i;
    std::size_t from = 0;
    for (std::size_t k = rank; k-- != 0; rest /= a.extents[k]) {
      std::size_t stride = 1;
      for (std::size_t j = 0; j != k; ++j) stride *= a.extents[j];
      from += rest % a.extents[k] * stride;
    }
    std::copy_n(&a.bytes[from * each], each, &turned[i * each]);
  }
  a.bytes = std::move(turned);
  a.fortran = false;
}

/// Makes an array what the average understands: float16 becomes float32, Fortran order C order; big-endian is refused.
inline void prepare(fs::path const& file, sqwa::io::npz_member& m) {
  std::string const name = m.name.empty() ? "the array" : m.name;
  if (m.array.type[0] == '>') throw sqwa::io::error(file, 0, "little-endian values", name + " of type " + m.array.type);
  if (m.array.fortran) turn(m.array);
  if (m.array.type != "<f2") return;
  std::vector<std::byte> wide(2 * m.array.bytes.size());
  for (std::size_t i = 0; i != m.array.bytes.size(); i += 2) {
    std::uint16_t half = 0;
    std::memcpy(&half, &m.array.bytes[i], 2);
    float const value = widened(half);
    std::memcpy(&wide[2 * i], &value, 4);
  }
  m.array.type = "<f4";
  m.array.bytes = std::move(wide);
}

/// Reads one model; its arrays are sorted by name, so that their order in the file does not matter.
inline loaded_model load(model_place const& place) {
  loaded_model model;
  switch (place.kind) {
    case file_kind::model:
      model.low_bit = sqwa::io::read_model(place.file);
      break;
    case file_kind::series:
      model.low_bit = sqwa::io::snapshot_series(place.file)[place.snapshot];
      break;
    case file_kind::npy:
      model.arrays.push_back({"", sqwa::io::read_npy_array(place.file, sqwa::io::read_file(place.file))});
      break;
    case file_kind::npz:
      model.arrays = sqwa::io::read_npz(place.file);
      break;
  }
  for (auto& m : model.arrays) prepare(place.file, m);
  std::ranges::sort(model.arrays, {}, &sqwa::io::npz_member::name);
  return model;
}

/// One array as a named tensor of its elements.
template <class T>
struct array_view {
  std::string name;
  sqwa::shape extents;
  std::span<T> values;
};

/// Calls `f` with the arrays of each type as a range of named tensors; their bytes are the arrays' own.
template <class F>
void with_parts(std::vector<sqwa::io::npz_member>& arrays, F f) {
  auto const of = [&]<class T>(std::string_view type, T*) {
    std::vector<array_view<T>> part;
    for (auto& m : arrays) {
      if (m.array.type != type) continue;
      part.push_back(
          {m.name, m.array.extents, {reinterpret_cast<T*>(m.array.bytes.data()), m.array.bytes.size() / sizeof(T)}});
    }
    return part;
  };
  auto f4 = of("<f4", static_cast<float*>(nullptr));
  auto f8 = of("<f8", static_cast<double*>(nullptr));
  auto i1 = of("|i1", static_cast<std::int8_t*>(nullptr));
  auto i2 = of("<i2", static_cast<std::int16_t*>(nullptr));
  auto i4 = of("<i4", static_cast<std::int32_t*>(nullptr));
  auto i8 = of("<i8", static_cast<std::int64_t*>(nullptr));
  auto u1 = of("|u1", static_cast<std::uint8_t*>(nullptr));
  auto u2 = of("<u2", static_cast<std::uint16_t*>(nullptr));
  auto u4 = of("<u4", static_cast<std::uint32_t*>(nullptr));
  auto u8 = of("<u8", static_cast<std::uint64_t*>(nullptr));
  auto b1 = of("|b1", static_cast<bool*>(nullptr));
  f(f4, f8, i1, i2, i4, i8, u1, u2, u4, u8, b1);
}

/// The end that the name of a file of the mean has.
inline std::string ending_of(model_place const& place) {
  return place.low_bit() ? ".sqwa" : place.kind == file_kind::npy ? ".npy" : ".npz";
}

/// Writes a model to a file of the kind that the inputs are of.
inline void write(fs::path const& path, model_place const& like, loaded_model const& model) {
  if (like.low_bit()) {
    sqwa::io::write_model(path, model.low_bit);
  } else if (like.kind == file_kind::npy) {
    sqwa::io::write_aside(path, sqwa::io::npy_file_bytes(model.arrays.at(0).array));
  } else {
    sqwa::io::write_npz(path, model.arrays);
  }
}

}  // namespace example

#endif
