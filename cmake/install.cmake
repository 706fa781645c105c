# The installed package: headers, and a config file that defines the components on the user's machine.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)
set(destination ${CMAKE_INSTALL_DATADIR}/cmake/sqwa)

install(TARGETS sqwa EXPORT sqwa-targets FILE_SET HEADERS FILE_SET hosted FILE_SET backends)
install(EXPORT sqwa-targets NAMESPACE sqwa:: DESTINATION ${destination})
configure_package_config_file(
  cmake/sqwa-config.cmake.in sqwa-config.cmake INSTALL_DESTINATION ${destination})
write_basic_package_version_file(
  sqwa-config-version.cmake COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(
  FILES ${PROJECT_BINARY_DIR}/sqwa-config.cmake ${PROJECT_BINARY_DIR}/sqwa-config-version.cmake
        cmake/sqwa-backends.cmake
  DESTINATION ${destination})
if(PROJECT_IS_TOP_LEVEL)
  include(cmake/debian.cmake)
endif()
