#!/usr/bin/env python3
"""Tables and a picture of the runs in a study.csv, which examples/study.cpp writes.

  study.py table   FILE --models sqwa control --by levels width     mean and standard error of each model
  study.py compare FILE --by levels width                           SQWA minus control, paired by seed
  study.py verdicts FILE --by levels                                how often the diagnosis was right
  study.py correlate FILE --by average                              flatness of the last model against its test figures

A model is the name of a column, and before a slash, where that is not clear, the name of its setting: search/sqwa. Runs are
paired where their seeds and all members named by --by agree.
"""
import argparse
import csv
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import study_statistics as st  # noqa: E402


def read(path):
    """The rows of a file, as dictionaries; a last line without its end is no row."""
    with open(path, newline="") as file:
        text = file.read()
    lines = text[: text.rfind("\n") + 1].splitlines()
    if not lines or not lines[0].startswith("key,seed,"):
        raise SystemExit(f"{path}: this is no table of the program study")
    rows = {}
    for number, row in enumerate(csv.DictReader(lines), 2):
        if None in row or None in row.values():
            raise SystemExit(f"{path}, line {number}: not as many fields as columns")
        rows[row["key"]] = row
    return list(rows.values())


class Table:
    def __init__(self, options):
        self.rows = read(options.file)
        self.by, self.column = options.by, f"_{options.split}_{options.figure}"
        self.digits = 4 if options.figure == "loss" else 2
        for name in self.by + [w.partition("=")[0] for w in options.where]:
            if name not in (self.rows[0] if self.rows else ()):
                raise SystemExit(f"{options.file}: no column {name}")
        self.every_row = self.rows
        for condition in options.where:
            name, _, value = condition.partition("=")
            self.rows = [r for r in self.rows if r[name] == value]

    def figures(self, model, rows=None):
        """{group: {seed: figure}} of a model."""
        setting, _, name = model.rpartition("/")
        found = {}
        for row in self.rows if rows is None else rows:
            if setting and row["name"] != setting:
                continue
            if name + self.column not in row:
                raise SystemExit(f"no column {name + self.column}; a model is one of " + ", ".join(
                    c[: -len(self.column)] for c in row if c.endswith(self.column)))
            if row[name + self.column] == "":
                continue
            seeds = found.setdefault(tuple(row[b] for b in self.by), {})
            if int(row["seed"]) in seeds and seeds[int(row["seed"])] != float(row[name + self.column]):
                raise SystemExit(f"{model}: two runs of seed {row['seed']} with {self.label(row)}; name the setting, "
                                 "SETTING/MODEL, or tell them apart with --by or --where")
            seeds[int(row["seed"])] = float(row[name + self.column])
        return found

    def steps(self, model):
        setting, _, name = model.rpartition("/")
        return {(tuple(r[b] for b in self.by), int(r["seed"])): int(r["steps"]) for r in self.rows
                if (not setting or r["name"] == setting) and r[name + self.column] != ""}

    def label(self, row):
        return ", ".join(f"{b} {row[b]}" for b in self.by) or "all"


def sorted_groups(groups):
    def key(group):
        return [(0, float(v), "") if v.replace(".", "", 1).isdigit() else (1, 0.0, v) for v in group]
    return sorted(groups, key=key)


def markdown(head, rows):
    print("| " + " | ".join(head) + " |")
    print("|" + "---|" * len(head))
    for row in rows:
        print("| " + " | ".join(row) + " |")


def table(options):
    t = Table(options)
    models = [(m, t.figures(m)) for m in options.models]
    groups = sorted_groups({g for _, figures in models for g in figures})
    rows = []
    for group in groups:
        cells, counts = [], set()
        for _, figures in models:
            xs = list(figures.get(group, {}).values())
            counts |= {len(xs)} - {0}
            error = st.standard_error(xs)
            cells.append("" if not xs else f"{st.mean(xs):.{t.digits}f}" +
                         ("" if error is None else f" ± {error:.{t.digits}f}"))
        rows.append(list(group) + ["–".join(str(c) for c in sorted(counts))] + cells)
    markdown(t.by + ["seeds"] + options.models, rows)


