// expect: activation_quantizer<|'activation_quantizer'
// SPDX-License-Identifier: BSD-3-Clause
// What rounds, but knows no gradient, cannot stand in a network that is trained.
#include <sqwa/nn/fake_quantize.hpp>
#include <sqwa/quant/learned_clip.hpp>
#include <sqwa/quant/symmetric.hpp>

#ifdef SQWA_ACCEPT
sqwa::nn::fake_quantize<sqwa::learned_clip> const layer{};
#else
sqwa::nn::fake_quantize<sqwa::symmetric<3>> const layer{};
#endif
