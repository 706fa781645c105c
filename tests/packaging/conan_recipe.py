#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Runs the Conan recipe step by step as `conan create` does, with a stand-in for the few parts of Conan that it uses.

    conan_recipe.py SOURCE WORK COMPILER [COMPONENT …]

The libraries are those of this machine, found by CMake, not Conan's. SOURCE is the repository or an unpacked archive. The
recipe's own logic, the package that it makes and the project of test_package are the real ones; that Conan itself reads
them is shown by `conan create` alone, where there is a Conan: tools/test.sh packaging.
"""
import fnmatch
import importlib.util
import itertools
import os
import pathlib
import re
import shutil
import subprocess
import sys
import types

sys.dont_write_bytecode = True
source, work, compiler = (pathlib.Path(argument).resolve() if i < 2 else argument for i, argument in enumerate(sys.argv[1:4]))
wanted = sys.argv[4:]


def check(truth, what):
    if not truth:
        sys.exit(f"conan_recipe.py: {what}")


def run(*command, **more):
    result = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                            check=False, **more)
    check(result.returncode == 0, f"{command}\n{result.stdout}")


# --- the stand-in ------------------------------------------------------------------------------------------------------


class InvalidConfiguration(Exception):
    pass


class Version:
    def __init__(self, text):
        self.parts = [int(part) for part in re.findall(r"\d+", str(text))]

    def __lt__(self, other):
        return self.parts < Version(other).parts


class Settings(dict):
    """`settings.compiler`, `settings.compiler.version`, `get_safe("compiler.cppstd")`."""

    def get_safe(self, name):
        return self.get(name)

    def __getattr__(self, name):
        if name not in self:
            raise AttributeError(name)
        inner = {key.partition(".")[2]: value for key, value in self.items() if key.startswith(name + ".")}
        text = type("Setting", (str,), inner)
        return text(self[name])


class Options(dict):
    def get_safe(self, name):
        return self.get(name)


class Component:
    def __init__(self):
        self.properties, self.requires, self.system_libs = {}, [], []
        self.includedirs, self.libdirs, self.bindirs, self.builddirs = ["include"], ["lib"], ["bin"], []

    def set_property(self, name, value):
        self.properties[name] = value


class CppInfo(Component):
    def __init__(self):
        super().__init__()
        self.components = {}

        class Components(dict):
            def __missing__(self, name):
                self[name] = Component()
                return self[name]

        self.components = Components()


class Info:
    cleared = False

    def clear(self):
        self.cleared = True


class ConanFile:
    def __init__(self, recipe_folder, settings, options=None):
        self.recipe_folder = str(recipe_folder)
        self.settings = Settings(settings)
        mine = {key: value for key, value in getattr(self, "default_options", {}).items() if "/" not in key}
        check(set(mine) == set(getattr(self, "options", {})), "an option has no default, or a default no option")
        self.options = Options(mine | (options or {}))
        self.required, self.info, self.cpp_info = [], Info(), CppInfo()
        self.variables = {}

    def requires(self, reference, **traits):
        self.required.append((reference, traits))

    def run(self, command, env=""):
        check(env == "conanrun", "programs are run with the environment of the libraries")
        run(command, cwd=self.build_folder)


def copy(conanfile, pattern, src, dst):
    found = [path for path in pathlib.Path(src).resolve().rglob("*")
             if path.is_file() and fnmatch.fnmatch(path.relative_to(pathlib.Path(src).resolve()).as_posix(), pattern)]
    for path in found:
        to = pathlib.Path(dst) / path.relative_to(pathlib.Path(src).resolve())
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, to)
    check(found, f"{pattern} finds nothing to copy in {src}")


def check_min_cppstd(conanfile, least):
    if int(re.sub(r"\D", "", conanfile.settings["compiler.cppstd"])) < least:
        raise InvalidConfiguration(f"C++ {least} is needed")


class CMakeToolchain:
    def __init__(self, conanfile):
        self.conanfile, self.cache_variables = conanfile, {}

    def generate(self):
        self.conanfile.variables = self.cache_variables


class CMakeDeps:
    def __init__(self, conanfile):
        pass

    def generate(self):
        """Nothing: the libraries are found where the machine has them."""


class CMake:
    def __init__(self, conanfile):
        self.conanfile = conanfile

    def configure(self, build_script_folder="."):
        mine = self.conanfile
        variables = {name: {True: "ON", False: "OFF"}.get(value, value) for name, value in mine.variables.items()}
        run("cmake", "-S", pathlib.Path(mine.source_folder) / build_script_folder, "-B", mine.build_folder, "-G", "Ninja",
            f"-DCMAKE_CXX_COMPILER={compiler}", "-DCMAKE_BUILD_TYPE=Release", "-DCMAKE_CXX_FLAGS_RELEASE=-O0",
            "-DCMAKE_FIND_USE_PACKAGE_REGISTRY=OFF", f"-DCMAKE_INSTALL_PREFIX={mine.package_folder}",
            f"-DCMAKE_PREFIX_PATH={';'.join(getattr(mine, 'prefixes', []))}",
            *(f"-D{name}={value}" for name, value in variables.items()))

    def build(self):
        run("cmake", "--build", self.conanfile.build_folder)

    def install(self):
        run("cmake", "--install", self.conanfile.build_folder)


def module(name, **contents):
    sys.modules[name] = types.ModuleType(name)
    sys.modules[name].__dict__.update(contents)


module("conan", ConanFile=ConanFile)
module("conan.errors", ConanInvalidConfiguration=InvalidConfiguration)
module("conan.tools")
module("conan.tools.build", check_min_cppstd=check_min_cppstd, can_run=lambda conanfile: True)
module("conan.tools.cmake", CMake=CMake, CMakeDeps=CMakeDeps, CMakeToolchain=CMakeToolchain, cmake_layout=lambda conanfile: None)
module("conan.tools.files", copy=copy, load=lambda conanfile, path: pathlib.Path(path).read_text(encoding="utf-8"))
module("conan.tools.scm", Version=Version)


def recipe_in(folder, name):
    path = folder / "conanfile.py"
    spec = importlib.util.spec_from_file_location(name, path)
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


# --- the recipe --------------------------------------------------------------------------------------------------------

loaded = recipe_in(source / "packaging" / "conan", "sqwa_recipe")
Recipe = loaded.SqwaConan
linux = {"os": "Linux", "arch": "x86_64", "build_type": "Release", "compiler": "gcc", "compiler.version": "12",
         "compiler.cppstd": "gnu20"}
all_components = sorted(loaded.COMPONENTS)
shutil.rmtree(work, ignore_errors=True)

# The version comes from the headers, and the sources that are exported are enough to install.
exported = Recipe(source / "packaging" / "conan", linux)
exported.set_version()
version = re.search(r'STRING "([^"]+)"', (source / "include/sqwa/version.hpp").read_text(encoding="utf-8"))[1]
check(exported.version == version, f"set_version says {exported.version}, not {version}")
exported.export_sources_folder = str(work / "es")
exported.export_sources()
check(not (work / "es" / "tests").exists(), "tests are exported")

# What is required: nothing without components; for each, the libraries that its CMake component looks for.
backends = (source / "cmake/sqwa-backends.cmake").read_text(encoding="utf-8")
called = {"TBB": "onetbb", "xsimd": "xsimd", "xtensor": "xtensor", "xtl": None, "ZLIB": "zlib", "nlohmann_json": "nlohmann_json",
          "PNG": "libpng", "Eigen3": "eigen"}
for size in range(len(all_components) + 1):
    for chosen in itertools.combinations(all_components, size):
        one = Recipe(work, linux, {f"with_{name}": name in chosen for name in all_components})
        one.requirements()
        packages = {package for name in chosen
                    for package in re.search(rf"set\(sqwa_{name}_PACKAGES ([^)]*)\)", backends)[1].split()}
        expected = sorted(called[package] for package in packages if called[package])
        names = [reference.split("/")[0] for reference, _ in one.required]
        check(sorted(names) == expected, f"with {chosen}, the recipe requires {names}, CMake's components {expected}")
        check(all(traits == {"transitive_headers": True, "transitive_libs": True} for _, traits in one.required),
              "users do not see the libraries' headers")
        one.package_info()
        used = {part.split("::")[0] for component in one.cpp_info.components.values() for part in component.requires if "::" in part}
        check(used == set(names), f"with {chosen}, the components use {used} of {names}")  # Conan refuses the package else
defaults = Recipe(work, linux)
check({name for name in all_components if defaults.options[f"with_{name}"]} == {"tbb", "xsimd", "xtensor", "io"}, "defaults")


# Who may use it.
def valid(**changes):
    try:
        Recipe(work, linux | {key.replace("_", "."): value for key, value in changes.items()}).validate()
    except InvalidConfiguration as error:
        return str(error)
    return ""


check(valid() == "", "gcc 12 is refused")
check("gcc 12 or newer, not 11.4" in valid(compiler_version="11.4"), "gcc 11 is taken")
check("clang 16" in valid(compiler="clang", compiler_version="15"), "clang 15 is taken")
check(valid(compiler="clang", compiler_version="16") == "", "clang 16 is refused")
check("C++ 20" in valid(compiler_cppstd="17"), "C++17 is taken")
check(valid(compiler_cppstd=None) == "", "a profile without cppstd is refused")

# The package.
options = {f"with_{name}": name in wanted for name in all_components}
package = Recipe(work / "e", linux, options)  # a recipe in Conan's cache: the tree is not around it
package.version = version
package.source_folder, package.build_folder, package.package_folder = str(work / "es"), str(work / "b"), str(work / "p")
package.requirements()
package.validate()
package.layout()
package.generate()
package.build()
package.package()
package.package_id()
package.package_info()
check(package.info.cleared, "the package id depends on settings")
for name in ("include/sqwa/sqwa.hpp", "share/cmake/sqwa/sqwa-config.cmake", "licenses/LICENSE"):
    check((work / "p" / name).is_file(), f"the package holds no {name}")
check(sorted(os.listdir(work / "p")) == ["include", "licenses", "share"], f"the package holds {os.listdir(work / 'p')}")
info = package.cpp_info
check(info.properties == {"cmake_find_mode": "none"}, "CMake would not take the package's own config file")
check(set(info.components) == {"sqwa", "threads", *(name for name in all_components if options[f"with_{name}"])}, "components")
for name, component in info.components.items():
    check(component.properties["cmake_target_name"] == f"sqwa::{name}", f"the target of {name}")
    check(name == "sqwa" or component.requires[0] == "sqwa", f"{name} brings no headers")
    check(component.libdirs == [] and component.bindirs == [], f"{name} names folders that are not there")
    for folder in component.includedirs + component.builddirs:
        check((work / "p" / folder).is_dir(), f"{name} names the folder {folder}, which is not there")

# test_package: tests/consume, with the package's config file alone.
test = recipe_in(source / "packaging" / "conan" / "test_package", "sqwa_test_recipe").SqwaTestConan(
    source / "packaging" / "conan" / "test_package", linux)
test.tested_reference_str = f"sqwa/{version}"
test.dependencies = {"sqwa": package}
test.source_folder, test.build_folder, test.package_folder = test.recipe_folder, str(work / "t"), str(work / "none")
test.cpp = types.SimpleNamespace(build=types.SimpleNamespace(bindir=test.build_folder))
test.prefixes = [str(work / "p" / folder) for component in info.components.values() for folder in component.builddirs]
test.requirements()
check([reference for reference, _ in test.required] == [f"sqwa/{version}"], "test_package requires something else")
test.layout()
test.generate()
test.build()
test.test()
cache = (work / "t" / "CMakeCache.txt").read_text(encoding="utf-8")
check(f"sqwa_DIR:PATH={work / 'p' / 'share/cmake/sqwa'}\n" in cache, "another sqwa was found than the package's")
built = sorted(path.name for path in (work / "t").glob("use_*"))
check(built == sorted(["use_plain", "use_threads", *(f"use_{name}" for name in wanted)]), f"built {built}")
print(f"sqwa/{version}: made, and consumed with {', '.join(['threads', *wanted])}")
