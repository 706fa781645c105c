// SPDX-License-Identifier: BSD-3-Clause
// Plain values to bytes and back, each structure described once for both ways.
#ifndef SQWA_METHOD_SAVED_VALUES_HPP
#define SQWA_METHOD_SAVED_VALUES_HPP

#include <sqwa/core/bytes.hpp>
#include <sqwa/core/contract.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace sqwa::inline SQWA_ABI {

namespace detail {

template <class T, template <class...> class Of>
inline constexpr bool is_a = false;
template <class... T, template <class...> class Of>
inline constexpr bool is_a<Of<T...>, Of> = true;

/// `T` is `Is`, const or not.
template <class T, class Is>
concept maybe_const = std::same_as<std::remove_const_t<T>, Is>;

/// A number as it is saved: integers in 64 bits, so that one file suits machines of any word.
template <class T>
using saved_as = std::conditional_t<std::floating_point<T>, T, std::int64_t>;

/// Writes what it is called with: numbers, enumerations, texts, vectors and optionals of these, and structures for
/// which there is `fields(archive, value)`, which calls the archive with their members.
struct value_saver {
  byte_writer& out;

  template <class... V>
  void operator()(V const&... values) {
    (one(values), ...);
  }

 private:
  template <class V>
  void one(V const& v) {
    if constexpr (std::is_arithmetic_v<V> || std::is_enum_v<V>) {
      out.put(static_cast<saved_as<V>>(v));
    } else if constexpr (std::same_as<V, std::string>) {
      out.put_text(v);
    } else if constexpr (is_a<V, std::vector>) {
      one(v.size());
      for (auto const& each : v) one(each);
    } else if constexpr (is_a<V, std::optional>) {
      one(v.has_value());
      if (v) one(*v);
    } else {
      fields(*this, v);
    }
  }
};

/// Reads the same into what it is called with. A vector grows only as far as there are bytes for its elements.
struct value_loader {
  byte_reader& in;

  template <class... V>
  void operator()(V&... values) {
    (one(values), ...);
  }

 private:
  template <class V>
  void one(V& v) {
    if constexpr (std::is_arithmetic_v<V> || std::is_enum_v<V>) {
      auto const number = in.template get<saved_as<V>>();
      if constexpr (std::same_as<V, bool>) {
        expects(number == 0 || number == 1, "saved state: {} where 0 or 1 was expected", number);
      } else if constexpr (std::integral<V>) {
        expects(std::in_range<V>(number), "saved state: the number {} does not fit", number);
      }
      v = static_cast<V>(number);
    } else if constexpr (std::same_as<V, std::string>) {
      v = in.text();
    } else if constexpr (is_a<V, std::vector>) {
      v.clear();
      std::size_t n = 0;
      for (one(n); n != 0; --n) one(v.emplace_back());
    } else if constexpr (is_a<V, std::optional>) {
      bool there = false;
      one(there);
      v.reset();
      if (there) one(v.emplace());
    } else {
      fields(*this, v);
    }
  }
};

}  // namespace detail

}  // namespace sqwa::inline SQWA_ABI

#endif
