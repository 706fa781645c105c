#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What Doxygen is given in place of a page: filter.py PAGE.md, to standard output.

Links between pages and to their headings, as GitHub understands them, become Doxygen's; hidden code is left out; README gets the
table of contents, in the order of PAGES.
"""
import pathlib
import re
import sys

PAGES = [  # in this order in the menu; other pages in docs/ are refused
    "docs/start.md", "docs/install.md", "docs/method.md", "docs/learner.md", "docs/tensors.md",
    "docs/formats.md", "docs/averaging.md", "docs/schedules.md",
    "docs/surface.md", "docs/surface-files.md",
    "docs/trainer.md", "docs/models.md", "docs/data.md", "docs/checkpoints.md", "docs/files.md", "docs/embedded.md",
    "docs/cifar.md", "docs/studies.md", "docs/results.md", "examples/README.md",
    "docs/performance.md", "docs/kernels.md", "benchmarks/README.md", "docs/reproducibility.md",
    "docs/faq.md", "docs/architecture.md", "CONTRIBUTING.md", "CHANGELOG.md",
]
top = pathlib.Path(__file__).resolve().parent.parent.parent


def label(page, heading=""):
    """The name of a page, or of a heading as GitHub makes its anchor."""
    name = "page_" + re.sub(r"\W", "_", page.removesuffix(".md").removeprefix("docs/"))
    anchor = re.sub(r"[^\w\- ]", "", heading.replace("`", "").lower()).replace(" ", "-")
    return f"{name}-{anchor}" if anchor else name


def resolve(page, target):
    """A link's path from the page, as one from the top."""
    path = (top / page).parent / target
    try:
        return str(path.resolve().relative_to(top))
    except ValueError:
        return target


def link(page, match):
    bang, text, target = match["bang"], match["text"], match["target"]
    if re.match(r"\w+://", target):
        return match[0]
    path, _, anchor = target.partition("#")
    path = resolve(page, path) if path else page
    if bang:
        return f"![{text}]({pathlib.Path(path).name})"
    if path == "README.md":
        return f"[{text}](@ref index)"
    if path in PAGES:
        return f"[{text}](@ref {label(path, anchor)})"
    return f"{text} (`{path}`)" if text not in path else f"`{path}`"


def prose(page, text):
    text = re.sub(r"(?P<bang>!?)\[(?P<text>[^\]]*)\]\((?P<target>[^)\s]+)\)", lambda m: link(page, m), text)
    def name_of(m):
        if m[1] == "#":
            return "mainpage" if page == "README.md" else label(page)
        return label(page, m[2])

    heading = lambda m: f"{m[1]} {m[2]} {{#{name_of(m)}}}"
    return re.sub(r"^(#+) (.+)$", heading, text, flags=re.M)


def markdown(page):
    text = (top / page).read_text(encoding="utf-8")
    text = re.sub(r"^<!--cpp\n.*?^-->\n", "", text, flags=re.M | re.S)
    pieces = re.split(r"(^```.*?^```$|^(?: {4}\S[^\n]*\n)+)", text, flags=re.M | re.S)  # code is every second one
    out = "".join(piece if i % 2 else prose(page, piece) for i, piece in enumerate(pieces))
    if page == "README.md":
        out = re.sub(r"^## Read on .*?(?=^BSD)", "## Contents {#contents}\n\nCONTENTS\n\n", out, flags=re.M | re.S)
        out = out.replace("CONTENTS", "\n".join(f"- @subpage {label(p)}" for p in PAGES))
    return out


def main():
    page = str(pathlib.Path(sys.argv[1]).resolve().relative_to(top))
    if page != "README.md" and page not in PAGES:
        sys.exit(f"docs/site/filter.py: {page} is not in the list of pages")
    sys.stdout.write(markdown(page))


main()
