// An eviction policy of your own, held against LRU: the same requests, in virtual time, on the same modelled
// tiers.
#include <kvmark/kvmark.hpp>

#include <cstdio>
#include <deque>

/// Whoever came first goes first. A removed entry is skipped when its turn comes.
class fifo {
public:
    void insert(kvmark::cache::entry_id e) {
        if (e >= turn_.size()) turn_.resize(e + 1);
        order_.push_back({e, turn_[e] = ++clock_});
    }
    void touch(kvmark::cache::entry_id) {}
    void remove(kvmark::cache::entry_id e) { turn_[e] = 0; }
    kvmark::cache::entry_id victim() {
        while (!order_.empty() && turn_[order_.front().entry] != order_.front().turn) order_.pop_front();
        return order_.empty() ? kvmark::cache::no_entry : order_.front().entry;
    }

private:
    struct arrival {
        kvmark::cache::entry_id entry;
        std::size_t turn;
    };
    std::deque<arrival> order_;
    std::vector<std::size_t> turn_;
    std::size_t clock_ = 0;
};
static_assert(kvmark::cache::eviction_policy<fifo>);

template <class Eviction>
void simulate(const char* name) {
    using namespace kvmark;
    using stack = tier::stack<tier::modelled<tier::tier_role::cpu>, tier::modelled<tier::tier_role::storage>>;
    benchmark<exec::serial, launch::none, stack, clocks::virtual_time, Eviction> bench{
        {.model = models::tiny_1b,
         .num_users = 50,
         .duration = 300,
         .cpu_mem_gb = 4,
         .generation_mode = generation_mode::none,
         .seed = 42,
         .request_rate = 2,
         .storage_capacity_gb = 16}};

    const auto report = bench.run();
    if (!report) return;
    const auto& cpu = report->tiers[0].read;
    const auto& storage = report->tiers[1].read;
    std::printf("%-5s %llu requests, %llu hits, %llu misses, %.1f %% of the reads from the first tier\n",
                name, static_cast<unsigned long long>(report->requests_completed),
                static_cast<unsigned long long>(report->cache.hits),
                static_cast<unsigned long long>(report->cache.misses),
                100.0 * static_cast<double>(cpu.operations) /
                    static_cast<double>(cpu.operations + storage.operations));
}

int main() {
    simulate<kvmark::cache::lru>("lru");
    simulate<fifo>("fifo");
}
