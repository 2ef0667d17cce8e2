include(CMakeFindDependencyMacro)
find_dependency(Threads)
# The static library needs these two. They are not required here, because the shared library comes without them. If a
# project links the static library and lacks one, CMake names the missing target.
find_package(PkgConfig QUIET)
if(PkgConfig_FOUND)
  pkg_check_modules(NETTLE QUIET IMPORTED_TARGET nettle)
  pkg_check_modules(INIH QUIET IMPORTED_TARGET inih)
endif()
include(${CMAKE_CURRENT_LIST_DIR}/shmetrics-targets.cmake)

# The components are the targets: shmetrics::shmetrics and shmetrics::static.
foreach(component IN LISTS shmetrics_FIND_COMPONENTS)
  if(TARGET shmetrics::${component})
    set(shmetrics_${component}_FOUND TRUE)
  elseif(shmetrics_FIND_REQUIRED_${component})
    set(shmetrics_FOUND FALSE)
    set(shmetrics_NOT_FOUND_MESSAGE "shmetrics has no component '${component}'; there are: shmetrics static")
  endif()
endforeach()
