// The event loop: drives a source through the cache and the tiers under a clock.
#pragma once

#include <kvmark/engine/backlog.hpp>
#include <kvmark/engine/engine_config.hpp>
#include <kvmark/engine/event_loop.hpp>
#include <kvmark/engine/live_figures.hpp>
#include <kvmark/engine/lost_tiers.hpp>
#include <kvmark/engine/op_scheduler.hpp>
#include <kvmark/engine/preparation.hpp>
#include <kvmark/engine/recorder.hpp>
#include <kvmark/measure/window_usage.hpp>
#include <kvmark/workload/source.hpp>

#include <deque>

namespace kvmark::engine {

/// One run. What hits, what is placed and what falls is decided when a server takes a request, from the index
/// alone; the bytes follow. With steady the loop waits for `Crew`, the executor's hands; with virtual_time it
/// jumps.
template <class Clock, class Stack, class Eviction, class Access, class Source, class Crew, class Observer>
class engine {
public:
    using scheduler = op_scheduler<Stack, engine>;

    engine(const engine_config& config, Stack& tiers, std::vector<cache::tier_bounds> bounds, Access access,
           Source& source, Crew& crew, io_path<Stack>& path, io_window& window, Observer& observer)
        : config_(config), tiers_(tiers), access_(std::move(access)), source_(source), crew_(crew),
          window_(window), observer_(observer), cache_(bounds),
          scheduler_(*this, path, config.io, bounds, config.max_writers), loop_(crew),
          recorder_(config.max_samples, config.per_token),
          scaler_(config.scaling, config.target_saturation, config_.parameters, config.users),
          live_(config.duration), users_(config.users),
          usage_(Stack::all_timed ? std::string() : config.tiers.back().cache_dir) {
        recorder_.name_tiers(tiers_, bounds);
    }

    measure::run_report run() {
        prepare();
        if (!crew_.stop_requested()) measure_window();
        return finish();
    }

    // --- what op_scheduler asks of its host ---

    [[nodiscard]] nanoseconds now() const { return loop_.now(); }
    void at(nanoseconds when, task& t) { loop_.at(when, {event_kind::leg, &t}); }
    void submit(std::uint8_t lane, task& t) { crew_.submit(lane, t); }
    void repeated(task& t) { record(t); }

