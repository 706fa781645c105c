// SPDX-License-Identifier: BSD-3-Clause
// Numbers in messages.
#ifndef SQWA_EXAMPLES_SUPPORT_NUMBER_TEXT_HPP
#define SQWA_EXAMPLES_SUPPORT_NUMBER_TEXT_HPP

#include <charconv>
#include <string>

namespace example {

/// The fewest digits that tell a number from its neighbours: "0.1", "40", "1e+308", "nan".
std::string number_text(auto value) {
  char digits[32];
  return {digits, std::to_chars(digits, digits + sizeof digits, value).ptr};
}

}  // namespace example

#endif
