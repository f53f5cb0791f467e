# The target xxhash::headers: xxhash.h inlined, without its library.
find_path(XXHASH_INCLUDE_DIR xxhash.h)
mark_as_advanced(XXHASH_INCLUDE_DIR)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(xxhash REQUIRED_VARS XXHASH_INCLUDE_DIR)
if(xxhash_FOUND AND NOT TARGET xxhash::headers)
    add_library(xxhash::headers INTERFACE IMPORTED)
    target_include_directories(xxhash::headers INTERFACE ${XXHASH_INCLUDE_DIR})
endif()
