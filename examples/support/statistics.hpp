// SPDX-License-Identifier: BSD-3-Clause
// Mean and standard error of a few figures, and how the examples print them.
#ifndef SQWA_EXAMPLES_SUPPORT_STATISTICS_HPP
#define SQWA_EXAMPLES_SUPPORT_STATISTICS_HPP

#include <cmath>
#include <cstddef>
#include <cstdio>
#include <string>
#include <vector>

namespace example {

/// The mean of some figures and the standard error of that mean; no error for a single figure.
struct estimate {
  double mean = 0;
  double error = 0;
  std::size_t count = 0;
};

inline estimate estimate_of(std::vector<double> const& figures) {
  estimate e{.count = figures.size()};
  for (double f : figures) e.mean += f / static_cast<double>(figures.size());
  double squares = 0;
  for (double f : figures) squares += (f - e.mean) * (f - e.mean);
  auto const n = static_cast<double>(figures.size());
  if (figures.size() > 1) e.error = std::sqrt(squares / (n - 1) / n);
  return e;
}

/// "92.13 ± 0.21", or "92.13" for a single figure.
inline std::string text(estimate const& e, int digits) {
  char line[64];
  if (e.count > 1) {
    std::snprintf(line, sizeof line, "%.*f ± %.*f", digits, e.mean, digits, e.error);
  } else {
    std::snprintf(line, sizeof line, "%.*f", digits, e.mean);
  }
  return line;
}

}  // namespace example

#endif
