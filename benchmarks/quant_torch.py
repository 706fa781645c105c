#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Our quantizers beside torch's: quant_torch.py PROGRAM, where PROGRAM is quant_figures.

Prints the rows of quant_table: operation, size, threads, ours, unit, rival, rival's figure, ratio; see turns.py. Needs
python3-torch.
"""
import sys

from turns import Ours
import torch
from torch.ao.quantization.observer import HistogramObserver, MinMaxObserver

SIZES = {"L2": 1 << 16, "memory": 1 << 24}
STEP = 0.04


def torch_operations(n):
    """Our name of an operation: torch's name and a call that does it to n weights."""
    w = torch.randn(n) * 0.05
    rows = w.view(-1, 1024)
    row_steps = torch.full((rows.shape[0],), STEP)
    row_zeros = torch.zeros(rows.shape[0], dtype=torch.int32)
    leaf = w.clone().requires_grad_()
    step = torch.tensor([STEP], requires_grad=True)
    zero = torch.tensor([0.0], requires_grad=True)
    gradient = torch.randn(n)

    def learned_step():
        leaf.grad = step.grad = zero.grad = None
        torch._fake_quantize_learnable_per_tensor_affine(leaf, step, zero, -1, 1, 1.0).backward(gradient)

    def observe(kind):
        observer = kind(quant_min=-1, quant_max=1, dtype=torch.qint8, qscheme=torch.per_tensor_symmetric)
        observer(w)
        observer.calculate_qparams()

    def quantize(dtype, zero_point):
        return lambda: torch.quantize_per_tensor(w, STEP, zero_point, dtype)

    done = {8: quantize(torch.qint8, 0)(), 4: quantize(torch.quint4x2, 7)(), 2: quantize(torch.quint2x4, 1)()}
    return {
        "fake_quantize": ("fake_quantize_per_tensor_affine",
                          lambda: torch.fake_quantize_per_tensor_affine(w, STEP, 0, -1, 1)),
        "fake_quantize_rows": ("fake_quantize_per_channel_affine",
                               lambda: torch.fake_quantize_per_channel_affine(rows, row_steps, row_zeros, 0, -1, 1)),
        "learned_step": ("_fake_quantize_learnable and backward", learned_step),
        "quantize_8": ("quantize_per_tensor qint8", quantize(torch.qint8, 0)),
        "dequantize_8": ("dequantize qint8", done[8].dequantize),
        "encode_4": ("quantize_per_tensor quint4x2", quantize(torch.quint4x2, 7)),
        "decode_4": ("dequantize quint4x2", done[4].dequantize),
        "encode_2": ("quantize_per_tensor quint2x4", quantize(torch.quint2x4, 1)),
        "decode_2": ("dequantize quint2x4", done[2].dequantize),
        "max_abs": ("MinMaxObserver", lambda: observe(MinMaxObserver)),
        "l2": ("HistogramObserver", lambda: observe(HistogramObserver)),
    }


ours = Ours(sys.argv[1])
for size, n in SIZES.items():
    operations = torch_operations(n)
    for threads in (1, 2):
        torch.set_num_threads(threads)
        for operation, (name, call) in operations.items():
            ours.row(operation, size, n, threads, f"torch {torch.__version__} {name}", call)
