// MPI in this process: entered once, left at its end. Where it stands among the others, and what their clocks
// say.
#pragma once

#include <kvmark/core/clock.hpp>
#include <kvmark/core/mpi.hpp>
#include <kvmark/core/result.hpp>
#include <kvmark/exec/executor.hpp>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <deque>
#include <mutex>
#include <sys/prctl.h>
#include <sys/utsname.h>

namespace kvmark::exec {

/// How one host's clock stands against rank 0's.
struct clock_relation {
    nanoseconds offset{};      ///< to be added to a time of rank 0 to get this host's
    nanoseconds uncertainty{}; ///< half of the shortest round trip
};

/// One per process. MPI is initialised by enter(), unless the program did so before, and then finalised at
/// the end of the process, unless a rank was lost: MPI_Finalize waits for all.
class mpi_session {
public:
    static constexpr int root = 0;

    /// Collective over all ranks of the job, the first time. An error where MPI refuses.
    [[nodiscard]] KVMARK_COLD static result<mpi_session*> enter() {
        static mpi_session session;
        static const result<void> entered = session.begin();
        if (!entered) return entered.error();
        return &session;
    }
    mpi_session(const mpi_session&) = delete;
    mpi_session& operator=(const mpi_session&) = delete;
    ~mpi_session() {
        if (ours_ && healthy) ::MPI_Finalize();
    }

    [[nodiscard]] mpi_turn& turn() { return turn_; }
    [[nodiscard]] MPI_Comm comm() const { return comm_; } ///< of all ranks; errors are returned
    [[nodiscard]] const placement& place() const { return place_; }
    /// The lowest rank of this host, which stands for it.
    [[nodiscard]] std::uint32_t host_leader() const { return host_leader_; }
    [[nodiscard]] const clock_relation& clock() const { return clock_; }
    /// For each rank, the lowest rank of its host.
    [[nodiscard]] const std::vector<std::int32_t>& leaders() const { return leaders_; }
    /// For each rank, the name of its host; on rank 0 alone.
    [[nodiscard]] std::string host_name(std::uint32_t rank) const { return names_[rank].data(); }
    [[nodiscard]] const std::string& library() const { return library_; }

    bool healthy = true; ///< no rank was lost

    /// A message under way. Kept until the end of the process: its bytes must stay where they are.
    struct outgoing {
        std::vector<std::byte> data;
        MPI_Request request = MPI_REQUEST_NULL;
    };
    std::deque<outgoing> sent;

private:
    static constexpr int round_trips = 32;
    static constexpr int clock_tag = 9;
    using host_name_text = std::array<char, 65>;

    mpi_session() = default;

    KVMARK_COLD result<void> begin() {
        // Several ranks on a core, as here a rank and the threads of its tiers: a barrier that spins takes
        // 20 ms, one that yields 43 us (measured with Open MPI 4.1).
        ::setenv("OMPI_MCA_mpi_yield_when_idle", "1", 0);
        // What comes to end the run before the crew listens must not end the process.
        ::signal(SIGUSR1, SIG_IGN);
        ::signal(SIGPIPE, SIG_IGN);
        int there = 0, given = MPI_THREAD_SINGLE;
        ::MPI_Initialized(&there);
        ours_ = there == 0;
        if (ours_)
            ::MPI_Init_thread(nullptr, nullptr, MPI_THREAD_SERIALIZED, &given);
        else
            ::MPI_Query_thread(&given);
        if (given < MPI_THREAD_SERIALIZED)
            return error{error_kind::unsupported,
                         "this MPI library gives one thread alone (MPI_THREAD_SERIALIZED is needed)"};
        ::prctl(PR_SET_PDEATHSIG, SIGTERM); // a rank whose launcher is gone ends itself
        ::MPI_Comm_dup(MPI_COMM_WORLD, &comm_);
        ::MPI_Comm_set_errhandler(comm_, MPI_ERRORS_RETURN);
        find_place();
        compare_clocks();
        char text[MPI_MAX_LIBRARY_VERSION_STRING];
        int length = 0;
        ::MPI_Get_library_version(text, &length);
        library_.assign(text, static_cast<std::size_t>(length));
        library_ = library_.substr(0, library_.find_first_of(",\n")); // Open MPI goes on with its build
        return {};
    }

