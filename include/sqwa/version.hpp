// SPDX-License-Identifier: BSD-3-Clause
// The version, once: CMake, vcpkg and Conan read it from here.
#ifndef SQWA_VERSION_HPP
#define SQWA_VERSION_HPP

#define SQWA_VERSION_STRING "0.1.0"

#endif
