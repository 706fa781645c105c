# For sqwa's own tests, examples and benchmarks; nothing here reaches a user's target.

option(SQWA_WARNINGS_AS_ERRORS "Fail on warnings in our own code" OFF)

# What every program of ours is compiled with. Contraction is off because equal bits on every machine are promised only so.
add_library(sqwa_development INTERFACE)
target_link_libraries(sqwa_development INTERFACE sqwa::sqwa)
target_compile_options(sqwa_development INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow -ffp-contract=off
  $<$<BOOL:${SQWA_WARNINGS_AS_ERRORS}>:-Werror>)

# What the layers from nn upward and the adapters need, where it is there.
foreach(component IN ITEMS tbb threads xsimd xtensor io png eigen armadillo torch)
  if(component IN_LIST SQWA_BACKENDS)
    add_library(sqwa_development_${component} INTERFACE)
    target_link_libraries(sqwa_development_${component} INTERFACE sqwa_development sqwa::${component})
  endif()
endforeach()
