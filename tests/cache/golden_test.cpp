// Every policy against hit counts that were computed elsewhere, as integers: those of ../shared/golden on a
// real trace, and those of a plain model in Python on the made-up sample of tests/data.
#include <kvmark/cache/policy_names.hpp>
#include <kvmark/cache/replay.hpp>

#include "support/catch.hpp"
#include "support/mooncake.hpp"

#include <boost/json.hpp>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>

using namespace kvmark;
using namespace kvmark::cache;

namespace {

/// What the golden files call the policies.
const std::map<std::string, std::string, std::less<>> names_in_csv{{"LRU-fwd", "lru"},
                                                                   {"FIFO", "fifo"},
                                                                   {"CLOCK", "clock"},
                                                                   {"S3-FIFO", "s3fifo"},
                                                                   {"SLRU80", "slru"},
                                                                   {"ARC", "arc"},
                                                                   {"LFU", "lfu"},
                                                                   {"Belady-MIN", "belady"},
                                                                   {"SIEVE", "sieve"},
                                                                   {"length-aware", "length-aware"},
                                                                   {"belady-bypass", "belady-bypass"}};
const std::map<std::string, std::string, std::less<>> names_in_json{
    {"fifo", "fifo"}, {"lru", "lru-leaf"}, {"optimal", "belady-leaf"}};

/// A trace and the files of what it must come to; the sample of tests/data where shared/ is not there.
struct golden {
    workload::block_trace trace;
    std::string block_hits, prefix_hits;

    static std::optional<golden> shared() {
        auto trace = test::read_mooncake(KVMARK_SHARED_DIR "/traces/mooncake_conversation.jsonl");
        if (!trace) return std::nullopt;
        return golden{*trace, KVMARK_SHARED_DIR "/golden/block_hits_conversation.csv",
                      KVMARK_SHARED_DIR "/golden/prefix_hits_conversation.json"};
    }
    static golden sample() {
        return {test::read_mooncake(KVMARK_TEST_DATA_DIR "/mooncake_sample.jsonl").value(),
                KVMARK_TEST_DATA_DIR "/block_hits_sample.csv",
                KVMARK_TEST_DATA_DIR "/prefix_hits_sample.json"};
    }
    /// A line on the terminal for each row where KVMARK_PRINT_GOLDEN is set.
    static void print(std::string_view policy, std::uint64_t capacity, std::uint64_t given,
                      std::uint64_t ours) {
        if (std::getenv("KVMARK_PRINT_GOLDEN") != nullptr)
            std::printf("| %.*s | %llu | %llu | %llu | %s |\n", static_cast<int>(policy.size()),
                        policy.data(), static_cast<unsigned long long>(capacity),
                        static_cast<unsigned long long>(given), static_cast<unsigned long long>(ours),
                        given == ours ? "equal" : "DIFFERS");
    }
};

replay_counts counts_of(const std::string& policy, const workload::block_trace& trace, std::uint64_t capacity,
                        std::uint64_t warmup = 0) {
    replay_counts counts;
    const bool known = with_policy(policy, [&]<class P>(std::type_identity<P>) {
        const auto uses = next_uses(trace, find_policy(policy)->next_use);
        block_cache<P> cache({.capacity = {capacity}}, trace.distinct_blocks());
        counts = replay(trace, cache, warmup, *uses);
    });
    CHECK(known);
    return counts;
}

/// The number of rows that were compared.
std::size_t compare_block_hits(const golden& g) {
    std::ifstream rows(g.block_hits);
    REQUIRE(rows);
    std::size_t compared = 0;
    std::string line;
    for (std::getline(rows, line); std::getline(rows, line); ++compared) {
        for (char& c : line)
            if (c == ',') c = ' ';
        std::istringstream row(line);
        std::string trace, name;
        std::uint64_t capacity = 0, prefix = 0, any = 0, references = 0;
        row >> trace >> name >> capacity >> prefix >> any >> references;
        INFO(name << " of " << capacity << " blocks");
        const replay_counts counts = counts_of(names_in_csv.at(name), g.trace, capacity);
        CHECK(counts.hit_blocks_prefix == prefix);
        CHECK(counts.hit_blocks_any == any);
        CHECK(counts.block_refs == references);
        golden::print(name + " prefix", capacity, prefix, counts.hit_blocks_prefix);
        golden::print(name + " any", capacity, any, counts.hit_blocks_any);
    }
    return compared;
}

std::size_t compare_prefix_hits(const golden& g) {
    std::ifstream file(g.prefix_hits);
    REQUIRE(file);
    std::stringstream text;
    text << file.rdbuf();
    const boost::json::object given = boost::json::parse(text.str()).as_object();
    const auto integer = [](const boost::json::object& o, std::string_view key) {
        return o.at(key).to_number<std::uint64_t>();
    };
    const std::uint64_t warmup = integer(given, "warmup_requests");
    std::size_t compared = 0;
    for (const boost::json::value& value : given.at("points").as_array()) {
        const boost::json::object& point = value.as_object();
        const std::uint64_t capacity = integer(point, "capacity_blocks");
        for (const auto& [name, policy] : names_in_json) {
            INFO(policy << " of " << capacity << " blocks");
            const replay_counts counts = counts_of(policy, g.trace, capacity, warmup);
            CHECK(counts.hit_tokens == integer(point, name));
            CHECK(counts.measured_tokens == integer(given, "measured_tokens"));
            golden::print(policy + " tokens", capacity, integer(point, name), counts.hit_tokens);
            ++compared;
        }
    }
    const replay_counts unbounded = counts_of("lru-leaf", g.trace, g.trace.distinct_blocks(), warmup);
    CHECK(unbounded.hit_tokens == integer(given, "ceiling_hit_tokens"));
    golden::print("unbounded, tokens", g.trace.distinct_blocks(), integer(given, "ceiling_hit_tokens"),
                  unbounded.hit_tokens);
    return compared;
}

} // namespace

TEST_CASE("every policy counts the hits that were computed elsewhere, on a made-up trace") {
    const golden g = golden::sample();
    REQUIRE(g.trace.references() == 3205);
    REQUIRE(g.trace.header().prefix_unique == 1);
    CHECK(compare_block_hits(g) == 66);
    CHECK(compare_prefix_hits(g) == 15);
}

TEST_CASE("every policy counts the golden hits of a conversation trace, to the last block and token") {
    const auto g = golden::shared();
    if (!g) {
        WARN("SKIPPED: " KVMARK_SHARED_DIR "/traces/mooncake_conversation.jsonl is missing");
        return;
    }
    CHECK(compare_block_hits(*g) >= 56);
    CHECK(compare_prefix_hits(*g) >= 12);
}

TEST_CASE("no policy hits more than Belady's optimum, nor that more than the optimum with bypass") {
    const golden g = golden::sample();
    for (const std::uint64_t capacity : {1, 3, 20, 64, 150, 400}) {
        const std::uint64_t optimum = counts_of("belady", g.trace, capacity).hit_blocks_any;
        const std::uint64_t bound = counts_of("belady-bypass", g.trace, capacity).hit_blocks_any;
        CHECK(bound >= optimum);
        for (const policy_info& info : known_policies) {
            INFO(info.name << " of " << capacity << " blocks");
            const std::uint64_t hits = counts_of(std::string(info.name), g.trace, capacity).hit_blocks_any;
            CHECK(hits <= bound);
            // These may refuse a newcomer, as the optimum may not.
            if (!info.keeps_prefixes && info.name != "tinylfu" && info.name != "belady-bypass")
                CHECK(hits <= optimum);
        }
    }
}
