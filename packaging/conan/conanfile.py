# SPDX-License-Identifier: BSD-3-Clause
"""sqwa for Conan 2: `conan create packaging/conan`, in the repository or in an unpacked release archive."""
import os
import re

from conan import ConanFile
from conan.errors import ConanInvalidConfiguration
from conan.tools.build import check_min_cppstd
from conan.tools.cmake import CMake, CMakeToolchain, cmake_layout
from conan.tools.files import copy, load
from conan.tools.scm import Version

required_conan_version = ">=2.0.9"

# What each component of the CMake package stands on: the component of a package, and its versions.
LIBRARIES = {
    "onetbb": "[>=2021.8 <2024]",
    "xsimd": "[>=8.1 <15]",
    "xtensor": "[>=0.24 <1]",
    "zlib": "[>=1.2.11 <2]",
    "nlohmann_json": "[>=3.11 <4]",
    "libpng": "[>=1.6 <2]",
    "eigen": "[>=3.4 <6]",
}
COMPONENTS = {
    "tbb": ["onetbb::libtbb"],
    "xsimd": ["xsimd::xsimd"],
    "xtensor": ["xtensor::xtensor"],
    "io": ["xtensor::xtensor", "zlib::zlib", "nlohmann_json::nlohmann_json"],
    "png": ["xtensor::xtensor", "zlib::zlib", "libpng::libpng"],
    "eigen": ["eigen::eigen"],
}
BY_DEFAULT = ["tbb", "xsimd", "xtensor", "io"]


class SqwaConan(ConanFile):
    name = "sqwa"
    description = "Stochastic quantized weight averaging: train, quantize, average and ship low-bit neural networks"
    license = "BSD-3-Clause"
    topics = ("quantization", "neural-network", "weight-averaging", "ternary", "header-only")
    package_type = "header-library"
    settings = "os", "arch", "compiler", "build_type"
    options = {f"with_{component}": [True, False] for component in COMPONENTS}
    default_options = {f"with_{component}": component in BY_DEFAULT for component in COMPONENTS}
    # sqwa's own kernels are those of xsimd; with xtensor's, the version of xsimd would be xtensor's choice.
    default_options["xtensor/*:xsimd"] = False
    no_copy_source = True

    @property
    def _top(self):
        return os.path.join(self.recipe_folder, "..", "..")

    @property
    def _components(self):
        return [component for component in COMPONENTS if self.options.get_safe(f"with_{component}")]

    def set_version(self):
        header = load(self, os.path.join(self._top, "include", "sqwa", "version.hpp"))
        self.version = re.search(r'SQWA_VERSION_STRING "([^"]+)"', header)[1]

    def export_sources(self):
        for pattern in ("CMakeLists.txt", "LICENSE", "cmake/*", "include/*"):
            copy(self, pattern, self._top, self.export_sources_folder)

    def layout(self):
        cmake_layout(self)

    def requirements(self):
        needed = {part.split("::")[0] for component in self._components for part in COMPONENTS[component]}
        for library, versions in LIBRARIES.items():
            if library in needed:
                self.requires(f"{library}/{versions}", transitive_headers=True, transitive_libs=True)

    def validate(self):
        if self.settings.get_safe("compiler.cppstd"):
            check_min_cppstd(self, 20)
        compiler = str(self.settings.compiler)
        oldest = {"gcc": "12", "clang": "16"}.get(compiler)
        if oldest and Version(str(self.settings.compiler.version)) < oldest:
            raise ConanInvalidConfiguration(f"sqwa needs {compiler} {oldest} or newer, not {self.settings.compiler.version}")

    def package_id(self):
        self.info.clear()  # the same headers, whatever compiles them and whichever components are used

    def generate(self):
        toolchain = CMakeToolchain(self)
        toolchain.cache_variables["SQWA_BUILD_TESTS"] = False
        toolchain.cache_variables["SQWA_BUILD_EXAMPLES"] = False
        toolchain.generate()

    def build(self):
        CMake(self).configure()

    def package(self):
        CMake(self).install()
        copy(self, "LICENSE", self.source_folder, os.path.join(self.package_folder, "licenses"))

    def package_info(self):
        # CMake takes the package's own config file, so find_package(sqwa COMPONENTS tbb) is the same with and without Conan.
        # The components are for what else Conan writes files for.
        self.cpp_info.set_property("cmake_find_mode", "none")
        headers = self.cpp_info.components["sqwa"]
        headers.bindirs = []
        headers.libdirs = []
        headers.builddirs = [os.path.join("share", "cmake", "sqwa")]
        headers.set_property("cmake_target_name", "sqwa::sqwa")
        for name in [*self._components, "threads"]:
            component = self.cpp_info.components[name]
            component.bindirs = []
            component.libdirs = []
            component.includedirs = []
            component.requires = ["sqwa", *COMPONENTS.get(name, [])]
            component.set_property("cmake_target_name", f"sqwa::{name}")
        if self.settings.get_safe("os") in ("Linux", "FreeBSD"):
            self.cpp_info.components["threads"].system_libs = ["pthread"]
