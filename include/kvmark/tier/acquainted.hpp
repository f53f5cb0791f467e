// Tiers that move bytes between themselves, made known to each other for a run.
#pragma once

#include <kvmark/tier/stack.hpp>

namespace kvmark::tier {

/// Calls to.meet(from) for each two tiers of a stack where there is such a member, and to.part(from) at its
/// end: the one registers the other's memory with a device. The tiers are open and outlive it; no I/O is
/// under way when it begins or ends.
template <class Stack>
class acquainted {
public:
    KVMARK_COLD explicit acquainted(Stack& tiers) : tiers_(tiers) {
        for_each_two([](auto& to, auto& from) {
            if constexpr (requires { to.meet(from); }) to.meet(from);
        });
    }
    acquainted(const acquainted&) = delete;
    acquainted& operator=(const acquainted&) = delete;
    KVMARK_COLD ~acquainted() {
        for_each_two([](auto& to, auto& from) {
            if constexpr (requires { to.part(from); }) to.part(from);
        });
    }

private:
    template <class F>
    void for_each_two(F&& f) {
        tiers_.for_each([&](std::size_t i, auto& to) {
            tiers_.for_each([&](std::size_t j, auto& from) {
                if (i != j) f(to, from);
            });
        });
    }

    Stack& tiers_;
};

} // namespace kvmark::tier
