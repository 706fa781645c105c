#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Writes swa_utils.hpp beside itself: what torch.optim.swa_utils makes of small vectors in float64.

Needs torch (Debian: python3-torch). The seed is fixed: the same torch writes the same file.
"""
import fractions
import pathlib

import torch
from torch.optim.swa_utils import AveragedModel, update_bn

torch.set_default_dtype(torch.float64)
generator = torch.Generator().manual_seed(20_221_124)
SNAPSHOTS, WEIGHTS, CHANNELS, DECAY = 12, 16, 3, 0.9


def numbers(*extents):
    return torch.randn(*extents, generator=generator)


class weights(torch.nn.Module):
    """A model that is nothing but its weights."""

    def __init__(self, values):
        super().__init__()
        self.w = torch.nn.Parameter(values.clone())


def averaged(snapshots, avg_fn=None):
    """The average after each snapshot."""
    model = AveragedModel(weights(snapshots[0]), avg_fn=avg_fn)
    after = []
    for snapshot in snapshots:
        model.update_parameters(weights(snapshot))
        after.append(model.module.w.detach().clone())
    return torch.stack(after)


def exact(snapshots, weight):
    """The running mean after each snapshot in fractions, rounded at the end; the average moves by weight(n)."""
    after, mean = [], [fractions.Fraction(0)] * WEIGHTS
    for n, snapshot in enumerate(snapshots.tolist()):
        w = fractions.Fraction(1) if n == 0 else weight(n)
        mean = [m + w * (fractions.Fraction(x) - m) for m, x in zip(mean, snapshot, strict=True)]
        after.append([float(m) for m in mean])
    return torch.tensor(after)


def statistics(batches):
    """Running mean and variance after update_bn."""
    model = torch.nn.Sequential(torch.nn.BatchNorm1d(CHANNELS))
    update_bn(batches, model)
    return torch.stack([model[0].running_mean, model[0].running_var])


def table(name, comment, values):
    flat = [float(v).hex() for v in values.flatten()]
    rows = [", ".join(flat[i:i + 4]) for i in range(0, len(flat), 4)]
    return f"// {comment}\ninline constexpr std::array<double, {len(flat)}> {name}{{\n    " + ",\n    ".join(rows) + "};\n"


snapshots = 1 + 0.25 * numbers(SNAPSHOTS, WEIGHTS)
samples = 2 + numbers(19, CHANNELS) * torch.tensor([1.0, 0.5, 3.0])

parts = [
    table("snapshots", f"{SNAPSHOTS} snapshots of {WEIGHTS} weights.", snapshots),
    table("mean", "AveragedModel(model), after each snapshot.", averaged(snapshots)),
    table("exact_mean", "The same in fractions, rounded once.",
          exact(snapshots, lambda n: fractions.Fraction(1, n + 1))),
    table("exact_ema", f"The exponential average of decay {DECAY} in fractions, rounded once.",
          exact(snapshots, lambda n: 1 - fractions.Fraction(DECAY))),
    table("lerp", f"avg_fn = lambda a, p, n: a.lerp(p, 1 - {DECAY}), after each snapshot: newer torch's EMA.",
          averaged(snapshots, lambda a, p, n: a.lerp(p, 1 - DECAY))),
    table("ema", f"avg_fn = lambda a, p, n: {DECAY} * a + (1 - {DECAY}) * p, after each snapshot.",
          averaged(snapshots, lambda a, p, n: DECAY * a + (1 - DECAY) * p)),
    table("samples", f"19 samples of {CHANNELS} channels.", samples),
    table("one_batch", "update_bn of all samples in one batch: means, then variances.", statistics([samples])),
    table("equal_batches", "update_bn of the first 16 samples in two batches.", statistics(samples[:16].split(8))),
    table("short_last_batch", "update_bn of all samples in batches of 8, 8 and 3.", statistics(samples.split(8))),
]
header = f"""// SPDX-License-Identifier: BSD-3-Clause
// Written by swa_utils.py with torch {torch.__version__}; do not edit.
#ifndef SQWA_TESTS_GOLDEN_SWA_UTILS_HPP
#define SQWA_TESTS_GOLDEN_SWA_UTILS_HPP

#include <array>
#include <cstddef>

namespace golden {{

inline constexpr std::size_t n_snapshots = {SNAPSHOTS}, n_weights = {WEIGHTS}, n_channels = {CHANNELS};
inline constexpr double decay = {DECAY};

// clang-format off
""" + "\n".join(parts) + """// clang-format on

}  // namespace golden

#endif
"""
pathlib.Path(__file__).with_suffix(".hpp").write_text(header)
