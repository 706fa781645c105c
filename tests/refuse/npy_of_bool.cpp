// expect: npy_number
// needs: io
// SPDX-License-Identifier: BSD-3-Clause
// Truth values are not read from files: not every byte is one.
#include <sqwa/io/npy.hpp>

#ifdef SQWA_ACCEPT
using element = float;
#else
using element = bool;
#endif

auto load() { return sqwa::io::load_npy<element, 1>("a.npy"); }