    void finished(task& t) {
        record(t);
        const int error_number = t.error_number.load(std::memory_order_relaxed);
        const bool failed = error_number != 0;
        lost_.suspect(error_number);
        if (t.kind == op_kind::erase) cache_.release(t.entry);
        if (failed && t.kind != op_kind::erase && t.kind != op_kind::read) drop(t.entry);
        if (!t.owner) return;
        auto& a = static_cast<active_request&>(*t.owner);
        if ((failed || t.abandoned) && t.kind == op_kind::read) {
            count_access(a.counted, t.why, true, ~std::uint64_t{t.times} + 1);
            count_access(a.counted, t.why, false, t.times);
            if (t.why == purpose::system_prompt) a.counted.system_prompt_bytes_saved -= t.size;
        }
        ++a.at;
        step(a);
    }

private:
    enum class event_kind : std::uint8_t { leg, generated, open, warm_tick, tick, scale };
    struct event {
        event_kind kind;
        void* subject;
    };
    static constexpr nanoseconds tick{1'000'000'000};
    /// A source may offer without end (a trace at speedup 0): beyond this, requests wait in the source. Their
    /// latency counts from the intended arrival all the same.
    static constexpr std::uint64_t max_queued = 1'000'000;

    // --- what event_loop asks of its host ---

    friend class event_loop<Clock, Crew, event>;

    void io_done(io_op& op) { scheduler_.leg_done(static_cast<task&>(op)); }
    void handle(event e) {
        switch (e.kind) {
        case event_kind::leg:
            scheduler_.leg_done(*static_cast<task*>(e.subject));
            break;
        case event_kind::generated:
            complete(*static_cast<active_request*>(e.subject));
            break;
        case event_kind::open:
            open_window();
            break;
        case event_kind::warm_tick:
            on_warm_tick();
            break;
        case event_kind::tick:
            on_tick();
            break;
        case event_kind::scale:
            on_scale();
            break;
        }
    }

    // --- before the window ---

    /// Writes what must be there before the clock starts.
    void prepare() {
        const std::vector<prepared_write> writes = preparation_of(source_, config_);
        std::size_t next = 0;
        const nanoseconds begun = loop_.now();
        nanoseconds shown = begun;
        loop_.run(
            *this, [&] { return next == writes.size() && scheduler_.undone() == 0; },
            [&] {
                for (; next < writes.size() && scheduler_.undone() < config_.precondition_writers; ++next)
                    write(writes[next].key, purpose::prefill, writes[next].size, nullptr);
                if (now() - shown < tick) return;
                shown = now();
                const double fraction = static_cast<double>(next) / static_cast<double>(writes.size());
                note_residency();
                observer_.on_progress(live_.preparing(recorder_.report, crew_, shown - begun, fraction));
            },
            [&] { return now() + tick; });
    }

    // --- the window ---

    void measure_window() {
        crew_.for_each_worker([](io_worker& w) { w.reset_counters(); });
        if constexpr (requires { crew_.await_ranks(); }) crew_.await_ranks();
        const nanoseconds load = config_.warmup + config_.duration;
        if constexpr (requires { crew_.await_start(nanoseconds()); })
            crew_.await_start(Clock::is_virtual ? nanoseconds() : load);
        start_ = loop_.now();
        end_ = start_ + load;
        if (config_.warmup.count > 0) {
            loop_.at(start_ + config_.warmup, {event_kind::open, nullptr});
            loop_.at(start_ + tick, {event_kind::warm_tick, nullptr});
        } else {
            open_window();
        }
        pull();
        loop_.run(
            *this, [&] { return now() >= end_ || served_out(); }, [&] { take_arrivals(); },
            [&] { return may_arrive() ? start_ + pending_->arrival : end_; });
        close_window();
    }

    /// From here on it counts: what completes, whenever it began.
    void open_window() {
        opened_ = start_ + config_.warmup;
        usage_.open();
        measuring_ = true;
        window_.open.store(true, std::memory_order_relaxed);
        loop_.at(opened_ + tick, {event_kind::tick, nullptr});
        if (config_.scaling != scaling_mode::off)
            loop_.at(opened_ + autoscaler::interval, {event_kind::scale, nullptr});
    }

    void close_window() {
        window_.open.store(false, std::memory_order_relaxed);
        const nanoseconds closed = now();
        if constexpr (requires { crew_.window_closed(); }) crew_.window_closed();
        if (!std::exchange(measuring_, false)) return;
        recorder_.report.elapsed = (closed < end_ ? closed : end_) - opened_;
        usage_.close(recorder_.report, Clock::is_virtual);
    }

    /// Something arrived, nothing will any more, and all of it is served.
    [[nodiscard]] bool served_out() const {
        return !pending_ && in_service_ == 0 && queued_ == 0 && pulled_ != 0;
    }

    void pull() {
        pending_.reset();
        if (config_.max_requests != 0 && pulled_ == config_.max_requests) return;
        pending_ = source_.next();
        if (pending_) ++pulled_;
    }

    [[nodiscard]] bool may_arrive() const {
        return pending_ && queued_ < max_queued && start_ + pending_->arrival < end_;
    }

    void take_arrivals() {
        lost_.take(tiers_, [&](std::size_t t) { retire(t); });
        while (may_arrive() && start_ + pending_->arrival <= loop_.now()) {
            const auto c = static_cast<std::size_t>(pending_->service);
            if (measuring_) ++recorder_.report.classes[c].arrived;
            ++present_[c];
            queue_[c].push(*pending_);
            ++queued_;
            pull();
        }
        const std::uint64_t servers = users_ < config_.max_servers ? users_ : config_.max_servers;
        while (in_service_ < servers && queued_ != 0) serve();
    }

    /// Takes the first request of the highest class that has one, and decides everything it does to the
    /// cache.
    void serve() {
        std::size_t c = 0;
        while (queue_[c].empty()) ++c;
        active_request& a = take_active();
        a.request = queue_[c].pop();
        --queued_;
        ++in_service_;
        a.admitted = loop_.now();
        admission planner{*this, a};
        access_.plan(a.request, planner);
        step(a);
    }

    void step(active_request& a) {
        if (a.at < a.steps.size()) return scheduler_.turn(*a.steps[a.at]);
        a.storage_done = loop_.now();
        const nanoseconds generation =
            config_.generation_per_token * static_cast<std::int64_t>(a.request.output.count);
        loop_.at(a.storage_done + generation, {event_kind::generated, &a});
    }

    void complete(active_request& a) {
        if (measuring_) {
            recorder_.completed(a, start_ + a.request.arrival, loop_.now());
            scale_tokens_ += a.request.output;
        }
        --in_service_;
        --present_[static_cast<std::size_t>(a.request.service)];
        a.next_free = free_;
        free_ = &a;
    }

    // --- decisions ---

    /// The planner that an access model sees.
    struct admission {
        engine& host;
        active_request& a;

        bool contains(workload::object_key key) { return host.cache_.find(key.packed) != cache::no_entry; }
        bool read(workload::object_key key, purpose why, std::uint32_t times) {
            return host.read(key, why, times, a);
        }
        bool write(workload::object_key key, purpose why, tokens size) {
            return host.write(key, why, size, &a);
        }
    };

    bool read(workload::object_key key, purpose why, std::uint32_t times, active_request& a) {
        const cache::entry_id e = cache_.find(key.packed);
        const bool hit = e != cache::no_entry;
        count_access(a.counted, why, hit, hit ? times : 1);
        if (!hit) return false;
        cache_.touch(e);
        task& t = task_for(op_kind::read, e, cache_[e].tier);
        t.why = why;
        t.times = times;
        if (why == purpose::system_prompt) a.counted.system_prompt_bytes_saved += t.size;
        plan_step(t, a);
        return true;
    }

    bool write(workload::object_key key, purpose why, tokens size, active_request* a) {
        displaced_.clear();
        const cache::entry_id e = cache_.place(key.packed, entry_size(config_, size), displaced_);
        for (const cache::displacement& d : displaced_) displace(d);
        if (e == cache::no_entry) {
            if (a) ++a->counted.not_placed;
            return false;
        }
        task& t = task_for(op_kind::write, e, cache_[e].tier);
        t.why = why;
        if (a) {
            ++a->counted.prefill_writes;
            plan_step(t, *a);
        } else {
            decide_background(t);
        }
        return true;
    }

    void displace(const cache::displacement& d) {
        if (measuring_) {
            ++recorder_.report.tiers[d.from].evictions;
            if (d.to != cache::displacement::dropped) ++recorder_.report.tiers[d.to].demotions_in;
        }
        const bool dropped = d.to == cache::displacement::dropped;
        task& t = task_for(dropped ? op_kind::erase : op_kind::move, d.entry, dropped ? d.from : d.to);
        t.from = d.from;
        decide_background(t);
    }

    /// The rest of the stack carries on without a tier that is lost.
    KVMARK_COLD void retire(std::size_t t) {
        displaced_.clear();
        cache_.retire(t, displaced_);
        for (const cache::displacement& d : displaced_) displace(d);
    }

    /// An entry whose bytes never arrived leaves the index.
    void drop(cache::entry_id e) {
        if (!cache_[e].in_cache) return;
        const std::uint8_t tier = cache_[e].tier;
        cache_.forget(e);
        decide_background(task_for(op_kind::erase, e, tier));
    }

    task& task_for(op_kind kind, cache::entry_id e, std::uint8_t tier) {
        task& t = scheduler_.new_task();
        t.kind = kind;
        t.tier = tier;
        t.entry = e;
        t.content = {cache_[e].key, cache_[e].generation};
        t.size = cache_[e].size;
        return t;
    }
    void decide_background(task& t) { scheduler_.decide(t, true); }
    void plan_step(task& t, active_request& a) {
        t.owner = &a;
        a.steps.push_back(&t);
        scheduler_.decide(t, false);
    }

    active_request& take_active() {
        if (!free_) {
            active_.emplace_back();
            free_ = &active_.back();
        }
        active_request& a = *free_;
        free_ = a.next_free;
        a.steps.clear();
        a.at = 0;
        a.prefill_time = a.decode_time = {};
        a.counted = {};
        return a;
    }

    // --- figures ---

    void record(task& t) {
        if (t.abandoned || t.kind == op_kind::erase || (!measuring_ && !t.owner)) return;
        if (t.error_number.load(std::memory_order_relaxed) != 0) return;
        const time_split s =
            split_time(t, loop_.now(), t.started.count ? clocks::monotonic_now() : nanoseconds());
        if (auto* a = static_cast<active_request*>(t.owner)) {
            if (t.why == purpose::decode) a->decode_time += s.total;
            if (t.why == purpose::prefill) a->prefill_time += s.total;
        }
        if (!measuring_) return;
        recorder_.operation(t, s);
        recorder_.count_modelled(t, tiers_);
        observe_io(t);
    }

    void observe_io(const task& t) {
        if constexpr (requires(Observer o) {
                          o.on_io(nanoseconds(), true, bytes(), tier::tier_role::cpu, workload::object_key(),
                                  "");
                      }) {
            workload::object_key key;
            key.packed = t.content.key;
            const auto& tiers = recorder_.report.tiers;
            const bool evicts = t.kind == op_kind::move;
            const char* phase = evicts ? "Evict" : t.kind == op_kind::write ? "Prefill" : "Decode";
            const nanoseconds when = loop_.now() - opened_;
            if (evicts) observer_.on_io(when, false, t.size, tiers[t.from].role, key, phase);
            observer_.on_io(when, t.kind != op_kind::read, t.size, tiers[t.tier].role, key, phase);
        }
    }

    void on_warm_tick() {
        if (measuring_) return;
        const nanoseconds elapsed = loop_.now() - start_;
        const double fraction = to_seconds(elapsed) / to_seconds(config_.warmup);
        note_residency();
        observer_.on_progress(live_.warming_up(recorder_.report, crew_, elapsed, fraction, users_, queued_));
        loop_.at(loop_.now() + tick, {event_kind::warm_tick, nullptr});
    }

    void on_tick() {
        const nanoseconds now = loop_.now();
        note_residency();
        observer_.on_progress(live_.sample(recorder_.report, crew_, now - opened_,
                                           recorder_.take_interval_tokens(), users_, queued_));
        loop_.at(now + tick, {event_kind::tick, nullptr});
    }

    void on_scale() {
        if constexpr (workload::scalable_source<Source>) {
            const nanoseconds now = loop_.now();
            const double rate = static_cast<double>(scale_tokens_.count) / to_seconds(autoscaler::interval);
            const double p95 = recorder_.take_read_p95_ms();
            scale_tokens_ = {};
            const scaling_decision d = scaler_.sample(p95, rate);
            if (d.users != users_) source_.set_users(d.users, now - start_);
            users_ = d.users;
            if (!pending_) pull();
            if (users_ > recorder_.report.peak_users) recorder_.report.peak_users = users_;
            recorder_.report.autoscaling.push_back(
                {now - opened_, users_, d.saturation, p95, rate, std::string(d.action)});
            loop_.at(now + autoscaler::interval, {event_kind::scale, nullptr});
        }
    }

    /// What the tiers hold now.
    void note_residency() {
        auto& tiers = recorder_.report.tiers;
        for (std::size_t t = 0; t < tiers.size(); ++t) {
            tiers[t].used = cache_.used(t);
            tiers[t].entries = cache_.entries_in(t);
        }
    }

    /// Stops the hands, whatever is under way, and takes the sums.
    measure::run_report finish() {
        crew_.halt();
        auto& report = recorder_.report;
        recorder_.collect(crew_, scheduler_.worker());
        recorder_.note_tiers(tiers_, config_.notes);
        note_residency();
        for (std::size_t c = 0; c < queue_.size(); ++c) {
            report.classes[c].queued = queue_[c].size();
            report.classes[c].in_service = present_[c] - report.classes[c].queued;
        }
        report.virtual_time = Clock::is_virtual;
        report.seed = config_.seed;
        if (report.peak_users < config_.users) report.peak_users = config_.users;
        return std::move(report);
    }

    const engine_config& config_;
    Stack& tiers_;
    Access access_;
    Source& source_;
    Crew& crew_;
    io_window& window_;
    Observer& observer_;
    cache::waterfall<Eviction> cache_;
    scheduler scheduler_;
    event_loop<Clock, Crew, event> loop_;
    recorder recorder_;
    autoscaler scaler_;
    live_figures live_;

    std::array<backlog, 3> queue_; ///< by class, highest first
    std::optional<workload::request> pending_;
    std::deque<active_request> active_;
    active_request* free_ = nullptr;
    std::vector<cache::displacement> displaced_;
    lost_tiers<Stack> lost_;
    std::uint64_t users_;
    std::uint64_t pulled_ = 0;
    std::uint64_t queued_ = 0;
    std::uint64_t in_service_ = 0;
    tokens scale_tokens_{};
    std::array<std::uint64_t, 3> present_{}; ///< arrived and not completed, by class
    nanoseconds start_{};                    ///< of the load
    nanoseconds opened_{}, end_{};           ///< of the window
    bool measuring_ = false;
    measure::window_usage usage_; ///< of the device under the cache directory, where a tier holds bytes
};

} // namespace kvmark::engine
