// A trace as the source of a serving engine, with its own arrivals or others laid over it.
#pragma once

#include <kvmark/workload/arrival_process.hpp>
#include <kvmark/workload/block_source.hpp>
#include <kvmark/workload/closed_loop.hpp>

#include <string>

namespace kvmark::workload {

/// trace: its own times. closed: a request follows the answer of the one before in its session. The others:
/// an arrival_process of a given rate, in the order of the trace.
enum class replay_arrivals : std::uint8_t { trace, closed, fixed, poisson, gamma, weibull };

struct replay_config {
    replay_arrivals arrivals = replay_arrivals::trace;
    double speedup = 1;             ///< divides the trace's times and think times; 0: there are no gaps
    double rate = 0;                ///< requests/s of the processes
    double shape = 1;               ///< of gamma and weibull
    std::uint64_t sessions = 0;     ///< closed: active at once; 0: all
    std::uint64_t seed = 0;         ///< of the processes
    std::uint64_t max_requests = 0; ///< 0: no bound
    std::uint64_t cycles = 1; ///< how often the trace is played, its blocks being the same ones; 0: for ever
};

/// Everything that is wrong with it, in the words of its members; empty when it can be replayed.
[[nodiscard]] KVMARK_COLD std::vector<error> replay_faults(const replay_config& c) {
    constexpr double largest = 1.7976931348623157e308;
    std::vector<error> faults;
    const auto refuse = [&](const char* what, double value, const char* allowed) {
        faults.push_back({error_kind::invalid_argument,
                          std::string(what) + " " + std::to_string(value) + ": must be " + allowed});
    };
    const bool drawn = c.arrivals != replay_arrivals::trace && c.arrivals != replay_arrivals::closed;
    if (!(c.speedup >= 0 && c.speedup <= largest)) refuse("speedup", c.speedup, "0 (no gaps) or more");
    if (drawn && !(c.rate > 0 && c.rate <= largest)) refuse("rate", c.rate, "more than 0 requests/s");
    if (!(c.shape >= min_arrival_shape && c.shape <= max_arrival_shape))
        refuse("shape", c.shape, "0.01..1000");
    return faults;
}

/// Models block_source. But for the closed loop, arrivals do not depend on when answers are complete, and
/// requests come in the order of the trace; so a run on real tiers decides in the same order as a
/// simulation. An id is the place in the trace, plus its number of requests for each cycle before.
///
/// In the closed loop a request becomes known when the one that it waits for is complete (closed_loop.hpp),
/// which may be earlier than those that are known already; so arrivals are in order for whoever takes a
/// request only when its clock has reached next_arrival().
class block_replay {
public:
    /// Precondition: replay_faults(c) is empty. A closed loop needs a trace of less than 2^32 requests.
    block_replay(block_trace trace, const replay_config& c)
        : trace_(std::move(trace)), config_(c), at_(trace_), total_(total()), period_(period(trace_)),
          process_(c.seed, process_of(c.arrivals), c.rate > 0 ? c.rate : 1, c.shape) {
        if (config_.arrivals == replay_arrivals::closed && total_ > 0)
            loop_.emplace(trace_, c.speedup, c.sessions, c.cycles == 0 ? ~std::uint64_t{0} : c.cycles);
        else
            advance();
    }

    [[nodiscard]] std::optional<block_request> next() {
        if (exhausted() || !next_arrival()) return {};
        ++taken_;
        if (loop_) return loop_->take();
        const block_request r = upcoming_;
        advance();
        return r;
    }
    [[nodiscard]] std::optional<nanoseconds> next_arrival() const {
        if (exhausted()) return {};
        if (!loop_) return upcoming_.arrival;
        if (loop_->known().empty()) return {};
        return loop_->known().top().at;
    }
    [[nodiscard]] bool exhausted() const { return taken_ == total_; }
    /// Each request once, in the closed loop; elsewhere it makes no difference.
    void completed(std::uint64_t id, nanoseconds now) {
        if (loop_) loop_->completed(id, now);
    }

    [[nodiscard]] tokens block_tokens() const { return trace_.block_tokens(); }
    [[nodiscard]] std::uint64_t distinct_blocks() const { return trace_.distinct_blocks(); }
    /// ~0 without end.
    [[nodiscard]] std::uint64_t requests() const { return total_; }

private:
    [[nodiscard]] std::uint64_t total() const {
        constexpr std::uint64_t endless = ~std::uint64_t{0};
        std::uint64_t all = 0;
        if (trace_.requests() > 0 &&
            (config_.cycles == 0 || __builtin_mul_overflow(trace_.requests(), config_.cycles, &all)))
            all = endless;
        return config_.max_requests != 0 && config_.max_requests < all ? config_.max_requests : all;
    }
    /// Two cycles are joined by the trace's mean gap, so that replaying keeps its rate.
    [[nodiscard]] static double period(const block_trace& t) {
        const auto duration = static_cast<double>(t.header().duration_ns);
        return t.requests() < 2 ? 0 : duration * (1 + 1 / static_cast<double>(t.requests() - 1));
    }
    [[nodiscard]] static arrival_process process_of(replay_arrivals a) {
        switch (a) {
        case replay_arrivals::fixed:
            return arrival_process::fixed;
        case replay_arrivals::gamma:
            return arrival_process::gamma;
        case replay_arrivals::weibull:
            return arrival_process::weibull;
        default:
            return arrival_process::poisson;
        }
    }

    /// Makes the next request of the trace the upcoming one.
    void advance() {
        if (exhausted()) return;
        if (!at_.next(upcoming_)) {
            at_ = block_trace::cursor(trace_);
            at_.next(upcoming_);
            ++cycle_;
        }
        const std::uint64_t first_of_cycle = cycle_ * trace_.requests();
        upcoming_.id += first_of_cycle;
        if (upcoming_.after != block_request::nobody) upcoming_.after += first_of_cycle;
        upcoming_.arrival =
            config_.arrivals == replay_arrivals::trace ? scaled(upcoming_.arrival) : process_.next();
    }
    [[nodiscard]] nanoseconds scaled(nanoseconds arrival) const {
        if (config_.speedup == 0) return {};
        if (config_.speedup == 1 && cycle_ == 0) return arrival;
        constexpr double end_of_time = 9e18; // 285 years in nanoseconds
        const double ns =
            (static_cast<double>(cycle_) * period_ + static_cast<double>(arrival.count)) / config_.speedup;
        return nanoseconds(__builtin_llrint(ns < end_of_time ? ns : end_of_time));
    }

    block_trace trace_;
    replay_config config_;
    block_trace::cursor at_;
    std::uint64_t total_;
    std::uint64_t taken_ = 0;
    std::uint64_t cycle_ = 0;
    double period_;
    block_request upcoming_;
    rate_process process_;
    std::optional<closed_loop> loop_;
};

} // namespace kvmark::workload
