// The composition: no policies, any order of policies, and policies of one's own.
#include <kvmark/kvmark.hpp>

#include "support/catch.hpp"
#include "support/temporary_directory.hpp"
#include "support/toy_model.hpp"

#include <algorithm>
#include <unordered_map>

using namespace kvmark;

namespace {

options small_run(const std::string& cache_dir = {}) {
    return {.model = test::toy_model,
            .num_users = 10,
            .cache_dir = cache_dir,
            .duration = 1,
            .cpu_mem_gb = 0.05,
            .generation_mode = generation_mode::none,
            .seed = 42,
            .storage_capacity_gb = 0.1};
}

/// Entries in a map of vectors.
class map_tier {
public:
    static constexpr std::string_view name = "map";
    static constexpr tier::tier_role role = tier::tier_role::storage;
    static inline int opened = 0;

    result<void> open(const tier::tier_setup& setup) {
        ++opened;
        if (setup.limit == from_gib(0.2)) return error{error_kind::system, "the map is closed"};
        return {};
    }
    tier::io_status create(tier::entry_id e, bytes size) {
        held_[e].resize(size.count);
        return {};
    }
    tier::io_status write(tier::entry_id e, bytes at, std::span<const std::byte> from) {
        std::copy(from.begin(), from.end(), held_[e].begin() + static_cast<std::ptrdiff_t>(at.count));
        return {};
    }
    tier::io_status read(tier::entry_id e, bytes at, std::span<std::byte> into) {
        std::copy_n(held_[e].begin() + static_cast<std::ptrdiff_t>(at.count), into.size(), into.begin());
        return {};
    }
    tier::io_status erase(tier::entry_id e) {
        held_.erase(e);
        return {};
    }
    [[nodiscard]] bytes capacity(const tier::tier_setup&) const { return from_gib(0.2); }
    [[nodiscard]] std::string note() const { return "a map"; }

private:
    std::unordered_map<tier::entry_id, std::vector<std::byte>> held_;
};

/// Last in, first out: the opposite of LRU.
class newest_first {
public:
    static inline std::uint64_t asked = 0;
    void insert(cache::entry_id e) { order_.push_back(e); }
    void touch(cache::entry_id) {}
    void remove(cache::entry_id e) { std::erase(order_, e); }
    cache::entry_id victim() {
        ++asked;
        return order_.empty() ? cache::no_entry : order_.back();
    }

private:
    std::vector<cache::entry_id> order_;
};

/// A hundred requests, ten a second, built from the run's configuration.
class metronome {
public:
    static inline std::uint64_t seed = 0;
    explicit metronome(const workload::source_config& c) { seed = c.seed; }
    std::optional<workload::request> next() {
        if (id_ == 100) return std::nullopt;
        workload::request r{.id = id_, .input = tokens(64), .output = tokens(32)};
        r.arrival = from_seconds(0.1 * static_cast<double>(id_++));
        return r;
    }

private:
    std::uint64_t id_ = 0;
};

/// Writes each request's entry and reads it once.
struct write_and_read {
    template <class Planner>
    void plan(const workload::request& r, Planner& p) const {
        p.write(r.key(), engine::purpose::prefill, r.input);
        p.read(r.key(), engine::purpose::decode, 1);
    }
};

/// Virtual time of which only whole microseconds pass.
class coarse_clock {
public:
    static constexpr bool is_virtual = true;
    [[nodiscard]] nanoseconds now() const { return now_; }
    void advance_to(nanoseconds t) {
        const nanoseconds rounded((t.count + 999) / 1000 * 1000);
        if (rounded > now_) now_ = rounded;
    }

private:
    nanoseconds now_{};
};

struct slurm_like {
    static constexpr std::string_view name = "launch-it";
    static constexpr bool starts_ranks = true;
    KVMARK_INLINE static constexpr void
    write_prefix(launch::text_writer& writer, const launch::launcher_request&, const launch::host_plan&) {
        writer.argument(name);
        writer.argument("--ranks");
    }
};

struct watcher {
    std::vector<measure::progress> seen;
    std::uint64_t ios = 0;
    void on_progress(const measure::progress& p) { seen.push_back(p); }
    void on_io(nanoseconds, bool, bytes, tier::tier_role, workload::object_key, const char*) { ++ios; }
};

using tier::tier_role;
using timed = tier::stack<tier::modelled<tier_role::cpu>, tier::modelled<>>;

} // namespace

TEST_CASE("a benchmark without policies runs on host memory and files") {
    test::temporary_directory directory;
    benchmark<> bench(small_run(directory / "cache"));
    CHECK(bench.validate().empty());
    const auto report = bench.run();
    REQUIRE(report.has_value());
    CHECK(report->requests_completed > 0);
    CHECK(report->clean());
    CHECK(report->elapsed == from_seconds(1));
    CHECK(report->seed == 42);
    REQUIRE(report->tiers.size() == 2);
    CHECK(report->tiers[0].name == "host");
    CHECK(report->tiers[1].name == "direct_file");
    CHECK(report->tiers[0].limit == from_gib(0.05));
    CHECK(report->tiers[0].write.moved > bytes(0));
    CHECK(test::files_below(directory.path()).empty());
}

