// SPDX-License-Identifier: BSD-3-Clause
// The switches of a recipe by the names that command lines and studies give them.
#ifndef SQWA_EXAMPLES_SUPPORT_RECIPE_NAMES_HPP
#define SQWA_EXAMPLES_SUPPORT_RECIPE_NAMES_HPP

#include <sqwa/method/recipe.hpp>

#include <string>
#include <utility>
#include <vector>

namespace example {

template <class E>
using names_of = std::vector<std::pair<std::string, E>>;

inline names_of<sqwa::averaging> const averaging_names{
    {"codes", sqwa::averaging::codes}, {"values", sqwa::averaging::values}, {"latent", sqwa::averaging::latent}};
inline names_of<sqwa::scale_rule> const scale_names{{"frozen", sqwa::scale_rule::frozen},
                                                    {"refitted", sqwa::scale_rule::refitted},
                                                    {"learned", sqwa::scale_rule::learned}};
inline names_of<sqwa::scale_rule> const requantize_names{{"frozen", sqwa::scale_rule::frozen},
                                                         {"refitted", sqwa::scale_rule::refitted}};
inline names_of<sqwa::start_point> const start_names{{"mean", sqwa::start_point::mean},
                                                     {"quantized", sqwa::start_point::quantized}};
inline names_of<sqwa::straight_through> const gradient_names{{"clipped", sqwa::straight_through::clipped},
                                                             {"plain", sqwa::straight_through::plain}};

}  // namespace example

#endif
