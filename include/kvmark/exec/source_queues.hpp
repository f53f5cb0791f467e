// Queues on the tiers that entries leave, so that a move reads ahead of its writes.
#pragma once

#include <kvmark/engine/io_path.hpp>

#include <tuple>

namespace kvmark::exec {

/// A demotion out of a tier with a queue (the memory of a GPU) into another one (a file): the reads of some
/// blocks are under way while others are written. Each tier of the stack that can be asked beside `Target`
/// has a queue here; of the others a move reads by a call.
template <class Stack, class Target>
class source_queues {
    struct none {};
    template <class T>
    struct queue_of {
        using type = none;
    };
    template <class T>
        requires(tier::polled_tier<T>&& tier::polled_tier<Target> && !std::is_same_v<T, Target>)
    struct queue_of<T> {
        using type = typename T::queue;
    };
    template <class Indices>
    struct all;
    template <std::size_t... I>
    struct all<std::index_sequence<I...>> {
        using type = std::tuple<typename queue_of<typename Stack::template tier_at<I>>::type...>;
    };
    using queues = typename all<std::make_index_sequence<Stack::size>>::type;

public:
    /// By the thread that uses them: as the queue of `Target` is opened.
    [[nodiscard]] KVMARK_COLD result<void> open(Stack& tiers, std::uint32_t slots,
                                                std::span<std::byte> memory) {
        result<void> opened;
        tiers.for_each([&](std::size_t i, auto& t) {
            with(i, [&](auto& q) {
                if constexpr (requires { q.open(t, slots, memory); })
                    if (opened) opened = q.open(t, slots, memory);
            });
        });
        return opened;
    }

    /// Whether a move from that tier is read here.
    [[nodiscard]] KVMARK_INLINE bool have(std::uint8_t tier) {
        bool there = false;
        with(tier, [&](auto&) KVMARK_INLINE_LAMBDA { there = true; });
        return there;
    }
    KVMARK_INLINE void read(std::uint8_t tier, std::uint32_t slot, tier::entry_id e, bytes offset,
                            std::span<std::byte> into) {
        with(tier, [&](auto& q) KVMARK_INLINE_LAMBDA { q.read(slot, e, offset, into); });
    }
    KVMARK_INLINE void submit() {
        for_each([](auto& q) KVMARK_INLINE_LAMBDA { q.submit(); });
    }
    KVMARK_INLINE void poll() {
        for_each([](auto& q) KVMARK_INLINE_LAMBDA { q.poll(); });
    }
    template <class Done>
    KVMARK_INLINE void reap(Done&& done) {
        for_each([&](auto& q) KVMARK_INLINE_LAMBDA { q.reap(done); });
    }

private:
    template <class F>
    KVMARK_INLINE void with(std::size_t index, F&& f) {
        std::size_t i = 0;
        std::apply([&](auto&... q) KVMARK_INLINE_LAMBDA { (call_if(i++ == index, q, f), ...); }, queues_);
    }
    template <class F>
    KVMARK_INLINE void for_each(F&& f) {
        std::apply([&](auto&... q) KVMARK_INLINE_LAMBDA { (call_if(true, q, f), ...); }, queues_);
    }
    template <class Queue, class F>
    KVMARK_INLINE static void call_if(bool wanted, Queue& q, F&& f) {
        if constexpr (!std::is_same_v<Queue, none>)
            if (wanted) f(q);
    }

    queues queues_;
};

} // namespace kvmark::exec
