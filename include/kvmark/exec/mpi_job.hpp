// One run as a rank of an MPI job: a common start, and results by message.
#pragma once

#include <kvmark/exec/assemble.hpp>
#include <kvmark/exec/frames.hpp>
#include <kvmark/exec/job_environment.hpp>
#include <kvmark/exec/job_order.hpp>
#include <kvmark/exec/job_patience.hpp>
#include <kvmark/exec/job_watcher.hpp>
#include <kvmark/exec/mailbox.hpp>
#include <kvmark/measure/packed.hpp>
#include <kvmark/measure/read_machine.hpp>
#include <kvmark/tier/cache_directory.hpp>

namespace kvmark::exec {

/// A rank that cannot take part says so and leaves the others to run: what it would have added is missing
/// from the sums and named. All messages go to rank 0 and back, so a rank that is lost holds up no other but
/// rank 0, and that one not for long. Outside a job it is a job of one.
class mpi_job {
public:
    static constexpr bool launches = false;
    mpi_job() = default;
    mpi_job(const mpi_job&) = delete;
    mpi_job& operator=(const mpi_job&) = delete;

    /// Whether this process is a rank: a launcher started it, or the program has initialised MPI.
    [[nodiscard]] KVMARK_COLD static bool inside() {
        int initialised = 0;
        ::MPI_Initialized(&initialised);
        return initialised != 0 || inside_job();
    }
    /// Whether the program that launched this rank waits for the result on its stdout.
    [[nodiscard]] KVMARK_COLD static bool launched() { return std::getenv(launched_variable) != nullptr; }
    /// Counts the runs of this process.
    [[nodiscard]] static std::uint32_t next_run() {
        static std::uint32_t runs = 0;
        return ++runs;
    }

    KVMARK_COLD result<void> join() {
        const std::uint32_t run = next_run();
        if (!inside()) return {};
        const char* asked = std::getenv(launched_variable);
        skips_ = asked != nullptr && std::to_string(run) != asked;
        if (skips_) return {};
        auto entered = mpi_session::enter();
        if (!entered) return entered.error();
        session_ = *entered;
        mail_.emplace(*session_);
        members_.resize(place().ranks);
        return {};
    }
    /// This launch is for another run() of the program.
    [[nodiscard]] bool skips() const { return skips_; }
    [[nodiscard]] placement place() const { return session_ ? session_->place() : placement{}; }
    [[nodiscard]] bool is_root() const { return place().rank == mpi_session::root; }

    [[nodiscard]] KVMARK_COLD std::uint64_t agree(std::uint64_t own) {
        if (!session_) return own;
        MPI_Request request;
        with_turn(
            [&] { ::MPI_Ibcast(&own, 1, MPI_UINT64_T, mpi_session::root, session_->comm(), &request); });
        static_cast<void>(mail_->done(request, mailbox::forever));
        return own;
    }

    template <class Observer>
    [[nodiscard]] job_watcher<mpi_job, Observer> watched(Observer& o) {
        return {*this, o};
    }
    /// Not before join(), and not outside a job.
    [[nodiscard]] bool joined() const { return session_ != nullptr; }

    /// Other ranks tell rank 0 what they have moved, at most one message each under way; there it is added to
    /// `p`. Null on the others.
    KVMARK_COLD const measure::progress* exchanged(const measure::progress& p) {
        std::uint64_t moved = 0;
        for (const measure::tier_progress& t : p.tiers)
            if (t.role == tier::tier_role::storage) moved += t.read.count + t.written.count;
        if (!is_root()) {
            if (said_ == nullptr) said_ = &session_->sent.emplace_back();
            if (mail_->tested(said_->request)) mail_->send_again(*said_, moved, mpi_session::root, moved_tag);
            return nullptr;
        }
        pump();
        members_[place().rank].moved = moved;
        shown_ = p;
        shown_.hosts.clear();
        hosts_.resize(members_.size());
        std::vector<std::size_t> row_of(members_.size()); // by the leader of a host, its lowest rank
        for (std::uint32_t r = 0; r < members_.size(); ++r) {
            const auto leader = static_cast<std::uint32_t>(session_->leaders()[r]);
            if (leader == r) {
                if (hosts_[r].empty()) hosts_[r] = session_->host_name(r);
                row_of[r] = shown_.hosts.size();
                shown_.hosts.push_back({.name = hosts_[r]});
            }
            measure::host_progress& row = shown_.hosts[row_of[leader]];
            ++row.ranks;
            row.moved += bytes(members_[r].moved);
        }
        return &shown_;
    }

