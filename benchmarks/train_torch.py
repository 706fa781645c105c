#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Our training steps beside torch's: train_torch.py PROGRAM, where PROGRAM is train_figures; see turns.py.

A step is forward, backward and an update by SGD with momentum and weight decay. Torch runs in the faster of its two
memory layouts. With the word "memory" and a network, prints this process's own peak. Needs python3-torch, and a BLAS
that is not the reference one (libopenblas0-pthread).
"""
import statistics
import subprocess
import sys
import time

from turns import ROUNDS
import torch
from torch import nn
import torch.nn.functional as F

FLOP = {"resnet20": 0.244e9, "lenet5": 2.1e6, "mlp": 1.21e6}  # of a step, per sample: forward and both gradients


class Ternary(torch.autograd.Function):
    """Weights rounded to {-1, 0, 1} * scale; the gradient passes straight through."""

    @staticmethod
    def forward(ctx, weight, scale):
        return torch.clamp(torch.round(weight / scale), -1, 1) * scale

    @staticmethod
    def backward(ctx, gradient):
        return gradient, None


def low_bit(kind, ternary):
    """The layer class `kind`, its weights ternary on request."""
    if not ternary:
        return kind

    class Layer(kind):
        def __init__(self, *args, **named):
            super().__init__(*args, **named)
            self.scale = float(self.weight.detach().std() * 1.2)

        def forward(self, x):
            weight = Ternary.apply(self.weight, self.scale)
            if isinstance(self, nn.Conv2d):
                return self._conv_forward(x, weight, self.bias)
            return F.linear(x, weight, self.bias)

    return Layer


class Block(nn.Module):
    """Two 3 x 3 convolutions with batch-norm, and the padding shortcut."""

    def __init__(self, conv, inputs, outputs, stride):
        super().__init__()
        self.body = nn.Sequential(conv(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True),
                                  conv(outputs, outputs, 3, 1, 1, bias=False), nn.BatchNorm2d(outputs))
        self.stride, self.extra = stride, outputs - inputs

    def forward(self, x):
        shortcut = x
        if self.extra:
            shortcut = F.pad(x[:, :, ::self.stride, ::self.stride], (0, 0, 0, 0, self.extra // 2, self.extra - self.extra // 2))
        return F.relu(self.body(x) + shortcut, inplace=True)


def resnet20(ternary):
    conv = low_bit(nn.Conv2d, ternary)
    layers, inputs = [conv(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU(inplace=True)], 16
    for outputs in (16, 32, 64):
        for i in range(3):
            layers.append(Block(conv, inputs, outputs, 2 if i == 0 and outputs > 16 else 1))
            inputs = outputs
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), low_bit(nn.Linear, ternary)(64, 10))


def lenet5(ternary):
    conv, linear = low_bit(nn.Conv2d, ternary), low_bit(nn.Linear, ternary)
    return nn.Sequential(conv(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), conv(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
                         nn.Flatten(), linear(400, 120), nn.ReLU(), linear(120, 84), nn.ReLU(), linear(84, 10))


def mlp(ternary):
    linear = low_bit(nn.Linear, ternary)
    return nn.Sequential(nn.Flatten(), linear(784, 256), nn.ReLU(), linear(256, 256), nn.ReLU(), linear(256, 10))


def stepper(network, batch, ternary, layout):
    torch.manual_seed(0)
    model = {"resnet20": resnet20, "lenet5": lenet5, "mlp": mlp}[network](ternary)
    x = torch.randn((batch, 3, 32, 32) if network == "resnet20" else (batch, 1, 28, 28))
    y = torch.randint(0, 10, (batch,))
    if layout == "channels last":
        model, x = model.to(memory_format=torch.channels_last), x.contiguous(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3, momentum=0.9, weight_decay=1e-4)

    def step():
        optimizer.zero_grad(set_to_none=True)
        F.cross_entropy(model(x), y).backward()
        optimizer.step()

    return step


def rest():
    """Waits until the threads of the other process, which look for work for a while before they sleep, have gone to sleep."""
    time.sleep(0.1)


def rate(step, batch):
    """Samples/s over at least 0.3 s."""
    rest()
    steps, start = 0, time.perf_counter()
    while time.perf_counter() - start < 0.3:
        step()
        steps += 1
    return steps * batch / (time.perf_counter() - start)


def memory_rows(program, network, batch):
    """Peaks of two fresh processes."""
    peaks = [float(subprocess.run(command + ["memory", network, str(batch)], capture_output=True, check=True).stdout)
             for command in ([program], [sys.executable, __file__])]
    print(f"memory of {network}, batch {batch}, 1, {peaks[0]:.4g}, MB, torch {torch.__version__}, {peaks[1]:.4g}, "
          f"{peaks[0] / peaks[1]:.2f}", flush=True)


def main(program):
    process = subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ours(operation, batch, threads):
        rest()
        process.stdin.write(f"{operation} {batch} {threads}\n")
        process.stdin.flush()
        return float(process.stdout.readline())

    peak = statistics.median(ours("peak", 0, 1) for _ in range(3))
    print(f"# peak of one core: {peak:.4g} GFLOP/s in float; share = arithmetic of a direct step / peak of the threads")
    print("network, batch, threads, ours, unit, rival, rival's figure, ratio, share of peak, two threads / one")
    for network, batch in (("resnet20", 128), ("lenet5", 64), ("mlp", 64)):
        for ternary in (False, True):
            one = 0
            for threads in (1, 2):
                torch.set_num_threads(threads)
                layouts = ("default", "channels last") if network == "resnet20" else ("default",)
                rivals = {layout: stepper(network, batch, ternary, layout) for layout in layouts}
                name = network + ("_ternary" if ternary else "")
                programs = {str(threads): name} if threads == 1 else {"2": name, "2 of a team": "team_" + name}
                for warm in rivals.values():
                    warm()
                for mine in programs.values():
                    ours(mine, batch, threads)
                rounds = [([ours(mine, batch, threads) for mine in programs.values()],
                           [rate(step, batch) for step in rivals.values()]) for _ in range(ROUNDS)]
                others = [statistics.median(column) for column in zip(*(r[1] for r in rounds))]
                other = max(others)
                for label, column in zip(programs, zip(*(r[0] for r in rounds))):
                    mine = statistics.median(column)
                    one = mine if threads == 1 else one
                    share = mine * FLOP[network] / (threads * peak * 1e9)
                    print(f"{name}, {batch}, {label}, {mine:.4g}, samples/s, torch {torch.__version__} "
                          f"{layouts[others.index(other)]}, {other:.4g}, {mine / other:.2f}, {share:.2f}, {mine / one:.2f}", flush=True)
    for network, batch in (("resnet20", 128), ("lenet5", 64), ("mlp", 64)):
        memory_rows(program, network, batch)


if sys.argv[1] == "memory":
    torch.set_num_threads(1)
    one_step = stepper(sys.argv[2], int(sys.argv[3]), False, "channels last" if sys.argv[2] == "resnet20" else "default")
    for _ in range(10):
        one_step()
    with open("/proc/self/status") as status:  # not getrusage: that counts the parent's memory too
        print(next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM:")))
else:
    main(sys.argv[1])
