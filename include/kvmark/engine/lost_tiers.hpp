// Tiers whose device went away in the middle of a run.
#pragma once

#include <kvmark/tier/stack.hpp>

#include <cerrno>

namespace kvmark::engine {

/// An operation that failed with ENODEV makes the engine look for the tier that is lost. That is done between
/// two decisions, never within one.
template <class Stack>
class lost_tiers {
public:
    KVMARK_INLINE void suspect(int error_number) {
        if (!KVMARK_LIKELY(error_number != ENODEV)) suspected_ = true;
    }

    /// Calls f(index) for each tier that is lost, once in a run.
    template <class F>
    KVMARK_INLINE void take(Stack& tiers, F&& f) {
        if (KVMARK_LIKELY(!suspected_)) return;
        suspected_ = false;
        tiers.for_each([&](std::size_t i, auto& t) {
            if (taken_[i] || !tier::is_lost(t)) return;
            taken_[i] = true;
            f(i);
        });
    }

private:
    bool suspected_ = false;
    std::array<bool, Stack::size> taken_{};
};

} // namespace kvmark::engine
