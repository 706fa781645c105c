// SPDX-License-Identifier: BSD-3-Clause
// The included layers, with the numbers of a low-bit model, as those of the engine for microcontrollers.
#ifndef SQWA_IO_DEPLOY_LAYERS_HPP
#define SQWA_IO_DEPLOY_LAYERS_HPP

#include <sqwa/core/contract.hpp>
#include <sqwa/deploy/layer.hpp>
#include <sqwa/io/deploy_builder.hpp>
#include <sqwa/io/deployed_network.hpp>
#include <sqwa/nn/any_model.hpp>
#include <sqwa/tensor/shape.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace sqwa::inline SQWA_ABI {

namespace io {

namespace detail {

/// Turns the included layers into those of the engine.
class deploy_translator : public deploy_builder {
 public:
  using deploy_builder::deploy_builder;

  template <class L>
  deploy_value translate(L& l, std::string const& prefix, deploy_value x) {
    if constexpr (requires { l.body(), l.shortcut(); }) {
      std::vector<deploy_value> sides;
      l.visit_parts([&](auto& part, std::string const& name) {
        close(x);  // both look at it
        sides.push_back(translate(part, prefix + name + ".", x));
      });
      return join(prefix, sides[0], sides[1]);
    } else if constexpr (requires { l.visit_parts([](auto&, std::string const&) {}); }) {
      l.visit_parts([&](auto& part, std::string const& name) { x = translate(part, prefix + name + ".", x); });
      return x;
    } else {
      expects(!x.padded, "deploy: {} follows a padding shortcut, which must end its branch", prefix);
      return one(l, prefix, x);
    }
  }

 private:
  template <class T>
  deploy_value one(nn::conv2d<T> const& l, std::string const& prefix, deploy_value const& x) {
    return convolution(prefix, l.options(), x);
  }
  template <class T>
  deploy_value one(nn::grouped_conv2d<T> const&, std::string const& prefix, deploy_value const& x) {
    expects(false, "deploy: {} is a convolution in groups, which the engine lacks", prefix);
    return x;
  }
  template <class T>
  deploy_value one(nn::depthwise_conv2d<T> const& l, std::string const& prefix, deploy_value const& x) {
    nn::conv2d_options const& o = l.options();
    shape const weight = tensors_.extents(prefix + "weight");
    expects(weight.rank() == 4 && weight[0] == x.extents.channels && weight[1] == o.kernel && weight[2] == o.kernel &&
                weight[3] == 1,
            "deploy: {}weight does not fit a kernel of {} on each of {} channels", prefix, o.kernel,
            x.extents.channels);
    return weighted(prefix, deploy::operation::depthwise, o, x);
  }
  template <class T>
  deploy_value one(nn::dense<T> const&, std::string const& prefix, deploy_value const& x) {
    shape const weight = tensors_.extents(prefix + "weight");
    expects(weight.rank() == 2 && weight[1] == x.extents.size(), "deploy: {}weight does not fit {} inputs", prefix,
            x.extents.size());
    deploy_value row = x;
    row.extents = image(prefix, 1, 1, x.extents.size());
    return weighted(prefix, deploy::operation::convolution, {.kernel = 1}, row);
  }
  template <class T>
  deploy_value one(nn::batch_norm<T> const& l, std::string const& prefix, deploy_value const& x) {
    return normalization(prefix, l.options(), x);
  }
  template <class T>
  deploy_value one(nn::relu<T> const&, std::string const& prefix, deploy_value const& x) {
    return clamp(prefix, x, infinity);
  }
  template <class T>
  deploy_value one(nn::relu6<T> const&, std::string const& prefix, deploy_value const& x) {
    return clamp(prefix, x, 6);
  }
  template <class T>
  deploy_value one(nn::max_pool<T> const& l, std::string const& prefix, deploy_value const& x) {
    return pool(prefix, deploy::operation::max_pool, l.kernel(), l.kernel(), l.stride(), x);
  }
  template <class T>
  deploy_value one(nn::average_pool<T> const& l, std::string const& prefix, deploy_value const& x) {
    return pool(prefix, deploy::operation::average_pool, l.kernel(), l.kernel(), l.stride(), x);
  }
  template <class T>
  deploy_value one(nn::global_average_pool<T> const&, std::string const& prefix, deploy_value const& x) {
    return pool(prefix, deploy::operation::average_pool, x.extents.rows, x.extents.columns, 1, x);
  }
  template <class T>
  deploy_value one(nn::flatten<T> const&, std::string const& prefix, deploy_value x) {
    x.extents = image(prefix, 1, 1, x.extents.size());
    return x;
  }
  template <class T>
  deploy_value one(nn::dropout<T> const&, std::string const&, deploy_value const& x) {
    return x;
  }
  template <class T>
  deploy_value one(nn::identity<T> const&, std::string const&, deploy_value const& x) {
    return x;
  }
  template <class Policy, class T>
  deploy_value one(nn::fake_quantize<Policy, T> const& l, std::string const& prefix, deploy_value x) {
    Policy const& policy = l.policy();
    double const bound = tensors_.values(prefix + Policy::bound_name, 1)[0];
    expects(bound > 0, "deploy: {} has no {} yet: train it first", prefix, Policy::bound_name);
    bool is_signed = false;
    if constexpr (requires { policy.is_signed; }) is_signed = policy.is_signed;
    int const most = policy.levels - 1, middle = is_signed ? most / 2 : 0;
    expects(most <= 255, "deploy: {} has {} levels; 256 at most are possible", prefix, policy.levels);
    double const scale = std::string_view(Policy::bound_name) == "scale" ? bound : bound / (most - middle);
    activation_grid const grid{scale, middle, most};
    std::size_t const made = behind_pools(x);  // the largest of rounded values is the rounded largest value
    if (made == 0) {
      x = copied(prefix, x);
      last().grid = grid;
    } else {
      network.layers[made - 1].grid = grid;
    }
    close(x);
    return x;
  }
  template <class T>
  deploy_value one(nn::padding_shortcut<T> const& l, std::string const&, deploy_value x) {
    x.padded = true;
    x.stride = l.stride();
    x.front = (l.channels() - x.extents.channels) / 2;
    return x;
  }
  template <class T>
  deploy_value one(nn::basic_block<T> const& l, std::string const& prefix, deploy_value const& x) {
    std::size_t const stride = l.options().stride;
    auto const normalized = [&](std::string const& conv, std::string const& norm, nn::conv2d_options const& options,
                                deploy_value const& from) {
      return normalization(prefix + norm, {}, convolution(prefix + conv, options, from));
    };
    deploy_value y = normalized("conv1.", "norm1.", {.stride = stride, .padding = 1}, x);
    y = clamp(prefix + "relu1.", y, infinity);
    y = normalized("conv2.", "norm2.", {.padding = 1}, y);
    deploy_value side = x;
    if (!(x.extents == y.extents)) {
      if (tensors_.has(prefix + "shortcut.weight")) {
        side = normalized("shortcut.", "shortcut_norm.", {.kernel = 1, .stride = stride}, x);
      } else {
        side.padded = true;
        side.stride = stride;
        side.front = (y.extents.channels - x.extents.channels) / 2U;
      }
    }
    return clamp(prefix + "relu2.", join(prefix, y, side), infinity);
  }
};

}  // namespace detail

}  // namespace io

}  // namespace sqwa::inline SQWA_ABI

#endif
