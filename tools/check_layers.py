#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Fails when a header includes what its layer may not see, or is missing from cmake/headers.cmake.

The picture in docs/architecture.md is LAYERS. A root may be given: the tree to check.
"""
import pathlib
import re
import sys

LAYERS = {  # layer: the layers it may include, itself aside
    "core": [],
    "tensor": ["core"],
    "kernels": ["core"],
    "exec": ["core", "kernels"],
    "schedule": ["core"],
    "quant": ["core", "tensor", "kernels", "exec"],
    "average": ["core", "tensor", "kernels", "exec", "schedule", "quant"],
    "deploy": ["core", "tensor", "kernels", "exec", "schedule", "quant", "average"],
    "nn": ["core", "tensor", "kernels", "exec", "schedule", "quant", "average"],
    "method": ["core", "tensor", "kernels", "exec", "schedule", "quant", "average", "nn"],
    "surface": ["core", "tensor", "kernels", "exec", "schedule", "quant", "average", "nn", "method"],
    "io": ["core", "tensor", "quant", "average", "schedule", "deploy", "nn", "surface"],
}
HOSTED = ["nn", "method", "surface", "io"]
HOSTED_BACKEND = "sqwa/tensor/xtensor.hpp"  # the one backend header that hosted layers include
IO_MAY_NAME = r"(nlohmann/|xtensor/|zlib\.h$|fcntl\.h$|unistd\.h$|sys/)"  # files are POSIX, gzip, JSON and npy
UMBRELLAS = ["sqwa/sqwa.hpp", "sqwa/fast.hpp", "sqwa/version.hpp"]  # see everything (fast.hpp is a backend)
MAX_LINES = 300

top = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent.parent).resolve()
include = top / "include"
listing = (top / "cmake" / "headers.cmake").read_text()


def listed(variable):
    """The headers in one list of headers.cmake, as they are included."""
    found = re.search(rf"set\({variable}\b([^)]*)\)", listing)
    return re.findall(r"include/(\S+\.hpp)", found[1]) if found else []


plain, hosted, backends = (listed(f"sqwa_{kind}headers") for kind in ("", "hosted_", "backend_"))
bad = []

# Every header is listed once, in the list of its layer.
headers = {str(path.relative_to(include)): path for path in sorted(include.rglob("*.hpp"))}
for name in headers:
    count = (plain + hosted + backends).count(name)
    if count != 1:
        bad.append(f"cmake/headers.cmake: names include/{name} {count} times, not once")
for name in plain + hosted + backends:
    if name not in headers:
        bad.append(f"cmake/headers.cmake: names include/{name}, which is not there")

for name, path in headers.items():
    layer = name.split("/")[1] if name not in UMBRELLAS else ""
    if layer and layer not in LAYERS:
        bad.append(f"{path}:1: {layer} is no layer")
        continue
    if layer and name not in backends and (name in hosted) != (layer in HOSTED):
        bad.append(f"cmake/headers.cmake: include/{name} is in the list of other layers")
    lines = path.read_text().splitlines()
    if len(lines) > MAX_LINES:
        bad.append(f"{path}:{len(lines)}: more than {MAX_LINES} lines")
    guard = re.sub(r"[^A-Z0-9]", "_", name.upper())
    if f"#ifndef {guard}" not in lines or f"#define {guard}" not in lines:
        bad.append(f"{path}:1: the include guard is not {guard}")
    for number, line in enumerate(lines, 1):
        if re.match(r"\s*#\s*define\s+\w+\(", line):
            bad.append(f"{path}:{number}: a function-like macro")
        found = re.match(r"\s*#\s*include\s*([<\"])([^>\"]+)", line)
        if not found:
            continue
        bracket, target = found[1], found[2]
        if bracket == '"':
            bad.append(f"{path}:{number}: {target} is included with quotation marks")
        elif target.startswith("sqwa/"):
            other = target.split("/")[1]
            if target not in headers:
                bad.append(f"{path}:{number}: there is no {target}")
            elif target in backends and name not in backends and not (
                    target == HOSTED_BACKEND and (layer in HOSTED or name in UMBRELLAS)):
                bad.append(f"{path}:{number}: only backends include the backend {target}")
            elif layer and target not in UMBRELLAS and other != layer and other not in LAYERS[layer]:
                bad.append(f"{path}:{number}: {layer} may not include {other}")
            elif layer and target in UMBRELLAS and target != "sqwa/version.hpp":
                bad.append(f"{path}:{number}: {layer} may not include {target}")
        elif not re.fullmatch(r"[a-z_0-9]+", target):  # the standard library's headers have no ending
            if name not in backends and not (layer == "io" and re.match(IO_MAY_NAME, target)):
                bad.append(f"{path}:{number}: {layer or name} may not name {target}")

print("\n".join(line.replace(f"{top}/", "") for line in bad) or "layers: ok")
sys.exit(bool(bad))
