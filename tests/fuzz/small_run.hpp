// SPDX-License-Identifier: BSD-3-Clause
// A run of the method that is small enough to be loaded from altered states again and again.
#ifndef SQWA_TESTS_FUZZ_SMALL_RUN_HPP
#define SQWA_TESTS_FUZZ_SMALL_RUN_HPP

#include <sqwa/core/bytes.hpp>
#include <sqwa/method/run_identity.hpp>
#include <sqwa/method/training_run.hpp>
#include <sqwa/schedule/combine.hpp>

#include "../method/toy_learner.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace fuzz {

inline sqwa::recipe small_recipe() {
  using namespace sqwa;
  return {.train = {cosine{.hi = 0.2F, .lo = 0, .length = 2}},
          .retrain = {cyclic{cosine{.hi = 0.2F, .lo = 0.02F, .length = 2}, 3}, 6},
          .capture = at_trough{.last = 2},
          .fine_tune = {cosine{.hi = 0.05F, .lo = 0, .length = 2}},
          .diagnose = {.captures = true, .oscillations = true}};
}

/// Its states leave out what tells one run from another, which any altered byte would have refused.
class small_run {
 public:
  void advance() { parts().run.advance(); }
  [[nodiscard]] bool done() { return parts().run.done(); }

  std::vector<std::byte> save() {
    auto const all = parts().run.save();
    return {all.begin() + static_cast<std::ptrdiff_t>(parts().identity.size()), all.end()};
  }
  void load(std::span<std::byte const> bytes) {
    std::vector<std::byte> all = parts().identity;
    all.insert(all.end(), bytes.begin(), bytes.end());
    parts().run.load(all);
  }

 private:
  struct members {
    test::toy_learner learner;
    sqwa::training_run<test::toy_learner> run{small_recipe(), learner};
    std::vector<std::byte> identity;

    members() {
      sqwa::byte_writer out;
      auto all = sqwa::detail::identity_of(small_recipe(), learner);
      all.emplace_back("part", std::to_string(static_cast<int>(sqwa::run_part::all)));
      sqwa::detail::save_identity(all, out);
      identity = std::move(out.bytes);
    }
  };
  static members& parts() {
    static members all;
    return all;
  }
};

}  // namespace fuzz

#endif
