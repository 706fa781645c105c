// SPDX-License-Identifier: BSD-3-Clause
// Preconditions: checked at public entrances, told in a sentence that holds the numbers.
#ifndef SQWA_CORE_CONTRACT_HPP
#define SQWA_CORE_CONTRACT_HPP

#include <sqwa/core/config.hpp>

#if SQWA_ERRORS == SQWA_ERRORS_THROW
#include <stdexcept>
#elif SQWA_ERRORS == SQWA_ERRORS_HANDLER
extern "C" void sqwa_on_error(char const* what);
#endif
#if SQWA_ERRORS != SQWA_ERRORS_TRAP
#include <array>
#include <charconv>
#include <concepts>
#include <cstddef>
#include <string_view>
#endif

namespace sqwa::inline SQWA_ABI {

#if SQWA_ERRORS == SQWA_ERRORS_THROW
/// A caller broke a documented precondition.
struct contract_error : std::logic_error {
  using std::logic_error::logic_error;
};
#endif

namespace detail {

#if SQWA_ERRORS != SQWA_ERRORS_TRAP
/// A sentence of at most 511 characters, put together without allocation; the rest is cut off.
class sentence {
 public:
  template <class... Parts>
  explicit sentence(std::string_view pattern, Parts const&... parts) {
    (put_next(pattern, parts), ...);
    put(pattern);
    text_[size_] = '\0';
  }

  char const* text() const noexcept { return text_.data(); }

 private:
  template <class Part>
  void put_next(std::string_view& pattern, Part const& part) {
    std::size_t const hole = pattern.find("{}");
    if (hole == std::string_view::npos) return;
    put(pattern.substr(0, hole));
    put(part);
    pattern.remove_prefix(hole + 2);
  }

  void put(std::string_view s) {
    for (char c : s) {
      if (size_ + 1 < text_.size()) text_[size_++] = c;
    }
  }

  template <class Number>
    requires std::integral<Number> || std::floating_point<Number>
  void put(Number n) {
    std::array<char, 32> digits;
    auto const end = std::to_chars(digits.data(), digits.data() + digits.size(), n).ptr;
    put(std::string_view(digits.data(), static_cast<std::size_t>(end - digits.data())));
  }

  std::array<char, 512> text_{};
  std::size_t size_ = 0;
};
#endif

template <class... Parts>
[[noreturn]] void fail([[maybe_unused]] char const* pattern, [[maybe_unused]] Parts const&... parts) {
#if SQWA_ERRORS == SQWA_ERRORS_THROW
  throw contract_error(sentence(pattern, parts...).text());
#else
#if SQWA_ERRORS == SQWA_ERRORS_HANDLER
  sqwa_on_error(sentence(pattern, parts...).text());
#endif
#ifdef _MSC_VER
  __debugbreak();
  for (;;) {
  }
#else
  __builtin_trap();
#endif
#endif
}

}  // namespace detail

/// Checks a precondition at an API boundary. Kernels do not check.
///
/// `pattern` is the sentence told when `ok` is false; each `{}` in it is filled with the next of `parts`: text,
/// integers or floating-point numbers.
template <class... Parts>
constexpr void expects(bool ok, char const* pattern, Parts const&... parts) {
  if (!ok) [[unlikely]]
    detail::fail(pattern, parts...);
}

}  // namespace sqwa::inline SQWA_ABI

#endif
