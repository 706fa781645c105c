#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Writes one header that holds many: sqwa.hpp, for projects that take a file and no package.

    tools/amalgamate.py [-o FILE] [HEADER …]

Without names it holds the layers core to average, and deploy: what needs nothing but a C++20 compiler. With names, such as
sqwa/average/code_averager.hpp, it holds these and what they include. The same tree gives the same bytes. Without -o the
header goes to the standard output.
"""
import argparse
import hashlib
import pathlib
import re
import sys

top = pathlib.Path(__file__).resolve().parent.parent
include = top / "include"

VERSION = "sqwa/version.hpp"  # a definition that may be repeated
OPENS = re.compile(r"\s*#\s*if(n?def)?\b")
CLOSES = re.compile(r"\s*#\s*endif\b")
INCLUDE = re.compile(r"\s*#\s*include\s*<([^>]+)>\s*(//.*)?$")


class Refused(Exception):
    """What a header may not contain, if it is to be one of many."""


def default_roots():
    """The headers that need no dependency, as cmake/headers.cmake lists them, and those of deploy."""
    listing = (top / "cmake" / "headers.cmake").read_text(encoding="utf-8")
    names = set(re.findall(r"include/(\S+\.hpp)", re.search(r"set\(sqwa_headers\b([^)]*)\)", listing)[1]))
    names |= {str(path.relative_to(include)) for path in (include / "sqwa" / "deploy").rglob("*.hpp")}
    return sorted(names)


def guard_of(name):
    return re.sub(r"[^A-Z0-9]", "_", name.upper())


def take_apart(name):
    """The opening comment of a header, the sqwa headers and the others that it includes, and the rest of it.

    What is included under a condition stays where it is, and may not be ours.
    """
    path = include / name
    if not path.is_file():
        raise Refused(f"there is no header {name}")
    lines = path.read_text(encoding="utf-8").splitlines()
    opening = f"#ifndef {guard_of(name)}"
    if opening not in lines or lines[-1] != "#endif":
        raise Refused(f"{name}: no include guard {guard_of(name)} around all of it")
    first = lines.index(opening)
    if lines[first + 1] != f"#define {guard_of(name)}":
        raise Refused(f"{name}: no #define {guard_of(name)} behind its #ifndef")
    comment = [line for line in lines[:first] if line and not line.startswith("// SPDX-License-Identifier:")]
    if any(not line.startswith("//") for line in comment):
        raise Refused(f"{name}: something else than comments stands before its include guard")
    ours, others, body, depth = [], [], [], 0
    for number, line in enumerate(lines[first + 2:-1], first + 3):
        if OPENS.match(line):
            depth += 1
        elif CLOSES.match(line):
            depth -= 1
        found = INCLUDE.match(line)
        if not found:
            if re.match(r"\s*#\s*include\b", line) or re.match(r"\s*#\s*pragma\s+once", line):
                raise Refused(f"{name}:{number}: {line.strip()}")
            body.append(line)
        elif found[1].startswith("sqwa/"):
            if depth:
                raise Refused(f"{name}:{number}: {found[1]} is included under a condition")
            ours.append(found[1])
        elif depth:
            body.append(line)
        else:
            others.append(found[1])
    if depth:
        raise Refused(f"{name}: a condition is left open")
    return comment, ours, others, body


def in_order(roots):
    """The headers that the roots need, each behind those that it includes, and their parts."""
    parts, order, on_the_way = {}, [], []

    def visit(name):
        if name in on_the_way:
            raise Refused("headers include each other: " + " -> ".join(on_the_way[on_the_way.index(name):] + [name]))
        if name in parts:
            return
        on_the_way.append(name)
        mine = take_apart(name)
        for other in sorted(mine[1]):
            visit(other)
        on_the_way.pop()
        parts[name] = mine
        order.append(name)

    for root in roots:
        visit(root)
    return order, parts


def without_doubled_blanks(lines):
    """Without blank lines at both ends, and never two together."""
    kept = []
    for line in lines:
        if line or (kept and kept[-1]):
            kept.append(line)
    while kept and not kept[-1]:
        kept.pop()
    return kept


def amalgamate(roots):
    """The text of the one header."""
    order, parts = in_order(roots)
    version = re.search(r'SQWA_VERSION_STRING "([^"]+)"', (include / VERSION).read_text(encoding="utf-8"))[1]
    licence = (top / "LICENSE").read_text(encoding="utf-8").rstrip("\n").splitlines()
    text = ["// SPDX-License-Identifier: BSD-3-Clause",
            f"// sqwa {version} in one header, made by tools/amalgamate.py of {len(order)} headers. It needs a C++20 compiler alone.",
            "// Headers of the whole package can be included behind it, and find here what they need; never before it.",
            "//"]
    text += [f"// {line}".rstrip() for line in licence]
    # Another choice of headers has another guard, so that the second of two is refused and not skipped.
    choice = "" if roots == default_roots() else "_" + hashlib.sha256(" ".join(order).encode()).hexdigest()[:8].upper()
    text += [f"#ifndef SQWA_ONE_HEADER{choice}_HPP", f"#define SQWA_ONE_HEADER{choice}_HPP", ""]
    # Whatever was included before has brought one of those that include nothing of ours.
    lowest = sorted(guard_of(name) for name in order if not parts[name][1] and name != VERSION)
    if lowest:
        text += ["#if " + " || ".join(f"defined {guard}" for guard in lowest),
                 '#error "sqwa in one header: include it before the headers of the package, or instead of them"',
                 "#endif", ""]
    text += [f"#include <{name}>" for name in sorted({other for name in order for other in parts[name][2]})]
    for name in order:
        comment, _, _, body = parts[name]
        text += ["", f"// {'-' * 8} {name} {'-' * (104 - len(name))}", *comment, f"#define {guard_of(name)}"]
        body = without_doubled_blanks(body)
        text += ([""] if body and body[0] else []) + body
    text += ["", "#endif"]
    return "\n".join(text) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("headers", nargs="*", metavar="HEADER", help="as they are included: sqwa/…")
    parser.add_argument("-o", metavar="FILE", help="where to write (standard output)")
    arguments = parser.parse_args()
    try:
        text = amalgamate(sorted(arguments.headers) or default_roots())
        if arguments.o:
            pathlib.Path(arguments.o).write_text(text, encoding="utf-8")
        else:
            sys.stdout.write(text)
    except (Refused, OSError) as error:
        print(f"amalgamate.py: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
