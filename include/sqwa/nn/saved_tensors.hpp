// SPDX-License-Identifier: BSD-3-Clause
// Named runs of numbers as bytes, checked before anything changes: what a trainer saves.
#ifndef SQWA_NN_SAVED_TENSORS_HPP
#define SQWA_NN_SAVED_TENSORS_HPP

#include <sqwa/core/bytes.hpp>
#include <sqwa/core/contract.hpp>
#include <sqwa/nn/data_set.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace sqwa::inline SQWA_ABI {

namespace nn::detail {

/// `visit(f)` calls `f(name, span)` for each run of numbers, in an order that does not change.
template <class Visit>
void save_tensors(byte_writer& out, Visit visit) {
  visit([&]<class T>(std::string_view name, std::span<T> values) {
    out.put_text(name);
    out.put_all(std::span<T const>(values));
  });
}

/// Reads what `save_tensors` wrote and, with `commit`, puts it in place.
/// @pre the names and sizes are those saved
template <class Visit>
void load_tensors(byte_reader& in, bool commit, char const* who, Visit visit) {
  visit([&]<class T>(std::string_view name, std::span<T> values) {
    std::string_view const saved_name = in.text();
    expects(saved_name == name, "{}: the saved state has {} where the model has {}", who, saved_name, name);
    auto const saved = in.template all<T>();
    expects(saved.size() == values.size(), "{}: {} has {} numbers in the saved state, {} in the model", who, name,
            saved.size(), values.size());
    if (commit) std::ranges::copy(saved, values.begin());
  });
}

/// A number that differs, but for chance, when any pixel, label or extent of two sets does: FNV-1a over words.
inline std::uint64_t fingerprint(data_set const& set) noexcept {
  std::uint64_t hash = 0xCBF2'9CE4'8422'2325;
  auto const put = [&](std::uint64_t word) {
    hash = (hash ^ word) * 0x100'0000'01B3;
    hash ^= hash >> 32;
  };
  auto const put_bytes = [&](std::uint8_t const* bytes, std::size_t n) {
    std::size_t i = 0;
    for (; i + 8 <= n; i += 8) {
      std::uint64_t word = 0;
      for (std::size_t k = 0; k != 8; ++k) word |= std::uint64_t{bytes[i + k]} << (8 * k);
      put(word);
    }
    for (; i != n; ++i) put(bytes[i]);
  };
  for (std::size_t extent : set.images.shape()) put(extent);
  put(set.classes);
  put_bytes(set.images.data(), set.images.size());
  put_bytes(set.labels.data(), set.labels.size());
  return hash;
}

}  // namespace nn::detail

}  // namespace sqwa::inline SQWA_ABI

#endif
