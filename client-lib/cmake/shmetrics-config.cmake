include(CMakeFindDependencyMacro)
find_dependency(Threads)
# What the static library needs. Not required: who links the shared one need not have them, and CMake names the missing
# target to who does not.
find_package(PkgConfig QUIET)
if(PkgConfig_FOUND)
  pkg_check_modules(NETTLE QUIET IMPORTED_TARGET nettle)
  pkg_check_modules(INIH QUIET IMPORTED_TARGET inih)
endif()
include(${CMAKE_CURRENT_LIST_DIR}/shmetrics-targets.cmake)
