// The memory of other ranks as a tier: what a KV cache pooled across hosts does. Needs MPI (kvmark::mpi).
#pragma once

#include <kvmark/core/stable_table.hpp>
#include <kvmark/tier/asked_queue.hpp>
#include <kvmark/tier/extent_stack.hpp>
#include <kvmark/tier/hash_ring.hpp>
#include <kvmark/tier/peer_window.hpp>

namespace kvmark::tier {

/// Each rank lends `limit` bytes to the others and has as much in them. Entries are cut into blocks of one
/// io_chunk, which a consistent hash spreads over the other ranks; where one has no room the next on the ring
/// takes the block. A rank knows by itself where its blocks lie, and moves them by MPI_Rget and MPI_Rput.
///
/// After open() whoever starts the ranks calls connect() on all of them, before any I/O, and disconnect() on
/// all of them when their I/O is over.
class peer {
public:
    static constexpr std::string_view name = "peer";
    static constexpr tier_role role = tier_role::peer;
    static constexpr bool instant_metadata = true;
    class queue;

    [[nodiscard]] static bytes granule(const tier_setup& setup) { return setup.io_chunk; }
    [[nodiscard]] static bool can_queue(const tier_setup&) { return true; }

    /// Takes no memory and calls no MPI.
    KVMARK_COLD result<void> open(const tier_setup& setup) {
        limit_ = setup.limit;
        block_size_ = setup.io_chunk;
        return {};
    }

    /// Collective over `comm`, by one thread of each rank, not before MPI_Init_thread() gave at least
    /// MPI_THREAD_SERIALIZED. All ranks succeed or all fail: with fewer than two ranks, with limits that
    /// differ, where a host has not the memory, or where MPI has no one-sided operations. `comm` stays the
    /// caller's; `turn` is everyone's who calls MPI, and must outlive the connection. With limit 0 nothing is
    /// connected.
    KVMARK_COLD result<void> connect(MPI_Comm comm, mpi_turn& turn) {
        if (auto connected = window_.connect(comm, turn, limit_, block_size_); !connected) return connected;
        if (!window_.is_connected()) return {};
        std::vector<std::uint32_t> others;
        free_ = std::vector<extent_stack>(window_.ranks());
        for (std::uint32_t r = 0; r < window_.ranks(); ++r) {
            if (r == window_.rank()) continue;
            others.push_back(r);
            free_[r].open(window_.extents_per_share());
        }
        ring_.open(others);
        room_.store(std::int64_t{window_.extents_per_share()} * static_cast<std::int64_t>(others.size()));
        return {};
    }

    /// Collective; no I/O of this rank is under way. It returns once every rank has called it, and serves the
    /// others until then. Nothing happens when there is no connection. Not for a job that is dying: then the
    /// destructor does, which calls no MPI.
    KVMARK_COLD void disconnect() { window_.disconnect(); }
    [[nodiscard]] bool is_connected() const { return window_.is_connected(); }

    /// ENOTCONN before connect(), ENOMEM when the other ranks have no room.
    [[nodiscard]] KVMARK_COLD io_status create(entry_id e, bytes size) {
        if (!is_connected()) return {ENOTCONN};
        const auto count = static_cast<std::int64_t>(round_up(size, block_size_).count / block_size_.count);
        if (room_.fetch_sub(count) < count) {
            room_.fetch_add(count);
            return {ENOMEM};
        }
        entry& made = entries_.ensure(e);
        made.blocks.reserve(static_cast<std::size_t>(count));
        const std::uint64_t create = mix(creates_.fetch_add(1, std::memory_order_relaxed) << 32 | e);
        for (std::int64_t i = 0; i < count; ++i)
            place_block(made, mix(create ^ static_cast<std::uint64_t>(i)));
        return {};
    }

    /// Also ends what a failed write left under way, so that it does not reach the next owner of the room.
    [[nodiscard]] KVMARK_COLD io_status erase(entry_id e) {
        entry* found = entries_.find(e);
        if (!found) return {};
        const io_status ended = commit_entry(*found);
        const auto count = static_cast<std::int64_t>(found->blocks.size());
        for (; !found->blocks.empty(); found->blocks.pop_back())
            free_[found->blocks.back().rank].give_back(found->blocks.back().extent);
        found->ranks.clear();
        room_.fetch_add(count);
        return ended;
    }

    /// What was written is in the other ranks, and later reads see it.
    [[nodiscard]] KVMARK_COLD io_status commit(entry_id e) { return commit_entry(entries_[e]); }

    [[nodiscard]] KVMARK_INLINE io_status write(entry_id e, bytes offset, std::span<const std::byte> from) {
        return move(true, e, offset, const_cast<std::byte*>(from.data()), from.size());
    }
    [[nodiscard]] KVMARK_INLINE io_status read(entry_id e, bytes offset, std::span<std::byte> into) {
        return move(false, e, offset, into.data(), into.size());
    }

private:
    struct block {
        std::uint32_t rank, extent;
    };
    struct entry {
        std::vector<block> blocks;
        std::vector<std::uint32_t> ranks; ///< that hold at least one of them
        std::atomic<bool> written{false}; ///< since the last commit
    };

