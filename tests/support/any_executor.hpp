// SPDX-License-Identifier: BSD-3-Clause
// Any executor behind one type: what is tested on all of them is compiled once.
#ifndef SQWA_TESTS_SUPPORT_ANY_EXECUTOR_HPP
#define SQWA_TESTS_SUPPORT_ANY_EXECUTOR_HPP

#include <sqwa/exec/executor.hpp>

#include <concepts>
#include <cstddef>
#include <functional>
#include <type_traits>

namespace test {

/// An executor chosen at run time; by default the sequential one.
class any_executor {
 public:
  any_executor() : any_executor(sqwa::sequential{}) {}
  template <class E>
    requires(!std::same_as<E, any_executor> && sqwa::executor<E>)
  any_executor(E exec)  // implicit: `backend<K, any_executor>{exec}`
      : run_([exec](std::size_t n, call const& f) { exec.for_each(n, f); }) {}

  template <std::invocable<std::size_t> F>
  void for_each(std::size_t n, F&& f) const {
    using function = std::remove_reference_t<F>;
    run_(n, {&f, [](void const* object, std::size_t i) {
               (*static_cast<function*>(const_cast<void*>(object)))(i);  // as const as it was given
             }});
  }

 private:
  /// A function with its type forgotten, which outlives the call.
  struct call {
    void const* object;
    void (*invoke)(void const*, std::size_t);
    void operator()(std::size_t i) const { invoke(object, i); }
  };

  std::function<void(std::size_t, call const&)> run_;
};

static_assert(sqwa::executor<any_executor>);

}  // namespace test

#endif
