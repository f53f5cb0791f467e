// The engine of a serving cache: drives block requests through cache, tiers and accelerator under a clock.
#pragma once

#include <kvmark/engine/event_loop.hpp>
#include <kvmark/engine/live_figures.hpp>
#include <kvmark/engine/lost_tiers.hpp>
#include <kvmark/engine/op_scheduler.hpp>
#include <kvmark/engine/recorder.hpp>
#include <kvmark/engine/resident_blocks.hpp>
#include <kvmark/engine/serving_config.hpp>
#include <kvmark/measure/serving_stats.hpp>
#include <kvmark/measure/window_usage.hpp>
#include <kvmark/workload/block_source.hpp>

namespace kvmark::engine {

/// One run. A request is admitted when a batch slot is free, in order of arrival, and all that it does to the
/// cache is decided then, from the index alone: whatever the clock and the tiers are, the same requests in
/// the same order hit the same blocks. Its cached prefix is loaded, the rest is computed, the first token
/// follows, and the new blocks are written behind it.
template <class Clock, class Stack, class Policy, class Source, class Crew, class Observer>
class serving {
public:
    using scheduler = op_scheduler<Stack, serving>;

    serving(const serving_config& config, Stack& tiers, const std::vector<cache::tier_bounds>& bounds,
            std::vector<Policy> policies, Source& source, Crew& crew, io_path<Stack>& path, io_window& window,
            Observer& observer)
        : config_(config), tiers_(tiers), source_(source), crew_(crew), window_(window), observer_(observer),
          cache_(config.cache, source.distinct_blocks(), std::move(policies)),
          resident_(source.distinct_blocks()),
          scheduler_(*this, path, config.run.io, bounds, config.run.max_writers),
          recorder_(config.run.max_samples, config.run.per_token), accelerator_(config.accelerator),
          loop_(crew),
          live_(config.run.duration == serving_config::to_the_end ? nanoseconds() : config.run.duration),
          usage_(Stack::all_timed ? std::string() : config.run.tiers.back().cache_dir) {
        recorder_.name_tiers(tiers_, bounds);
        stats_.block = config.block;
        stats_.block_tokens = source.block_tokens();
    }

    measure::run_report run() {
        if constexpr (requires { crew_.await_ranks(); }) crew_.await_ranks();
        if constexpr (requires { crew_.await_start(nanoseconds()); })
            crew_.await_start(Clock::is_virtual ? nanoseconds() : config_.run.warmup + config_.run.duration);
        start_ = loop_.now();
        end_ = start_ + config_.run.warmup + config_.run.duration;
        if (config_.run.warmup.count > 0)
            loop_.at(start_ + config_.run.warmup, {event_kind::open, nullptr});
        else
            warm_ = true;
        open_once_warm();
        if (!measuring_) loop_.at(start_ + tick, {event_kind::warm_tick, nullptr});
        loop_.run(
            *this, [&] { return loop_.now() >= end_ || served_out(); }, [&] { go_on(); },
            [&] { return next_instant(); });
        close_window();
        return finish();
    }

    // --- what op_scheduler asks of its host ---

    [[nodiscard]] nanoseconds now() const { return loop_.now(); }
    void at(nanoseconds when, task& t) { loop_.at(when, {event_kind::leg, &t}); }
    void submit(std::uint8_t lane, task& t) { crew_.submit(lane, t); }
    void repeated(task& t) { record(t); }

