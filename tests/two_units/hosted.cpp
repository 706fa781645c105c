// SPDX-License-Identifier: BSD-3-Clause
// Every header there is; compiled twice, with and without a main.
#include "all_hosted_headers.hpp"

#ifdef SQWA_TEST_MAIN
int main() { return 0; }
#endif