def comparison(t, one, other):
    """[(group, differences by seed)] of one model minus another; refuses budgets that differ by over 1 %."""
    a, b, steps_a, steps_b = t.figures(one), t.figures(other), t.steps(one), t.steps(other)
    found = []
    for group in sorted_groups(set(a) & set(b)):
        seeds = sorted(set(a[group]) & set(b[group]))
        for seed in seeds:
            x, y = steps_a[group, seed], steps_b[group, seed]
            if abs(x - y) > 0.01 * max(x, y):
                raise SystemExit(f"{one} took {x} steps, {other} {y}: no comparison at equal budget")
        if seeds:
            found.append((group, [a[group][s] - b[group][s] for s in seeds]))
    return found


def compare(options):
    t = Table(options)
    rows, points = [], []
    for one in options.models:
        for group, d in comparison(t, one, options.control):
            interval = st.t_interval(d)
            wins, losses, draws, sign = st.sign_test(d)
            f = f"+.{t.digits}f"
            rows.append(list(group) + [one, str(len(d)), f"{st.mean(d):{f}}",
                                       "" if not interval else f"{interval[0]:{f}} to {interval[1]:{f}}",
                                       f"{wins} / {draws} / {losses}", f"{sign:.3f}", f"{st.permutation_test(d):.3f}"])
            name = ", ".join(f"{b} {v}" for b, v in zip(t.by, group))
            points.append((" ".join(filter(None, [name, one if len(options.models) > 1 or not name else ""])),
                           st.mean(d), interval))
    if not rows:
        raise SystemExit("no seed has both models")
    markdown(t.by + ["model", "seeds", f"minus {options.control}", "95 % interval (t)", "better / same / worse",
                     "sign test p", "permutation p"], rows)
    if options.svg:
        unit = "loss" if options.figure == "loss" else "points of accuracy"
        Path(options.svg).write_text(forest(points, f"minus {options.control}, {unit}, {options.split}"))


def forest(points, title):
    """Means and their intervals, one below the other, beside the line of no difference; as SVG."""
    ends = [0.0] + [e for _, m, i in points for e in (i or (m, m))]
    low, high = min(ends), max(ends)
    margin = 0.05 * (high - low) or 1
    low, high = low - margin, high + margin
    step = next(s for s in (k * 10.0**e for e in range(-6, 7) for k in (1, 2, 5)) if (high - low) / s <= 8)
    left, width, line = 12 + 7 * max(len(name) for name, _, _ in points), 420, 22
    height = line * len(points) + 62

    def x(value):
        return left + width * (value - low) / (high - low)

    def text(at, y, what, anchor="middle"):
        what = what.replace("&", "&amp;").replace("<", "&lt;")
        return f'<text x="{at:.1f}" y="{y:.1f}" text-anchor="{anchor}">{what}</text>'

    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + width + 20}" height="{height}" '
           'font-family="sans-serif" font-size="12">', '<rect width="100%" height="100%" fill="white"/>',
           text(left + width / 2, 16, title)]
    bottom = height - 30
    tick = int(low / step) - 1
    while tick * step <= high:
        if tick * step >= low:
            at = x(tick * step)
            colour, thick = ("#444", 1.5) if tick == 0 else ("#ddd", 1)
            out.append(f'<line x1="{at:.1f}" y1="26" x2="{at:.1f}" y2="{bottom}" stroke="{colour}" stroke-width="{thick}"/>')
            out.append(text(at, bottom + 16, f"{tick * step:+g}" if tick else "0"))
        tick += 1
    for k, (name, value, interval) in enumerate(points):
        y = 26 + line * (k + 0.5)
        out.append(text(left - 8, y + 4, name, "end"))
        if interval:
            out.append(f'<line x1="{x(interval[0]):.1f}" y1="{y:.1f}" x2="{x(interval[1]):.1f}" y2="{y:.1f}" '
                       'stroke="#1f5fa8" stroke-width="2"/>')
        out.append(f'<circle cx="{x(value):.1f}" cy="{y:.1f}" r="4" fill="#1f5fa8"/>')
    return "\n".join(out + ["</svg>"]) + "\n"


