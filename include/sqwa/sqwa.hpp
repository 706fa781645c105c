// SPDX-License-Identifier: BSD-3-Clause
// Everything but the backends: the whole method with the included trainer and its files.
#ifndef SQWA_SQWA_HPP
#define SQWA_SQWA_HPP

#include <sqwa/average/averager.hpp>
#include <sqwa/average/code_averager.hpp>
#include <sqwa/average/code_moments.hpp>
#include <sqwa/average/code_window.hpp>
#include <sqwa/average/hierarchical.hpp>
#include <sqwa/average/mean_of.hpp>
#include <sqwa/average/moments.hpp>
#include <sqwa/average/refresh_statistics.hpp>
#include <sqwa/average/window.hpp>
#include <sqwa/io/cifar.hpp>
#include <sqwa/io/idx.hpp>
#include <sqwa/io/model_file.hpp>
#include <sqwa/io/npy.hpp>
#include <sqwa/io/npy_images.hpp>
#include <sqwa/io/npz.hpp>
#include <sqwa/io/series_writer.hpp>
#include <sqwa/io/snapshot_series.hpp>
#include <sqwa/method/run.hpp>
#include <sqwa/nn/averaged_scope.hpp>
#include <sqwa/nn/basic_block.hpp>
#include <sqwa/nn/batch_norm.hpp>
#include <sqwa/nn/conv2d.hpp>
#include <sqwa/nn/dense.hpp>
#include <sqwa/nn/fake_quantize.hpp>
#include <sqwa/nn/flatten.hpp>
#include <sqwa/nn/global_average_pool.hpp>
#include <sqwa/nn/max_pool.hpp>
#include <sqwa/nn/model_average.hpp>
#include <sqwa/nn/relu.hpp>
#include <sqwa/nn/sequential.hpp>
#include <sqwa/nn/trainer.hpp>
#include <sqwa/quant/activation_step.hpp>
#include <sqwa/quant/gradient.hpp>
#include <sqwa/quant/learned_clip.hpp>
#include <sqwa/quant/learned_step.hpp>
#include <sqwa/quant/moving_range.hpp>
#include <sqwa/quant/packed.hpp>
#include <sqwa/quant/quantize.hpp>
#include <sqwa/schedule/capture.hpp>
#include <sqwa/schedule/combine.hpp>
#include <sqwa/schedule/damped_cycles.hpp>
#include <sqwa/schedule/growing_cycles.hpp>
#include <sqwa/schedule/loss_gated.hpp>
#include <sqwa/schedule/shapes.hpp>
#include <sqwa/schedule/steps.hpp>
#include <sqwa/tensor/xtensor.hpp>
#include <sqwa/version.hpp>

#endif
