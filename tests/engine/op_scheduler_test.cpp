// The order of operations, under random decisions, random interleavings and failing tiers.
#include <kvmark/cache/lru.hpp>
#include <kvmark/engine/op_scheduler.hpp>
#include <kvmark/engine/recorder.hpp>
#include <kvmark/tier/host.hpp>
#include <kvmark/tier/modelled.hpp>

#include "support/catch.hpp"

#include <cerrno>
#include <deque>
#include <unordered_map>

using namespace kvmark;
using namespace kvmark::engine;
using tier::io_status;

namespace {

constexpr bytes chunk{8192};

/// What the tiers and the host of one schedule share.
struct watch {
    std::vector<int> reading, changing; ///< by entry: operations whose present leg is under way
    std::vector<std::string> faults;    ///< rules that were broken
    random_stream draw{0};
    double failing = 0; ///< the chance that a create or a write fails

    void require(bool holds, const char* rule) {
        if (!holds) faults.emplace_back(rule);
    }
    bool fails() { return failing > 0 && draw.chance(failing); }
};

struct watched_config {
    watch* shared = nullptr;
};

/// Entries in vectors, by a tier that knows what must never be asked of it.
template <bool Instant>
class watched {
public:
    static constexpr std::string_view name = "watched";
    static constexpr tier::tier_role role = tier::tier_role::storage;
    static constexpr bool instant_metadata = Instant;
    using config = watched_config;

    watched() = default;
    explicit watched(config c) : watch_(c.shared) {}

    result<void> open(const tier::tier_setup& setup) {
        limit_ = setup.limit;
        return {};
    }
    io_status create(entry_id e, bytes size) {
        alone(e);
        watch_->require(!held_.contains(e), "an entry is created once");
        if (watch_->fails()) return {ENOSPC};
        held_[e].resize(size.count);
        taken_ += size;
        watch_->require(taken_ <= limit_, "a tier never holds more than its limit");
        return {};
    }
    io_status write(entry_id e, bytes offset, std::span<const std::byte> from) {
        if (watch_->fails()) return {EIO};
        auto& content = held_[e];
        watch_->require(offset.count + from.size() <= content.size(), "a write lies within its entry");
        std::copy(from.begin(), from.end(), content.begin() + static_cast<std::ptrdiff_t>(offset.count));
        return {};
    }
    io_status read(entry_id e, bytes offset, std::span<std::byte> into) {
        const auto& content = held_[e];
        watch_->require(offset.count + into.size() <= content.size(), "a read lies within its entry");
        if (offset.count + into.size() <= content.size())
            std::copy_n(content.begin() + static_cast<std::ptrdiff_t>(offset.count), into.size(),
                        into.begin());
        return {};
    }
    io_status commit(entry_id e) {
        watch_->require(watch_->failing > 0 || held_.contains(e), "what is committed was written");
        return {};
    }
    io_status erase(entry_id e) {
        alone(e);
        watch_->require(watch_->failing > 0 || held_.contains(e), "what is erased is there");
        if (held_.contains(e)) taken_ -= bytes(held_[e].size());
        held_.erase(e);
        return {};
    }
    [[nodiscard]] std::size_t entries() const { return held_.size(); }
    [[nodiscard]] bytes taken() const { return taken_; }

private:
    /// create and erase never overlap another call for their entry.
    void alone(entry_id e) {
        watch_->require(e >= watch_->reading.size() || watch_->reading[e] == 0,
                        "no read while an entry is changed");
    }

