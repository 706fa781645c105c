# Runs a portfile as vcpkg does, with the few functions of vcpkg's that it calls. Those here do what vcpkg's do for a release
# build of one package, and no more: configure, install, move the config files to share/PORT, keep the licence.
#   cmake -D PORT_DIR=… -D PACKAGES=… -D BUILDTREES=… -P vcpkg_install.cmake
cmake_minimum_required(VERSION 3.25)
cmake_path(GET PORT_DIR FILENAME PORT)
file(READ ${PORT_DIR}/vcpkg.json manifest)
string(JSON VERSION GET "${manifest}" version)
set(CURRENT_PORT_DIR ${PORT_DIR})
set(CURRENT_PACKAGES_DIR ${PACKAGES})
set(CURRENT_INSTALLED_DIR ${PACKAGES}-installed)
set(CURRENT_BUILDTREES_DIR ${BUILDTREES})
file(REMOVE_RECURSE ${PACKAGES} ${BUILDTREES})
file(MAKE_DIRECTORY ${PACKAGES} ${BUILDTREES})

function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE result OUTPUT_VARIABLE said ERROR_VARIABLE said)
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "${ARGN}\n${said}")
  endif()
endfunction()
macro(no_more_arguments)
  if(DEFINED arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "${CMAKE_CURRENT_FUNCTION} was passed extra arguments: ${arg_UNPARSED_ARGUMENTS}")
  endif()
endmacro()

function(vcpkg_extract_source_archive out)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "ARCHIVE" "")
  no_more_arguments()
  file(REMOVE_RECURSE ${CURRENT_BUILDTREES_DIR}/src)
  file(ARCHIVE_EXTRACT INPUT ${arg_ARCHIVE} DESTINATION ${CURRENT_BUILDTREES_DIR}/src)
  file(GLOB inside ${CURRENT_BUILDTREES_DIR}/src/*)
  if(inside MATCHES ";" OR NOT IS_DIRECTORY "${inside}")
    message(FATAL_ERROR "Could not unwrap top level directory from archive")
  endif()
  set(${out} ${inside} PARENT_SCOPE)
endfunction()

function(vcpkg_cmake_configure)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "SOURCE_PATH" "OPTIONS")
  no_more_arguments()
  if(NOT VCPKG_BUILD_TYPE STREQUAL "release")
    message(FATAL_ERROR "This stand-in for vcpkg builds for release alone")
  endif()
  run(${CMAKE_COMMAND} -S ${arg_SOURCE_PATH} -B ${CURRENT_BUILDTREES_DIR}/build -G Ninja -DCMAKE_BUILD_TYPE=Release
      -DCMAKE_INSTALL_PREFIX=${CURRENT_PACKAGES_DIR} -DCMAKE_EXPORT_NO_PACKAGE_REGISTRY=ON
      -DCMAKE_FIND_USE_PACKAGE_REGISTRY=OFF ${arg_OPTIONS})
endfunction()

function(vcpkg_cmake_install)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "" "")
  no_more_arguments()
  run(${CMAKE_COMMAND} --build ${CURRENT_BUILDTREES_DIR}/build --target install)
endfunction()

function(vcpkg_cmake_config_fixup)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "PACKAGE_NAME;CONFIG_PATH" "")
  no_more_arguments()
  set(share ${CURRENT_PACKAGES_DIR}/share/${PORT})
  file(GLOB files ${CURRENT_PACKAGES_DIR}/${arg_CONFIG_PATH}/*)
  file(COPY ${files} DESTINATION ${share})
  file(REMOVE_RECURSE ${CURRENT_PACKAGES_DIR}/${arg_CONFIG_PATH} ${CURRENT_PACKAGES_DIR}/share/cmake)
  file(GLOB files ${share}/*.cmake)
  foreach(file IN LISTS files)
    file(READ ${file} text)
    # One folder less lies between these files and the prefix.
    string(REGEX REPLACE
      "(get_filename_component\\(_IMPORT_PREFIX \"\\\${CMAKE_CURRENT_LIST_FILE}\" PATH\\))(\nget_filename_component\\(_IMPORT_PREFIX \"\\\${_IMPORT_PREFIX}\" PATH\\))*"
      "\\1\\2\\2" text "${text}")
    string(REGEX REPLACE "\"\\\${CMAKE_CURRENT_LIST_DIR}/\\.\\./(\\.\\./)*\" ABSOLUTE" "\"\${CMAKE_CURRENT_LIST_DIR}/../../\" ABSOLUTE"
      text "${text}")
    string(REPLACE "${CURRENT_PACKAGES_DIR}" "\${_IMPORT_PREFIX}" text "${text}")
    file(WRITE ${file} "${text}")
  endforeach()
endfunction()

function(vcpkg_install_copyright)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "COMMENT" "FILE_LIST")
  no_more_arguments()
  file(INSTALL ${arg_FILE_LIST} DESTINATION ${CURRENT_PACKAGES_DIR}/share/${PORT} RENAME copyright)
endfunction()

include(${PORT_DIR}/portfile.cmake)
