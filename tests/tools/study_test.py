"""tools/study.py: its statistics against known values, its tables against a small study.csv."""
import contextlib
import io
import itertools
import math
import random
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock
from xml.etree import ElementTree

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
import study  # noqa: E402
import study_statistics as st  # noqa: E402


class Statistics(unittest.TestCase):
    def test_quantiles_are_those_of_printed_tables(self):
        for p, freedom, t in ((0.975, 1, 12.7062), (0.975, 2, 4.30265), (0.975, 9, 2.26216), (0.975, 19, 2.09302),
                              (0.95, 4, 2.13185), (0.995, 30, 2.74999), (0.975, 1000, 1.96234)):
            self.assertAlmostEqual(st.t_quantile(p, freedom), t, delta=6e-6 * t)

    def test_the_distribution_function_has_its_closed_forms(self):
        for t in (-3.0, -0.4, 0.0, 0.1, 1.0, 25.0):
            self.assertAlmostEqual(st.t_cdf(t, 1), 0.5 + math.atan(t) / math.pi, places=12)
            self.assertAlmostEqual(st.t_cdf(t, 2), 0.5 + t / (2 * math.sqrt(2 + t * t)), places=12)

    def test_students_own_sleep_data(self):  # "The probable error of a mean", 1908: t = 4.0621, p = 0.002833
        gains = [1.2, 2.4, 1.3, 1.3, 0.0, 1.0, 1.8, 0.8, 4.6, 1.4]
        t = st.mean(gains) / st.standard_error(gains)
        self.assertAlmostEqual(t, 4.0621, places=4)
        self.assertAlmostEqual(2 * (1 - st.t_cdf(t, 9)), 0.002833, places=6)
        low, high = st.t_interval(gains)
        self.assertAlmostEqual(low, 0.7001142, places=6)
        self.assertAlmostEqual(high, 2.4598858, places=6)

    def test_one_figure_has_no_error_and_no_interval(self):
        self.assertIsNone(st.standard_error([1.0]))
        self.assertIsNone(st.t_interval([1.0]))

    def test_sign_test(self):
        self.assertEqual(st.sign_test([1, 2, 0.5, 0, 3, -1, 4, 2, 1, 1]), (8, 1, 1, 2 * (9 + 1) / 2**9))
        self.assertEqual(st.sign_test([0.0, 0.0]), (0, 0, 2, 1.0))
        self.assertEqual(st.sign_test([1, -1]), (1, 1, 0, 1.0))

    def test_permutation_test_agrees_with_counting_all_signs(self):
        source = random.Random(5)
        for n in (1, 2, 5, 9):
            d = [round(source.gauss(0.3, 1), 1) for _ in range(n)]
            sums = [abs(sum(s * round(x * 10) for s, x in zip(signs, d)))
                    for signs in itertools.product((1, -1), repeat=n)]
            share = sum(s >= abs(sum(round(x * 10) for x in d)) for s in sums) / 2**n
            self.assertAlmostEqual(st.permutation_test(d), share, places=12)

    def test_wilson(self):  # E. Wilson's interval for 7 of 10
        low, high = st.proportion_interval(7, 10)
        self.assertAlmostEqual(low, 0.396778, places=6)
        self.assertAlmostEqual(high, 0.892209, places=6)


class Correlations(unittest.TestCase):
    def test_ranks_share_ties(self):
        self.assertEqual(st.ranks([3, 1, 1, 9]), [3, 1.5, 1.5, 4])

    def test_a_known_rank_correlation(self):  # 1 - 6 * sum of d^2 / (n (n^2 - 1)), no ties
        x, y = [106, 100, 86, 101, 99, 103, 97, 113, 112, 110], [7, 27, 2, 50, 28, 29, 20, 12, 6, 17]
        self.assertAlmostEqual(st.rank_correlation(list(zip(x, y))), -29 / 165, places=12)
        self.assertAlmostEqual(st.rank_correlation([(v, v**3) for v in x]), 1)
        self.assertEqual(st.rank_correlation([(1, 2), (1, 3)]), 0)

    def test_the_interval_draws_whole_clusters(self):
        source = random.Random(3)
        runs = [(x := source.gauss(0, 1), x + source.gauss(0, 1)) for _ in range(40)]
        single = st.clustered_interval([[r] for r in runs], st.correlation)
        doubled = st.clustered_interval([[r, r] for r in runs], st.correlation)
        self.assertEqual(single, doubled)  # a copy of a run is no new run
        self.assertLess(single[0], st.correlation(runs))
        self.assertGreater(single[1], st.correlation(runs))