def verdicts(options):
    """A verdict "average" is right where the average beat the mean capture, "do not average" where it did not.

    --where says which diagnosed runs; the control is looked for among all."""
    t = Table(options)
    sign = -1 if options.figure == "loss" else 1
    control = t.figures(options.control, t.every_row)
    claims = {"average": "captures", "sqwa": options.control}
    counts = {}
    for row in t.rows:
        if row["verdict"] == "" or row["average" + t.column] == "":
            continue
        group = tuple(row[b] for b in t.by)
        other = {"captures": row["captures" + t.column],
                 options.control: control.get(group, {}).get(int(row["seed"]))}
        for model, against in claims.items():
            if other[against] not in (None, ""):
                better = sign * (float(row[model + t.column]) - float(other[against])) > 0
                cell = counts.setdefault((row["verdict"], model, against), [0, 0])
                cell[0] += better
                cell[1] += 1
    if not counts:
        raise SystemExit("no run was diagnosed")
    rows = []
    for (verdict, model, against), (better, n) in sorted(counts.items()):
        low, high = st.proportion_interval(better, n)
        rows.append([verdict, f"{model} better than {against}", f"{better} of {n}",
                     f"{100 * low:.0f} to {100 * high:.0f} %"])
    markdown(["verdict", "outcome", "runs", "95 % interval (Wilson)"], rows)


def last_model(row, column):
    """A figure of the model that a run ends with."""
    return next((row[m + column] for m in ("sqwa", "control") if row[m + column] != ""), "")


def correlate(options):
    """Rank correlations, over all runs of a group that have both figures."""
    t = Table(options)
    test = {"gap": lambda r: float(last_model(r, f"_{options.split}_loss")) - float(r["train_loss"]),
            "loss": lambda r: float(last_model(r, f"_{options.split}_loss")),
            "accuracy": lambda r: float(last_model(r, f"_{options.split}_accuracy"))}
    rows = []
    groups = {}
    for row in t.rows:
        if row["rise_codes"] != "":
            groups.setdefault(tuple(row[b] for b in t.by), []).append(row)
    for group in sorted_groups(groups):
        seeds = {}
        for row in groups[group]:
            seeds.setdefault(row["seed"], []).append(row)
        for flatness in ("rise_codes", "rise_direction", "train_loss"):
            cells = []
            for figure in test.values():
                pairs = [[(float(r[flatness]), figure(r)) for r in of] for of in seeds.values()]
                rho = st.rank_correlation([p for of in pairs for p in of])
                low, high = st.clustered_interval(pairs, st.rank_correlation)
                cells.append(f"{rho:+.2f} ({low:+.2f} to {high:+.2f})")
            rows.append(list(group) + [flatness, str(len(groups[group]))] + cells)
    if not rows:
        raise SystemExit("no run measured the flatness")
    markdown(t.by + ["correlation of", "runs", f"with {options.split} - train loss", f"with {options.split} loss",
                     f"with {options.split} accuracy"], rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    for command, models in ((table, ["float", "captures", "average", "requantized", "sqwa", "control"]),
                            (compare, ["sqwa"]), (verdicts, []), (correlate, [])):
        p = commands.add_parser(command.__name__)
        p.set_defaults(run=command)
        p.add_argument("file")
        p.add_argument("--by", nargs="*", default=[], metavar="COLUMN", help="members of a setting: a row for each value")
        p.add_argument("--where", nargs="*", default=[], metavar="COLUMN=VALUE", help="only these runs")
        p.add_argument("--split", choices=["held", "test"], default="test", help="images kept aside, or test images")
        p.add_argument("--figure", choices=["accuracy", "loss"], default="accuracy")
        p.add_argument("--control", default="control", metavar="MODEL")
        if models:
            p.add_argument("--models", nargs="+", default=models, metavar="MODEL")
        if command is compare:
            p.add_argument("--svg", metavar="FILE", help="a picture of the intervals too")
    options = parser.parse_args()
    options.run(options)


if __name__ == "__main__":
    main()
