// gpu/layout_kernels.cu as host code: its own source, with this file's word for what a thread and a load are.
#include "stand_in/host_kernel.hpp"

#include <cstring>

namespace {

/// The launch that this thread plays, and the place of the kernel's thread in it.
thread_local struct {
    const kvmark::stand_in::kernel_launch* launch = nullptr;
    unsigned block = 0, thread = 0;
    bool good = true; ///< no illegal address yet
} now;

} // namespace

#define KVMARK_DEVICE inline
#define KVMARK_KERNEL static void
#define KVMARK_THREAD now.thread
#define KVMARK_BLOCK now.block
#define KVMARK_GRID now.launch->grid.x
#include <kvmark/gpu/layout_kernels.cu>

namespace kvmark_layout {
namespace {

/// Null, and nothing more is done: it is not where a GPU would take it.
std::byte* legal(address at, std::size_t size) {
    std::byte* place = at % size == 0 ? now.launch->memory(at, size) : nullptr;
    now.good = now.good && place != nullptr;
    return place;
}
template <class T>
T loaded(address from) {
    T value{};
    if (const std::byte* place = legal(from, sizeof value)) std::memcpy(&value, place, sizeof value);
    return value;
}

} // namespace

vector load(address from) { return loaded<vector>(from); }
unsigned load_number(address from) { return loaded<unsigned>(from); }
address load_address(address from) { return loaded<address>(from); }
void store(address to, vector v) {
    if (std::byte* place = legal(to, sizeof v)) std::memcpy(place, &v, sizeof v);
}

} // namespace kvmark_layout

namespace kvmark::stand_in {
namespace {

constexpr std::size_t parameters[] = {8, 8, 8, 4, 4, 4};

/// One thread after the other.
template <auto Kernel>
bool run(const kernel_launch& l) {
    now = {.launch = &l};
    for (now.block = 0; now.block < l.grid.x; ++now.block)
        for (now.thread = 0; now.thread < l.block.x && now.good; ++now.thread)
            Kernel(l.argument<std::uint64_t>(0), l.argument<std::uint64_t>(1), l.argument<std::uint64_t>(2),
                   l.argument<unsigned>(3), l.argument<unsigned>(4), l.argument<unsigned>(5));
    return now.good;
}

} // namespace

extern const host_kernel layout_gather{"kvmark_gather", parameters, run<kvmark_gather>};
extern const host_kernel layout_scatter{"kvmark_scatter", parameters, run<kvmark_scatter>};

} // namespace kvmark::stand_in