    watch* watch_ = nullptr;
    bytes limit_{}, taken_{};
    std::unordered_map<entry_id, std::vector<std::byte>> held_;
};

struct schedule {
    std::uint64_t seed = 0;
    std::uint64_t rounds = 10; ///< schedules one after the other, each on the cache that the one before left
    std::uint64_t requests = 20;
    std::uint64_t keys = 24;
    std::uint64_t max_writers = 0;
    double failing = 0;
    std::vector<cache::tier_bounds> bounds{};
};

/// An engine whose hands move units of whichever operation chance names, and whose requests arrive by chance.
template <class Stack>
class random_host {
public:
    explicit random_host(const schedule& s)
        : schedule_(s), draw_(s.seed, 1), tiers_(configs(watch_)), path_(tiers_, settings, window_),
          worker_(settings, Stack::size), cache_(s.bounds),
          scheduler_(*this, path_, settings, s.bounds, s.max_writers) {
        watch_.draw = random_stream(s.seed, 2);
        watch_.failing = s.failing;
        tiers_.for_each([&](std::size_t i, auto& t) {
            watch_.require(t.open({.limit = s.bounds[i].limit, .io_chunk = chunk}).has_value(),
                           "a tier opens");
        });
    }

    /// Everything that went wrong.
    std::vector<std::string> run() {
        for (std::uint64_t round = 0; round < schedule_.rounds && watch_.faults.empty(); ++round) run_round();
        return watch_.faults;
    }

    [[nodiscard]] std::uint64_t failed_reads() const { return failed_reads_; }
    [[nodiscard]] std::uint64_t displacements() const { return displacements_; }

    // What the scheduler asks of its host.
    [[nodiscard]] nanoseconds now() const { return nanoseconds(now_); }
    void at(nanoseconds, task& t) {
        begin(t);
        timers_.push_back(&t);
    }
    void submit(std::uint8_t lane, task& t) {
        watch_.require(lane < Stack::size, "a lane is a tier");
        begin(t);
        ready_.push_back({&t, 0});
    }
    void repeated(task& t) { watch_.require(t.kind == op_kind::read, "reads alone are repeated"); }
    void finished(task& t) {
        const bool failed = t.error_number.load() != 0;
        watch_.require(!failed || schedule_.failing > 0, "nothing fails by itself");
        if (t.kind == op_kind::erase) cache_.release(t.entry);
        if (failed && (t.kind == op_kind::write || t.kind == op_kind::move)) drop(t.entry);
        failed_reads_ += t.kind == op_kind::read && (failed || t.abandoned);
        if (t.owner) next_step(static_cast<active_request&>(*t.owner));
    }

private:
    static constexpr io_settings settings{.chunk = chunk, .salt = 99};
    struct running {
        task* t;
        std::uint32_t unit;
    };

    template <class... T>
    static std::tuple<T...> configs_from(watch& w, std::tuple<T...> all) {
        const auto fill = [&]<class C>(C& c) {
            if constexpr (std::is_same_v<C, watched_config>) c.shared = &w;
        };
        std::apply([&](auto&... c) { (fill(c), ...); }, all);
        return all;
    }
    static typename Stack::configs configs(watch& w) { return configs_from(w, typename Stack::configs{}); }

    void run_round() {
        for (std::uint64_t arrived = 0; arrived < schedule_.requests || scheduler_.undone() > 0;) {
            const bool idle = ready_.empty() && timers_.empty();
            if (arrived < schedule_.requests && (idle || draw_.chance(0.3))) {
                ++arrived;
                admit();
            } else if (idle) {
                return watch_.require(false, "a deadlock: operations wait for each other");
            } else {
                move_on();
            }
        }
        settle();
    }

    // --- decisions, as the engine takes them

