// Reading blocks of 2 MiB from another rank: tier::peer's queue beside loops of MPI written by hand, one over
// MPI_Rget and MPI_Testsome, one over MPI_Get and MPI_Win_flush for each batch (as osu_get_bw).
// Hypothesis: all that the tier adds to an I/O is its turn, a slot and the clock, so it reaches at least 0.95
// of the better of the two. The rank that is read from serves all three at the same pace: one that waits in
// MPI_Barrier takes a processor, and with two of them here that costs the loops half. What was seen stands in
// docs/peer.md.
//
// Runs on two ranks, by benchmarks/peer/measure.py; prints for each depth the medians of interleaved rounds.
#include <kvmark/tier/peer.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <unistd.h>

using namespace kvmark;

namespace {

constexpr bytes block{2 * mib_bytes};
constexpr std::uint64_t blocks = 64;
std::uint64_t reads = 128; ///< of one measurement; the first argument, for slow links
constexpr std::size_t rounds = 15;

int this_rank() {
    int rank = 0;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    return rank;
}

double gib_per_second(nanoseconds began) {
    return to_gib(block * reads) / to_seconds(clocks::monotonic_now() - began);
}

std::span<std::byte> slot_of(const huge_page_buffer& memory, std::uint32_t slot) {
    return memory.span().subspan(slot * block.count, block.count);
}

bytes place_of(std::uint64_t read) { return block * (read % blocks); }

/// Reads through the queue, with `depth` I/Os in flight.
double read_by_queue(tier::peer& tier, const huge_page_buffer& memory, std::uint32_t depth) {
    tier::peer::queue queue;
    if (!queue.open(tier, depth, memory.span())) return 0;
    const nanoseconds began = clocks::monotonic_now();
    std::uint64_t begun = 0, over = 0;
    const auto begin = [&](std::uint32_t slot) {
        if (begun < reads) queue.read(slot, 0, place_of(begun++), slot_of(memory, slot));
    };
    for (std::uint32_t slot = 0; slot < depth; ++slot) begin(slot);
    while (over < reads) {
        queue.wait();
        queue.reap([&](std::uint32_t slot, tier::io_status) {
            ++over;
            begin(slot);
        });
    }
    return gib_per_second(began);
}

/// What a program of MPI alone has: a window of the other rank's memory.
class plain_window {
public:
    plain_window() : memory_(block * blocks) {
        memory_.touch(block * blocks);
        MPI_Win_create(memory_.data(), static_cast<MPI_Aint>(memory_.span().size()), 1, MPI_INFO_NULL,
                       MPI_COMM_WORLD, &window_);
        MPI_Win_lock_all(MPI_MODE_NOCHECK, window_);
    }
    plain_window(const plain_window&) = delete;
    plain_window& operator=(const plain_window&) = delete;
    ~plain_window() {
        MPI_Win_unlock_all(window_);
        MPI_Win_free(&window_);
    }

    double read_by_requests(const huge_page_buffer& into, std::uint32_t depth) const {
        std::vector<MPI_Request> requests(depth, MPI_REQUEST_NULL);
        std::vector<int> which(depth);
        std::uint64_t begun = 0;
        const nanoseconds began = clocks::monotonic_now();
        const auto begin = [&](std::uint32_t slot) {
            if (begun == reads) return;
            const auto at = static_cast<MPI_Aint>(place_of(begun++).count);
            MPI_Rget(slot_of(into, slot).data(), block.count, MPI_BYTE, 1, at, block.count, MPI_BYTE, window_,
                     &requests[slot]);
        };
        for (std::uint32_t slot = 0; slot < depth; ++slot) begin(slot);
        for (std::uint64_t over = 0; over < reads;) {
            int count = 0;
            MPI_Testsome(static_cast<int>(depth), requests.data(), &count, which.data(), MPI_STATUSES_IGNORE);
            for (int i = 0; i < count; ++i, ++over)
                begin(static_cast<std::uint32_t>(which[static_cast<std::size_t>(i)]));
        }
        return gib_per_second(began);
    }