    template <class Stack>
    KVMARK_COLD result<void> ready(Stack& tiers) {
        if (auto agreed = take_part(true); !agreed) return agreed;
        error refusal;
        tiers.for_each([&]<class T>(std::size_t, T& t) {
            if constexpr (requires { t.connect(ready_comm_, session_->turn()); }) {
                if (!refusal.message.empty()) return;
                const auto connected =
                    session_ ? t.connect(ready_comm_, session_->turn()) : t.connect(MPI_COMM_SELF, no_turn_);
                if (!connected) refusal = connected.error();
            }
        });
        if (!refusal.message.empty()) return refusal;
        return {};
    }

    KVMARK_COLD result<measure::run_report> refuse(error why) {
        if (!session_) return why;
        static_cast<void>(take_part(false));
        measure::run_report nothing;
        measure::rank_stats row;
        row.delivered = true;
        row.failure = why.message;
        if (ready_comm_ != MPI_COMM_NULL && !is_root()) {
            // It had said that it takes part: the others' barrier counts on it.
            with_turn([&] { ::MPI_Ibarrier(ready_comm_, &barrier_); });
        }
        if (is_root()) {
            // Still the one that gathers. Nothing runs here, so signals end it as they always do.
            await_ranks([](nanoseconds t) { ::usleep(static_cast<useconds_t>(t.count / 1000)); },
                        [] { return false; });
        }
        return deliver(std::move(nothing), std::move(row), &why);
    }

    template <class Stack>
    KVMARK_COLD result<measure::run_report> conclude(measure::run_report own, Stack& tiers) {
        if (!session_) return own;
        measure::rank_stats row = measure::summarize(own);
        if (row.interrupted && !patience_.started() && row.failure.empty())
            row.failure = "it was stopped before the window opened";
        auto outcome = deliver(std::move(own), std::move(row), nullptr);
        leave(tiers);
        return outcome;
    }

    /// No run: what the machines of the job are, as a report without figures.
    [[nodiscard]] KVMARK_COLD result<measure::run_report> survey(const std::string& cache_dir) {
        if (auto inside = join(); !inside) return inside.error();
        describe(cache_dir, 0);
        measure::rank_stats row;
        row.delivered = true;
        if (session_) {
            static_cast<void>(take_part(true));
            return deliver({}, std::move(row), nullptr);
        }
        measure::run_report own;
        own.job.emplace().hosts.push_back(measure::read_machine(cache_dir));
        own.job->ranks.push_back(std::move(row));
        return own;
    }

    /// For the row of this rank in the report.
    void describe(const std::string& cache_dir, std::uint64_t users) {
        cache_dir_ = cache_dir;
        users_ = users;
    }

    /// The same, once the tiers were ready: those that reach into other ranks let go of them.
    template <class Stack>
    KVMARK_COLD result<measure::run_report> refuse(error why, Stack& tiers) {
        auto outcome = refuse(std::move(why));
        leave(tiers);
        return outcome;
    }

    // --- what the crew asks ---

    /// `poll()` looks for signals and returns the one that stops the run, or 0.
    void listen(std::function<int()> poll) { patience_.listen(std::move(poll)); }

