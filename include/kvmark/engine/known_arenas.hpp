// The device memory of a run's tiers, known to those tiers that reach it by themselves.
#pragma once

#include <kvmark/tier/stack.hpp>

namespace kvmark::engine {

/// A tier that has `register_memory` is told, for the time of a run, of each piece of memory that another
/// one's `for_each_arena` names (docs/gds.md). The tiers are open and outlive it; no I/O is under way at
/// either end.
template <class Stack>
class known_arenas {
public:
    KVMARK_COLD explicit known_arenas(Stack& tiers) : tiers_(tiers) {
        for_each_pair([](auto& knows, const auto& device, auto base, auto size) {
            knows.register_memory(device, base, size);
        });
    }
    known_arenas(const known_arenas&) = delete;
    known_arenas& operator=(const known_arenas&) = delete;
    KVMARK_COLD ~known_arenas() {
        for_each_pair([](auto& knows, const auto&, auto base, auto) { knows.release_memory(base); });
    }

private:
    template <class F>
    void for_each_pair(F&& f) {
        tiers_.for_each([&]<class Knows>(std::size_t, Knows& knows) {
            if constexpr (requires { &Knows::register_memory; })
                tiers_.for_each([&](std::size_t, auto& has) {
                    if constexpr (requires { has.for_each_arena([](const auto&, auto, auto) {}); })
                        has.for_each_arena(
                            [&](const auto& device, auto base, auto size) { f(knows, device, base, size); });
                });
        });
    }

    Stack& tiers_;
};

} // namespace kvmark::engine
