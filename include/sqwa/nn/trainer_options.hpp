// SPDX-License-Identifier: BSD-3-Clause
// What the included trainer can be told.
#ifndef SQWA_NN_TRAINER_OPTIONS_HPP
#define SQWA_NN_TRAINER_OPTIONS_HPP

#include <sqwa/core/fingerprint.hpp>
#include <sqwa/nn/augmentation.hpp>
#include <sqwa/nn/data.hpp>
#include <sqwa/nn/optimizer.hpp>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <variant>

namespace sqwa::inline SQWA_ABI {

namespace nn {

/// How the included trainer learns. Its constructor checks them.
struct trainer_options {
  std::size_t batch = 64;                       ///< samples a step
  optimizer_options optimizer = sgd_options{};  ///< or adam_options
  double label_smoothing = 0;                   ///< of the loss that is trained on, from 0 to 1; scores are without
  std::uint64_t seed = 1;                       ///< of first weights, order and augmentation
  std::size_t refresh_batches = 0;              ///< how many batches refresh_statistics looks at; 0: one epoch
  nn::augmentation augmentation = {};           ///< of the images trained on
  std::optional<nn::normalization> normalization = {};  ///< of pixels; none: measured on all images trained on
  bool read_ahead = false;                              ///< a thread prepares the next batch during a step
};

namespace detail {

using trainer_identity = std::array<std::pair<char const*, std::uint64_t>, 11>;

/// Which optimizer, and its figures.
inline std::uint64_t fingerprint_of(optimizer_options const& options) {
  fingerprint f;
  f.put(options.index());
  auto const put = [&](auto... figures) { (f.put(figures), ...); };
  if (auto const* o = std::get_if<sgd_options>(&options)) put(o->momentum, o->nesterov, o->weight_decay);
  if (auto const* o = std::get_if<adam_options>(&options)) {
    put(o->beta1, o->beta2, o->epsilon, o->weight_decay, o->decoupled_decay);
  }
  return f.value();
}

inline std::uint64_t fingerprint_of(normalization const& how) {
  fingerprint f;
  f.put_all(how.mean());
  f.put_all(how.deviation());
  return f.value();
}

/// What the bits of training depend on, beside the model; -1 for an augmentation that is not made, 0 for no teacher.
inline trainer_identity identity_of(trainer_options const& o, std::uint64_t images, normalization const& pixels,
                                    std::uint64_t teacher) {
  auto const number = [](auto v) -> std::uint64_t { return std::bit_cast<std::uint32_t>(v); };
  constexpr auto none = ~std::uint64_t{0};
  return {{{"set of images", images},
           {"normalization", fingerprint_of(pixels)},
           {"batch size", o.batch},
           {"seed", o.seed},
           {"optimizer, or with other figures", fingerprint_of(o.optimizer)},
           {"number of batches to refresh by", o.refresh_batches},
           {"label smoothing", std::bit_cast<std::uint64_t>(o.label_smoothing)},
           {"teacher, or way to learn from it", teacher},
           {"random crop", o.augmentation.crop ? o.augmentation.crop->padding : none},
           {"horizontal flip", o.augmentation.flip ? number(o.augmentation.flip->probability) : none},
           {"cutout", o.augmentation.hole ? o.augmentation.hole->side : none}}};
}

}  // namespace detail

}  // namespace nn

}  // namespace sqwa::inline SQWA_ABI

#endif
