// SPDX-License-Identifier: BSD-3-Clause
// sqwa.hpp, then headers of the package that it holds already; or with SQWA_TEST_PACKAGE_HEADERS those of the package
// alone.
#ifndef SQWA_TEST_ONE_HEADER_HPP
#define SQWA_TEST_ONE_HEADER_HPP

#ifndef SQWA_TEST_PACKAGE_HEADERS
#include "sqwa.hpp"
#ifndef SQWA_CORE_CONFIG_HPP
#error "sqwa.hpp does not say which headers it holds"
#endif
#endif

#include <sqwa/average/averager.hpp>
#include <sqwa/average/code_averager.hpp>
#include <sqwa/core/noise.hpp>
#include <sqwa/quant/encode.hpp>
#include <sqwa/quant/packed.hpp>
#include <sqwa/quant/quantize.hpp>
#include <sqwa/quant/quantizer.hpp>
#include <sqwa/schedule/capture.hpp>
#include <sqwa/schedule/combine.hpp>
#include <sqwa/schedule/shapes.hpp>

#include <span>
#include <vector>

/// Defined in the other unit.
sqwa::packed encode_in_b(std::span<float const> weights, std::vector<float> const& scales);

#endif
