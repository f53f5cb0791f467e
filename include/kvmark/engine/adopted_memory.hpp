// A worker's memory, known to the tiers of the run for as long as the worker works.
#pragma once

#include <kvmark/tier/stack.hpp>

namespace kvmark::engine {

/// Both outlive it.
template <class Stack>
class adopted_memory {
public:
    KVMARK_COLD adopted_memory(Stack& tiers, std::span<std::byte> memory) : tiers_(tiers), memory_(memory) {
        tiers_.for_each([&](std::size_t, auto& t) { tier::adopt_memory(t, memory_); });
    }
    adopted_memory(const adopted_memory&) = delete;
    adopted_memory& operator=(const adopted_memory&) = delete;
    KVMARK_COLD ~adopted_memory() {
        tiers_.for_each([&](std::size_t, auto& t) { tier::release_memory(t, memory_); });
    }

private:
    Stack& tiers_;
    std::span<std::byte> memory_;
};

} // namespace kvmark::engine
