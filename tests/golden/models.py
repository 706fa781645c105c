#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Writes models.hpp beside itself: what torch makes, in float64, of the models in include/sqwa/nn/models.

Each model gets numbers by formula (see `spread`), one training pass of two images and an error of its outputs. Written are
the outputs, and for each weight tensor and the input the sum of the absolute gradients. Needs torch (Debian: python3-torch).
"""
import pathlib

import torch
from torch import nn

torch.set_default_dtype(torch.float64)


def spread(n, k):
    """n numbers in [-1, 1] without a pattern that a network could notice."""
    return (torch.arange(n) * 613 + k * 97) % 1009 / 504 - 1


class channels_last(nn.Module):
    """[channels][rows][columns] to [rows][columns][channels]: the order in which our dense layers read an image."""

    def forward(self, x):
        return x.permute(0, 2, 3, 1).flatten(1)


def conv_norm(inputs, outputs, kernel=1, stride=1, groups=1, relu=True):
    layers = [nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False), nn.BatchNorm2d(outputs)]
    return layers + [nn.ReLU6()] * relu


class inverted_residual(nn.Module):
    def __init__(self, inputs, outputs, stride, expansion):
        super().__init__()
        hidden = inputs * expansion
        self.body = nn.Sequential(*(conv_norm(inputs, hidden) if expansion != 1 else []),
                                  *conv_norm(hidden, hidden, 3, stride, hidden), *conv_norm(hidden, outputs, relu=False))
        self.adds = stride == 1 and inputs == outputs

    def forward(self, x):
        return x + self.body(x) if self.adds else self.body(x)


def divisible(value):
    rounded = max(8, int(value + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * value else rounded


def mobilenet_v2(classes, width):
    channels = divisible(32 * width)
    layers = conv_norm(3, channels, 3)
    for t, c, n, s in [(1, 16, 1, 1), (6, 24, 2, 1), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)]:
        for i in range(n):
            layers.append(inverted_residual(channels, divisible(c * width), s if i == 0 else 1, t))
            channels = divisible(c * width)
    last = divisible(1280 * max(1, width))
    layers += conv_norm(channels, last) + [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(last, classes)]
    return nn.Sequential(*layers)


def lenet5(classes):
    return nn.Sequential(nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(),
                         nn.MaxPool2d(2), channels_last(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(),
                         nn.Linear(84, classes))


def mlp(widths):
    layers = [channels_last()]
    for inputs, outputs in zip(widths, widths[1:]):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def table(name, values):
    flat = [f"{float(v):.17g}" for v in values]
    rows = [", ".join(flat[i:i + 5]) for i in range(0, len(flat), 5)]
    return f"inline constexpr std::array<double, {len(flat)}> {name}{{\n    " + ",\n    ".join(rows) + "};\n"


def one_pass(name, model, rows, columns, channels, classes):
    for k, (full_name, p) in enumerate(model.named_parameters()):
        if p.dim() > 1:
            fan_in = p.numel() / p.shape[0]
            values = spread(p.numel(), k) * (6 / fan_in)**0.5
            if p.dim() == 4:  # ours are [filters][kernel][kernel][channels]
                values = values.reshape(p.shape[0], p.shape[2], p.shape[3], p.shape[1]).permute(0, 3, 1, 2)
        elif "weight" in full_name:
            values = 1 + spread(p.numel(), k) / 2
        else:
            values = spread(p.numel(), k) / 5
        p.data = values.reshape(p.shape).clone()
    x = spread(2 * rows * columns * channels, 0).reshape(2, rows, columns, channels).permute(0, 3, 1, 2).requires_grad_()
    y = model.train()(x)
    y.backward(spread(2 * classes, 1).reshape(2, classes))
    gradients = [p.grad.abs().sum() for p in model.parameters() if p.dim() > 1] + [x.grad.abs().sum()]
    return table(name + "_outputs", y.flatten()) + table(name + "_gradients", gradients)


header = f"""// SPDX-License-Identifier: BSD-3-Clause
// Written by models.py with torch {torch.__version__}; do not edit.
#ifndef SQWA_TESTS_GOLDEN_MODELS_HPP
#define SQWA_TESTS_GOLDEN_MODELS_HPP

#include <array>

namespace golden {{

// Outputs of two images; sums of the absolute gradients of each weight tensor, then of the images.
// clang-format off
""" + one_pass("mlp", mlp([60, 30, 20, 10]), 5, 4, 3, 10) + one_pass("lenet5", lenet5(10), 28, 28, 1, 10) + one_pass(
    "mobilenet_v2", mobilenet_v2(5, 0.25), 32, 32, 3, 5) + """// clang-format on

}  // namespace golden

#endif
"""
pathlib.Path(__file__).with_suffix(".hpp").write_text(header)
