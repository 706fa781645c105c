# SPDX-License-Identifier: BSD-3-Clause
"""Builds and runs tests/consume, the stranger's project, against the package, with each component that it was made with."""
import os

from conan import ConanFile
from conan.tools.build import can_run
from conan.tools.cmake import CMake, CMakeDeps, CMakeToolchain, cmake_layout


class SqwaTestConan(ConanFile):
    settings = "os", "arch", "compiler", "build_type"
    test_type = "explicit"

    @property
    def _components(self):
        options = self.dependencies["sqwa"].options
        known = ["tbb", "xsimd", "xtensor", "io", "png", "eigen"]
        return ["threads", *(name for name in known if options.get_safe(f"with_{name}"))]

    def requirements(self):
        self.requires(self.tested_reference_str)

    def layout(self):
        cmake_layout(self)

    def generate(self):
        CMakeDeps(self).generate()
        toolchain = CMakeToolchain(self)
        toolchain.cache_variables["COMPONENTS"] = ",".join(self._components)
        toolchain.generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure(build_script_folder=os.path.join("..", "..", "..", "tests", "consume"))
        cmake.build()

    def test(self):
        if can_run(self):
            for name in ["plain", *self._components]:
                self.run(os.path.join(self.cpp.build.bindir, f"use_{name}"), env="conanrun")
