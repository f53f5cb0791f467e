// LRU against a list, and against the hit counts of a published simulator on a real trace.
#include <kvmark/cache/lru.hpp>
#include <kvmark/core/key_index.hpp>

#include "support/catch.hpp"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <list>
#include <string>

using namespace kvmark::cache;

static_assert(eviction_policy<lru>);

TEST_CASE("LRU agrees with a list over a hundred thousand operations") {
    lru policy;
    std::list<entry_id> model; // oldest first
    std::array<bool, 300> in{};
    kvmark::random_stream draw(5);
    std::uint64_t wrong = 0;
    for (int i = 0; i < 100'000; ++i) {
        const auto e = static_cast<entry_id>(draw.uniform_int(0, in.size() - 1));
        if (!in[e]) {
            policy.insert(e);
            model.push_back(e);
            in[e] = true;
        } else if (draw.chance(0.5)) {
            policy.touch(e);
            model.remove(e);
            model.push_back(e);
        } else {
            policy.remove(e);
            model.remove(e);
            in[e] = false;
        }
        wrong += policy.victim() != (model.empty() ? no_entry : model.front());
    }
    CHECK(wrong == 0);
    for (; !model.empty(); model.pop_front()) {
        wrong += policy.victim() != model.front();
        policy.remove(model.front());
    }
    CHECK(wrong == 0);
    CHECK(policy.victim() == no_entry);
}

namespace {

/// A cache of `capacity` blocks.
class block_cache {
public:
    explicit block_cache(std::uint32_t capacity) : capacity_(capacity), keys_(capacity) {}

    [[nodiscard]] bool contains(std::uint64_t block) const { return index_.find(block).has_value(); }
    /// Whether it was there.
    bool access(std::uint64_t block) {
        if (const auto e = index_.find(block)) {
            policy_.touch(*e);
            return true;
        }
        auto e = static_cast<entry_id>(index_.size());
        if (e == capacity_) {
            e = policy_.victim();
            policy_.remove(e);
            index_.erase(keys_[e]);
        }
        keys_[e] = block;
        index_.insert(block, e);
        policy_.insert(e);
        return false;
    }

private:
    std::uint32_t capacity_;
    std::vector<std::uint64_t> keys_; // by entry
    kvmark::key_index index_;
    lru policy_;
};

using request_blocks = std::vector<std::uint64_t>;

/// The numbers of "hash_ids" of each line.
std::vector<request_blocks> read_trace(std::istream& in) {
    std::vector<request_blocks> requests;
    for (std::string line; std::getline(in, line);) {
        const char* at = std::strchr(line.c_str() + line.find("\"hash_ids\""), '[') + 1;
        request_blocks blocks;
        for (char* end; *at != ']'; at = end + std::strspn(end, ", "))
            blocks.push_back(std::strtoull(at, &end, 10));
        requests.push_back(std::move(blocks));
    }
    return requests;
}

struct hit_counts {
    std::uint64_t prefix = 0;
    std::uint64_t any = 0;
};

hit_counts replay(const std::vector<request_blocks>& requests, std::uint32_t capacity) {
    block_cache cache(capacity);
    hit_counts hits;
    for (const request_blocks& blocks : requests) {
        for (const std::uint64_t block : blocks) {
            if (!cache.contains(block)) break;
            ++hits.prefix;
        }
        for (const std::uint64_t block : blocks) hits.any += cache.access(block);
    }
    return hits;
}

} // namespace

TEST_CASE("LRU counts the hits of a published simulator on a conversation trace, to the last block") {
    std::ifstream trace(KVMARK_SHARED_DIR "/traces/mooncake_conversation.jsonl");
    std::ifstream golden(KVMARK_SHARED_DIR "/golden/block_hits_conversation.csv");
    if (!trace || !golden) {
        WARN("SKIPPED: " KVMARK_SHARED_DIR " lacks traces/mooncake_conversation.jsonl or "
             "golden/block_hits_conversation.csv");
        return;
    }
    const auto requests = read_trace(trace);
    CHECK(requests.size() == 12'031);
    std::size_t compared = 0;
    for (std::string line; std::getline(golden, line);) {
        unsigned capacity = 0;
        unsigned long long prefix = 0, any = 0;
        if (std::sscanf(line.c_str(), "conversation,LRU-fwd,%u,%llu,%llu", &capacity, &prefix, &any) != 3)
            continue;
        ++compared;
        INFO("capacity " << capacity);
        const hit_counts hits = replay(requests, capacity);
        CHECK(hits.prefix == prefix);
        CHECK(hits.any == any);
    }
    CHECK(compared >= 5);
}