    void find_place() {
        int rank = 0, ranks = 1, local_rank = 0, local_ranks = 1;
        ::MPI_Comm_rank(comm_, &rank);
        ::MPI_Comm_size(comm_, &ranks);
        ::MPI_Comm_split_type(comm_, MPI_COMM_TYPE_SHARED, rank, MPI_INFO_NULL, &host_);
        ::MPI_Comm_rank(host_, &local_rank);
        ::MPI_Comm_size(host_, &local_ranks);
        place_ = {static_cast<std::uint32_t>(rank), static_cast<std::uint32_t>(ranks),
                  static_cast<std::uint32_t>(local_rank), static_cast<std::uint32_t>(local_ranks)};
        int leader = rank;
        ::MPI_Bcast(&leader, 1, MPI_INT, 0, host_);
        host_leader_ = static_cast<std::uint32_t>(leader);
        leaders_.resize(place_.ranks);
        ::MPI_Allgather(&leader, 1, MPI_INT, leaders_.data(), 1, MPI_INT, comm_);
        utsname name{};
        ::uname(&name);
        host_name_text mine{};
        std::copy_n(name.nodename, mine.size() - 1, mine.begin());
        if (rank == root) names_.resize(place_.ranks);
        ::MPI_Gather(mine.data(), sizeof mine, MPI_BYTE, names_.data(), sizeof mine, MPI_BYTE, root, comm_);
    }

    /// Rank 0 asks the leader of each host for its time, again and again: the answer of the shortest round
    /// trip is nearest to its middle (Cristian, "Probabilistic clock synchronization", 1989).
    void compare_clocks() {
        const int rank = static_cast<int>(place_.rank);
        if (rank == root) {
            for (int other = 1; other < static_cast<int>(place_.ranks); ++other)
                if (leaders_[static_cast<std::size_t>(other)] == other) ask(other);
        } else if (place_.rank == host_leader_) {
            for (int i = 0; i < round_trips; ++i) {
                ::MPI_Recv(nullptr, 0, MPI_BYTE, root, clock_tag, comm_, MPI_STATUS_IGNORE);
                const std::int64_t now = clocks::monotonic_now().count;
                ::MPI_Send(&now, 1, MPI_INT64_T, root, clock_tag, comm_);
            }
            ::MPI_Recv(&clock_, sizeof clock_, MPI_BYTE, root, clock_tag, comm_, MPI_STATUS_IGNORE);
        }
        ::MPI_Bcast(&clock_, sizeof clock_, MPI_BYTE, 0, host_);
    }
    void ask(int other) {
        clock_relation best{{}, nanoseconds(INT64_MAX)};
        for (int i = 0; i < round_trips; ++i) {
            const nanoseconds begin = clocks::monotonic_now();
            ::MPI_Send(nullptr, 0, MPI_BYTE, other, clock_tag, comm_);
            std::int64_t theirs = 0;
            ::MPI_Recv(&theirs, 1, MPI_INT64_T, other, clock_tag, comm_, MPI_STATUS_IGNORE);
            const nanoseconds end = clocks::monotonic_now();
            const nanoseconds half = (end - begin) / 2;
            if (half < best.uncertainty) best = {nanoseconds(theirs) - (begin + half), half};
        }
        ::MPI_Send(&best, sizeof best, MPI_BYTE, other, clock_tag, comm_);
    }

    mpi_turn turn_;
    MPI_Comm comm_ = MPI_COMM_NULL, host_ = MPI_COMM_NULL;
    placement place_;
    std::uint32_t host_leader_ = 0;
    std::vector<std::int32_t> leaders_;
    std::vector<host_name_text> names_;
    clock_relation clock_;
    std::string library_;
    bool ours_ = false;
};

} // namespace kvmark::exec
