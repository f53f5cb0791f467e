# kvmark::layout_kernels is kvmark::cuda, and <kvmark/gpu/layout_kernels.hpp> as machine code where there is a CUDA
# compiler that takes it. Without one the header has PTX, which the driver compiles when a program loads it.
add_library(kvmark-layout_kernels INTERFACE)
add_library(kvmark::layout_kernels ALIAS kvmark-layout_kernels)
target_link_libraries(kvmark-layout_kernels INTERFACE kvmark-cuda)

find_program(KVMARK_NVCC nvcc HINTS ENV CUDA_HOME ENV CUDA_PATH PATHS /usr/local/cuda PATH_SUFFIXES bin
             DOC "CUDA compiler for the layout kernels"
)
mark_as_advanced(KVMARK_NVCC)
option(KVMARK_COMPILE_LAYOUT_KERNELS "Use the CUDA compiler, if there is one" ${PROJECT_IS_TOP_LEVEL})
if(NOT KVMARK_NVCC OR NOT KVMARK_COMPILE_LAYOUT_KERNELS)
    return()
endif()

# Now, not in the build: a compiler that does not work, or not with this C++ compiler, shall fail nothing.
set(source ${CMAKE_CURRENT_LIST_DIR}/kvmark/gpu/layout_kernels.cu)
set(image ${CMAKE_CURRENT_BINARY_DIR}/layout_kernels.fatbin)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${source})
if(${source} IS_NEWER_THAN ${image}.cpp) # or there is none
    execute_process(
        COMMAND ${KVMARK_NVCC} -ccbin ${CMAKE_CXX_COMPILER} -allow-unsupported-compiler -std=c++17 -fatbin -arch=all-major --threads 0
                -Wno-deprecated-gpu-targets -o ${image} ${source}
        RESULT_VARIABLE failed
        OUTPUT_VARIABLE output
        ERROR_VARIABLE output
    )
    if(failed)
        message(STATUS "layout kernels as PTX: ${KVMARK_NVCC} does not compile them (${failed})\n${output}")
        return()
    endif()
    file(READ ${image} code HEX)
    string(REGEX REPLACE "(..)" "0x\\1," code "${code}")
    file(WRITE ${image}.cpp
         "extern \"C\" {\nextern const unsigned char kvmark_layout_kernels_image[];\n"
         "alignas(16) const unsigned char kvmark_layout_kernels_image[] = {${code}};\n}\n"
    )
    message(STATUS "layout kernels compiled by ${KVMARK_NVCC}")
endif()
add_library(kvmark-layout_kernels_image STATIC ${image}.cpp)
set_target_properties(kvmark-layout_kernels_image PROPERTIES POSITION_INDEPENDENT_CODE ON)
target_compile_definitions(kvmark-layout_kernels INTERFACE KVMARK_LAYOUT_KERNELS_IMAGE)
target_link_libraries(kvmark-layout_kernels INTERFACE kvmark-layout_kernels_image)