    void admit() {
        active_request& a = requests_.emplace_back();
        const std::uint64_t steps = draw_.uniform_int(1, 4);
        for (std::uint64_t i = 0; i < steps; ++i) {
            const std::uint64_t key = draw_.uniform_int(1, schedule_.keys);
            const entry_id e = cache_.find(key);
            if (e == cache::no_entry)
                write(key, a);
            else
                read(e, a);
        }
        next_step(a);
    }
    void read(entry_id e, active_request& a) {
        cache_.touch(e);
        task& t = task_for(op_kind::read, e, cache_[e].tier);
        t.times = static_cast<std::uint32_t>(draw_.uniform_int(1, 3));
        plan(t, a);
    }
    void write(std::uint64_t key, active_request& a) {
        std::vector<cache::displacement> moved;
        const bytes size = tier::sector_size * draw_.uniform_int(1, 9);
        const entry_id e = cache_.place(key, size, moved);
        for (const cache::displacement& d : moved) {
            ++displacements_;
            const bool drops = d.to == cache::displacement::dropped;
            task& t = task_for(drops ? op_kind::erase : op_kind::move, d.entry, drops ? d.from : d.to);
            t.from = d.from;
            scheduler_.decide(t, true);
        }
        if (e != cache::no_entry) plan(task_for(op_kind::write, e, cache_[e].tier), a);
    }
    void drop(entry_id e) {
        if (!cache_[e].in_cache) return;
        const std::uint8_t tier = cache_[e].tier;
        cache_.forget(e);
        scheduler_.decide(task_for(op_kind::erase, e, tier), true);
    }
    task& task_for(op_kind kind, entry_id e, std::uint8_t tier) {
        task& t = scheduler_.new_task();
        t.kind = kind;
        t.tier = tier;
        t.entry = e;
        t.content = {cache_[e].key, cache_[e].generation};
        t.size = cache_[e].size;
        return t;
    }
    void plan(task& t, active_request& a) {
        t.owner = &a;
        a.steps.push_back(&t);
        scheduler_.decide(t, false);
    }
    void next_step(active_request& a) {
        if (a.at < a.steps.size()) scheduler_.turn(*a.steps[a.at++]);
    }

    // --- hands

    void begin(task& t) {
        if (t.entry >= watch_.reading.size()) {
            watch_.reading.resize(t.entry + 1);
            watch_.changing.resize(t.entry + 1);
        }
        watch_.require(watch_.changing[t.entry] == 0, "nothing beside an operation that changes an entry");
        if (t.exclusive()) watch_.require(watch_.reading[t.entry] == 0, "no change while an entry is read");
        ++(t.exclusive() ? watch_.changing : watch_.reading)[t.entry];
        if (counts_as_writer(t))
            watch_.require(++writers_ <= schedule_.max_writers || schedule_.max_writers == 0,
                           "no more writers than allowed");
    }
    static bool counts_as_writer(const task& t) { return t.kind == op_kind::write && t.owner; }
    void end(task& t) {
        if (counts_as_writer(t)) --writers_;
        --(t.exclusive() ? watch_.changing : watch_.reading)[t.entry];
        scheduler_.leg_done(t);
    }
    void move_on() {
        ++now_;
        const std::uint64_t which = draw_.uniform_int(0, ready_.size() + timers_.size() - 1);
        if (which >= ready_.size()) {
            const auto at = timers_.begin() + static_cast<std::ptrdiff_t>(which - ready_.size());
            task& t = **at;
            timers_.erase(at);
            return end(t);
        }
        running& r = ready_[which];
        path_.perform(*r.t, r.unit++, worker_);
        if (r.unit < r.t->units) return;
        task& t = *r.t;
        ready_.erase(ready_.begin() + static_cast<std::ptrdiff_t>(which));
        end(t);
    }

    /// With nothing under way, the tiers hold what the index says, byte for byte.
    void settle() {
        for (const active_request& a : requests_)
            watch_.require(a.at == a.steps.size(), "every request ends");
        for (std::uint64_t key = 1; key <= schedule_.keys; ++key) {
            const entry_id e = cache_.find(key);
            if (e == cache::no_entry) continue;
            io_op op;
            op.kind = op_kind::read;
            op.tier = cache_[e].tier;
            op.entry = e;
            op.content = {cache_[e].key, cache_[e].generation};
            op.size = cache_[e].size;
            for (std::uint32_t unit = 0; unit < path_.units_of(op.size); ++unit)
                path_.perform(op, unit, worker_);
            watch_.require(op.error_number == 0, "what the index holds can be read");
        }
        watch_.require(worker_.corrupt_sectors == 0, "every read finds what was written last");
        watch_.require(schedule_.failing > 0 || scheduler_.worker().failed_units + worker_.failed_units == 0,
                       "no call fails");
        tiers_.for_each([&]<class T>(std::size_t i, T& t) {
            if constexpr (requires { t.taken(); }) {
                watch_.require(t.entries() == cache_.entries_in(i),
                               "a tier holds the entries that the index says");
                watch_.require(t.taken() == cache_.used(i), "a tier holds the bytes that the index says");
            }
        });
    }

