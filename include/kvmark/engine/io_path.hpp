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

/// A unit whose I/O a tier's queue has in flight. The slot's number is the queue's; the buffers are the
/// caller's.
struct queued_unit {
    io_op* op = nullptr;
    bool writes = false;
    bool loads = false; ///< the first half of a move: read from the tier that the entry leaves
    bytes offset{};
    std::span<std::byte> buffer{};
    nanoseconds ready{};  ///< monotonic, when it was prepared
    nanoseconds handed{}; ///< when the queue was told to begin it
    tier::io_status status{};
};

/// Moves the bytes of a run. One object serves every worker; its functions are called by several at once,
/// each with its own io_worker. Allocation, lock and system call: none but the tier's own and the clock's.
template <class Stack>
class io_path {
public:
    io_path(Stack& tiers, const io_settings& settings, const io_window& window)
        : tiers_(tiers), settings_(settings), window_(window) {}

    [[nodiscard]] Stack& tiers() { return tiers_; }
    [[nodiscard]] const io_settings& settings() const { return settings_; }
    /// Units of one I/O each that an entry of `size` is moved in.
    [[nodiscard]] std::uint32_t units_of(bytes size) const {
        return static_cast<std::uint32_t>((size.count + settings_.chunk.count - 1) / settings_.chunk.count);
    }

    /// Does one unit of the operation's present stage.
    KVMARK_INLINE void perform(io_op& op, std::uint32_t unit, io_worker& worker) {
        note_start(op, unit);
        if (!KVMARK_LIKELY(op.stage == op_stage::data))
            change_entry(op, worker);
        else if (op.error_number.load(std::memory_order_relaxed) == 0)
            move_bytes(op, unit, worker);
    }

    // --- the same in two steps, for a tier with a queue ---

    /// Whether a unit of this operation is written from a write buffer, freshly stamped; else it takes a read
    /// buffer.
    [[nodiscard]] KVMARK_INLINE bool writes_fresh(const io_op& op) {
        if (op.kind != op_kind::move) return op.kind == op_kind::write;
        bool source_has_bytes = false;
        with_bytes(op.from, [&](auto&) KVMARK_INLINE_LAMBDA { source_has_bytes = true; });
        return !source_has_bytes;
    }

    /// Does what comes before the queue's I/O. False when there is none to do: because of an error, or
    /// because the tier took the bytes by itself. `buffer` is one whole chunk; `loads`: of a move, a queue
    /// reads what is to be written.
    KVMARK_INLINE bool prepare(io_op& op, std::uint32_t unit, std::span<std::byte> buffer, bool fresh,
                               bool loads, queued_unit& u, io_worker& worker) {
        note_start(op, unit);
        if (op.error_number.load(std::memory_order_relaxed) != 0) return false;
        const extent part = extent_of(op, unit);
        u.op = &op;
        u.offset = part.offset;
        u.buffer = buffer.first(part.length.count);
        u.loads = loads;
        u.writes = op.kind != op_kind::read && !loads;
        if (take_by_itself(op, part, worker)) return false;
        if (fresh) {
            stamp(op, u.buffer, part.offset, worker);
        } else if (op.kind == op_kind::move && !loads) {
            read_in(op, op.from, part.offset, u.buffer, worker);
            if (op.error_number.load(std::memory_order_relaxed) != 0) return false;
        }
        u.ready = clocks::monotonic_now();
        return true;
    }

    /// Does what comes after it. `seen` is when the queue was found to be done with it. True when what was
    /// loaded is to be written now.
    KVMARK_INLINE bool conclude(queued_unit& u, nanoseconds seen, io_worker& worker) {
        finish_io(u, seen, worker);
        if (KVMARK_LIKELY(!u.loads) || !u.status.good()) return false;
        u.loads = false;
        u.writes = true;
        u.ready = clocks::monotonic_now();
        return true;
    }

private:
    KVMARK_INLINE void finish_io(const queued_unit& u, nanoseconds seen, io_worker& worker) {
        io_op& op = *u.op;
        const std::uint8_t index = u.loads ? op.from : op.tier;
        op.spend(io_part::submit, u.handed - u.ready);
        op.spend(io_part::device, seen - u.handed);
        if (!KVMARK_LIKELY(u.status.good())) return fail(op, index, u.offset, u.status, worker);
        io_counters& counters = worker.counters(index);
        const bytes length(u.buffer.size());
        if (u.writes) return count(counters.written_bytes, counters.write_io, length, seen - u.handed);
        count(counters.read_bytes, counters.read_io, length, seen - u.handed);
        verify(op, index, u.buffer, u.offset, worker);
    }

    struct extent {
        bytes offset{}, length{};
    };

    KVMARK_INLINE static void note_start(io_op& op, std::uint32_t unit) {
        if (unit == 0 && op.started.count == 0) op.started = clocks::monotonic_now();
    }

    [[nodiscard]] KVMARK_INLINE extent extent_of(const io_op& op, std::uint32_t unit) const {
        const bytes offset = settings_.chunk * std::uint64_t{unit};
        const bytes left = op.size - offset;
        return {offset, left < settings_.chunk ? left : settings_.chunk};
    }

    /// Runs f on the tier at `index` if it holds bytes.
    template <class F>
    KVMARK_INLINE void with_bytes(std::size_t index, F&& f) {
        tiers_.at(index, [&](auto& t) KVMARK_INLINE_LAMBDA {
            if constexpr (tier::blocking_tier<std::remove_cvref_t<decltype(t)>>) f(t);
        });
    }