    /// Until every rank that takes part is ready, and the instant of the start is agreed. `wait(t)` sleeps,
    /// `stopped()` ends it early.
    template <class Wait, class Stopped>
    KVMARK_COLD void await_ranks(Wait&& wait, Stopped&& stopped) {
        if (!session_) return;
        constexpr nanoseconds pause{200'000};
        if (is_root()) {
            while (!stopped() && !all_announced()) wait(pause);
            if (stopped()) return;
            start_ = clocks::monotonic_now() + lead;
            patience_.has_started();
            for (std::uint32_t r = 0; r < members_.size(); ++r)
                if (members_[r].announced) send(start_.count, static_cast<int>(r), start_tag);
        } else {
            send(0, mpi_session::root, ready_tag);
            MPI_Request request;
            with_turn([&] {
                ::MPI_Irecv(&start_.count, 1, MPI_INT64_T, mpi_session::root, start_tag, session_->comm(),
                            &request);
            });
            while (!stopped() && !patience_.started()) {
                if (mail_->tested(request))
                    patience_.has_started();
                else
                    wait(pause);
            }
            if (!patience_.started()) {
                session_->healthy = false; // a receive is left behind
                return;
            }
            start_ = start_ + session_->clock().offset;
        }
        meet();
    }

    /// Until the agreed instant. `window` is how long the run will take from there; 0: unknown.
    KVMARK_COLD void await_start(nanoseconds window) {
        if (!session_ || !patience_.started()) return;
        if (window.count > 0) patience_.plan_end(start_ + window);
        constexpr nanoseconds spun{200'000};
        const nanoseconds wake = start_ - spun;
        const timespec until{wake.count / 1'000'000'000, wake.count % 1'000'000'000};
        ::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr);
        while (clocks::monotonic_now() < start_) {
        }
        start_delay_ = clocks::monotonic_now() - start_;
    }

    KVMARK_COLD void window_closed() {
        if (!session_) return;
        patience_.window_closed();
        if (!is_root()) send(0, mpi_session::root, closed_tag);
    }

private:
    /// Between the decision to start and the start: longer than the message takes to any rank.
    static constexpr nanoseconds lead{50'000'000};
    enum tag : int { ready_tag = 1, start_tag, closed_tag, report_tag, receipt_tag, verdict_tag, moved_tag };

    struct member {
        bool takes_part = false;
        bool announced = false;
        bool closed = false;
        bool delivered = false;
        std::uint64_t moved = 0; ///< bytes to and from its storage tiers, as it last said
        std::vector<std::byte> report;
    };
    template <class F>
    void with_turn(F&& f) {
        mail_->with_turn(f);
    }
    void send(std::int64_t value, int to, int with_tag) { mail_->send(value, to, with_tag); }

    /// Takes what has come for rank 0.
    void pump() {
        mail_->receive([this](int source, int with_tag, std::vector<std::byte>& data) {
            member& m = members_[static_cast<std::size_t>(source)];
            if (with_tag == ready_tag) m.announced = true;
            if (with_tag == closed_tag) m.closed = true;
            if (with_tag == moved_tag && data.size() == sizeof m.moved)
                std::memcpy(&m.moved, data.data(), sizeof m.moved);
            if (with_tag != report_tag) return;
            m.delivered = true;
            m.report = std::move(data);
            send(0, source, receipt_tag);
        });
    }

    // --- the course of a run ---

    template <class Stack>
    KVMARK_COLD void leave(Stack& tiers) {
        if (!session_) return;
        clean_up_after_others();
        if (!session_->healthy) return;
        tiers.for_each([&]<class T>(std::size_t, T& t) {
            if constexpr (requires { t.disconnect(); }) t.disconnect();
        });
    }

    /// Of a job in which ranks were lost: removes what those of this host left in their cache directories.
    /// What a living rank has there is locked and stays.
    KVMARK_COLD void clean_up_after_others() const {
        const std::string own_name = "/rank_" + std::to_string(place().rank);
        if (session_->healthy || !cache_dir_.ends_with(own_name)) return;
        const std::string base = cache_dir_.substr(0, cache_dir_.size() - own_name.size());
        for (std::uint32_t r = 0; r < members_.size(); ++r)
            if (r != place().rank &&
                session_->leaders()[r] == static_cast<std::int32_t>(session_->host_leader()))
                tier::cache_directory::remove_abandoned(base + "/rank_" + std::to_string(r));
    }

    /// Every rank says whether it takes part. Once.
    result<void> take_part(bool willing) {
        if (!session_ || asked_) return {};
        asked_ = true;
        willing_ = willing ? 1 : 0;
        flags_.resize(members_.size());
        MPI_Request request;
        with_turn([&] {
            ::MPI_Iallgather(&willing_, 1, MPI_INT, flags_.data(), 1, MPI_INT, session_->comm(), &request);
        });
        while (!mail_->tested(request)) {
            // A rank that died on its way here is never waited for beyond the signal that ends the job.
            if (patience_.stop_signal() != 0) {
                session_->healthy = false;
                return error{error_kind::system, "the job was stopped before every rank was ready"};
            }
            ::usleep(200);
        }
        for (std::size_t r = 0; r < flags_.size(); ++r) members_[r].takes_part = flags_[r] != 0;
        with_turn([&] {
            ::MPI_Comm_split(session_->comm(), willing ? 0 : MPI_UNDEFINED, static_cast<int>(place().rank),
                             &ready_comm_);
        });
        return {};
    }

    [[nodiscard]] bool all_announced() {
        pump();
        for (std::uint32_t r = 0; r < members_.size(); ++r) {
            const member& m = members_[r];
            if (r != place().rank && m.takes_part && !m.announced && !m.closed && !m.delivered) return false;
        }
        return true;
    }

    /// A barrier without sleep, to see how far apart the ranks leave one; given up at the start.
    void meet() {
        if (ready_comm_ == MPI_COMM_NULL) return;
        with_turn([&] { ::MPI_Ibarrier(ready_comm_, &barrier_); });
        while (!mail_->tested(barrier_)) {
            if (clocks::monotonic_now() < start_) continue;
            session_->healthy = false;
            return;
        }
        left_barrier_ = clocks::monotonic_now() - start_;
    }

    /// What this rank measured goes to rank 0, which makes the job's report of it. `why` is the reason why
    /// there is none.
    KVMARK_COLD result<measure::run_report> deliver(measure::run_report own, measure::rank_stats row,
                                                    const error* why) {
        row.rank = place().rank;
        row.host = session_->host_leader();
        row.clock_offset = session_->clock().offset;
        row.clock_uncertainty = session_->clock().uncertainty;
        row.start_delay = start_delay_;
        row.left_barrier = left_barrier_;
        measure::job_stats& job = own.job.emplace();
        job.hosts.push_back(measure::read_machine(cache_dir_));
        job.hosts.back().mpi_library = session_->library();
        row.cache_dir = cache_dir_;
        row.users = users_;
        job.ranks.push_back(std::move(row));
        own.primary = false;
        if (!is_root()) return report_to_root(std::move(own), why);
        members_[0].delivered = true;
        if (own_reports_asked()) members_[0].report = measure::pack(own);
        gather();
        if (own_reports_asked()) send_own_reports();
        measure::run_report all = assemble(parts_with(std::move(own)));
        if (const std::string none = nobody_ran(*all.job); !none.empty()) {
            if (launched())
                write_frame(STDOUT_FILENO, frame_kind::failure, std::as_bytes(std::span(none)),
                            patience_.reading_time());
            return error{error_kind::system, none};
        }
        all.primary = !launched();
        if (launched())
            write_frame(STDOUT_FILENO, frame_kind::result, measure::pack(all), patience_.reading_time());
        return all;
    }

    [[nodiscard]] static bool own_reports_asked() {
        return launched() && std::getenv(own_reports_variable) != nullptr;
    }

    /// What each rank said goes to the program that launched the job as it came, before the job's report.
    void send_own_reports() const {
        for (const member& m : members_)
            if (!m.report.empty())
                write_frame(STDOUT_FILENO, frame_kind::own, m.report, patience_.reading_time());
    }

    /// Why no rank took part; empty where one did.
    [[nodiscard]] std::string nobody_ran(const measure::job_stats& job) const {
        std::string text;
        for (const measure::rank_stats& r : job.ranks) {
            if (members_[r.rank].takes_part) return {};
            const std::string& before = r.rank == 0 ? std::string() : job.ranks[r.rank - 1].failure;
            if (r.failure == before) continue; // all say the same of one cause
            text += (text.empty() ? "rank " : "\nrank ") + std::to_string(r.rank) + " on " +
                    job.hosts[r.host].hostname + ": " + r.failure;
        }
        return text;
    }

    result<measure::run_report> report_to_root(measure::run_report own, const error* why) {
        const std::vector<std::byte> packed = measure::pack(own);
        mail_->send_bytes(packed, mpi_session::root, report_tag);
        std::int64_t ignored = 0, healthy = 0;
        MPI_Request receipt, verdict;
        with_turn([&] {
            ::MPI_Irecv(&ignored, sizeof ignored, MPI_BYTE, mpi_session::root, receipt_tag, session_->comm(),
                        &receipt);
            ::MPI_Irecv(&healthy, sizeof healthy, MPI_BYTE, mpi_session::root, verdict_tag, session_->comm(),
                        &verdict);
        });
        const bool received = in_time(receipt, patience_.to_close * 2);
        if (!received && launched())
            write_frame(STDOUT_FILENO, frame_kind::part, packed, patience_.reading_time());
        if (!received || !in_time(verdict, patience_.to_report + patience_.to_close * 2)) healthy = 0;
        if (healthy == 0) session_->healthy = false;
        if (why != nullptr) return *why;
        return own;
    }

    /// Whether the request is done before `t` has passed since the end of the window, or the shorter time
    /// that a launcher gives which ends the job.
    [[nodiscard]] bool in_time(MPI_Request& request, nanoseconds t) {
        while (!mail_->tested(request)) {
            if (patience_.is_over(t)) return false;
            ::usleep(200);
        }
        return true;
    }

    void gather() {
        for (;;) {
            pump();
            bool all = true, all_said = true;
            for (const member& m : members_) {
                all = all && m.delivered;
                all_said = all_said && (m.delivered || m.closed);
            }
            if (all) break;
            if (!all_said && patience_.is_over(patience_.to_close)) {
                // Who has not even said that its window is closed is lost; the others are waited for.
                bool awaited = false;
                for (const member& m : members_) awaited = awaited || (m.closed && !m.delivered);
                if (!awaited) break;
            }
            if (patience_.is_over(patience_.to_report)) break;
            ::usleep(200);
        }
        for (const member& m : members_)
            if (!m.delivered) session_->healthy = false;
        for (std::uint32_t r = 1; r < members_.size(); ++r)
            if (members_[r].delivered) send(session_->healthy ? 1 : 0, static_cast<int>(r), verdict_tag);
        if (!session_->healthy) return;
        mail_->flush(clocks::monotonic_now() + patience_.to_close);
    }

    /// What has come, by rank.
    [[nodiscard]] std::vector<rank_part> parts_with(measure::run_report own) {
        std::vector<rank_part> parts(members_.size());
        for (std::uint32_t r = 0; r < parts.size(); ++r) {
            const member& m = members_[r];
            rank_part& part = parts[r];
            part.leader = static_cast<std::uint32_t>(session_->leaders()[r]);
            part.host = session_->host_name(r);
            part.missing = m.delivered ? "its report could not be read"
                           : m.closed  ? "its report did not come"
                                       : no_answer;
            if (r == place().rank)
                part.report = std::move(own);
            else if (auto report = measure::unpack<measure::run_report>(m.report))
                part.report = *std::move(report);
        }
        return parts;
    }

    mpi_session* session_ = nullptr;
    std::optional<mailbox> mail_;
    mpi_turn no_turn_;
    job_patience patience_;
    std::vector<member> members_;
    mpi_session::outgoing* said_ = nullptr; ///< to rank 0, what this rank has moved
    measure::progress shown_;
    std::vector<std::string> hosts_; ///< the name of the host of each that is the lowest rank of one
    int willing_ = 0;
    std::vector<int> flags_; ///< of all ranks
    MPI_Request barrier_ = MPI_REQUEST_NULL;
    MPI_Comm ready_comm_ = MPI_COMM_NULL; ///< of the ranks that take part
    std::string cache_dir_;
    std::uint64_t users_ = 0;
    nanoseconds start_{};
    nanoseconds start_delay_{}, left_barrier_{};
    bool skips_ = false;
    bool asked_ = false;
};

} // namespace kvmark::exec
