// expect: tensor<|'tensor'
// needs: torch
// SPDX-License-Identifier: BSD-3-Clause
// The type of a libtorch tensor does not say what its elements are; that of a view does.
#include <sqwa/tensor/torch.hpp>

#include <cstddef>

#ifdef SQWA_ACCEPT
std::size_t count(at::Tensor const& t) { return sqwa::values(sqwa::torch_view<float>(t)).size(); }
#else
std::size_t count(at::Tensor const& t) { return sqwa::values(t).size(); }
#endif
