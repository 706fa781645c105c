// SPDX-License-Identifier: BSD-3-Clause
// How errors are told, chosen by the whole program; and the namespace word that keeps the modes apart.
#ifndef SQWA_CORE_CONFIG_HPP
#define SQWA_CORE_CONFIG_HPP

// A broken precondition throws sqwa::contract_error…
#define SQWA_ERRORS_THROW 1
// …executes one trap instruction and keeps no strings…
#define SQWA_ERRORS_TRAP 2
// …or calls the program's `extern "C" void sqwa_on_error(char const*)`, then traps.
#define SQWA_ERRORS_HANDLER 3

#ifndef SQWA_ERRORS
#ifdef __cpp_exceptions
#define SQWA_ERRORS SQWA_ERRORS_THROW
#else
#define SQWA_ERRORS SQWA_ERRORS_TRAP
#endif
#endif

// The mode is part of every mangled name, so objects built in different modes can be linked.
#if SQWA_ERRORS == SQWA_ERRORS_THROW
#define SQWA_ABI v0_throw
#elif SQWA_ERRORS == SQWA_ERRORS_TRAP
#define SQWA_ABI v0_trap
#elif SQWA_ERRORS == SQWA_ERRORS_HANDLER
#define SQWA_ABI v0_handler
#else
#error "SQWA_ERRORS must be SQWA_ERRORS_THROW, SQWA_ERRORS_TRAP or SQWA_ERRORS_HANDLER"
#endif

#endif
