#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Compiles the C++ blocks of a page of the documentation: snippets.py [options] PAGE.md -- COMPILER [FLAGS]

Rules, for whoever writes a page:

* Every block that opens with ```cpp is compiled, in its order. Nothing is run.
* A block without an #include goes on where the one before it stopped, and sees its names; one with an #include begins anew.
* A comment <!--cpp … --> holds code that readers do not see: names that are theirs to give. It begins anew, and the next
  block goes on with it, #include or not.
* A block with a line that begins with struct, class, template or namespace, or that is a function's head, stands outside of
  functions. All others are statements.

The blocks of a page are one translation unit, with #line, so that the compiler names the page and the line. With --alone each
beginning is a unit of its own, which also finds an #include that only another block has; it takes longer.
"""
import argparse
import pathlib
import re
import subprocess
import sys
import tempfile

OUTSIDE = re.compile(r"^(struct|class|template)\b|^namespace [\w:]* ?\{|^[\w:<>]+( const)?[&*]* \w+\([^;]*\{$", re.M)
NEEDS = {  # what a block that includes this needs
    "eigen": r"sqwa/tensor/eigen|Eigen/",
    "armadillo": r"sqwa/tensor/armadillo|armadillo",
    "torch": r"sqwa/tensor/torch|torch/|ATen/",
    "png": r"sqwa/io/png",
}


class part:
    """What begins anew: includes, code outside of functions, and statements, each with the lines they came from."""

    def __init__(self):
        self.includes, self.outside, self.inside = [], [], []

    def text(self, number, page):
        lines = []
        for line, include in self.includes:
            lines += [f'#line {line} "{page}"', include]
        for line, code in self.outside:
            code = re.sub(r"^int main\(", f"int main_{number}(", code, flags=re.M)
            lines += [f'#line {line} "{page}"', code]
        if self.inside:
            lines += [f"int part_{number}() {{"]
            for line, code in self.inside:  # a scope in a scope, so that a name may come again
                lines += ["{", f'#line {line} "{page}"', code]
            lines += ["}" * (len(self.inside) + 1)]
        return "\n".join(lines) + "\n"

    def needs(self):
        names = "\n".join(include for _, include in self.includes)
        return {component for component, pattern in NEEDS.items() if re.search(pattern, names)}


def parts_of(text):
    """The parts of a page, and how many blocks it has."""
    found = re.compile(r"^(?P<hidden><!--cpp\n)(?P<a>.*?)^-->$|^```cpp[^\n]*\n(?P<b>.*?)^```$", re.M | re.S)
    parts, blocks, after_hidden = [], 0, False
    for match in found.finditer(text):
        hidden = match["hidden"] is not None
        code = match["a"] if hidden else match["b"]
        blocks += not hidden
        begin = text.count("\n", 0, match.start("a" if hidden else "b")) + 1
        includes = [(begin + i, line) for i, line in enumerate(code.split("\n")) if re.match(r"#include\b", line)]
        if hidden or not parts or (includes and not after_hidden):
            parts.append(part())
        code = re.sub(r"^#include\b.*$", "", code, flags=re.M)  # the lines keep their numbers
        parts[-1].includes += includes
        if code.strip():
            (parts[-1].outside if OUTSIDE.search(code) else parts[-1].inside).append((begin, code))
        after_hidden = hidden
    return parts, blocks


def main():
    split = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("page", type=pathlib.Path)
    options.add_argument("--components", default="", help="those that are here, separated by commas")
    options.add_argument("--alone", action="store_true", help="each beginning is a unit of its own")
    asked = options.parse_args(sys.argv[1:split])
    compiler = sys.argv[split + 1:]
    if not compiler:
        options.error("name a compiler behind --")
    text = asked.page.read_text(encoding="utf-8")
    parts, blocks = parts_of(text)
    meant = len(re.findall(r"^\s*(?:```|~~~)\s*(?:c\+\+|cpp|cxx|cc|hpp)", text, re.M | re.I))
    if blocks == 0 or blocks != meant:
        sys.exit(f"{asked.page}: {meant} blocks look like C++, {blocks} open with ```cpp at the margin and are compiled")
    here = set(asked.components.split(","))
    missing = set().union(*(p.needs() - here for p in parts))
    kept = [p for p in parts if not p.needs() - here]
    if missing:
        print(f"{asked.page}: {len(parts) - len(kept)} of {len(parts)} parts left out, which need {', '.join(sorted(missing))}")
    texts = [p.text(number, asked.page) for number, p in enumerate(kept)]
    bad = 0
    for unit in texts if asked.alone else ["".join(texts)]:
        with tempfile.NamedTemporaryFile("w", suffix=".cpp", encoding="utf-8") as file:
            file.write(unit)
            file.flush()
            bad += subprocess.run([*compiler, "-fsyntax-only", "-w", file.name]).returncode != 0
    print(f"{asked.page}: {blocks} blocks, {'NOT as they should be' if bad else 'ok'}")
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()