    KVMARK_INLINE void move_bytes(io_op& op, std::uint32_t unit, io_worker& worker) {
        const extent part = extent_of(op, unit);
        if (take_by_itself(op, part, worker)) return;
        if (op.kind == op_kind::read) {
            read_in(op, op.tier, part.offset, worker.read_buffer(part.length), worker);
        } else if (writes_fresh(op)) {
            const auto buffer = worker.write_buffer(part.length);
            stamp(op, buffer, part.offset, worker);
            write_out(op, buffer, part.offset, worker);
        } else {
            const auto buffer = worker.read_buffer(part.length);
            read_in(op, op.from, part.offset, buffer, worker);
            if (op.error_number.load(std::memory_order_relaxed) == 0)
                write_out(op, buffer, part.offset, worker);
        }
    }

    /// Of a move between two tiers that need no buffer of the host for it. The bytes are not looked at on
    /// their way; whoever reads them next verifies them. False when it is another operation.
    KVMARK_INLINE bool take_by_itself(io_op& op, extent part, io_worker& worker) {
        bool taken = false;
        if (KVMARK_LIKELY(op.kind != op_kind::move)) return false;
        with_bytes(op.from, [&]<class From>(From& from) KVMARK_INLINE_LAMBDA {
            with_bytes(op.tier, [&]<class To>(To& to) KVMARK_INLINE_LAMBDA {
                if constexpr (tier::takes_from<To, From>) {
                    taken = true;
                    const nanoseconds begin = clocks::monotonic_now();
                    const tier::io_status status = to.take(from, op.entry, part.offset, part.length);
                    const nanoseconds took = clocks::monotonic_now() - begin;
                    op.spend(io_part::device, took);
                    if (!KVMARK_LIKELY(status.good())) return fail(op, op.tier, part.offset, status, worker);
                    io_counters &source = worker.counters(op.from), &target = worker.counters(op.tier);
                    count(source.read_bytes, source.read_io, part.length, took);
                    count(target.written_bytes, target.write_io, part.length, took);
                }
            });
        });
        return taken;
    }

    /// Where a tier's call spends its time.
    template <class Tier>
    static constexpr io_part part_of_call = tier::is_in_memory<Tier> ? io_part::copy : io_part::device;

    KVMARK_INLINE void read_in(io_op& op, std::uint8_t index, bytes offset, std::span<std::byte> buffer,
                               io_worker& worker) {
        with_bytes(index, [&]<class T>(T& t) KVMARK_INLINE_LAMBDA {
            const nanoseconds begin = clocks::monotonic_now();
            const tier::io_status status = t.read(op.entry, offset, buffer);
            const nanoseconds end = clocks::monotonic_now();
            op.spend(part_of_call<T>, end - begin);
            if (!KVMARK_LIKELY(status.good())) return fail(op, index, offset, status, worker);
            count(worker.counters(index).read_bytes, worker.counters(index).read_io, bytes(buffer.size()),
                  end - begin);
            verify(op, index, buffer, offset, worker);
        });
    }

    KVMARK_INLINE void verify(io_op& op, std::uint8_t index, std::span<const std::byte> buffer, bytes offset,
                              io_worker& worker) {
        if (!settings_.verify) return;
        const nanoseconds begin = clocks::monotonic_now();
        const auto first = static_cast<std::uint32_t>(offset.count / tier::sector_size.count);
        tier::verify_sectors(buffer, op.content, first, settings_.salt, settings_.verify_payload,
                             [&](const tier::sector_mismatch& mismatch) KVMARK_INLINE_LAMBDA {
                                 worker.note({op.kind, op.stage, index, op.content,
                                              tier::sector_size * std::uint64_t{mismatch.expected.sector}, 0,
                                              mismatch});
                             });
        op.spend(io_part::verify, clocks::monotonic_now() - begin);
    }

    /// Makes `buffer`, a write buffer, this part of the entry.
    KVMARK_INLINE void stamp(io_op& op, std::span<std::byte> buffer, bytes offset, io_worker& worker) {
        const nanoseconds begin = clocks::monotonic_now();
        tier::stamp_sectors(buffer, worker.noise(), op.content,
                            static_cast<std::uint32_t>(offset.count / tier::sector_size.count),
                            settings_.salt);
        op.spend(io_part::copy, clocks::monotonic_now() - begin);
    }

    KVMARK_INLINE void write_out(io_op& op, std::span<const std::byte> buffer, bytes offset,
                                 io_worker& worker) {
        with_bytes(op.tier, [&]<class T>(T& t) KVMARK_INLINE_LAMBDA {
            const nanoseconds begin = clocks::monotonic_now();
            const tier::io_status status = t.write(op.entry, offset, buffer);
            const nanoseconds end = clocks::monotonic_now();
            op.spend(part_of_call<T>, end - begin);
            if (!KVMARK_LIKELY(status.good())) return fail(op, op.tier, offset, status, worker);
            count(worker.counters(op.tier).written_bytes, worker.counters(op.tier).write_io,
                  bytes(buffer.size()), end - begin);
        });
    }

    /// An erase after a move is of the place that the entry left.
    KVMARK_INLINE void change_entry(io_op& op, io_worker& worker) {
        const bool leaves_source = op.stage == op_stage::erase && op.kind == op_kind::move;
        const std::uint8_t index = leaves_source ? op.from : op.tier;
        with_bytes(index, [&]<class T>(T& t) KVMARK_INLINE_LAMBDA {
            const nanoseconds begin = clocks::monotonic_now();
            tier::io_status status;
            if (op.stage == op_stage::create)
                status = t.create(op.entry, op.size);
            else if (op.stage == op_stage::commit)
                status = tier::commit(t, op.entry);
            else
                status = t.erase(op.entry);
            op.spend(part_of_call<T>, clocks::monotonic_now() - begin);
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