    void finished(task& t) {
        record(t);
        if (t.kind == op_kind::erase) return resident_.erased(t.entry);
        const int error_number = t.error_number.load(std::memory_order_relaxed);
        const bool failed = error_number != 0;
        lost_.suspect(error_number);
        if (failed && t.kind != op_kind::read) drop_lost(t.entry, t.tier);
        if (!t.owner) return;
        auto& a = static_cast<active&>(*t.owner);
        if (t.kind == op_kind::write) {
            --a.writing;
            put_back_if_over(a);
        } else if (--a.loading == 0) {
            loaded(a);
        }
    }

private:
    enum class event_kind : std::uint8_t { leg, open, warm_tick, tick };
    struct event {
        event_kind kind;
        task* subject;
    };
    static constexpr nanoseconds tick{1'000'000'000};

    /// A request between admission and the last of its writes.
    struct active : task_owner {
        workload::block_request request;
        nanoseconds admitted{}, loaded{}, first_token{};
        tokens computed{};
        std::vector<task*> writes; ///< that wait for the first token
        std::uint32_t loading = 0; ///< reads under way, and one while they are being decided
        std::uint32_t writing = 0;
        bool answered = false;
        bool measured = false;
        active* next_free = nullptr;
    };

    // --- what event_loop asks of its host ---

    friend class event_loop<Clock, Crew, event>;

    void io_done(io_op& op) { scheduler_.leg_done(static_cast<task&>(op)); }
    void handle(event e) {
        switch (e.kind) {
        case event_kind::leg:
            return scheduler_.leg_done(*e.subject);
        case event_kind::open:
            warm_ = true;
            return open_once_warm();
        case event_kind::warm_tick:
            if (!measuring_) tell(event_kind::warm_tick);
            return;
        case event_kind::tick:
            return tell(event_kind::tick);
        }
    }

    /// Tells the observer how far it is, and again a second later.
    void tell(event_kind again) {
        const nanoseconds now = loop_.now();
        note_residency();
        const double fraction = static_cast<double>(admitted_) / static_cast<double>(source_.requests());
        measure::progress p =
            again == event_kind::warm_tick
                ? live_.warming_up(recorder_.report, crew_, now - start_, fraction, in_service_, 0)
                : live_.sample(recorder_.report, crew_, now - opened_, recorder_.take_interval_tokens(),
                               in_service_, 0, &stats_.ttft);
        p.fraction = fraction;
        observer_.on_progress(p);
        loop_.at(now + tick, {again, nullptr});
    }

    // --- the run ---

    [[nodiscard]] bool served_out() const {
        return source_.exhausted() && in_service_ == 0 && scheduler_.undone() == 0;
    }

    /// When the next request could be admitted, were it there; never: none is known, or no slot is free.
    [[nodiscard]] nanoseconds next_admission() const {
        if (in_service_ == config_.batch_slots) return accelerator<active>::never;
        const std::optional<nanoseconds> arrival = source_.next_arrival();
        return arrival ? start_ + *arrival : accelerator<active>::never;
    }

    void go_on() {
        lost_.take(tiers_, [&](std::size_t t) {
            retirement sink{*this};
            cache_.retire(t, sink);
        });
        compute();
        while (next_admission() <= loop_.now()) {
            admit();
            compute(); // what takes no time may free the slot at once
        }
    }

    [[nodiscard]] nanoseconds next_instant() const {
        nanoseconds until = accelerator_.next_event() < end_ ? accelerator_.next_event() : end_;
        return next_admission() < until ? next_admission() : until;
    }

    void compute() {
        accelerator_.advance(
            loop_.now(), [&](active& a, nanoseconds when) { return first_token(a, when); },
            [&](active& a, nanoseconds when) { answered(a, when); });
    }

    /// The window opens when the time of the warm-up is over and the last of its requests admitted.
    void open_once_warm() {
        if (!warm_ || measuring_ || admitted_ < config_.warmup_requests) return;
        opened_ = loop_.now();
        usage_.open();
        measuring_ = true;
        window_.open.store(true, std::memory_order_relaxed);
        loop_.at(opened_ + tick, {event_kind::tick, nullptr});
    }

    void close_window() {
        window_.open.store(false, std::memory_order_relaxed);
        if constexpr (requires { crew_.window_closed(); }) crew_.window_closed();
        if (!measuring_) return;
        measuring_ = false;
        recorder_.report.elapsed = loop_.now() - opened_;
        usage_.close(recorder_.report, Clock::is_virtual);
    }

    // --- one request ---

    void admit() {
        active& a = take_active();
        a.request = *source_.next();
        open_once_warm();
        a.measured = admitted_ >= config_.warmup_requests;
        ++in_service_;
        ++admitted_;
        a.admitted = loop_.now();
        a.loading = 1;
        decisions sink{*this, a};
        const cache::block_hits hits =
            cache_.serve({.blocks = a.request.blocks, .arrival = a.request.arrival}, sink);
        const std::uint64_t cached =
            workload::leading_tokens(a.request.input, stats_.block_tokens, hits.prefix);
        // Even a prompt that is cached whole has its last token computed: it yields the first of the answer.
        a.computed = tokens(a.request.input.count > cached ? a.request.input.count - cached : 1);
        if (measuring_) {
            cache::count_request(stats_.counts, a.request, stats_.block_tokens, hits);
            recorder_.report.cache.hits += hits.prefix;
            recorder_.report.cache.misses += a.request.blocks.size() - hits.prefix;
        }
        if (--a.loading == 0) loaded(a);
    }

    void loaded(active& a) {
        a.loaded = loop_.now();
        accelerator_.prefill(a, a.computed, a.loaded);
    }

    [[nodiscard]] tokens first_token(active& a, nanoseconds when) {
        a.first_token = when;
        for (task* t : a.writes) scheduler_.turn(*t);
        a.writes.clear();
        return tokens(a.request.output.count > 1 ? a.request.output.count - 1 : 0);
    }

    void answered(active& a, nanoseconds when) {
        if (a.measured && measuring_) record_answer(a, when);
        --in_service_;
        source_.completed(a.request.id, when - start_);
        a.answered = true;
        put_back_if_over(a);
    }

    // --- decisions ---

    /// What the cache decides becomes operations of the scheduler.
    struct decisions {
        serving& host;
        active& a;

        void read(std::uint32_t block, unsigned tier) {
            task& t = host.task_for(op_kind::read, host.resident_.entry(block), tier);
            t.owner = &a;
            ++a.loading;
            host.count(&cache::replay_counts::tier::read, tier);
            host.scheduler_.decide(t, true);
        }
        void write(std::uint32_t block, unsigned tier) {
            task& t = host.task_for(op_kind::write, host.resident_.entry(block), tier);
            t.owner = &a;
            ++a.writing;
            a.writes.push_back(&t);
            host.count(&cache::replay_counts::tier::written, tier);
            host.scheduler_.decide(t, false);
        }
        void move(std::uint32_t block, unsigned from, unsigned to) {
            task& t = host.task_for(op_kind::move, host.resident_.entry(block), to);
            t.from = static_cast<std::uint8_t>(from);
            host.count(&cache::replay_counts::tier::demoted, to);
            if (host.measuring_) {
                ++host.recorder_.report.tiers[from].evictions;
                ++host.recorder_.report.tiers[to].demotions_in;
            }
            host.scheduler_.decide(t, true);
        }
        void drop(std::uint32_t block, unsigned tier) { host.drop(block, tier); }
    };
    /// The rest of the stack carries on without a tier that is lost.
    struct retirement {
        serving& host;
        void drop(std::uint32_t block, unsigned tier) { host.drop(block, tier); }
    };

    void count(std::uint64_t cache::replay_counts::tier::*what, unsigned tier) {
        stats_.counts.tiers[tier].*what += measuring_;
    }

    void drop(std::uint32_t block, unsigned tier) {
        count(&cache::replay_counts::tier::dropped, tier);
        if (measuring_) ++recorder_.report.tiers[tier].evictions;
        erase(block, tier);
    }
    void erase(std::uint32_t block, unsigned tier) {
        const entry_id e = resident_.entry(block);
        task& t = task_for(op_kind::erase, e, tier);
        resident_.erase_decided(e, cache_.tiers_of(block) == 0);
        scheduler_.decide(t, true);
    }

    /// A block whose bytes never arrived leaves the index.
    void drop_lost(entry_id e, unsigned tier) {
        const std::uint32_t block = resident_.block(e);
        if (!resident_.is_present(e) || (cache_.tiers_of(block) >> tier & 1) == 0) return;
        cache_.forget(block, tier);
        erase(block, tier);
    }

    task& task_for(op_kind kind, entry_id e, unsigned tier) {
        task& t = scheduler_.new_task();
        t.kind = kind;
        t.tier = static_cast<std::uint8_t>(tier);
        t.entry = e;
        t.content = resident_.content(e);
        t.size = config_.block;
        return t;
    }

    active& take_active() {
        if (!free_) {
            active_.emplace_back();
            free_ = &active_.back();
        }
        active& a = *free_;
        free_ = a.next_free;
        a.answered = false;
        return a;
    }
    void put_back_if_over(active& a) {
        if (!a.answered || a.writing != 0) return;
        a.next_free = free_;
        free_ = &a;
    }

    // --- figures ---

    void record(task& t) {
        if (!measuring_ || t.abandoned || t.kind == op_kind::erase) return;
        if (t.error_number.load(std::memory_order_relaxed) != 0) return;
        recorder_.operation(
            t, split_time(t, loop_.now(), t.started.count ? clocks::monotonic_now() : nanoseconds()));
        recorder_.count_modelled(t, tiers_);
    }

    void record_answer(const active& a, nanoseconds when) {
        const nanoseconds arrival = start_ + a.request.arrival;
        ++stats_.completed;
        stats_.ttft.record(a.first_token - arrival);
        stats_.queue.record(a.admitted - arrival);
        stats_.load.record(a.loaded - a.admitted);
        stats_.prefill.record(a.first_token - a.loaded);
        if (a.request.output.count > 1)
            stats_.inter_token.record((when - a.first_token) /
                                      static_cast<std::int64_t>(a.request.output.count - 1));
        recorder_.answered(a.request.output, when - arrival, a.loaded - a.admitted);
    }

    /// What the tiers hold now.
    void note_residency() {
        auto& tiers = recorder_.report.tiers;
        for (std::size_t t = 0; t < tiers.size(); ++t) {
            tiers[t].entries = cache_.blocks_in(t);
            tiers[t].used = config_.block * tiers[t].entries;
        }
    }

    measure::run_report finish() {
        crew_.halt();
        recorder_.collect(crew_, scheduler_.worker());
        auto& report = recorder_.report;
        recorder_.note_tiers(tiers_, config_.run.notes);
        note_residency();
        report.virtual_time = Clock::is_virtual;
        report.seed = config_.run.seed;
        report.serving = stats_;
        return std::move(report);
    }

    const serving_config& config_;
    Stack& tiers_;
    Source& source_;
    Crew& crew_;
    io_window& window_;
    Observer& observer_;
    cache::block_cache<Policy> cache_;
    resident_blocks resident_;
    lost_tiers<Stack> lost_;
    scheduler scheduler_;
    recorder recorder_;
    accelerator<active> accelerator_;
    event_loop<Clock, Crew, event> loop_;
    live_figures live_;
    measure::serving_stats stats_;

    std::deque<active> active_;
    active* free_ = nullptr;
    std::uint64_t in_service_ = 0;
    std::uint64_t admitted_ = 0;
    nanoseconds start_{}, end_{}, opened_{};
    bool warm_ = false; ///< the time of the warm-up is over
    bool measuring_ = false;
    measure::window_usage usage_; ///< of the device under the cache directory, where a tier holds bytes
};

} // namespace kvmark::engine
