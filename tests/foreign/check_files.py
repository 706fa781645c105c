#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Opens what write_files wrote by the definitions of the formats alone, and compares with the decoded weights.

check_files.py DIRECTORY. Needs numpy; uses the packages safetensors and onnx where they are installed.
"""
import json
import struct
import sys
from pathlib import Path

try:
    import numpy as np
except ImportError:
    print("skipped: there is no numpy here")
    sys.exit(77)

directory = Path(sys.argv[1])
values = dict(np.load(directory / "values.npz"))


def same(found, expected, what):
    found = np.asarray(found)
    assert found.shape == expected.shape, f"{what}: {found.shape}, not {expected.shape}"
    assert found.astype(np.float32).tobytes() == expected.tobytes(), f"{what}: other values"


def check_npz():
    with np.load(directory / "model.npz") as arrays:
        described = json.loads(arrays["sqwa"].tobytes())
        for weight in described["weights"]:
            name, blocks = weight["name"], weight["blocks"]
            codes, scales = arrays[name + ".codes"], arrays[name + ".scales"]
            if scales.ndim not in (0, codes.ndim):
                block = np.arange(codes.size) // blocks["inner"] % blocks["count"]
                scales = scales[block].reshape(codes.shape)
            same(codes * scales, values[name], f"npz {name}")
        for entry in described["floats"]:
            same(arrays[entry["name"]], values[entry["name"]], f"npz {entry['name']}")
        assert len(described["weights"]) + len(described["floats"]) == len(values)


def fields(packed, bits, count):
    """Unsigned fields, the first in the lowest bits."""
    flat = np.unpackbits(packed, bitorder="little")[: bits * count].reshape(count, bits).astype(np.int64)
    return flat @ (1 << np.arange(bits))


def open_safetensors(path):
    """github.com/huggingface/safetensors, README: Format."""
    raw = path.read_bytes()
    (length,) = struct.unpack_from("<Q", raw)
    header = json.loads(raw[8 : 8 + length])
    metadata = header.pop("__metadata__")
    types = {"F32": "<f4", "U8": "u1"}
    arrays = {}
    for name, entry in header.items():
        first, last = entry["data_offsets"]
        data = raw[8 + length + first : 8 + length + last]
        arrays[name] = np.frombuffer(data, types[entry["dtype"]]).reshape(entry["shape"])
    return arrays, metadata


def check_safetensors():
    path = directory / "model.safetensors"
    arrays, metadata = open_safetensors(path)
    try:
        from safetensors.numpy import load_file

        theirs = load_file(path)
        assert theirs.keys() == arrays.keys()
        for name in arrays:
            same(theirs[name], np.asarray(arrays[name]), f"safetensors' own reader {name}")
    except ImportError:
        print("the package safetensors is not here: read by the definition alone")
    described = json.loads(metadata["sqwa"])
    for weight in described["weights"]:
        name, blocks, count = weight["name"], weight["blocks"], int(np.prod(weight["extents"]))
        codes = fields(arrays[name + ".codes"], weight["bits"], count) - (weight["levels"] - 1) // 2
        scales = arrays[name + ".scales"][np.arange(count) // blocks["inner"] % blocks["count"]]
        same((codes.astype(np.float32) * scales).reshape(weight["extents"]), values[name], f"safetensors {name}")
    for entry in described["floats"]:
        same(arrays[entry["name"]], values[entry["name"]], f"safetensors {entry['name']}")


def tq2_0(block):
    """ggml-common.h, block_tq2_0: 64 bytes of four fields each, 32 bytes apart, then the scale."""
    scale = block[64:66].view("<f2").astype(np.float32)
    parts = [(block[half : half + 32] >> shift) & 3 for half in (0, 32) for shift in (0, 2, 4, 6)]
    return (np.concatenate(parts).astype(np.float32) - 1) * scale


def tq1_0(block):
    """ggml-common.h, block_tq1_0: 48 bytes of five digits, 4 of four, then the scale; a digit by multiplication."""
    scale = block[52:54].view("<f2").astype(np.float32)
    powers = np.array([1, 3, 9, 27, 81], np.uint8)
    parts = []
    for first, last, digits in ((0, 32, 5), (32, 48, 5), (48, 52, 4)):
        for power in powers[:digits]:
            turned = block[first:last] * power  # wraps at 256
            parts.append((turned.astype(np.uint16) * 3) >> 8)
    return (np.concatenate(parts).astype(np.float32) - 1) * scale


def check_gguf(name, number, size, decode):
    """github.com/ggml-org/ggml, docs/gguf.md."""
    raw = (directory / name).read_bytes()
    at = 0

    def take(format):
        nonlocal at
        found = struct.unpack_from("<" + format, raw, at)
        at += struct.calcsize("<" + format)
        return found[0] if len(found) == 1 else found

    def text():
        nonlocal at
        length = take("Q")
        at += length
        return raw[at - length : at].decode()

    assert raw[:4] == b"GGUF"
    at = 4
    version, tensors, keys = take("I"), take("Q"), take("Q")
    assert version == 3
    notes = {}
    for _ in range(keys):
        key, kind = text(), take("I")
        notes[key] = text() if kind == 8 else take({4: "I"}[kind])
    assert notes["general.architecture"] == "sqwa" and notes["sqwa.note.step"] == "1"
    infos = []
    for _ in range(tensors):
        label, rank = text(), take("I")
        infos.append((label, [take("Q") for _ in range(rank)], take("I"), take("Q")))
    alignment = notes["general.alignment"]
    start = (at + alignment - 1) // alignment * alignment
    ternary = 0
    for label, extents, kind, offset in infos:
        assert offset % alignment == 0
        count = int(np.prod(extents))
        data = np.frombuffer(raw, np.uint8)[start + offset :]
        if kind == 0:
            found = data[: 4 * count].view("<f4")
        else:
            assert kind == number and extents[0] % 256 == 0
            ternary += 1
            found = np.concatenate([decode(b) for b in data[: count // 256 * size].reshape(-1, size)])
        expected = values[label]
        same(found.reshape(expected.shape), expected, f"{name} {label}")
        assert list(expected.shape)[::-1] == extents or expected.shape == ()
    assert ternary == 1 and len(infos) == len(values)


def check_onnx():
    try:
        import onnx
    except ImportError:
        print("the package onnx is not here: ONNX files not checked")
        return
    for path in sorted(directory.glob("*.onnx")):
        if "smallest" in path.name:
            continue  # of newer opsets than the package may know
        onnx.checker.check_model(onnx.load(path), full_check=True)


check_npz()
check_safetensors()
check_gguf("tq2_0.gguf", 35, 66, tq2_0)
check_gguf("tq1_0.gguf", 34, 54, tq1_0)
check_onnx()
print("all values as decoded")
