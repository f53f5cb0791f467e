# The target liburing::liburing, on systems where liburing brings no CMake package of its own.
find_path(LIBURING_INCLUDE_DIR liburing.h)
find_library(LIBURING_LIBRARY uring)
mark_as_advanced(LIBURING_INCLUDE_DIR LIBURING_LIBRARY)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(liburing REQUIRED_VARS LIBURING_LIBRARY LIBURING_INCLUDE_DIR)
if(liburing_FOUND AND NOT TARGET liburing::liburing)
    add_library(liburing::liburing INTERFACE IMPORTED)
    target_include_directories(liburing::liburing INTERFACE ${LIBURING_INCLUDE_DIR})
    target_link_libraries(liburing::liburing INTERFACE ${LIBURING_LIBRARY})
endif()
