// One thread that keeps many I/Os of a tier in flight: the loop around the tier's queue.
#pragma once

#include <kvmark/exec/source_queues.hpp>
#include <kvmark/exec/unit_dispenser.hpp>

#include <sched.h>
#include <vector>

namespace kvmark::exec {

/// The buffers of a thread that keeps `depth` I/Os in flight: two to read into for each, since I/Os end in
/// batches as large as the queue, and the next reads are under way while the last ones are verified.
[[nodiscard]] constexpr engine::io_buffers queue_buffers(std::uint32_t depth) { return {depth, 2 * depth}; }

template <class Stack, tier::queued_tier Tier>
class queue_driver {
public:
    queue_driver(engine::io_path<Stack>& path, engine::io_worker& io, std::uint32_t depth)
        : path_(path), io_(io), depth_(depth), overlaps_(path.settings().chunk >= overlapped) {
        const auto [writes, reads] = queue_buffers(depth);
        units_.resize(writes + reads);
        ended_.reserve(writes + reads);
        prepared_.reserve(writes + reads);
        for (std::uint32_t i = 0; i < writes; ++i) free_writes_.push_back(i);
        for (std::uint32_t i = 0; i < reads; ++i) free_reads_.push_back(writes + i);
    }

    /// By the thread that calls run().
    [[nodiscard]] KVMARK_COLD result<void> open(Tier& t) {
        const auto slots = static_cast<std::uint32_t>(units_.size());
        if (auto opened = queue_.open(t, slots, io_.memory()); !opened) return opened;
        return sources_.open(path_.tiers(), slots, io_.memory());
    }

    /// From any thread: there is more to do.
    void wake() { queue_.wake(); }

    /// Until `halted`; I/Os under way then finish. `take()` gives the next unit or an empty one, `done(op)`
    /// is told of every unit that is over, and `dozing` is true while an empty take() makes it wait for
    /// wake().
    template <class Take, class Done>
    void run(Take&& take, Done&& done, const std::atomic<bool>& halted, std::atomic<bool>& dozing) {
        const auto fill = [&] {
            if (!halted.load(std::memory_order_relaxed)) begin_units(take, done);
        };
        for (;;) {
            fill();
            if (!ended_.empty()) {
                if (overlaps_) hand_over();
                settle(done);
                continue;
            }
            if (in_flight_ < depth_) {
                dozing.exchange(true);
                fill();
                if (halted.load() && in_flight_ == 0) return;
            }
            stamp_handed(clocks::monotonic_now());
            wait();
            dozing.store(false, std::memory_order_relaxed);
            seen_ = clocks::monotonic_now();
            const auto note_end = [&](std::uint32_t slot, tier::io_status status) KVMARK_INLINE_LAMBDA {
                units_[slot].status = status;
                ended_.push_back(slot);
                --in_flight_;
                if (units_[slot].loads) --loading_;
            };
            queue_.reap(note_end);
            sources_.reap(note_end);
        }
    }

private:
    /// From this size on, verifying takes longer than the system call that first begins other I/Os.
    static constexpr bytes overlapped{64 * kib_bytes};

    template <class Take, class Done>
    KVMARK_INLINE void begin_units(Take&& take, Done&& done) {
        while (in_flight_ < depth_ && !free_reads_.empty() && !free_writes_.empty()) {
            const unit_dispenser::unit unit = take();
            if (!unit.op) return;
            if (!begin(*unit.op, unit.index)) done(*unit.op);
        }
    }

    KVMARK_INLINE bool begin(engine::io_op& op, std::uint32_t index) {
        const bool fresh = path_.writes_fresh(op);
        const bool loads = !fresh && op.kind == engine::op_kind::move && sources_.have(op.from);
        std::vector<std::uint32_t>& free = fresh ? free_writes_ : free_reads_;
        const std::uint32_t slot = free.back();
        const bytes chunk = path_.settings().chunk;
        const auto buffer =
            fresh ? io_.write_buffer(chunk, slot) : io_.read_buffer(chunk, slot - first_read());
        engine::queued_unit& u = units_[slot];
        if (!path_.prepare(op, index, buffer, fresh, loads, u, io_)) return false;
        free.pop_back();
        enqueue(slot);
        return true;
    }

    KVMARK_INLINE void enqueue(std::uint32_t slot) {
        const engine::queued_unit& u = units_[slot];
        if (u.loads) {
            sources_.read(u.op->from, slot, u.op->entry, u.offset, u.buffer);
            ++loading_;
        } else if (u.writes) {
            queue_.write(slot, u.op->entry, u.offset, u.buffer);
        } else {
            queue_.read(slot, u.op->entry, u.offset, u.buffer);
        }
        prepared_.push_back(slot);
        ++in_flight_;
        if (prepared_.size() == tier::queue_batch) hand_over();
    }

    void hand_over() {
        if (prepared_.empty()) return;
        stamp_handed(clocks::monotonic_now());
        queue_.submit();
        sources_.submit();
    }

    /// Until an I/O is over. While a source reads ahead, both are asked in turns.
    KVMARK_INLINE void wait() {
        if (KVMARK_LIKELY(loading_ == 0)) return queue_.wait();
        sources_.poll();
        if constexpr (tier::polled_tier<Tier>) queue_.poll();
        ::sched_yield();
    }

    KVMARK_INLINE void stamp_handed(nanoseconds now) {
        for (const std::uint32_t slot : prepared_) units_[slot].handed = now;
        prepared_.clear();
    }

    template <class Done>
    KVMARK_INLINE void settle(Done&& done) {
        for (const std::uint32_t slot : ended_) {
            engine::io_op& op = *units_[slot].op;
            if (!KVMARK_LIKELY(!path_.conclude(units_[slot], seen_, io_))) {
                enqueue(slot);
                continue;
            }
            (slot < first_read() ? free_writes_ : free_reads_).push_back(slot);
            done(op);
        }
        ended_.clear();
    }

    /// Slots of write buffers come first.
    [[nodiscard]] KVMARK_INLINE std::uint32_t first_read() const { return depth_; }

    engine::io_path<Stack>& path_;
    engine::io_worker& io_;
    typename Tier::queue queue_;
    source_queues<Stack, Tier> sources_;
    std::uint32_t depth_;
    bool overlaps_;
    std::uint32_t in_flight_ = 0;
    std::uint32_t loading_ = 0; ///< of them, reads of what is then written
    nanoseconds seen_{};
    std::vector<engine::queued_unit> units_; ///< by slot
    std::vector<std::uint32_t> free_writes_, free_reads_;
    std::vector<std::uint32_t> prepared_; ///< slots not yet handed over
    std::vector<std::uint32_t> ended_;    ///< slots whose I/O is over and whose bytes are not yet looked at
};

} // namespace kvmark::exec
