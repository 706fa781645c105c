// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/nn/model_policy.hpp>

#include <doctest/doctest.h>

using namespace sqwa;

namespace SQWA_TEST_FILE {

static_assert(matches("", "") && matches("", "*") && !matches("", "?") && !matches("a", ""));
static_assert(matches("conv.weight", "conv.weight") && !matches("conv.weights", "conv.weight"));

TEST_CASE("matches: stars stand for any characters, question marks for one") {
  CHECK(matches("bn1.running_mean", "*.running_*"));
  CHECK(matches("bn1.running_", "*.running_*"));
  CHECK_FALSE(matches("running_mean", "*.running_*"));
  CHECK(matches("layer12.bias", "layer??.bias"));
  CHECK_FALSE(matches("layer1.bias", "layer??.bias"));
  CHECK(matches("aXbXbc", "a*b*bc"));
  CHECK(matches("aabab", "*ab"));
  CHECK_FALSE(matches("aaba", "*ab"));
  CHECK(matches("anything", "***"));
  CHECK_FALSE(matches("abc", "abc?"));
}

TEST_CASE("policy_by_name: the first rule that matches decides, and else the one for all others") {
  policy_by_name const policy{{{"head.*", tensor_policy::skip}, {"*.bias", tensor_policy::values}},
                              tensor_policy::copy};
  CHECK(policy("head.bias") == tensor_policy::skip);
  CHECK(policy("body.bias") == tensor_policy::values);
  CHECK(policy("body.weight") == tensor_policy::copy);
  CHECK(policy_by_name{}("anything") == tensor_policy::natural);
}

}  // namespace SQWA_TEST_FILE
