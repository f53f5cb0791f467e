// KV blocks between the paged caches of a server and contiguous memory: what a server runs before it moves
// blocks out of the GPU, and after it has moved them in. Compiled by nvcc; by clang without a CUDA toolkit,
// for layout_kernels_ptx.hpp (tests/checks/device_code.py); and for the host, where
// tests/stand_in/layout_kernels.cpp says what a thread and a load are.
//
// A cache is planes, one or two for each layer; a plane is pages; a page holds what one block has in one
// plane. In contiguous memory a block is its pages in the order of the planes: [block][plane][byte of the
// page].

#if defined(__NVCC__)
#define KVMARK_DEVICE __device__ __forceinline__
#define KVMARK_KERNEL extern "C" __global__ void __launch_bounds__(256)
#define KVMARK_THREAD threadIdx.x
#define KVMARK_BLOCK blockIdx.x
#define KVMARK_GRID gridDim.x
#elif defined(__CUDA__)
#define KVMARK_DEVICE __attribute__((device, always_inline)) inline
#define KVMARK_KERNEL extern "C" __attribute__((global, launch_bounds(256))) void
#define KVMARK_THREAD static_cast<unsigned>(__nvvm_read_ptx_sreg_tid_x())
#define KVMARK_BLOCK static_cast<unsigned>(__nvvm_read_ptx_sreg_ctaid_x())
#define KVMARK_GRID static_cast<unsigned>(__nvvm_read_ptx_sreg_nctaid_x())
#endif

namespace kvmark_layout {

using address = unsigned long long;

constexpr unsigned threads = 256; ///< in a block of the grid
constexpr unsigned lanes = 32;    ///< of a warp: 16 bytes each, 512 that follow each other
constexpr unsigned at_once = 4;   ///< loads of a lane that are under way together
constexpr unsigned part = lanes * at_once;

struct vector {
    unsigned x, y, z, w;
};

#if defined(__CUDA__) || defined(__NVCC__)
/// Data is used once: it goes past the coherent L1 (.nc), and leaves the caches first (.cs). A volatile asm
/// keeps its place, so that all loads of a part are under way before the first store waits for one.
KVMARK_DEVICE vector load(address from) {
    vector v;
    asm volatile("ld.global.cs.nc.v4.u32 {%0, %1, %2, %3}, [%4];"
                 : "=r"(v.x), "=r"(v.y), "=r"(v.z), "=r"(v.w)
                 : "l"(from));
    return v;
}
KVMARK_DEVICE void store(address to, vector v) {
    asm volatile("st.global.cs.v4.u32 [%0], {%1, %2, %3, %4};"
                 :
                 : "l"(to), "r"(v.x), "r"(v.y), "r"(v.z), "r"(v.w)
                 : "memory");
}
/// Tables are used by every warp, and kept.
KVMARK_DEVICE unsigned load_number(address from) {
    unsigned n;
    asm("ld.global.nc.u32 %0, [%1];" : "=r"(n) : "l"(from));
    return n;
}
KVMARK_DEVICE address load_address(address from) {
    address a;
    asm("ld.global.nc.u64 %0, [%1];" : "=l"(a) : "l"(from));
    return a;
}
#else
KVMARK_DEVICE vector load(address from);
KVMARK_DEVICE void store(address to, vector v);
KVMARK_DEVICE unsigned load_number(address from);
KVMARK_DEVICE address load_address(address from);
#endif

/// A warp moves a part of a page at a time, 2 KiB, and then the part that is as many further on as there are
/// warps. Parts are numbered in the order of contiguous memory.
template <bool Gather>
KVMARK_DEVICE void move(address planes, address page_numbers, address packed, unsigned plane_count,
                        unsigned block_count, unsigned vectors) {
    constexpr unsigned warps_of_block = threads / lanes, step = lanes * sizeof(vector);
    const unsigned parts_of_page = (vectors + part - 1) / part;
    const unsigned parts = block_count * plane_count * parts_of_page;
    const unsigned lane = KVMARK_THREAD % lanes;
    const address page_bytes = address{vectors} * sizeof(vector);
    for (unsigned p = KVMARK_BLOCK * warps_of_block + KVMARK_THREAD / lanes; p < parts;
         p += KVMARK_GRID * warps_of_block) {
        const unsigned page = p / parts_of_page;
        const unsigned block = page / plane_count;
        const unsigned plane = page - block * plane_count;
        const unsigned begin = (p - page * parts_of_page) * part;

        const address in_page = address{begin + lane} * sizeof(vector);
        const address paged = load_address(planes + plane * sizeof(address)) +
                              load_number(page_numbers + block * sizeof(unsigned)) * page_bytes + in_page;
        const address contiguous = packed + page * page_bytes + in_page;
        const address from = Gather ? paged : contiguous;
        const address to = Gather ? contiguous : paged;
        if (begin + part <= vectors) {
            vector v[at_once];
            for (unsigned i = 0; i < at_once; ++i) v[i] = load(from + i * step);
            for (unsigned i = 0; i < at_once; ++i) store(to + i * step, v[i]);
        } else {
            for (unsigned i = 0; begin + lane + i * lanes < vectors; ++i)
                store(to + i * step, load(from + i * step));
        }
    }
}

} // namespace kvmark_layout

/// Out of the pages into contiguous memory. `planes`: addresses of the planes, `plane_count` of them;
/// `page_numbers`: a page for each block, 32 bits each; `vectors`: the size of a page in 16 bytes. Addresses
/// of data are multiples of 16. Any grid of 256 threads in a block does it all; there are less than 2^31
/// parts.
KVMARK_KERNEL kvmark_gather(unsigned long long planes, unsigned long long page_numbers,
                            unsigned long long packed, unsigned plane_count, unsigned block_count,
                            unsigned vectors) {
    kvmark_layout::move<true>(planes, page_numbers, packed, plane_count, block_count, vectors);
}

/// The other way: out of contiguous memory into the pages, no two of which may be the same.
KVMARK_KERNEL kvmark_scatter(unsigned long long planes, unsigned long long page_numbers,
                             unsigned long long packed, unsigned plane_count, unsigned block_count,
                             unsigned vectors) {
    kvmark_layout::move<false>(planes, page_numbers, packed, plane_count, block_count, vectors);
}
