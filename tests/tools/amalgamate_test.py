#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""tools/amalgamate.py: order, what is hoisted, what is refused, the same bytes each time."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

top = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(top / "tools"))
sys.dont_write_bytecode = True
import amalgamate  # noqa: E402


class Amalgamate(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        was = amalgamate.include
        self.addCleanup(setattr, amalgamate, "include", was)
        amalgamate.include = pathlib.Path(self.folder.name)
        self.write("sqwa/version.hpp", '#define SQWA_VERSION_STRING "1.2.3"\n')

    def write(self, name, body, comment="// What it is for.\n"):
        path = amalgamate.include / name
        path.parent.mkdir(parents=True, exist_ok=True)
        guard = amalgamate.guard_of(name)
        path.write_text(f"// SPDX-License-Identifier: BSD-3-Clause\n{comment}#ifndef {guard}\n#define {guard}\n\n{body}\n#endif\n")

    def refused(self, *roots):
        with self.assertRaises(amalgamate.Refused) as caught:
            amalgamate.amalgamate(list(roots))
        return str(caught.exception)

    def test_a_header_stands_behind_those_that_it_includes(self):
        self.write("sqwa/a/a.hpp", "#include <sqwa/b/b.hpp>\n#include <sqwa/c/c.hpp>\n\nint a;\n")
        self.write("sqwa/b/b.hpp", "#include <sqwa/c/c.hpp>\n\nint b;\n")
        self.write("sqwa/c/c.hpp", "int c;\n")
        text = amalgamate.amalgamate(["sqwa/a/a.hpp"])
        places = [text.index(f"int {name};") for name in "cba"]
        self.assertEqual(places, sorted(places))
        self.assertEqual([text.count(f"int {name};") for name in "abc"], [1, 1, 1])
        self.assertNotIn("#include <sqwa/", text)
        self.assertIn("#if defined SQWA_C_C_HPP\n", text)

    def test_standard_headers_come_once_and_those_under_a_condition_stay_there(self):
        self.write("sqwa/a/a.hpp", "#include <vector>\n#include <span>  // why\n\n#if X\n#include <array>\n#endif\n")
        self.write("sqwa/b/b.hpp", "#include <vector>\n")
        text = amalgamate.amalgamate(["sqwa/a/a.hpp", "sqwa/b/b.hpp"])
        self.assertEqual(text.count("#include <vector>"), 1)
        self.assertEqual(text.count("#include <span>"), 1)
        self.assertIn("#if X\n#include <array>\n#endif\n", text)

    def test_licence_version_and_no_guards_but_one(self):
        self.write("sqwa/a/a.hpp", "int a;\n")
        text = amalgamate.amalgamate(["sqwa/a/a.hpp"])
        self.assertTrue(text.startswith("// SPDX-License-Identifier: BSD-3-Clause\n// sqwa 1.2.3 in one header"))
        self.assertIn("// BSD 3-Clause License\n", text)
        self.assertEqual(text.count("SPDX"), 1)
        self.assertEqual(text.count("#ifndef"), 1)
        self.assertEqual(text.count("#if"), text.count("#endif"))

    def test_what_cannot_be_one_of_many_is_refused_by_name(self):
        self.write("sqwa/a/a.hpp", "#if X\n#include <sqwa/b/b.hpp>\n#endif\n")
        self.write("sqwa/b/b.hpp", "#include <sqwa/c/c.hpp>\n")
        self.write("sqwa/c/c.hpp", "#include <sqwa/b/b.hpp>\n")
        self.write("sqwa/d/d.hpp", "#pragma once\n")
        self.write("sqwa/e/e.hpp", '#include "f.hpp"\n')
        self.write("sqwa/g/g.hpp", "#if X\n")
        (amalgamate.include / "sqwa" / "h.hpp").write_text("int h;\n")
        self.assertIn("sqwa/a/a.hpp:7: sqwa/b/b.hpp is included under a condition", self.refused("sqwa/a/a.hpp"))
        self.assertIn("sqwa/b/b.hpp -> sqwa/c/c.hpp -> sqwa/b/b.hpp", self.refused("sqwa/b/b.hpp"))
        self.assertIn("sqwa/d/d.hpp:6: #pragma once", self.refused("sqwa/d/d.hpp"))
        self.assertIn('sqwa/e/e.hpp:6: #include "f.hpp"', self.refused("sqwa/e/e.hpp"))
        self.assertIn("sqwa/g/g.hpp: a condition is left open", self.refused("sqwa/g/g.hpp"))
        self.assertIn("sqwa/h.hpp: no include guard SQWA_H_HPP", self.refused("sqwa/h.hpp"))
        self.assertIn("there is no header sqwa/none.hpp", self.refused("sqwa/none.hpp"))

    def test_two_choices_of_headers_have_two_guards(self):
        self.write("sqwa/a/a.hpp", "int a;\n")
        self.write("sqwa/b/b.hpp", "int b;\n")

        def guard(*roots):
            lines = amalgamate.amalgamate(list(roots)).splitlines()
            return next(line for line in lines if line.startswith("#ifndef"))

        self.assertNotEqual(guard("sqwa/a/a.hpp"), guard("sqwa/b/b.hpp"))


class Program(unittest.TestCase):
    def run_it(self, *arguments, **more):
        return subprocess.run([sys.executable, top / "tools/amalgamate.py", *arguments], capture_output=True, text=True, **more)

    def test_the_same_bytes_from_anywhere_and_every_header_that_needs_nothing(self):
        here = self.run_it(cwd=top)
        with tempfile.TemporaryDirectory() as folder:
            self.assertEqual(self.run_it("-o", "x.hpp", cwd=folder, env={"LC_ALL": "C", "PYTHONHASHSEED": "1"}).returncode, 0)
            self.assertEqual((pathlib.Path(folder) / "x.hpp").read_text(encoding="utf-8"), here.stdout)
        for path in (top / "include/sqwa").glob("*/*.hpp"):
            layer = path.parent.name
            if layer in ("core", "schedule", "quant", "average", "deploy"):
                self.assertIn(f" {layer}/{path.name} ".replace(" ", " sqwa/", 1), here.stdout)

    def test_a_choice_and_a_wrong_name(self):
        some = self.run_it("sqwa/schedule/combine.hpp")
        self.assertEqual(some.returncode, 0)
        self.assertNotIn("class averager", some.stdout)
        wrong = self.run_it("sqwa/no.hpp")
        self.assertEqual((wrong.returncode, wrong.stdout), (1, ""))
        self.assertEqual(wrong.stderr, "amalgamate.py: there is no header sqwa/no.hpp\n")


if __name__ == "__main__":
    unittest.main()
