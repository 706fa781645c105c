// SPDX-License-Identifier: BSD-3-Clause
// libtorch's tensors. What they are made of and how they lie in memory is known at run time only, so a typed view
// checks it, and the view is the tensor.
#ifndef SQWA_TENSOR_TORCH_HPP
#define SQWA_TENSOR_TORCH_HPP

#include <sqwa/core/contract.hpp>
#include <sqwa/tensor/adapter.hpp>

#include <ATen/core/Tensor.h>
#include <cstddef>
#include <span>
#include <type_traits>
#include <utility>

namespace sqwa::inline SQWA_ABI {

/// An `at::Tensor` whose elements are one run of T on the CPU, T being float or double, or either with const to read.
///
/// Shares the tensor's ownership, and shows the memory that the tensor has at the time of the call: a view stays right
/// when a parameter is trained, loaded or given other memory of the same kind. Autograd does not see what is written,
/// which is what an optimizer wants; do not write between a forward and its backward pass. Memory: none.
template <class T>
  requires real<std::remove_const_t<T>>
class torch_view {
 public:
  /// @pre `t` is defined, on the CPU, strided, contiguous, of element type T, and no lazily negated view
  explicit torch_view(at::Tensor t) : tensor_(std::move(t)) {
    constexpr auto wanted = c10::CppTypeToScalarType<std::remove_const_t<T>>::value;
    expects(tensor_.defined(), "torch_view: the tensor is not defined");
    expects(tensor_.is_cpu(), "torch_view: a tensor on {}, not on the CPU",
            c10::DeviceTypeName(tensor_.device().type(), true));
    expects(tensor_.scalar_type() == wanted, "torch_view: a tensor of {}, not of {}",
            c10::toString(tensor_.scalar_type()), c10::toString(wanted));
    expects(tensor_.layout() == at::kStrided, "torch_view: a sparse tensor, or one of another layout than strided");
    expects(tensor_.is_contiguous() && !tensor_.is_neg(),
            "torch_view: {} elements that are not contiguous; torch_contiguous copies them", tensor_.numel());
  }

  [[nodiscard]] std::span<T> elements() const noexcept {
    return {static_cast<T*>(tensor_.data_ptr()), static_cast<std::size_t>(tensor_.numel())};
  }
  [[nodiscard]] at::Tensor const& tensor() const noexcept { return tensor_; }

 private:
  at::Tensor tensor_;
};

/// The tensor itself where a `torch_view` can show it, else a copy that is contiguous, on the CPU and of element type
/// T.
///
/// Half and bfloat16 widen exactly, float to double too. Memory: that of the copy.
/// @pre `t` is defined and strided, its elements are floating-point numbers, none of them wider than T
template <real T>
[[nodiscard]] torch_view<T const> torch_contiguous(at::Tensor const& t) {
  constexpr auto wanted = c10::CppTypeToScalarType<T>::value;
  expects(t.defined(), "torch_contiguous: the tensor is not defined");
  expects(t.is_floating_point(), "torch_contiguous: a tensor of {}: copy integers, do not average them",
          c10::toString(t.scalar_type()));
  expects(static_cast<std::size_t>(t.element_size()) <= sizeof(T), "torch_contiguous: {} would be narrowed to {}",
          c10::toString(t.scalar_type()), c10::toString(wanted));
  expects(t.layout() == at::kStrided, "torch_contiguous: a sparse tensor, or one of another layout than strided");
  return torch_view<T const>(t.detach().to(at::TensorOptions(at::kCPU).dtype(wanted)).resolve_neg().contiguous());
}

/// A view is a reference: constant or not, it shows elements to write unless T is constant.
template <class T>
struct adapter<torch_view<T>> {
  static std::span<T> elements(torch_view<T> const& t) noexcept { return t.elements(); }
  static at::IntArrayRef shape(torch_view<T> const& t) noexcept { return t.tensor().sizes(); }
};

}  // namespace sqwa::inline SQWA_ABI

#endif
