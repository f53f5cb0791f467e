// Memory that the ranks of a job lend to each other, reached by one-sided operations (MPI RMA).
#pragma once

#include <kvmark/core/buffer.hpp>
#include <kvmark/core/clock.hpp>
#include <kvmark/core/memory_info.hpp>
#include <kvmark/core/mpi.hpp>
#include <kvmark/core/random.hpp>
#include <kvmark/tier/storage_tier.hpp>

#include <memory>
#include <mutex>
#include <sys/prctl.h>
#include <thread>
#include <vector>

namespace kvmark::tier {

/// What a thread does between two calls of MPI that look for something to do, since MPI cannot be slept on:
/// it yields for 200 us after bytes last moved, then sleeps for an eighth of the time since, 50 to 500 us. So
/// a thread with nothing to do takes a few percent of a processor, and what comes after a pause of t waits
/// for t/8.
class mpi_pace {
public:
    /// By the thread, before it pauses: timers are else 50 us late.
    KVMARK_COLD static void prepare_thread() { ::prctl(PR_SET_TIMERSLACK, 1UL); }

    /// `took`: the call just made. One that moved bytes takes longer than one that found none to move.
    /// It always lets go of the processor: a thread that took its turn again at once would leave none to
    /// others.
    KVMARK_INLINE void pause(nanoseconds now, nanoseconds took) {
        if (took > idle_call) moved_ = now;
        const nanoseconds quiet = now - moved_;
        if (quiet < yields_for) {
            ::sched_yield();
            return;
        }
        const nanoseconds share = quiet / 8;
        const timespec nap{0, (share < shortest ? shortest : share > longest ? longest : share).count};
        ::nanosleep(&nap, nullptr);
    }
    /// Something was begun.
    KVMARK_INLINE void expect(nanoseconds now) { moved_ = now; }

private:
    static constexpr nanoseconds idle_call{4'000}, yields_for{200'000}, shortest{50'000}, longest{500'000};

    nanoseconds moved_{};
};

/// One rank's view of the lent memory. Each rank's part is cut into equal shares, one for each other rank, so
/// that whoever uses a share alone knows what lies in it, and nothing but data crosses the network.
///
/// Every call of MPI is made in the caller's turn. Over TCP (osc/pt2pt) a rank's memory is served by calls of
/// MPI that this rank makes: a thread makes them while nobody else does, from connect() to disconnect().
class peer_window {
public:
    peer_window() = default;
    peer_window(const peer_window&) = delete;
    peer_window& operator=(const peer_window&) = delete;
    /// Calls no MPI: a window still connected belongs to a job that is dying.
    KVMARK_COLD ~peer_window() { stop_serving(); }

    [[nodiscard]] bool is_connected() const { return window_ != MPI_WIN_NULL; }
    [[nodiscard]] std::uint32_t rank() const { return rank_; }
    [[nodiscard]] std::uint32_t ranks() const { return ranks_; }
    /// The extents that this rank has in each other rank.
    [[nodiscard]] std::uint32_t extents_per_share() const { return extents_per_share_; }

    /// Collective over `comm`, which stays the caller's; all ranks succeed, or all fail. Each lends `lent`
    /// bytes, rounded up to whole extents per share, and touches them. `turn` must outlive the connection.
    KVMARK_COLD result<void> connect(MPI_Comm comm, mpi_turn& turn, bytes lent, bytes extent) {
        turn_ = &turn;
        MPI_Request copied = MPI_REQUEST_NULL;
        {
            const std::lock_guard mine(turn);
            MPI_Comm_idup(comm, &comm_, &copied);
        }
        wait(copied);
        auto connected = connect_copy(lent, extent);
        if (!connected || !is_connected()) {
            const std::lock_guard mine(turn);
            MPI_Comm_free(&comm_);
        }
        return connected;
    }

    /// Collective; returns when every rank has come here, and serves the others until then. No I/O of this
    /// rank is under way. Nothing happens when there is no connection.
    KVMARK_COLD void disconnect() {
        if (!is_connected()) return;
        MPI_Request all_here = MPI_REQUEST_NULL;
        {
            const std::lock_guard mine(*turn_);
            MPI_Ibarrier(comm_, &all_here);
        }
        wait(all_here);
        stop_serving();
        const std::lock_guard mine(*turn_);
        MPI_Win_unlock_all(window_);
        MPI_Win_free(&window_);
        MPI_Comm_free(&comm_);
        memory_ = {};
    }

    // --- moving bytes; precondition: connected ---

