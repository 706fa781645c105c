# The package as strangers meet it: code that must not compile, a project that consumes the installed and the source tree,
# every header alone, and every header in several translation units.
option(SQWA_TEST_PACKAGE "Test the package too: refusals, consumers, headers in several units" ON)
if(NOT SQWA_TEST_PACKAGE OR NOT PROJECT_IS_TOP_LEVEL)
  return()
endif()

# Which headers can be compiled here: those below nn; hosted ones and backends where their components are.
set(hosted_headers)
set(hosted_components)
foreach(component IN ITEMS tbb threads xsimd xtensor io png eigen armadillo torch)
  if(component IN_LIST SQWA_BACKENDS)
    list(APPEND hosted_components sqwa::${component})
  endif()
endforeach()
if("io" IN_LIST SQWA_BACKENDS AND "xtensor" IN_LIST SQWA_BACKENDS)
  set(hosted_headers ${sqwa_hosted_headers} ${sqwa_backend_headers})
  if(NOT "tbb" IN_LIST SQWA_BACKENDS)
    list(FILTER hosted_headers EXCLUDE REGEX "/(tbb[^/]*|fast)\\.hpp$")
  endif()
  if(NOT "threads" IN_LIST SQWA_BACKENDS)
    list(FILTER hosted_headers EXCLUDE REGEX "/team\\.hpp$")
  endif()
  if(NOT "xsimd" IN_LIST SQWA_BACKENDS)
    list(FILTER hosted_headers EXCLUDE REGEX "/(xsimd[^/]*|fast)\\.hpp$")
  endif()
  if(NOT "png" IN_LIST SQWA_BACKENDS)
    list(FILTER hosted_headers EXCLUDE REGEX "/png[^/]*\\.hpp$")
  endif()
  foreach(component IN ITEMS eigen armadillo torch)
    if(NOT component IN_LIST SQWA_BACKENDS)
      list(FILTER hosted_headers EXCLUDE REGEX "/tensor/${component}[^/]*\\.hpp$")
    endif()
  endforeach()
endif()

# Writes a file that includes each of the headers.
function(write_includes file)
  set(text "")
  foreach(header IN LISTS ARGN)
    string(REGEX REPLACE "^include/" "" header ${header})
    string(APPEND text "#include <${header}>\n")
  endforeach()
  file(CONFIGURE OUTPUT ${file} CONTENT "${text}" @ONLY)
endfunction()

set(generated ${CMAKE_CURRENT_BINARY_DIR}/package)
write_includes(${generated}/all_headers.hpp ${sqwa_headers})
write_includes(${generated}/all_hosted_headers.hpp ${hosted_headers})

# Backends' headers alone; benchmarks/compile_time.py compiles all others so.
set(sources)
foreach(header IN LISTS hosted_headers)
  if(header IN_LIST sqwa_backend_headers)
    string(MAKE_C_IDENTIFIER ${header} name)
    write_includes(${generated}/alone/${name}.cpp ${header} ${header})  # twice: is there a guard?
    list(APPEND sources ${generated}/alone/${name}.cpp)
  endif()
endforeach()
if(sources)
  add_library(backend_headers_alone OBJECT ${sources})
  target_link_libraries(backend_headers_alone PRIVATE sqwa_development ${hosted_components})
  target_compile_options(backend_headers_alone PRIVATE -O0 -g0)
endif()

# Every header in several units, one of them in another error mode.
add_executable(two_units two_units/a.cpp two_units/b.cpp two_units/c.cpp)
set_source_files_properties(two_units/c.cpp PROPERTIES COMPILE_DEFINITIONS SQWA_ERRORS=SQWA_ERRORS_TRAP)
target_include_directories(two_units PRIVATE ${generated} two_units)
target_link_libraries(two_units PRIVATE sqwa_development)
add_test(NAME package.two_units COMMAND two_units)
if(hosted_headers)
  add_library(two_units_hosted_unit OBJECT two_units/hosted.cpp)
  add_executable(two_units_hosted two_units/hosted.cpp)
  target_compile_definitions(two_units_hosted PRIVATE SQWA_TEST_MAIN)
  foreach(target IN ITEMS two_units_hosted_unit two_units_hosted)
    target_include_directories(${target} PRIVATE ${generated})
    target_link_libraries(${target} PRIVATE sqwa_development ${hosted_components})
  endforeach()
  target_link_libraries(two_units_hosted PRIVATE two_units_hosted_unit)
  add_test(NAME package.two_units_hosted COMMAND two_units_hosted)
endif()

# What the layers core to deploy include, directly or not: nothing but themselves and the standard library. (clang also
# names tbb/tbb.h, since libstdc++ asks whether it is there; whoever includes it includes oneapi/ too.)
separate_arguments(flags NATIVE_COMMAND "${CMAKE_CXX_FLAGS}")
add_test(NAME package.no_dependency
  COMMAND ${CMAKE_CXX_COMPILER} ${flags} -std=c++20 -M -I ${PROJECT_SOURCE_DIR}/include -x c++ ${generated}/all_headers.hpp)
set_tests_properties(package.no_dependency PROPERTIES
  FAIL_REGULAR_EXPRESSION "/(oneapi|xsimd|xtl|xtensor|nlohmann|zlib\\.h|png\\.h|Eigen|armadillo|ATen)|error:")

# A file in refuse/ must not compile, and the compiler must say what its first line expects. A second line
# "// needs: COMPONENT" names what has to be there.
file(GLOB refused CONFIGURE_DEPENDS refuse/*.cpp)
foreach(file IN LISTS refused)
  file(STRINGS ${file} needs REGEX "^// needs: ")
  string(REPLACE "// needs: " "" needs "${needs}")
  if(NOT needs OR needs IN_LIST SQWA_BACKENDS)
    cmake_path(GET file STEM name)
    set(includes ${PROJECT_SOURCE_DIR}/include)
    if(needs)
      list(APPEND includes $<TARGET_PROPERTY:sqwa::${needs},INTERFACE_INCLUDE_DIRECTORIES>)
    endif()
    add_test(NAME refuse.${name}
      COMMAND ${CMAKE_COMMAND} -D COMPILER=${CMAKE_CXX_COMPILER} -D "FLAGS=${CMAKE_CXX_FLAGS}"
        -D "INCLUDES=${includes}" -D FILE=${file} -P ${CMAKE_CURRENT_SOURCE_DIR}/refuse/refuse.cmake)
  endif()
endforeach()

if(SQWA_TEST_LONG)  # the same whatever compiles
  include(packaging.cmake)
endif()

# A stranger's project.
list(JOIN SQWA_BACKENDS "," components)
foreach(mode IN ITEMS installed subdirectory)
  if(mode STREQUAL "subdirectory" OR SQWA_INSTALL)
    add_test(NAME consume.${mode}
      COMMAND ${CMAKE_COMMAND} -D MODE=${mode} -D SOURCE=${PROJECT_SOURCE_DIR} -D BUILD=${PROJECT_BINARY_DIR}
        -D WORK=${CMAKE_CURRENT_BINARY_DIR}/consume-${mode} -D GENERATOR=${CMAKE_GENERATOR}
        -D COMPILER=${CMAKE_CXX_COMPILER} -D COMPONENTS=${components}
        -P ${CMAKE_CURRENT_SOURCE_DIR}/consume/consume.cmake)
  endif()
endforeach()