TEST_CASE("policies of one's own come in any order, and each takes its place") {
    using forward = benchmark<exec::serial, launch::none, timed, clocks::virtual_time, newest_first,
                              metronome, write_and_read>;
    using backward =
        benchmark<exec::serial, launch::none, timed, write_and_read, metronome, newest_first, coarse_clock>;
    options o = small_run();
    o.duration = 60;
    o.cpu_mem_gb = 0.0001; // six entries of 16 KiB at most
    o.storage_capacity_gb = 0.0002;
    newest_first::asked = 0;
    const auto first = forward(o).run();
    REQUIRE(first.has_value());
    CHECK(newest_first::asked > 0);
    CHECK(metronome::seed == 42);
    CHECK(first->virtual_time);
    CHECK(first->requests_completed == 100);
    CHECK(first->cache.prefill_writes == 100);
    CHECK(first->cache.hits == 100);
    CHECK(first->tiers[0].evictions > 0);
    CHECK(first->elapsed.count % 1000 != 0);
    const auto second = backward(o).run();
    REQUIRE(second.has_value());
    CHECK(second->elapsed.count % 1000 == 0); // the coarse clock's
    CHECK(second->requests_completed == 100);
    CHECK(second->tiers[1].evictions == first->tiers[1].evictions);
}

TEST_CASE("a tier of one's own is measured, verified and reported with its note and its capacity") {
    options o = small_run();
    o.storage_capacity_gb = 5;
    using bench = benchmark<exec::serial, launch::none, tier::stack<tier::host, map_tier>>;
    const auto refused = bench(o).run();
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().message == "the map is closed"); // 5 GiB lowered to its 0.2
    o.storage_capacity_gb = 0.1;
    const auto report = bench(o).run();
    REQUIRE(report.has_value());
    CHECK(report->clean());
    CHECK(report->tiers[1].note == "a map");
    CHECK(report->requests_completed > 0);
}

TEST_CASE("everything wrong with the options is said at once, and no tier is opened") {
    options o = small_run("/etc/x");
    o.num_users = 0;
    o.duration = -1;
    map_tier::opened = 0;
    benchmark<exec::serial, launch::none, tier::stack<tier::host, map_tier>> bench(o);
    CHECK(bench.validate().size() == 3);
    const auto refused = bench.run();
    REQUIRE_FALSE(refused.has_value());
    CHECK(std::count(refused.error().message.begin(), refused.error().message.end(), '\n') == 2);
    CHECK(map_tier::opened == 0);
}

TEST_CASE("a launcher of one's own opens the command of an executor that uses one") {
    options o = small_run();
    o.hosts = {"a", "b"};
    const argv line = benchmark<exec::mpi, slurm_like>(o).build_command();
    REQUIRE(line.size() > 3);
    CHECK(*line.begin() == "launch-it");
    const argv alone = benchmark<exec::serial, slurm_like>(o).build_command();
    CHECK(*alone.begin() == "kvmark");
}

TEST_CASE("an observer sees the run go by, second for second, and every operation") {
    options o = small_run();
    o.duration = 10;
    watcher seen;
    benchmark<exec::serial, launch::none, timed, clocks::virtual_time> bench(o);
    const auto report = bench.run(seen);
    REQUIRE(report.has_value());
    REQUIRE(seen.seen.size() >= 9);
    CHECK(seen.seen[4].stage == "running");
    CHECK(seen.seen[4].elapsed == from_seconds(5));
    CHECK(seen.seen[4].fraction == Approx(0.5));
    CHECK(seen.seen[4].users == 10);
    CHECK(seen.seen[4].tiers.size() == 2);
    CHECK(seen.seen.back().completed > seen.seen.front().completed);
    std::uint64_t operations = 0;
    for (const auto& t : report->tiers) operations += t.read.operations + t.write.operations;
    std::uint64_t demotions = 0;
    for (const auto& t : report->tiers) demotions += t.demotions_in;
    CHECK(seen.ios >= operations);
    CHECK(seen.ios <= operations + demotions);
}

TEST_CASE("without a seed two runs differ, and each says its own") {
    options o = small_run();
    o.seed.reset();
    watcher seen;
    using bench = benchmark<exec::serial, launch::none, timed, clocks::virtual_time>;
    const auto first = bench(o).run(seen), second = bench(o).run(seen);
    REQUIRE(first.has_value());
    REQUIRE(second.has_value());
    CHECK(first->seed != second->seed);
}