    schedule schedule_;
    random_stream draw_;
    watch watch_;
    Stack tiers_;
    io_window window_;
    io_path<Stack> path_;
    io_worker worker_;
    cache::waterfall<cache::lru> cache_;
    op_scheduler<Stack, random_host> scheduler_;
    std::deque<active_request> requests_;
    std::vector<running> ready_;
    std::vector<task*> timers_;
    std::uint64_t writers_ = 0;
    std::int64_t now_ = 0;
    std::uint64_t failed_reads_ = 0;
    std::uint64_t displacements_ = 0;
};

cache::tier_bounds bounds_of(std::uint64_t sectors, bool last, bytes granule = tier::sector_size) {
    return {.limit = tier::sector_size * sectors,
            .granule = granule,
            .target = last ? 1.0 : 0.8,
            .largest = last ? 1.0 : 0.95};
}

struct totals {
    std::uint64_t failed_reads = 0;
    std::uint64_t displacements = 0;
};

/// Runs `count` schedules, ten to a seed, with 0 to 3 writers.
template <class Stack>
totals run_schedules(schedule s, std::uint64_t count) {
    totals sum;
    for (s.seed = 0; s.seed < count / s.rounds; ++s.seed) {
        s.max_writers = s.seed % 4;
        random_host<Stack> host(s);
        const auto faults = host.run();
        if (!faults.empty()) {
            FAIL_CHECK("seed " << s.seed << ": " << faults.size()
                               << " faults, the first: " << faults.front());
            break;
        }
        sum.failed_reads += host.failed_reads();
        sum.displacements += host.displacements();
    }
    return sum;
}

} // namespace

TEST_CASE("ten thousand random schedules: what is read is what was written, and all of it ends") {
    using stack = tier::stack<watched<true>, watched<false>, watched<false>>;
    const totals sum = run_schedules<stack>(
        {.bounds = {bounds_of(30, false), bounds_of(40, false), bounds_of(60, true)}}, 10'000);
    CHECK(sum.displacements > 30'000);
    CHECK(sum.failed_reads == 0);
}

TEST_CASE("random schedules over a single tier that is always full") {
    using stack = tier::stack<watched<false>>;
    CHECK(run_schedules<stack>({.bounds = {bounds_of(12, true)}}, 1'000).displacements > 5'000);
}

TEST_CASE("random schedules over modelled, host and watched tiers") {
    using stack = tier::stack<tier::modelled<tier::tier_role::gpu>, tier::host, watched<false>>;
    const schedule s{
        .bounds = {bounds_of(40, false), bounds_of(512, false, tier::host::page_size), bounds_of(60, true)}};
    CHECK(run_schedules<stack>(s, 300).displacements > 500);
}

TEST_CASE("random schedules over a modelled tier below one that holds bytes") {
    using stack = tier::stack<watched<true>, tier::modelled<>>;
    CHECK(run_schedules<stack>({.bounds = {bounds_of(30, false), bounds_of(60, true)}}, 500).displacements >
          1'000);
}

TEST_CASE("writes that fail: their entries leave, no room leaks, nothing is read that was not written") {
    using stack = tier::stack<watched<true>, watched<false>, watched<false>>;
    const schedule s{.failing = 0.05,
                     .bounds = {bounds_of(30, false), bounds_of(40, false), bounds_of(60, true)}};
    CHECK(run_schedules<stack>(s, 3'000).failed_reads > 100);
}
