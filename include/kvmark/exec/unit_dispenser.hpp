// Hands out the units of queued operations to many workers, in order, without a lock.
#pragma once

#include <kvmark/engine/io_op.hpp>

#include <array>

namespace kvmark::exec {

/// One producer, many consumers. A place of the ring holds one operation and a ticket, (which lap of the
/// ring) << 28 | (units not yet handed out); taking a unit is one compare-and-swap of the ticket, which fails
/// if the place has meanwhile been given to another operation. That a place is exhausted is told by the
/// ticket alone, so a consumer that slept for a lap cannot mistake the next operation's units for its own.
/// The producer keeps what does not fit in a list of its own.
class unit_dispenser {
public:
    struct unit {
        engine::io_op* op = nullptr;
        std::uint32_t index = 0;
    };

    /// Producer. False when the ring is full: offer it again once an operation has completed.
    [[nodiscard]] bool offer(engine::io_op& op) {
        const std::uint64_t tail = tail_.load(std::memory_order_relaxed);
        if (tail - head_.load(std::memory_order_acquire) == ring_size) return false;
        place& p = ring_[tail % ring_size];
        p.op.store(&op, std::memory_order_relaxed);
        p.units.store(op.units, std::memory_order_relaxed);
        p.ticket.store(tail << unit_bits | op.units, std::memory_order_release);
        tail_.store(tail + 1, std::memory_order_release);
        return true;
    }

    /// Consumer. An empty unit when there is nothing to do.
    [[nodiscard]] unit take() {
        for (;;) {
            std::uint64_t head = head_.load(std::memory_order_acquire);
            if (head == tail_.load(std::memory_order_acquire)) return {};
            place& p = ring_[head % ring_size];
            std::uint64_t ticket = p.ticket.load(std::memory_order_acquire);
            if (ticket >> unit_bits != head) continue;
            const auto left = static_cast<std::uint32_t>(ticket & ((1u << unit_bits) - 1));
            if (left == 0) {
                head_.compare_exchange_strong(head, head + 1, std::memory_order_acq_rel);
                continue;
            }
            engine::io_op* op = p.op.load(std::memory_order_relaxed);
            const std::uint32_t units = p.units.load(std::memory_order_relaxed);
            if (p.ticket.compare_exchange_weak(ticket, ticket - 1, std::memory_order_acq_rel))
                return {op, units - left};
        }
    }

private:
    static constexpr unsigned unit_bits = 28;
    static constexpr std::uint64_t ring_size = 64;

    struct place {
        std::atomic<std::uint64_t> ticket{~std::uint64_t{0}};
        std::atomic<engine::io_op*> op{nullptr};
        std::atomic<std::uint32_t> units{0};
    };

    std::array<place, ring_size> ring_;
    alignas(64) std::atomic<std::uint64_t> head_{0};
    alignas(64) std::atomic<std::uint64_t> tail_{0};
};

} // namespace kvmark::exec
