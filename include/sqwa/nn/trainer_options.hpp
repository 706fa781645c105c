// SPDX-License-Identifier: BSD-3-Clause
// What the included trainer can be told.
#ifndef SQWA_NN_TRAINER_OPTIONS_HPP
#define SQWA_NN_TRAINER_OPTIONS_HPP

#include <sqwa/nn/augmentation.hpp>
#include <sqwa/nn/data.hpp>
#include <sqwa/nn/optimizer.hpp>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

namespace sqwa::inline SQWA_ABI {

namespace nn {

struct trainer_options {
  std::size_t batch = 64;
  optimizer_options optimizer = sgd_options{};  // or adam_options
  double label_smoothing = 0;                   // of the loss that is trained on, from 0 to 1; scores are without
  std::uint64_t seed = 1;
  std::size_t refresh_batches = 0;                      // how many batches refresh_statistics looks at; 0: one epoch
  nn::augmentation augmentation = {};                   // of the images trained on
  std::optional<nn::normalization> normalization = {};  // of pixels; none: measured on all images trained on
  bool read_ahead = false;                              // a thread prepares the next batch during a step
};

namespace detail {

using trainer_identity = std::array<std::pair<char const*, std::uint64_t>, 8>;

/// What the bits of training depend on, beside the model and the optimizer; -1 for an augmentation that is not made.
inline trainer_identity identity_of(trainer_options const& o, std::uint64_t images) {
  auto const number = [](auto v) -> std::uint64_t { return std::bit_cast<std::uint32_t>(v); };
  constexpr auto none = ~std::uint64_t{0};
  return {{{"set of images", images},
           {"batch size", o.batch},
           {"seed", o.seed},
           {"number of batches to refresh by", o.refresh_batches},
           {"label smoothing", std::bit_cast<std::uint64_t>(o.label_smoothing)},
           {"random crop", o.augmentation.crop ? o.augmentation.crop->padding : none},
           {"horizontal flip", o.augmentation.flip ? number(o.augmentation.flip->probability) : none},
           {"cutout", o.augmentation.hole ? o.augmentation.hole->side : none}}};
}

}  // namespace detail

}  // namespace nn

}  // namespace sqwa::inline SQWA_ABI

#endif