    /// Precondition: an extent was taken from room_, so that some rank has a free one.
    KVMARK_COLD void place_block(entry& made, std::uint64_t key) {
        std::uint32_t extent = extent_stack::none, holder = 0;
        const auto take = [&](std::uint32_t rank) {
            holder = rank;
            return (extent = free_[rank].take()) != extent_stack::none;
        };
        while (!ring_.offer(key, take)) {
        }
        made.blocks.push_back({holder, extent});
        for (const std::uint32_t known : made.ranks)
            if (known == holder) return;
        made.ranks.push_back(holder);
    }

    [[nodiscard]] KVMARK_COLD io_status commit_entry(entry& e) {
        if (!e.written.exchange(false, std::memory_order_relaxed)) return {};
        for (const std::uint32_t rank : e.ranks)
            if (const int failed = window_.flush(rank); failed != 0) return {failed};
        return {};
    }

    /// 0 or EIO. Precondition: create() succeeded.
    [[nodiscard]] KVMARK_INLINE int begin(bool writes, entry_id e, bytes offset, std::byte* data,
                                          std::size_t size, MPI_Request& request) {
        entry& of = entries_[e];
        if (writes) of.written.store(true, std::memory_order_relaxed);
        const block& b = of.blocks[offset.count / block_size_.count];
        return window_.begin(writes, b.rank,
                             window_.place(b.rank, b.extent, offset.count % block_size_.count), data, size,
                             request);
    }

    [[nodiscard]] KVMARK_INLINE io_status move(bool writes, entry_id e, bytes offset, std::byte* data,
                                               std::size_t size) {
        MPI_Request request = MPI_REQUEST_NULL;
        if (const int failed = begin(writes, e, offset, data, size, request); failed != 0) return {failed};
        return {window_.wait(request)};
    }

    bytes limit_{}, block_size_{};
    peer_window window_;
    hash_ring ring_;
    std::vector<extent_stack> free_;    ///< by rank: what is free in this rank's share of its memory
    std::atomic<std::int64_t> room_{0}; ///< extents free in all of them
    std::atomic<std::uint64_t> creates_{0};
    stable_table<entry> entries_;
};

/// Calls of MPI look for I/Os that are over: often while bytes move, every 50 us while none do.
class peer::queue : public asked_queue {
public:
    KVMARK_COLD result<void> open(peer& t, std::uint32_t depth, std::span<std::byte>) {
        if (!t.is_connected())
            return error{error_kind::invalid_argument,
                         "--peer-mem-gb: needs at least two ranks; start them with --exec-type mpi"};
        peer_ = &t;
        mpi_pace::prepare_thread();
        requests_.reserve(depth);
        slots_.reserve(depth);
        reserve(depth);
        over_.resize(depth);
        return {};
    }

    KVMARK_INLINE void submit() {
        for (const io& p : prepared()) {
            MPI_Request request = MPI_REQUEST_NULL;
            const int failed = peer_->begin(p.writes, p.entry, p.offset, p.data, p.size, request);
            if (!KVMARK_LIKELY(failed == 0)) {
                end(p.slot, {failed});
                continue;
            }
            requests_.push_back(request);
            slots_.push_back(p.slot);
        }
        if (!prepared().empty()) pace_.expect(clocks::monotonic_now());
        prepared().clear();
    }

    KVMARK_INLINE void wait() {
        submit();
        if (requests_.empty() && !has_ended()) return sleep();
        for (;;) {
            const nanoseconds began = clocks::monotonic_now();
            collect();
            if (has_ended() || was_rung()) return;
            const nanoseconds now = clocks::monotonic_now();
            pace_.pause(now, now - began);
        }
    }

private:
    /// Takes what is over out of requests_. When MPI itself fails, all are.
    KVMARK_INLINE void collect() {
        if (requests_.empty()) return;
        const int count = peer_->window_.test(requests_, over_.data());
        if (!KVMARK_LIKELY(count >= 0)) return fail_all();
        for (int i = 0; i < count; ++i)
            end(slots_[static_cast<std::size_t>(over_[static_cast<std::size_t>(i)])], {});
        if (count == 0) return;
        // MPI leaves a null request where one is over.
        std::size_t kept = 0;
        for (std::size_t i = 0; i < requests_.size(); ++i) {
            if (requests_[i] == MPI_REQUEST_NULL) continue;
            requests_[kept] = requests_[i];
            slots_[kept++] = slots_[i];
        }
        requests_.resize(kept);
        slots_.resize(kept);
    }
    KVMARK_COLD void fail_all() {
        for (const std::uint32_t slot : slots_) end(slot, {EIO});
        requests_.clear();
        slots_.clear();
    }

    peer* peer_ = nullptr;
    std::vector<MPI_Request> requests_; ///< in flight
    std::vector<std::uint32_t> slots_;  ///< of requests_, in the same order
    std::vector<int> over_;
    mpi_pace pace_;
};

} // namespace kvmark::tier
