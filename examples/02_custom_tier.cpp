// A tier of your own. A map from an entry to its bytes is enough to be measured beside the tiers of kvmark,
// with every sector verified.
#include <kvmark/kvmark.hpp>

#include <cstdio>
#include <cstring>
#include <mutex>
#include <unordered_map>
#include <vector>

/// Entries in a hash map of vectors, behind one mutex: the tier that one would write first.
class mutex_map {
public:
    static constexpr std::string_view name = "mutex_map";
    static constexpr kvmark::tier::tier_role role = kvmark::tier::tier_role::storage;

    kvmark::result<void> open(const kvmark::tier::tier_setup&) { return {}; }

    kvmark::tier::io_status create(kvmark::tier::entry_id e, kvmark::bytes size) {
        const std::lock_guard lock(mutex_);
        entries_[e].resize(size.count);
        return {};
    }
    kvmark::tier::io_status write(kvmark::tier::entry_id e, kvmark::bytes at,
                                  std::span<const std::byte> from) {
        const std::lock_guard lock(mutex_);
        std::memcpy(entries_[e].data() + at.count, from.data(), from.size());
        return {};
    }
    kvmark::tier::io_status read(kvmark::tier::entry_id e, kvmark::bytes at, std::span<std::byte> into) {
        const std::lock_guard lock(mutex_);
        std::memcpy(into.data(), entries_[e].data() + at.count, into.size());
        return {};
    }
    kvmark::tier::io_status erase(kvmark::tier::entry_id e) {
        const std::lock_guard lock(mutex_);
        entries_.erase(e);
        return {};
    }

private:
    std::mutex mutex_;
    std::unordered_map<kvmark::tier::entry_id, std::vector<std::byte>> entries_;
};
static_assert(kvmark::tier::blocking_tier<mutex_map>);

int main() {
    using stack = kvmark::tier::stack<kvmark::tier::host, mutex_map>;
    kvmark::benchmark<kvmark::exec::serial, kvmark::launch::none, stack> bench{
        {.model = kvmark::models::tiny_1b,
         .num_users = 10,
         .duration = 2,
         .cpu_mem_gb = 0.5,
         .generation_mode = kvmark::generation_mode::none,
         .seed = 42,
         .storage_capacity_gb = 1}};

    const auto report = bench.run();
    if (!report) {
        std::fprintf(stderr, "%s\n", report.error().message.c_str());
        return 1;
    }
    for (const auto& tier : report->tiers)
        std::printf("%-10s P50 of a read %8.3f ms, %s\n", tier.name.c_str(),
                    kvmark::to_milliseconds(tier.read.total.quantile(0.50)),
                    tier.read.operations + tier.write.operations > 0 ? "used" : "not used");
    std::printf("%s\n", report->clean() ? "every sector read back as written" : "corrupted");
    return report->clean() ? 0 : 1;
}
