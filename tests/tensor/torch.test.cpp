// SPDX-License-Identifier: BSD-3-Clause
#include <ATen/core/ivalue.h>  // first: else clang refuses the other headers of libtorch 1.13 in C++20

#include <sqwa/tensor/torch.hpp>

#include "support/refuses.hpp"

#include <ATen/ATen.h>
#include <doctest/doctest.h>
#include <algorithm>
#include <vector>

namespace SQWA_TEST_FILE {

using test::refuses;

static_assert(sqwa::mutable_tensor<sqwa::torch_view<float>> && sqwa::mutable_tensor<sqwa::torch_view<double> const&>);
static_assert(sqwa::tensor<sqwa::torch_view<float const>> && !sqwa::mutable_tensor<sqwa::torch_view<float const>>);
static_assert(!sqwa::tensor<at::Tensor>);  // its element type is known at run time only

TEST_CASE("torch_view: the tensor's own memory, with its extents") {
  at::Tensor const t = at::arange(6, at::kFloat).reshape({2, 3});
  sqwa::torch_view<float> const v(t);
  CHECK(sqwa::values(v).data() == t.data_ptr<float>());
  CHECK(sqwa::values(v).size() == 6);
  CHECK(sqwa::shape_of(v) == sqwa::shape{2, 3});
  sqwa::mutable_values(v)[4] = 9;
  CHECK(t[1][1].item<float>() == 9);
  CHECK(sqwa::values(sqwa::torch_view<double>(at::zeros({0, 3}, at::kDouble))).empty());
  CHECK(sqwa::shape_of(sqwa::torch_view<float>(at::scalar_tensor(1))) == sqwa::shape{});
}

TEST_CASE("torch_view: follows a tensor that is given other memory, and keeps it alive") {
  at::Tensor t = at::zeros({4}, at::kFloat);
  sqwa::torch_view<float> const v(t);
  t.set_data(at::ones({4}, at::kFloat));
  CHECK(sqwa::values(v)[3] == 1);
  t = at::Tensor();
  CHECK(sqwa::values(v)[3] == 1);
}

TEST_CASE("torch_view: refuses what it could show wrongly, with the reason") {
  using sqwa::torch_view;
  at::Tensor const t = at::zeros({2, 3}, at::kFloat);
  CHECK(refuses([] { torch_view<float>{at::Tensor()}; }, "not defined"));
  CHECK(refuses([&] { torch_view<double>{t}; }, "a tensor of Float, not of Double"));
  CHECK(refuses([] { torch_view<float>(at::zeros({3}, at::kLong)); }, "a tensor of Long, not of Float"));
  CHECK(refuses([] { torch_view<float>(at::zeros({3}, at::kBool)); }, "a tensor of Bool"));
  CHECK(refuses([&] { torch_view<float>(t.t()); }, "6 elements that are not contiguous"));
  CHECK(refuses([&] { torch_view<float>(t.select(1, 0)); }, "2 elements that are not contiguous"));
  CHECK(refuses([&] { torch_view<float>(t.to_sparse()); }, "sparse"));
  CHECK(refuses([] { torch_view<float>(at::zeros({3}, at::device(at::kMeta).dtype(at::kFloat))); }, "on meta"));
  CHECK_NOTHROW(torch_view<float>(t.select(0, 1)));
}

TEST_CASE("torch_contiguous: the tensor itself where it can be shown, else a copy") {
  at::Tensor const t = at::arange(6, at::kFloat).reshape({2, 3});
  CHECK(sqwa::values(sqwa::torch_contiguous<float>(t)).data() == t.data_ptr<float>());
  auto const turned = sqwa::torch_contiguous<float>(t.t());
  CHECK(sqwa::shape_of(turned) == sqwa::shape{3, 2});
  CHECK(std::ranges::equal(sqwa::values(turned), std::vector<float>{0, 3, 1, 4, 2, 5}));
  at::Tensor weight = at::ones({2}, at::kFloat);
  weight.requires_grad_();
  CHECK(sqwa::values(sqwa::torch_contiguous<float>(weight))[1] == 1);
}

TEST_CASE("torch_contiguous: small floats widen exactly, integers and narrowing are refused") {
  for (at::ScalarType small : {at::kHalf, at::kBFloat16}) {
    at::Tensor const t = at::full({3}, 0.1, small);
    CHECK(sqwa::values(sqwa::torch_contiguous<float>(t))[2] == t[2].item<float>());
    CHECK(sqwa::values(sqwa::torch_contiguous<double>(t))[2] == t[2].item<double>());
  }
  CHECK(refuses([] { (void)sqwa::torch_contiguous<float>(at::zeros({3}, at::kDouble)); }, "Double would be narrowed"));
  CHECK(refuses([] { (void)sqwa::torch_contiguous<float>(at::zeros({3}, at::kInt)); }, "a tensor of Int"));
  CHECK(refuses([] { (void)sqwa::torch_contiguous<float>(at::zeros({3}, at::kBool)); }, "a tensor of Bool"));
  CHECK(refuses([] { (void)sqwa::torch_contiguous<float>(at::zeros({3}, at::kComplexFloat)); }, "ComplexFloat"));
  CHECK(refuses([] { (void)sqwa::torch_contiguous<double>(at::Tensor()); }, "not defined"));
}

}  // namespace SQWA_TEST_FILE
