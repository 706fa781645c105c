# SPDX-License-Identifier: BSD-3-Clause
"""Takes turns with one of our programs of figures and prints rows: what quant_torch.py and average_torch.py share."""
import os
import statistics
import subprocess
import time

os.environ.setdefault("ATEN_CPU_CAPABILITY", "avx512")  # torch falls back where there is none
ROUNDS = 9


def rate(call, n):
    """Gweights/s of a call that handles n weights, over at least 30 ms."""
    times = 1
    while True:
        start = time.perf_counter()
        for _ in range(times):
            call()
        seconds = time.perf_counter() - start
        if seconds >= 0.03:
            return times * n / seconds / 1e9
        times = max(times + 1, int(times * min(10, 0.04 / max(seconds, 1e-6))))


class Ours:
    """A running program that answers "operation weights threads" with Gweights/s."""

    def __init__(self, program):
        self.process = subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def rate(self, operation, n, threads):
        self.process.stdin.write(f"{operation} {n} {threads}\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())

    def row(self, operation, size, n, threads, rival, call, calls=1):
        """Prints the medians of both and their ratio; `calls` of the rival's do what one of ours does."""
        rate(call, n)
        self.rate(operation, n, threads)
        pairs = [(self.rate(operation, n, threads), rate(call, n) / calls) for _ in range(ROUNDS)]
        mine, other = (statistics.median(column) for column in zip(*pairs))
        print(f"{operation}, {size}, {threads}, {mine:.4g}, Gweights/s, {rival}, {other:.4g}, {mine / other:.1f}",
              flush=True)
