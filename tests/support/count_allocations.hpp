// Counts what operator new is asked for. It replaces the program's own, so one source file of a program
// includes it.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>

namespace kvmark::test {

inline std::atomic<std::uint64_t> allocations{0};

// Null where there is no memory.
inline void* counted(void* memory) noexcept {
    allocations.fetch_add(1, std::memory_order_relaxed);
    return memory;
}

inline void* or_throw(void* memory) {
    if (memory) return memory;
    throw std::bad_alloc();
}

inline void* aligned(std::size_t size, std::align_val_t alignment) noexcept {
    const auto boundary = static_cast<std::size_t>(alignment);
    return std::aligned_alloc(boundary, (size + boundary - 1) / boundary * boundary);
}

} // namespace kvmark::test

// Out of line, since g++ warns of a mismatch where it inlines one of a pair. Every form is replaced: a
// sanitizer has its own of each, and pairs them.
[[gnu::noinline]] void* operator new(std::size_t size) {
    return kvmark::test::or_throw(kvmark::test::counted(std::malloc(size)));
}
[[gnu::noinline]] void* operator new[](std::size_t size) {
    return kvmark::test::or_throw(kvmark::test::counted(std::malloc(size)));
}
[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
    return kvmark::test::counted(std::malloc(size));
}
[[gnu::noinline]] void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
    return kvmark::test::counted(std::malloc(size));
}
[[gnu::noinline]] void* operator new(std::size_t size, std::align_val_t alignment) {
    return kvmark::test::or_throw(kvmark::test::counted(kvmark::test::aligned(size, alignment)));
}
[[gnu::noinline]] void* operator new[](std::size_t size, std::align_val_t alignment) {
    return kvmark::test::or_throw(kvmark::test::counted(kvmark::test::aligned(size, alignment)));
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete[](void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete[](void* memory, std::align_val_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
    std::free(memory);
}
[[gnu::noinline]] void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept {
    std::free(memory);
}
