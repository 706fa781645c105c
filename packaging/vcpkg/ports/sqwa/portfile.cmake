# Where the port lies in sqwa's tree, it builds that tree. A copy of the port builds the release archive that lies beside it,
# sqwa-${VERSION}.tar.gz, which tools/release.sh makes; a file of the port, so vcpkg notices when it changes.
set(tree "${CURRENT_PORT_DIR}/../../../..")
set(archive "${CURRENT_PORT_DIR}/sqwa-${VERSION}.tar.gz")
if(EXISTS "${archive}")
  vcpkg_extract_source_archive(SOURCE_PATH ARCHIVE "${archive}")
elseif(EXISTS "${tree}/include/sqwa/version.hpp")
  get_filename_component(SOURCE_PATH "${tree}" ABSOLUTE)
else()
  message(FATAL_ERROR "sqwa: put the release archive sqwa-${VERSION}.tar.gz into ${CURRENT_PORT_DIR}")
endif()

file(STRINGS "${SOURCE_PATH}/include/sqwa/version.hpp" version REGEX "SQWA_VERSION_STRING \"${VERSION}\"")
if(NOT version)
  message(FATAL_ERROR "sqwa: ${SOURCE_PATH} is not version ${VERSION}, which vcpkg.json names")
endif()

set(VCPKG_BUILD_TYPE release) # header-only: there is nothing to debug apart
vcpkg_cmake_configure(
  SOURCE_PATH "${SOURCE_PATH}"
  OPTIONS
    -DSQWA_BUILD_TESTS=OFF
    -DSQWA_BUILD_EXAMPLES=OFF
)
vcpkg_cmake_install()
vcpkg_cmake_config_fixup(CONFIG_PATH share/cmake/sqwa)

file(INSTALL "${CMAKE_CURRENT_LIST_DIR}/usage" DESTINATION "${CURRENT_PACKAGES_DIR}/share/${PORT}")
vcpkg_install_copyright(FILE_LIST "${SOURCE_PATH}/LICENSE")