HEAD = "key,seed,name,levels,steps,verdict,captures_test_accuracy,average_test_accuracy,sqwa_test_accuracy," \
       "control_test_accuracy\n"


class Tables(unittest.TestCase):
    def run_tool(self, text, *words):
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "study.csv"
            file.write_text(text)
            picture = Path(folder) / "forest.svg"
            words = [str(picture) if w == "SVG" else w for w in words]
            out = io.StringIO()
            with mock.patch.object(sys, "argv", ["study.py", words[0], str(file), *words[1:]]), \
                    contextlib.redirect_stdout(out):
                study.main()
            self.picture = picture.read_text() if picture.exists() else None
            return out.getvalue()

    def small(self, steps=100):
        rows = []
        for seed, (captures, average, sqwa, control) in enumerate(((90, 91, 93, 92), (90, 89, 95, 92), (80, 85, 94, 94))):
            rows.append(f"a{seed},{seed},sqwa,3,100,average,{captures},{average},{sqwa},\n")
            rows.append(f"b{seed},{seed},control,3,{steps},,,,,{control}\n")
        return HEAD + "".join(rows)

    def test_runs_are_paired_by_seed(self):
        out = self.run_tool(self.small(), "compare", "--by", "levels", "--svg", "SVG")
        self.assertIn("| 3 | sqwa | 3 | +1.33 | -2.46 to +5.13 | 2 / 1 / 0 | 0.500 | 0.500 |", out)
        ElementTree.fromstring(self.picture)
        self.assertEqual(self.picture.count("<circle"), 1)

    def test_means_and_errors(self):
        out = self.run_tool(self.small(), "table", "--models", "sqwa", "control")
        self.assertIn("| 3 | 94.00 ± 0.58 | 92.67 ± 0.67 |", out)

    def test_a_torn_last_line_is_no_row(self):
        torn = self.small() + "a3,3,sqwa,3,100,average,90,91,9"
        self.assertEqual(self.run_tool(torn, "compare"), self.run_tool(self.small(), "compare"))

    def test_a_smaller_budget_is_refused(self):
        with self.assertRaisesRegex(SystemExit, "equal budget"):
            self.run_tool(self.small(steps=98), "compare")

    def test_two_settings_of_one_model_are_refused(self):
        other = self.small() + "c0,0,sqwa,7,100,average,1,2,3,\n"
        with self.assertRaisesRegex(SystemExit, "two runs of seed 0"):
            self.run_tool(other, "compare")
        self.assertIn("+1.33", self.run_tool(other, "compare", "--where", "levels=3"))

    def test_verdicts_are_counted(self):
        out = self.run_tool(self.small(), "verdicts", "--by", "levels")
        self.assertIn("| average | average better than captures | 2 of 3 |", out)
        self.assertIn("| average | sqwa better than control | 2 of 3 |", out)

    def test_verdicts_of_some_runs_are_held_against_the_control_of_another_name(self):
        out = self.run_tool(self.small(), "verdicts", "--where", "name=sqwa")
        self.assertIn("| average | sqwa better than control | 2 of 3 |", out)

    def test_flatness_is_correlated_with_the_figures_of_the_last_model(self):
        text = "key,seed,average,train_loss,rise_codes,rise_direction,sqwa_test_loss,sqwa_test_accuracy," \
               "control_test_loss,control_test_accuracy\n"
        for seed in range(1, 6):
            text += f"a{seed},{seed},codes,0.1,{seed},{-seed},{0.2 * seed},{90 - seed},,\n"
            text += f"b{seed},{seed},none,0.1,{seed + 0.5},{-seed - 0.5},,,{0.2 * seed + 0.1},{89.5 - seed}\n"
        out = self.run_tool(text + "c1,1,none,,,,,,9,9\n", "correlate")
        self.assertIn("| rise_codes | 10 | +1.00 (+1.00 to +1.00) | +1.00 (+1.00 to +1.00) | -1.00 (-1.00 to -1.00) |", out)
        self.assertIn("| rise_direction | 10 | -1.00 ", out)
        self.assertIn("| train_loss | 10 | +0.", out)


if __name__ == "__main__":
    unittest.main()
