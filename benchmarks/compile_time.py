#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What including a header costs: counts that are the same every time, and seconds that are not.

    compile_time.py counts [HEADER...]      preprocessed lines, class and function templates that clang instantiates
    compile_time.py times [HEADER...]       seconds of processor time over an empty program, median of 5, for each compiler
    compile_time.py check                   fails where a header does not compile alone, and twice, and where a count is above its limit in
                                            benchmarks/compile_limits.csv
    compile_time.py limits [HEADER...]      writes that file: today's counts and a tenth more; of these headers, or of all

Without names: every header in cmake/headers.cmake whose dependencies are here. A program of one #include is compiled with -fsyntax-only;
instantiations are the events InstantiateClass and InstantiateFunction of -ftime-trace. They depend on the versions of clang and of
the standard library, so the file says which it was made with, and `check` exits with 77 (skipped) for another. Limits of the layers
nn, method, surface and io, and of sqwa/sqwa.hpp, are of lines alone, for counting everything takes minutes.

Options: --clang PROGRAM (clang++-16), --gcc PROGRAM (g++), -I DIRECTORY, --layers A,B
"""
import argparse
import collections
import concurrent.futures
import csv
import os
import pathlib
import re
import resource
import statistics
import subprocess
import sys
import tempfile

top = pathlib.Path(__file__).resolve().parent.parent
limits_file = top / "benchmarks" / "compile_limits.csv"
COLUMNS = ["lines", "classes", "functions"]
SLOW = {"nn", "method", "surface", "io", "all"}
SLACK = 0.1  # of the limits over the counts, and a hundred lines or instantiations


def headers():
    """Every public header by layer; those of backends are left out, since they cost what a third party's headers cost."""
    text = (top / "cmake" / "headers.cmake").read_text().split("set(sqwa_backend_headers")[0]
    return re.findall(r"include/(\S+\.hpp)", text)


def layer_of(header):
    parts = header.split("/")
    return parts[1] if len(parts) > 2 else "all"


def version(clang, flags):
    """The compiler and the standard library that it includes."""
    first = subprocess.run([clang, "--version"], capture_output=True, text=True, check=True).stdout.splitlines()[0]
    macros = subprocess.run([clang, *flags, "-include", "version", "-dM", "-E", "-xc++", "/dev/null"], capture_output=True, text=True,
                            check=True).stdout
    library = re.search(r"_GLIBCXX_RELEASE (\d+)", macros)
    number = re.search(r"clang version (\d+)", first)
    return f"clang {number[1] if number else '?'} libstdc++ {library[1] if library else '?'}"


class compiler_of_one_include:
    def __init__(self, folder, flags):
        self.folder, self.flags = pathlib.Path(folder), flags

    def program(self, header):
        source = self.folder / (header.replace("/", "-") + ".cpp")
        source.write_text(f"#include <{header}>\n" * 2 if header else "")
        return str(source)

    def run(self, *command):
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"{' '.join(command)}\n{done.stderr[:2000]}")
        return done.stdout

    def counts(self, clang, header, only_lines=False):
        source = self.program(header)
        trace = pathlib.Path(source).with_suffix(".json")
        lines = self.run(clang, *self.flags, "-E", "-P", source).count("\n")
        if only_lines:
            self.run(clang, *self.flags, "-fsyntax-only", "-w", source)
            return [lines]
        self.run(clang, *self.flags, "-fsyntax-only", "-w", f"-ftime-trace={trace}", "-ftime-trace-granularity=0", source)
        names = collections.Counter(re.findall(r'"name":"(Instantiate\w+)"', trace.read_text()))
        return [lines, names["InstantiateClass"], names["InstantiateFunction"]]

    def seconds(self, compiler, header, rounds=5):
        source, taken = self.program(header), []
        for _ in range(rounds):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            self.run(compiler, *self.flags, "-fsyntax-only", "-w", source)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            taken.append(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
        return statistics.median(taken)


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("what", choices=["counts", "times", "check", "limits"])
    options.add_argument("headers", nargs="*")
    options.add_argument("--clang", default="clang++-16")
    options.add_argument("--gcc", default="g++")
    options.add_argument("--layers", default="", help="only these, separated by commas")
    options.add_argument("-I", dest="include", action="append", default=[])
    asked = options.parse_args()
    flags = ["-std=c++20", f"-I{top}/include", *(f"-I{d}" for d in asked.include)]
    layers = set(filter(None, asked.layers.split(",")))
    names = asked.headers or [h for h in headers() if not layers or layer_of(h) in layers]
    with tempfile.TemporaryDirectory() as folder:
        one = compiler_of_one_include(folder, flags)
        if asked.what == "counts":
            print("header", *COLUMNS)
            for name in names:
                print(name, *one.counts(asked.clang, name), flush=True)
        elif asked.what == "times":
            print(f"header, seconds over an empty program: {asked.clang}, {asked.gcc}")
            empty = [one.seconds(c, "") for c in (asked.clang, asked.gcc)]
            for name in names:
                print(name, *(f"{one.seconds(c, name) - e:.2f}" for c, e in zip((asked.clang, asked.gcc), empty)), flush=True)
        elif asked.what == "limits":
            rows = {}
            if asked.headers:  # the others keep theirs
                rows = {row[0]: row[1:] for row in list(csv.reader(limits_file.open()))[2:] if row[0] in headers()}
            for name in names:
                rows[name] = [max(100, int(round(n * (1 + SLACK) + 50, -2)))
                              for n in one.counts(asked.clang, name, layer_of(name) in SLOW)]
            with limits_file.open("w", newline="") as file:
                out = csv.writer(file, lineterminator="\n")
                out.writerow([f"# most of each, counted with {version(asked.clang, flags)}: compile_time.py limits"])
                out.writerow(["header", *COLUMNS])
                out.writerows([name, *rows[name]] for name in headers() if name in rows)
        else:
            check(asked, one, names, flags)


def check(asked, one, names, flags):
    first, *rows = limits_file.read_text().splitlines()
    here = version(asked.clang, flags)
    if f"counted with {here}:" not in first:
        print(f"the limits are of another compiler or library than {here}: {first.strip('# ')}")
        sys.exit(77)
    limits = {row["header"]: row for row in csv.DictReader(rows)}
    bad, largest = [], (0.0, "")
    bad += [f"{name}: has no limit; benchmarks/compile_time.py limits writes them" for name in names if name not in limits]
    names = [name for name in names if name in limits]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        counted = list(pool.map(lambda name: one.counts(asked.clang, name, layer_of(name) in SLOW), names))
    for name, counts in zip(names, counted):
        for column, count in zip(COLUMNS, counts):
            limit = int(limits[name][column])
            largest = max(largest, (count / limit, f"{name} {column}"))
            if count > limit:
                bad.append(f"{name}: {count} {column}, at most {limit} are allowed")
    bad += [f"{name}: has a limit, but is no header" for name in limits if name not in headers()]
    print("\n".join(bad) or f"{len(names)} headers: ok, nearest to its limit {largest[1]}, {largest[0]:.0%}")
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()
