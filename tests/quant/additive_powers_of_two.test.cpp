// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/quant/additive_powers_of_two.hpp>
#include <sqwa/quant/power_of_two.hpp>

#include <doctest/doctest.h>
#include <array>
#include <cmath>
#include <cstddef>
#include <set>
#include <vector>

using namespace sqwa;

namespace SQWA_TEST_FILE {

namespace {

template <int Base, int Terms>
concept exists = requires {
  typename additive_powers_of_two<Base, Terms>;
};

static_assert(exists<2, 3> && exists<1, 7> && exists<7, 1> && !exists<2, 4> && !exists<0, 1> && !exists<1, 0>);
static_assert(point_format<additive_powers_of_two<2, 2>> && point_format<additive_powers_of_two<7, 1>>);

/// The set of the paper's equation 5, signs included, term by term from the exponents.
template <int Base, int Terms>
std::set<double> by_the_equation() {
  std::set<double> sums{0.0};
  for (int i = 0; i != Terms; ++i) {
    std::vector<double> term{0.0};
    for (int choice = 0; choice <= (1 << Base) - 2; ++choice) term.push_back(std::pow(2.0, -(i + choice * Terms)));
    std::set<double> next;
    for (double s : sums) {
      for (double p : term) next.insert(s + p);
    }
    sums = next;
  }
  std::set<double> all;
  for (double s : sums) {
    all.insert(s);
    all.insert(-s + 0.0);
  }
  return all;
}

template <int Base, int Terms>
void check_equation() {
  auto const points = additive_powers_of_two<Base, Terms>::points();
  auto const expected = by_the_equation<Base, Terms>();
  CHECK(std::vector<double>(points.begin(), points.end()) == std::vector<double>(expected.begin(), expected.end()));
  CHECK(points[points.size() / 2] == 0);
}

}  // namespace

TEST_CASE("additive_powers_of_two: the points are the set of the paper's equation") {
  check_equation<1, 1>();
  check_equation<1, 3>();
  check_equation<1, 7>();
  check_equation<2, 1>();
  check_equation<2, 2>();
  check_equation<2, 3>();
  check_equation<3, 1>();
  check_equation<3, 2>();
  check_equation<7, 1>();
}

TEST_CASE("additive_powers_of_two: five bits in two terms are the sums written out by hand") {
  auto const points = additive_powers_of_two<2, 2>::points();  // {0, 1, 1/4, 1/16} + {0, 1/2, 1/8, 1/32}
  std::vector<int> thirty_seconds;
  for (std::size_t i = 15; i != 31; ++i) thirty_seconds.push_back(static_cast<int>(points[i] * 32));
  CHECK(thirty_seconds == std::vector<int>{0, 1, 2, 3, 4, 6, 8, 9, 12, 16, 18, 24, 32, 33, 36, 48});
}

TEST_CASE("additive_powers_of_two: one bit a term is evenly spaced, one term is a power of two") {
  auto const even = additive_powers_of_two<1, 4>::points();
  for (std::size_t i = 1; i != even.size(); ++i) CHECK(even[i] - even[i - 1] == 0.125F);
  CHECK(additive_powers_of_two<3, 1>::points() == power_of_two<4>::points());
}

}  // namespace SQWA_TEST_FILE
