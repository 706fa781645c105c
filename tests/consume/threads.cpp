// SPDX-License-Identifier: BSD-3-Clause
// The component threads: a sum on threads equals the sequential one.
#include <sqwa/exec/executor.hpp>
#include <sqwa/exec/team.hpp>

#include <cstddef>
#include <functional>

int main() {
  auto const sum = [](auto const& exec) {
    auto const part = [](std::size_t first, std::size_t last) {
      float s = 0;
      for (std::size_t i = first; i != last; ++i) s += 1.0F / static_cast<float>(i + 1);
      return s;
    };
    return sqwa::reduce(exec, 100'000, 0.0F, part, std::plus<>());
  };
  sqwa::thread_team team(2);
  return sum(sqwa::team_executor(team)) == sum(sqwa::sequential{}) ? 0 : 1;
}
