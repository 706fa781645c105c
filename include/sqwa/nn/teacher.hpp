// SPDX-License-Identifier: BSD-3-Clause
// A trained model that is only asked, its type forgotten.
#ifndef SQWA_NN_TEACHER_HPP
#define SQWA_NN_TEACHER_HPP

#include <sqwa/core/contract.hpp>
#include <sqwa/exec/backend.hpp>
#include <sqwa/nn/layer.hpp>
#include <sqwa/tensor/shape.hpp>

#include <concepts>
#include <cstddef>
#include <functional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace sqwa::inline SQWA_ABI {

namespace nn {

/// A trained model of any layer, which says in inference what it thinks of a batch.
///
/// A value: copies have models of their own. Memory: the model and one batch of its outputs, from the beginning.
template <any_backend Backend = backend<>>
class teacher {
 public:
  /// None.
  teacher() = default;

  /// @pre the model was built for samples of these extents, and has `classes` outputs
  template <layer Model>
    requires std::same_as<typename Model::scalar, float> teacher(Model model, shape const& sample, std::size_t classes,
                                                                 std::size_t batch)
        : classes_(classes) {
      check(model, sample, classes);
      model.reserve(batch);
      answers_.resize(batch * classes);
      ask_ = [asked = std::move(model)](std::span<float const> x, std::span<float> y, std::size_t samples,
                                        Backend const& where) mutable {
        asked.forward(x, y, samples, pass::infer, where);
      };
    }

    /// Whether there is one.
    explicit operator bool() const noexcept { return static_cast<bool>(ask_); }

    /// The outputs for the samples in `x`, row after row; valid until the next call. Allocates nothing.
    [[nodiscard]] std::span<float const> operator()(std::span<float const> x, std::size_t samples,
                                                    Backend const& where) {
      auto const y = std::span(answers_).first(samples * classes_);
      ask_(x, y, samples, where);
      return y;
    }

   private:
    /// A copy that is built anew for these samples must have tensors of the same sizes.
    template <class Model>
    static void check(Model& model, shape const& sample, std::size_t classes) {
      Model expected = model;
      std::size_t const outputs = expected.build(sample, noise{}).size();
      expects(outputs == classes, "teacher: the model has {} outputs for {} classes", outputs, classes);
      std::vector<std::size_t> sizes;
      model.visit([&](parameter<float> const& p) { sizes.push_back(p.value.size()); });
      std::size_t i = 0;
      expected.visit([&](parameter<float> const& p) {
        std::size_t const has = i < sizes.size() ? sizes[i] : 0;
        expects(has == p.value.size(), "teacher: tensor {} of the model, a {}, has {} elements, for these samples {}",
                i, std::string_view(p.name), has, p.value.size());
        ++i;
      });
    }

    std::size_t classes_ = 0;
    std::vector<float> answers_;
    std::function<void(std::span<float const>, std::span<float>, std::size_t, Backend const&)> ask_;
};

}  // namespace nn

}  // namespace sqwa::inline SQWA_ABI

#endif
