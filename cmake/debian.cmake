# The Debian package libsqwa-dev: cpack -G DEB, in a build tree that needs neither tests nor examples. Its maintainer is who
# DEBFULLNAME and DEBEMAIL name; its date is that of SOURCE_DATE_EPOCH, where it is set.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME libsqwa-dev)
set(CPACK_PACKAGE_VENDOR "the sqwa authors")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "stochastic quantized weight averaging in C++20")
set(CPACK_PACKAGE_DESCRIPTION
"Trains neural networks, makes their weights low-bit, averages low-bit models
along a cyclical learning rate, and ships the result. Quantizers, schedules
and averagers work on any tensor and need nothing but a compiler; the included
trainer, files, threads and vector kernels need the recommended packages.
.
This package contains the headers and the CMake package; sqwa is nothing else.")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_ARCHITECTURE all)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
# sqwa::sqwa needs none of them; the umbrella header and fast.hpp need what is recommended.
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS
  "libtbb-dev (>= 2021.8), libxsimd-dev (>= 8.1), libxtensor-dev (>= 0.24), nlohmann-json3-dev, xtl-dev, zlib1g-dev")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "cmake (>= 3.23), libarmadillo-dev, libeigen3-dev (>= 3.4), libpng-dev, libtorch-dev")
set(CPACK_DEBIAN_PACKAGE_MAINTAINER "the sqwa authors <nobody@sqwa.invalid>")
if(NOT "$ENV{DEBEMAIL}" STREQUAL "")
  set(CPACK_DEBIAN_PACKAGE_MAINTAINER "$ENV{DEBFULLNAME} <$ENV{DEBEMAIL}>")
endif()
set(CPACK_PRE_BUILD_SCRIPTS ${PROJECT_SOURCE_DIR}/cmake/debian-documents.cmake)
set(CPACK_SQWA_SOURCE_DIR ${PROJECT_SOURCE_DIR})
include(CPack)
