// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/core/contract.hpp>
#include "support/refuses.hpp"

#include <doctest/doctest.h>
#include <concepts>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace SQWA_TEST_FILE {

// A precondition that holds may be checked in a constant expression.
static_assert((sqwa::expects(true, "never told {}", 1), true));

TEST_CASE("expects: what holds goes on, what does not is refused") {
  CHECK(!test::refuses([] { sqwa::expects(true, "nothing"); }, "nothing"));
  CHECK(test::refuses([] { sqwa::expects(false, "something"); }, "something"));
}

#if SQWA_ERRORS == SQWA_ERRORS_THROW
static_assert(std::derived_from<sqwa::contract_error, std::logic_error>);

namespace {

template <class... Parts>
std::string told(char const* pattern, Parts const&... parts) {
  try {
    sqwa::expects(false, pattern, parts...);
  } catch (sqwa::contract_error const& e) {
    return e.what();
  }
  return "nothing was thrown";
}

}  // namespace

TEST_CASE("expects: the sentence holds the numbers in the order given") {
  CHECK(told("no holes") == "no holes");
  CHECK(told("{} of {} and {}", 1, -2, 0.5F) == "1 of -2 and 0.5");
  CHECK(told("{}: {}", "name", std::string_view("view")) == "name: view");
  CHECK(told("{}", std::uint64_t{18446744073709551615U}) == "18446744073709551615");
  CHECK(told("{}", std::uint8_t{200}) == "200");
}

TEST_CASE("expects: too few and too many numbers do no harm") {
  CHECK(told("{} and {}", 1) == "1 and {}");
  CHECK(told("only {}", 1, 2, 3) == "only 1");
}

TEST_CASE("expects: a sentence that is too long is cut off") {
  std::string const long_text(2000, 'x');
  CHECK(told("{}", std::string_view(long_text)) == std::string(511, 'x'));
  CHECK(told((long_text + "{}").c_str(), 5) == std::string(511, 'x'));
}
#endif

}  // namespace SQWA_TEST_FILE