    double read_by_batches(const huge_page_buffer& into, std::uint32_t depth) const {
        const nanoseconds began = clocks::monotonic_now();
        for (std::uint64_t read = 0; read < reads;) {
            for (std::uint32_t slot = 0; slot < depth; ++slot, ++read)
                MPI_Get(slot_of(into, slot).data(), block.count, MPI_BYTE, 1,
                        static_cast<MPI_Aint>(place_of(read).count), block.count, MPI_BYTE, window_);
            MPI_Win_flush(1, window_);
        }
        return gib_per_second(began);
    }

private:
    huge_page_buffer memory_;
    MPI_Win window_ = MPI_WIN_NULL;
};

void serve_until_all_are_here() {
    MPI_Request all_here = MPI_REQUEST_NULL;
    MPI_Ibarrier(MPI_COMM_WORLD, &all_here);
    tier::mpi_pace::prepare_thread();
    tier::mpi_pace pace;
    for (int here = 0;;) {
        const nanoseconds began = clocks::monotonic_now();
        MPI_Test(&all_here, &here, MPI_STATUS_IGNORE);
        if (here != 0) return;
        const nanoseconds now = clocks::monotonic_now();
        pace.pause(now, now - began);
    }
}

struct round_of {
    double queue = 0, requests = 0, batches = 0;
};

/// What stood in the tier's memory is gone after a round, so that its thread is no burden to the plain loops.
bool measure_tier(const huge_page_buffer& memory, const std::array<std::uint32_t, 3>& depths,
                  std::array<round_of, 3>& found) {
    mpi_turn turn;
    tier::peer tier;
    auto ready = tier.open({.limit = block * blocks, .io_chunk = block});
    if (ready) ready = tier.connect(MPI_COMM_WORLD, turn);
    if (!ready) {
        std::fprintf(stderr, "%s\n", ready.error().message.c_str());
        return false;
    }
    if (this_rank() == 0) {
        if (!tier.create(0, block * blocks).good()) return false;
        for (std::uint64_t i = 0; i < blocks; ++i)
            if (!tier.write(0, place_of(i), slot_of(memory, 0)).good()) return false;
        if (!tier.commit(0).good()) return false;
        static_cast<void>(read_by_queue(tier, memory, depths.back())); // warms up
        for (std::size_t d = 0; d < depths.size(); ++d)
            found[d].queue = read_by_queue(tier, memory, depths[d]);
    }
    tier.disconnect();
    return true;
}

void measure_plain(const huge_page_buffer& memory, const std::array<std::uint32_t, 3>& depths,
                   std::array<round_of, 3>& found) {
    const plain_window window;
    MPI_Barrier(MPI_COMM_WORLD);
    if (this_rank() == 0) {
        static_cast<void>(window.read_by_requests(memory, depths.back())); // warms up
        for (std::size_t d = 0; d < depths.size(); ++d) {
            found[d].requests = window.read_by_requests(memory, depths[d]);
            found[d].batches = window.read_by_batches(memory, depths[d]);
        }
    }
    serve_until_all_are_here();
}

template <class Figure>
void print(const char* name, const std::array<std::array<round_of, 3>, rounds>& all, std::size_t d,
           Figure&& figure) {
    std::array<double, rounds> of{};
    for (std::size_t r = 0; r < rounds; ++r) of[r] = figure(all[r][d]);
    std::sort(of.begin(), of.end());
    std::printf("  %-28s median %6.3f, spread %6.3f to %6.3f\n", name, of[rounds / 2], of.front(), of.back());
}

} // namespace

int main(int argc, char** argv) {
    if (argc > 1) reads = std::strtoull(argv[1], nullptr, 10);
    int level = 0, ranks = 0;
    MPI_Init_thread(&argc, &argv, MPI_THREAD_SERIALIZED, &level);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    bool good = ranks == 2;
    if (!good) std::printf("SKIPPED: runs on two ranks, by benchmarks/peer/measure.py\n");
    const std::array<std::uint32_t, 3> depths{1, 4, 8};
    std::array<std::array<round_of, 3>, rounds> all{};
    const huge_page_buffer memory(block * depths.back());
    memory.touch(block * depths.back());
    for (std::size_t r = 0; good && r < rounds; ++r) {
        good = measure_tier(memory, depths, all[r]);
        if (good) measure_plain(memory, depths, all[r]);
    }
    if (good && this_rank() == 0)
        for (std::size_t d = 0; d < depths.size(); ++d) {
            std::printf("depth %u, blocks of 2 MiB, GiB/s\n", depths[d]);
            print("tier::peer's queue", all, d, [](const round_of& r) { return r.queue; });
            print("MPI_Rget, MPI_Testsome", all, d, [](const round_of& r) { return r.requests; });
            print("MPI_Get, MPI_Win_flush", all, d, [](const round_of& r) { return r.batches; });
            print("ratio to the better of them", all, d,
                  [](const round_of& r) { return r.queue / std::max(r.requests, r.batches); });
        }
    MPI_Finalize();
    return good || ranks != 2 ? 0 : 1;
}