    /// Where `offset` of this rank's extent number `extent` lies in another rank's memory.
    [[nodiscard]] KVMARK_INLINE MPI_Aint place(std::uint32_t target, std::uint32_t extent,
                                               std::uint64_t offset) const {
        const std::uint64_t share = rank_ < target ? rank_ : rank_ - 1;
        return static_cast<MPI_Aint>((share * extents_per_share_ + extent) * extent_size_.count + offset);
    }

    /// Begins an I/O of `size` bytes, at most 64 MiB; 0 or EIO. A get is over with its request; a put is over
    /// there after flush().
    [[nodiscard]] KVMARK_INLINE int begin(bool puts, std::uint32_t target, MPI_Aint at, std::byte* data,
                                          std::size_t size, MPI_Request& request) {
        const auto n = static_cast<int>(size);
        const auto to = static_cast<int>(target);
        const std::lock_guard mine(*turn_);
        const int failed = puts ? MPI_Rput(data, n, MPI_BYTE, to, at, n, MPI_BYTE, window_, &request)
                                : MPI_Rget(data, n, MPI_BYTE, to, at, n, MPI_BYTE, window_, &request);
        return failed == MPI_SUCCESS ? 0 : EIO;
    }

    /// Which of the requests are over: their count, and their indices in `over`. Negative: MPI failed.
    [[nodiscard]] KVMARK_INLINE int test(std::span<MPI_Request> requests, int* over) {
        int count = 0;
        const std::lock_guard mine(*turn_);
        const int failed = MPI_Testsome(static_cast<int>(requests.size()), requests.data(), &count, over,
                                        MPI_STATUSES_IGNORE);
        polls_.store(polls_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
        return failed == MPI_SUCCESS ? count : -1;
    }

    /// Until the request is over; 0 or EIO.
    int wait(MPI_Request& request) {
        mpi_pace::prepare_thread();
        mpi_pace pace;
        nanoseconds began = clocks::monotonic_now();
        pace.expect(began);
        for (int index = 0;;) {
            const int over = test({&request, 1}, &index);
            if (over != 0) return over > 0 || over == MPI_UNDEFINED ? 0 : EIO;
            const nanoseconds now = clocks::monotonic_now();
            pace.pause(now, now - began);
            began = clocks::monotonic_now();
        }
    }

    /// Until what this rank has put there is there; 0 or EIO. MPI has no form of it that can be tested, so
    /// the turn is kept meanwhile; calls of others are served from within.
    [[nodiscard]] int flush(std::uint32_t target) {
        const std::lock_guard mine(*turn_);
        return MPI_Win_flush(static_cast<int>(target), window_) == MPI_SUCCESS ? 0 : EIO;
    }

private:
    /// What ranks tell each other before they lend anything.
    struct offer {
        std::uint64_t lent, extent, host, available;
    };

    KVMARK_COLD result<void> connect_copy(bytes lent, bytes extent) {
        const std::vector<offer> offers = exchange(lent, extent);
        std::uint64_t lent_here = 0;
        for (const offer& o : offers) {
            if (o.lent != lent.count || o.extent != extent.count)
                return error{error_kind::invalid_argument,
                             "peer tier: ranks were given different --peer-mem-gb or --io-chunk"};
            if (o.host == offers[rank_].host) lent_here += o.lent;
        }
        if (lent.count == 0) return {};
        if (ranks_ < 2) return needs_ranks(lent);

        const std::uint64_t others = ranks_ - 1, unit = extent.count * others;
        const std::uint64_t share = (lent.count + unit - 1) / unit;
        result<void> ready;
        if (share >= ~std::uint32_t{0})
            ready = error{error_kind::invalid_argument,
                          "peer tier: more than 2^32 blocks of --io-chunk bytes; give a larger --io-chunk"};
        else if (lent_here > offers[rank_].available / 5 * 4)
            ready = too_large(bytes(lent_here), bytes(offers[rank_].available));
        else
            ready = lend(bytes(unit * share));
        if (!all_are(ready.has_value()))
            return ready ? error{error_kind::system, "peer tier: another rank cannot lend its memory"}
                         : ready;
        extent_size_ = extent;
        extents_per_share_ = static_cast<std::uint32_t>(share);
        if (auto opened = open_window(); !opened) return opened;
        serving_.store(true);
        server_ = std::thread([this] { serve(); });
        return {};
    }

    /// Every rank's offer, by rank.
    [[nodiscard]] KVMARK_COLD std::vector<offer> exchange(bytes lent, bytes extent) {
        int ranks = 0, rank = 0, length = 0;
        char host[MPI_MAX_PROCESSOR_NAME]{};
        MPI_Request done = MPI_REQUEST_NULL;
        std::vector<offer> all;
        offer mine{lent.count, extent.count, 0, available_memory().count};
        {
            const std::lock_guard turn(*turn_);
            MPI_Comm_size(comm_, &ranks);
            MPI_Comm_rank(comm_, &rank);
            MPI_Get_processor_name(host, &length);
            for (int i = 0; i < length; ++i) mine.host = mix(mine.host ^ static_cast<unsigned char>(host[i]));
            all.resize(static_cast<std::size_t>(ranks));
            MPI_Iallgather(&mine, sizeof mine, MPI_BYTE, all.data(), sizeof mine, MPI_BYTE, comm_, &done);
        }
        wait(done);
        ranks_ = static_cast<std::uint32_t>(ranks);
        rank_ = static_cast<std::uint32_t>(rank);
        return all;
    }

    [[nodiscard]] KVMARK_COLD result<void> lend(bytes size) {
        memory_ = huge_page_buffer(size);
        if (memory_.empty()) return too_large(size, available_memory());
        memory_.touch(size);
        return {};
    }

    [[nodiscard]] KVMARK_COLD bool all_are(bool ready) {
        int mine = ready ? 1 : 0, least = 0;
        MPI_Request done = MPI_REQUEST_NULL;
        {
            const std::lock_guard turn(*turn_);
            MPI_Iallreduce(&mine, &least, 1, MPI_INT, MPI_MIN, comm_, &done);
        }
        wait(done);
        return least == 1;
    }

    /// Blocks within MPI, but no longer than the other ranks take to come here from all_are().
    [[nodiscard]] KVMARK_COLD result<void> open_window() {
        const std::lock_guard mine(*turn_);
        const auto size = static_cast<MPI_Aint>(memory_.span().size());
        MPI_Comm_set_errhandler(comm_, MPI_ERRORS_RETURN);
        if (MPI_Win_create(memory_.data(), size, 1, MPI_INFO_NULL, comm_, &window_) != MPI_SUCCESS) {
            window_ = MPI_WIN_NULL;
            return error{
                error_kind::unsupported,
                "peer tier: MPI has no one-sided operations for this network; Open MPI 4 has them over "
                "TCP by osc/pt2pt, which Debian leaves out and the thread level MPI_THREAD_MULTIPLE "
                "excludes: set OMPI_MCA_osc=^ucx"};
        }
        MPI_Win_set_errhandler(window_, MPI_ERRORS_RETURN);
        MPI_Win_lock_all(MPI_MODE_NOCHECK, window_);
        return {};
    }

    [[nodiscard]] KVMARK_COLD static error needs_ranks(bytes lent) {
        return {error_kind::invalid_argument, "--peer-mem-gb " + std::to_string(to_gib(lent)) +
                                                  ": needs at least two ranks, which lend to each other"};
    }
    [[nodiscard]] KVMARK_COLD static error too_large(bytes asked, bytes available) {
        return {error_kind::system,
                "peer tier: the ranks of this host would lend " + std::to_string(to_gib(asked)) + " GiB of " +
                    std::to_string(to_gib(available)) +
                    " GiB available, which is more than 80 %; give a smaller --peer-mem-gb"};
    }

    // --- serving the other ranks ---

    /// Calls MPI while no other thread of this rank does.
    void serve() {
        mpi_pace::prepare_thread();
        mpi_pace pace;
        std::uint64_t seen = 0;
        while (serving_.load(std::memory_order_relaxed)) {
            nanoseconds took{};
            if (polls_.load(std::memory_order_relaxed) == seen) {
                const std::lock_guard mine(*turn_);
                const nanoseconds began = processor_time();
                int found = 0;
                MPI_Iprobe(MPI_ANY_SOURCE, 0, comm_, &found, MPI_STATUS_IGNORE);
                took = processor_time() - began;
            }
            seen = polls_.load(std::memory_order_relaxed);
            pace.pause(clocks::monotonic_now(), took);
        }
    }

    /// This thread's: MPI yields within its calls, and what others did meanwhile is no sign of bytes.
    [[nodiscard]] static nanoseconds processor_time() {
        timespec t;
        ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
        return nanoseconds(static_cast<std::int64_t>(t.tv_sec) * 1'000'000'000 + t.tv_nsec);
    }

    KVMARK_COLD void stop_serving() {
        serving_.store(false);
        if (server_.joinable()) server_.join();
    }

    mpi_turn* turn_ = nullptr;
    MPI_Comm comm_ = MPI_COMM_NULL;
    MPI_Win window_ = MPI_WIN_NULL;
    huge_page_buffer memory_;
    bytes extent_size_{};
    std::uint32_t rank_ = 0, ranks_ = 0, extents_per_share_ = 0;
    std::thread server_;
    std::atomic<bool> serving_{false};
    alignas(64) std::atomic<std::uint64_t> polls_{0}; ///< calls that look for what is over, by any thread
};

} // namespace kvmark::tier
