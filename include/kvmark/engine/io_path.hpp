// The path of a block: from an operation's unit to the tier's read or write, with nothing between.
#pragma once

#include <kvmark/core/clock.hpp>
#include <kvmark/engine/io_worker.hpp>
#include <kvmark/tier/stack.hpp>

namespace kvmark::engine {

/// What every worker of a run shares.
struct io_window {
    std::atomic<bool> open{false}; ///< I/Os that end while it is open are counted
};

/// Moves the bytes of a run. One object serves every worker; perform() is called by several at once, each
/// with its own io_worker. Allocation, lock and system call: none but the tier's own and the clock's.
template <class Stack>
class io_path {
public:
    io_path(Stack& tiers, const io_settings& settings, const io_window& window)
        : tiers_(tiers), settings_(settings), window_(window) {}

    [[nodiscard]] Stack& tiers() { return tiers_; }
    /// Units of one I/O each that an entry of `size` is moved in.
    [[nodiscard]] std::uint32_t units_of(bytes size) const {
        return static_cast<std::uint32_t>((size.count + settings_.chunk.count - 1) / settings_.chunk.count);
    }

    /// Does one unit of the operation's present stage.
    KVMARK_INLINE void perform(io_op& op, std::uint32_t unit, io_worker& worker) {
        if (unit == 0 && op.started.count == 0) op.started = clocks::monotonic_now();
        if (!KVMARK_LIKELY(op.stage == op_stage::data))
            change_entry(op, worker);
        else if (op.error_number.load(std::memory_order_relaxed) == 0)
            move_bytes(op, unit, worker);
    }

private:
    /// Runs f on the tier at `index` if it holds bytes.
    template <class F>
    KVMARK_INLINE void with_bytes(std::size_t index, F&& f) {
        tiers_.at(index, [&](auto& t) KVMARK_INLINE_LAMBDA {
            if constexpr (tier::blocking_tier<std::remove_cvref_t<decltype(t)>>) f(t);
        });
    }

    KVMARK_INLINE void move_bytes(io_op& op, std::uint32_t unit, io_worker& worker) {
        const bytes offset = settings_.chunk * std::uint64_t{unit};
        const bytes left = op.size - offset;
        const bytes length = left < settings_.chunk ? left : settings_.chunk;
        switch (op.kind) {
        case op_kind::read:
            read_in(op, op.tier, offset, length, worker);
            break;
        case op_kind::write:
            write_out(op, fresh(op, offset, length, worker), offset, worker);
            break;
        case op_kind::move: {
            const auto held = read_in(op, op.from, offset, length, worker);
            if (held.empty())
                write_out(op, fresh(op, offset, length, worker), offset, worker);
            else if (op.error_number.load(std::memory_order_relaxed) == 0)
                write_out(op, held, offset, worker);
            break;
        }
        case op_kind::erase:
            break;
        }
    }

    /// Reads and verifies; the bytes read, or none where the tier only models time.
    KVMARK_INLINE std::span<const std::byte> read_in(io_op& op, std::uint8_t index, bytes offset,
                                                     bytes length, io_worker& worker) {
        std::span<const std::byte> held;
        with_bytes(index, [&](auto& t) KVMARK_INLINE_LAMBDA {
            const auto buffer = worker.read_buffer(length);
            const nanoseconds begin = clocks::monotonic_now();
            const tier::io_status status = t.read(op.entry, offset, buffer);
            const nanoseconds end = clocks::monotonic_now();
            held = buffer;
            op.device_ns.fetch_add((end - begin).count, std::memory_order_relaxed);
            if (!KVMARK_LIKELY(status.good())) return fail(op, index, offset, status, worker);
            count(worker.counters(index).read_bytes, worker.counters(index).read_io, length, end - begin);
            if (!settings_.verify) return;
            const auto first = static_cast<std::uint32_t>(offset.count / tier::sector_size.count);
            tier::verify_sectors(buffer, op.content, first, settings_.salt, settings_.verify_payload,
                                 [&](const tier::sector_mismatch& mismatch) KVMARK_INLINE_LAMBDA {
                                     worker.note({op.kind, op.stage, index, op.content,
                                                  tier::sector_size * std::uint64_t{mismatch.expected.sector},
                                                  0, mismatch});
                                 });
            op.host_ns.fetch_add((clocks::monotonic_now() - end).count, std::memory_order_relaxed);
        });
        return held;
    }

    /// New content for this part of the entry, stamped.
    KVMARK_INLINE std::span<const std::byte> fresh(io_op& op, bytes offset, bytes length, io_worker& worker) {
        const auto buffer = worker.write_buffer(length);
        const nanoseconds begin = clocks::monotonic_now();
        tier::stamp_sectors(buffer, worker.noise(), op.content,
                            static_cast<std::uint32_t>(offset.count / tier::sector_size.count),
                            settings_.salt);
        op.host_ns.fetch_add((clocks::monotonic_now() - begin).count, std::memory_order_relaxed);
        return buffer;
    }

    KVMARK_INLINE void write_out(io_op& op, std::span<const std::byte> buffer, bytes offset,
                                 io_worker& worker) {
        with_bytes(op.tier, [&](auto& t) KVMARK_INLINE_LAMBDA {
            const nanoseconds begin = clocks::monotonic_now();
            const tier::io_status status = t.write(op.entry, offset, buffer);
            const nanoseconds end = clocks::monotonic_now();
            op.device_ns.fetch_add((end - begin).count, std::memory_order_relaxed);
            if (!KVMARK_LIKELY(status.good())) return fail(op, op.tier, offset, status, worker);
            count(worker.counters(op.tier).written_bytes, worker.counters(op.tier).write_io,
                  bytes(buffer.size()), end - begin);
        });
    }

    /// An erase after a move is of the place that the entry left.
    KVMARK_INLINE void change_entry(io_op& op, io_worker& worker) {
        const bool leaves_source = op.stage == op_stage::erase && op.kind == op_kind::move;
        const std::uint8_t index = leaves_source ? op.from : op.tier;
        with_bytes(index, [&](auto& t) KVMARK_INLINE_LAMBDA {
            const nanoseconds begin = clocks::monotonic_now();
            tier::io_status status;
            if (op.stage == op_stage::create)
                status = t.create(op.entry, op.size);
            else if (op.stage == op_stage::commit)
                status = tier::commit(t, op.entry);
            else
                status = t.erase(op.entry);
            op.device_ns.fetch_add((clocks::monotonic_now() - begin).count, std::memory_order_relaxed);
            if (!KVMARK_LIKELY(status.good())) fail(op, index, {}, status, worker);
        });
    }

    /// A worker alone writes its counters, so a load and a store do in place of an atomic addition.
    KVMARK_INLINE void count(std::atomic<std::uint64_t>& moved, measure::histogram& io, bytes length,
                             nanoseconds took) {
        if (!window_.open.load(std::memory_order_relaxed)) return;
        moved.store(moved.load(std::memory_order_relaxed) + length.count, std::memory_order_relaxed);
        io.record(took);
    }

    KVMARK_INLINE static void fail(io_op& op, std::uint8_t index, bytes offset, tier::io_status status,
                                   io_worker& worker) {
        op.error_number.store(status.error_number, std::memory_order_relaxed);
        worker.note({op.kind, op.stage, index, op.content, offset, status.error_number, {}});
    }

    Stack& tiers_;
    io_settings settings_;
    const io_window& window_;
};

} // namespace kvmark::engine
