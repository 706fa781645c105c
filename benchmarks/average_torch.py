#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Our averages beside torch's: average_torch.py PROGRAM, where PROGRAM is average_figures; see turns.py.

Seven updates of an AveragedModel do what one mean of seven packed snapshots does. Needs python3-torch.
"""
import sys

from turns import Ours
import torch
from torch.optim.swa_utils import AveragedModel

ours = Ours(sys.argv[1])
torch.set_grad_enabled(False)
for size, n in {"L2": 1 << 16, "memory": 100 << 20}.items():
    model = torch.nn.Module()
    model.weight = torch.nn.Parameter(torch.randn(n) * 0.05)
    averaged = AveragedModel(model)
    averaged.update_parameters(model)
    for threads in (1, 2):
        torch.set_num_threads(threads)
        rival = f"torch {torch.__version__} AveragedModel.update_parameters"
        ours.row("mean_of_7_packed", size, n, threads, f"7 x {rival}", lambda: averaged.update_parameters(model), 7)
        ours.row("averager", size, n, threads, rival, lambda: averaged.update_parameters(model))
