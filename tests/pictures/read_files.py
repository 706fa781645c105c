#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Reads the files of a surface with NumPy and VTK and compares them with the CSV: read_files.py DIRECTORY.

Ends with 77, which ctest counts as skipped, where python3-numpy or python3-vtk9 is missing.
"""
import csv
import pathlib
import sys
import xml.dom.minidom

try:
    import numpy
    import vtk
    from vtk.util.numpy_support import vtk_to_numpy
except ImportError as missing:
    print(f"skipped: {missing}; install python3-numpy and python3-vtk9")
    sys.exit(77)

folder = pathlib.Path(sys.argv[1])
with open(folder / "surface.csv", newline="", encoding="utf-8") as file:
    rows = list(csv.reader(file))
columns = {name: numpy.array([float(row[i]) for row in rows[1:]]) for i, name in enumerate(rows[0])}
fields = [name for name in columns if name not in ("x", "y")]
assert len(fields) == 7, fields


def same(a, b, what):
    assert numpy.array_equal(numpy.asarray(a, float).ravel(), numpy.asarray(b, float).ravel(), equal_nan=True), what


archive = numpy.load(folder / "surface.npz")
grid = numpy.broadcast_arrays(archive["x"][None, :], archive["y"][:, None])
same(grid[0], columns["x"], "npz x")
same(grid[1], columns["y"], "npz y")
for name in fields:
    assert archive[name].shape == grid[0].shape, name
    same(archive[name], columns[name], "npz " + name)
same(numpy.load(folder / "surface.npy"), [columns[n] for n in fields[:4]], "npy")

reader = vtk.vtkXMLImageDataReader()
reader.SetFileName(str(folder / "surface.vti"))
reader.Update()
image = reader.GetOutput()
assert image.GetDimensions() == (*reversed(grid[0].shape), 1), image.GetDimensions()
places = numpy.array([image.GetPoint(i) for i in range(image.GetNumberOfPoints())])
assert numpy.allclose(places[:, 0], columns["x"], atol=1e-12) and numpy.allclose(places[:, 1], columns["y"], atol=1e-12)
for name in fields:
    same(vtk_to_numpy(image.GetPointData().GetArray(name)), columns[name], "vti " + name)
title = image.GetFieldData().GetAbstractArray("title").GetValue(0)
assert "</script>" in title, title

reader = vtk.vtkXMLPolyDataReader()
reader.SetFileName(str(folder / "models.vtp"))
reader.Update()
models = reader.GetOutput()
assert models.GetNumberOfPoints() == models.GetNumberOfVerts() == archive["models.x"].size == 7
same([models.GetPoint(i)[0] for i in range(7)], archive["models.x"], "vtp x")
same([models.GetPoint(i)[1] for i in range(7)], archive["models.y"], "vtp y")
for name in ("distance", "loss", "accuracy"):
    same(vtk_to_numpy(models.GetPointData().GetArray(name)), archive["models." + name], "vtp " + name)
names = models.GetPointData().GetAbstractArray("name")
assert [names.GetValue(i) for i in (1, 3)] == ["]]> 'é' \\", "average"], names.GetValue(1)

for picture in sorted(folder.glob("*.svg")):
    xml.dom.minidom.parse(str(picture))
print(f"read: {len(fields)} columns, 7 models, {len(list(folder.glob('*.svg')))} pictures")
