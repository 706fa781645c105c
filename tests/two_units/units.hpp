// SPDX-License-Identifier: BSD-3-Clause
// What the units of the program see of each other.
#ifndef SQWA_TESTS_TWO_UNITS_UNITS_HPP
#define SQWA_TESTS_TWO_UNITS_UNITS_HPP

void break_contract_in_b();
void break_contract_in_c();
float noise_in_b();
float noise_in_c();

/// More extents than a shape can hold. The type is a parameter, so that each unit has a function of its own mode.
template <class Shape>
void break_contract() {
  (void)Shape{1, 1, 1, 1, 1, 1, 1, 1, 1};
}

#endif
