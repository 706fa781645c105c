#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Does an example print what its comment says? output.py SOURCE.cpp PROGRAM: the lines behind "// Prints:", word by word.

files PROGRAM_QUANTIZE PROGRAM_AVERAGE FOLDER: the two examples on files, on archives that are made here.
"""
import ast
import pathlib
import struct
import subprocess
import sys
import zipfile


def run(*command, status=0):
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    if done.returncode != status:
        sys.exit(f"{command}: status {done.returncode}, expected {status}\n{done.stdout}{done.stderr}")
    return done.stdout + done.stderr


def same(found, expected):
    if found.splitlines() != expected.splitlines():
        sys.exit("printed:\n" + found + "expected:\n" + expected)


def comment_of(source):
    lines = pathlib.Path(source).read_text(encoding="utf-8").splitlines()
    begin = lines.index("// Prints:") + 1
    kept = []
    for line in lines[begin:]:
        if not line.startswith("//   "):
            break
        kept.append(line[5:])
    return "\n".join(kept) + "\n"


def write_npz(path, arrays):
    """arrays: name to (extents, numbers), as NumPy writes float32."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, (extents, numbers) in arrays.items():
            header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {extents}, }}"
            header += " " * (-(10 + len(header) + 1) % 64) + "\n"
            archive.writestr(name + ".npy", b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode()
                             + struct.pack(f"<{len(numbers)}f", *numbers))


def read_npz(path):
    arrays = {}
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            data = archive.read(name)
            size = struct.unpack("<H", data[8:10])[0]
            extents = ast.literal_eval(data[10:10 + size].decode())["shape"]
            arrays[name.removesuffix(".npy")] = (extents, list(struct.unpack(f"<{(len(data) - 10 - size) // 4}f", data[10 + size:])))
    return arrays


def files(quantize, average, folder):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    a, b, mean, low = (str(folder / name) for name in ("a.npz", "b.npz", "mean.npz", "mean.sqwa"))
    write_npz(a, {"dense.weight": ((2, 4), [1, -3, 0, 1, 8, 8, -8, 0]), "dense.bias": ((2,), [1, 2])})
    write_npz(b, {"dense.weight": ((2, 4), [3, -1, 0, 3, 0, 8, -8, 8]), "dense.bias": ((2,), [2, 4])})
    same(run(average, mean, a, b), "2 tensors, the mean of 2 files\n")
    expected = {"dense.weight": ((2, 4), [2, -2, 0, 2, 4, 8, -8, 4]), "dense.bias": ((2,), [1.5, 3])}
    if read_npz(mean) != expected:
        sys.exit(f"{read_npz(mean)}, expected {expected}")
    # The first row is a lattice point, the second, 4 8 -8 4, becomes 6 6 -6 6: 172 of signal, 16 of noise; 16 bits and 2 scales.
    same(run(quantize, mean, low), "dense.weight: 8 weights, signal to noise 10.31 dB\n10.00 bits a weight, 18 bytes\n")
    if pathlib.Path(low).read_bytes()[:4] != b"SQWA":
        sys.exit(f"{low} is no low-bit model")
    write_npz(b, {"dense.weight": ((2, 3), [0] * 6), "dense.bias": ((2,), [2, 4])})
    if "dense.weight" not in run(average, mean, a, b, status=1):
        sys.exit("the message does not name the tensor that differs")
    run(quantize, str(folder / "none.npz"), low, status=1)


if sys.argv[1] == "files":
    files(*sys.argv[2:])
else:
    same(run(sys.argv[2]), comment_of(sys.argv[1]))
