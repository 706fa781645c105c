#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Do the commands that the documentation prints, and the places it links to, exist? commands.py SOURCE_DIRECTORY PROGRAM...

Looks at blocks of sh, indented blocks and `words like these` in README.md, docs/*.md and the READMEs of examples and benchmarks.
Of each PROGRAM (one that was built, told by its file's name) and of tools/*.py every --option must be in its --help; each
tools/… and examples/… must be there; presets must be in CMakePresets.json. No command is run, but for --help. Links to files and
headings must lead somewhere, and each page of docs/ must be in the menu of the site.
"""
import json
import pathlib
import re
import shlex
import subprocess
import sys

top = pathlib.Path(sys.argv[1])
programs = {pathlib.Path(p).name: [p] for p in sys.argv[2:]}
presets = {p["name"] for p in json.loads((top / "CMakePresets.json").read_text())["configurePresets"]}
everyone = [*programs.values(), *([sys.executable, str(top / "tools/study.py"), word] for word in ("table", "compare", "verdicts", "correlate"))]
foreign = {"--no-install-recommends", "--overlay-ports", "--no-binarycaching"}  # of apt and vcpkg, in prose
helps, bad, looked = {}, [], 0


def help_of(command):
    key = tuple(command)
    if key not in helps:
        done = subprocess.run([*command, "--help"], capture_output=True, text=True, timeout=60)
        helps[key] = done.stdout + done.stderr if done.returncode == 0 else ""
    return helps[key]


def commands_in(text):
    """(line, command) for everything that may be a command."""
    for block in re.finditer(r"^```sh\n(.*?)^```$|^((?: {4}\S[^\n]*\n)+)|`([^`\n]+)`", text, re.M | re.S):
        begin = text.count("\n", 0, block.start()) + 1
        body = next(g for g in block.groups() if g is not None)
        joined = re.sub(r"\\\n", "  ", body)
        for number, line in enumerate(joined.split("\n")):
            for part in line.split("&&"):
                yield begin + number, part.strip()


def check(place, command):
    global looked
    try:
        words = shlex.split(command, comments=True)
    except ValueError:
        return  # prose
    if words and words[0] in ("python3", "sudo"):
        words = words[1:]
    if not words:
        return
    if words[0] in foreign:
        return
    if words[0].startswith("--"):  # an option in prose: of any program
        looked += 1
        if not any(re.search(rf"(?<![\w-]){re.escape(words[0])}(?![\w-])", help_of(p)) for p in everyone):
            bad.append(f"{place}: no program has {words[0]}")
        return
    name, options = words[0], [w.split("=")[0] for w in words[1:] if w.startswith("--") and len(w) > 2]
    for word in words:
        if re.fullmatch(r"(\./)?(tools|examples|benchmarks|tests)/[\w./-]+\.(sh|py|json|cpp|md)", word) and not (top / word).exists():
            bad.append(f"{place}: there is no {word}")
    if name == "cmake" and "--preset" in words[:-1]:
        looked += 1
        if words[words.index("--preset") + 1] not in presets:
            bad.append(f"{place}: CMakePresets.json has no {words[words.index('--preset') + 1]}")
        return
    called = programs.get(pathlib.Path(name).name)
    if name == "tools/demo.sh":
        called = programs.get("images")  # to which it gives its options
    if re.fullmatch(r"(tools|benchmarks)/\w+\.py", name) and (top / name).exists():
        called = [sys.executable, str(top / name)] + [w for w in words[1:2] if not w.startswith("-")]
    if called is None:
        return
    looked += 1
    said = help_of(called) if options else "-"
    if not said:
        bad.append(f"{place}: {' '.join(called)} --help fails")
    for option in options:
        if option != "--help" and not re.search(rf"(?<![\w-]){re.escape(option)}(?![\w-])", said):
            bad.append(f"{place}: {name} has no {option}")


def anchors_of(path):
    """The headings of a page, as GitHub links to them."""
    text = re.sub(r"^```.*?^```$", "", path.read_text(encoding="utf-8"), flags=re.M | re.S)
    return {re.sub(r"[^\w\- ]", "", h.replace("`", "").lower()).replace(" ", "-") for h in re.findall(r"^#+ (.+)$", text, re.M)}


def check_links(page, text):
    for match in re.finditer(r"\]\(([^)\s]+)\)", re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S)):
        path, _, anchor = match[1].partition("#")
        target = page.parent / path if path else page
        if re.match(r"\w+:", match[1]):
            continue
        if not target.exists():
            bad.append(f"{page.relative_to(top)}: links to {match[1]}, which is not there")
        elif anchor and target.suffix == ".md" and anchor not in anchors_of(target):
            bad.append(f"{page.relative_to(top)}: links to {match[1]}, but there is no such heading")


pages = [top / "README.md", *sorted((top / "docs").glob("*.md")), *sorted(top.glob("examples/*.md")), *sorted(top.glob("benchmarks/*.md"))]
menu = (top / "docs/site/filter.py").read_text(encoding="utf-8")
for page in pages:
    text = page.read_text(encoding="utf-8")
    check_links(page, text)
    if page.parent.name == "docs" and f'"docs/{page.name}"' not in menu:
        bad.append(f"docs/site/filter.py: {page.name} is not in PAGES, the menu of the site")
    for line, command in commands_in(text):
        check(f"{page.relative_to(top)}:{line}", command)
print("\n".join(bad) or f"{looked} commands in {len(pages)} pages: ok")
sys.exit(bool(bad) or looked == 0)
