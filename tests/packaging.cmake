# The one header that tools/amalgamate.py makes: alone, in a program of two units, and set beside the headers themselves.
if(NOT SQWA_DEBIAN_PYTHON)
  message(STATUS "Not tested: the one header, for there is no python3")
  return()
endif()

add_test(NAME tools.amalgamate COMMAND ${SQWA_DEBIAN_PYTHON} ${CMAKE_CURRENT_SOURCE_DIR}/tools/amalgamate_test.py)

set(one_header ${CMAKE_CURRENT_BINARY_DIR}/one_header/sqwa.hpp)
list(TRANSFORM sqwa_headers PREPEND ${PROJECT_SOURCE_DIR}/ OUTPUT_VARIABLE one_header_parts)
add_custom_command(OUTPUT ${one_header}
  COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_CURRENT_BINARY_DIR}/one_header
  COMMAND ${SQWA_DEBIAN_PYTHON} ${PROJECT_SOURCE_DIR}/tools/amalgamate.py -o ${one_header}
  DEPENDS ${one_header_parts} ${PROJECT_SOURCE_DIR}/tools/amalgamate.py ${PROJECT_SOURCE_DIR}/LICENSE VERBATIM)
foreach(form IN ITEMS one many)
  add_executable(program_${form}_header one_header/a.cpp one_header/b.cpp)
  target_link_libraries(program_${form}_header PRIVATE sqwa_development)
endforeach()
target_sources(program_one_header PRIVATE ${one_header})
target_include_directories(program_one_header PRIVATE ${CMAKE_CURRENT_BINARY_DIR}/one_header)
target_compile_definitions(program_many_header PRIVATE SQWA_TEST_PACKAGE_HEADERS)
add_test(NAME one_header.same_bits
  COMMAND ${CMAKE_COMMAND} -D ONE=$<TARGET_FILE:program_one_header> -D MANY=$<TARGET_FILE:program_many_header>
    -P ${CMAKE_CURRENT_SOURCE_DIR}/one_header/same_bits.cmake)

find_program(SQWA_GCC NAMES g++)
find_program(SQWA_CLANG NAMES clang++-16 clang++-17 clang++-18 clang++-19 clang++-20)
foreach(compiler IN ITEMS GCC CLANG)
  if(SQWA_${compiler})
    string(TOLOWER ${compiler} name)
    add_test(NAME one_header.alone_${name}
      COMMAND ${CMAKE_COMMAND} -D COMPILER=${SQWA_${compiler}} -D HEADER=${one_header} -D INCLUDES=${PROJECT_SOURCE_DIR}/include
        -D WORK=${CMAKE_CURRENT_BINARY_DIR}/one_header/${name} -P ${CMAKE_CURRENT_SOURCE_DIR}/one_header/alone.cmake)
  endif()
endforeach()

# The release archive, the port of vcpkg and the recipe of Conan; tools/test.sh packaging does more of it.
find_program(SQWA_NINJA ninja)
find_program(SQWA_BASH bash)
if(SQWA_NINJA AND SQWA_BASH)
  set(packaging ${CMAKE_CURRENT_SOURCE_DIR}/packaging)
  set(work ${CMAKE_CURRENT_BINARY_DIR}/packaging)
  set(archive)
  if(EXISTS ${PROJECT_SOURCE_DIR}/.git)
    set(archive ${work}/release/first/sqwa-${PROJECT_VERSION}.tar.gz)
    add_test(NAME packaging.release COMMAND ${SQWA_BASH} ${packaging}/release.sh ${PROJECT_SOURCE_DIR} ${work}/release ${CMAKE_CXX_COMPILER})
    set_tests_properties(packaging.release PROPERTIES FIXTURES_SETUP release SKIP_RETURN_CODE 77)
  endif()
  add_test(NAME packaging.vcpkg
    COMMAND ${CMAKE_COMMAND} -D SOURCE=${PROJECT_SOURCE_DIR} -D WORK=${work}/vcpkg -D ARCHIVE=${archive}
      -D COMPILER=${CMAKE_CXX_COMPILER} -D COMPONENTS=threads -P ${packaging}/vcpkg.cmake)
  if(archive)
    set_tests_properties(packaging.vcpkg PROPERTIES FIXTURES_REQUIRED release)
  endif()
  add_test(NAME packaging.conan
    COMMAND ${SQWA_DEBIAN_PYTHON} ${packaging}/conan_recipe.py ${PROJECT_SOURCE_DIR} ${work}/conan ${CMAKE_CXX_COMPILER})
endif()
