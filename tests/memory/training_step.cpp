// SPDX-License-Identifier: BSD-3-Clause
// A training step after the first allocates nothing: every operator new of this program is counted.
#include <sqwa/nn/any_model.hpp>
#include <sqwa/nn/models/resnet.hpp>
#include <sqwa/nn/trainer.hpp>
#include "support/stripes.hpp"

#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>
#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>

namespace nn = sqwa::nn;

namespace {

std::atomic<std::size_t> allocations = 0;

}  // namespace

void* operator new(std::size_t size) {
  ++allocations;
  if (void* const p = std::malloc(size == 0 ? 1 : size)) return p;
  throw std::bad_alloc();
}
// Not inlined: GCC would see free() meet a pointer of an operator new that it has not looked into, and warn.
[[gnu::noinline]] void operator delete(void* p) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete(void* p, std::size_t) noexcept { std::free(p); }

namespace {

/// The allocations of some steps after the first, over the end of an epoch, and of refreshing the statistics.
template <class Trainer>
std::size_t allocations_of_steps(Trainer& t) {
  auto const step = [&] {
    t.backward();
    t.update(0.05F);
  };
  step();
  std::size_t const before = allocations;
  CHECK(before > 0);
  for (int i = 0; i != 4; ++i) step();
  t.refresh_statistics();
  return allocations - before;
}

}  // namespace

TEST_CASE("trainer: a step allocates nothing, whatever the optimizer, augmentation and teacher") {
  auto const set = test::stripes(50);
  nn::trainer_options how{
      .batch = 16, .augmentation = {.crop = nn::random_crop{1}, .flip = nn::horizontal_flip{}, .hole = nn::cutout{2}}};
  SUBCASE("sgd") {}
  SUBCASE("adam") { how.optimizer = nn::adam_options{}; }
  SUBCASE("a thread that reads ahead") { how.read_ahead = true; }
  nn::any_model<> const model{nn::conv2d<float>{4, {.kernel = 3, .padding = 1, .bias = false}}, nn::batch_norm<float>{},
                              nn::relu<float>{}, nn::max_pool<float>{2}, nn::dense<float>{3}};
  nn::trainer t{model, set, how};
  t.learn_from(t.model());
  CHECK(allocations_of_steps(t) == 0);
}

TEST_CASE("trainer: layers inside of layers allocate nothing in a step either") {
  auto const set = test::stripes(60);
  nn::any_branch<> const body{nn::depthwise_conv2d<float>{{.padding = 1}}, nn::batch_norm<float>{}, nn::relu6<float>{}};
  nn::any_model<> const model{nn::grouped_conv2d<float>{4, 1, {.padding = 1}},
                              nn::residual{body},
                              nn::residual{body, nn::padding_shortcut<float>{4}},
                              nn::residual{body, nn::any_branch<>{nn::conv2d<float>{4, {.kernel = 1}}}},
                              nn::average_pool<float>{2},
                              nn::dropout<float>{},
                              nn::dense<float>{3}};
  nn::trainer t{model, set, {.batch = 20}};
  CHECK(allocations_of_steps(t) == 0);
}

TEST_CASE("trainer: a residual network allocates nothing in a step either") {
  auto const set = test::stripes(20);
  nn::trainer t{nn::resnet(8, 3, {.width = 4}), set, {.batch = 8}};
  CHECK(allocations_of_steps(t) == 0);
}
