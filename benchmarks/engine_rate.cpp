// How fast the engine decides when no byte moves: requests per second of processor time, and virtual over
// real time. Hypothesis: a request of the reference workload is about ten decisions, each a look-up, an LRU
// move and a task, so below 2 us; a thousand users then simulate several hundred times faster than they would
// run. Found: see docs/measuring.md.
#include <kvmark/kvmark.hpp>

#include <algorithm>
#include <array>
#include <cstdio>

using namespace kvmark;

namespace {

struct figures {
    double requests_per_second = 0;
    double speed = 0; ///< virtual seconds per second
};

template <template <tier::tier_role> class Tier>
figures simulate(std::int64_t users) {
    using stack =
        tier::stack<Tier<tier::tier_role::gpu>, Tier<tier::tier_role::cpu>, Tier<tier::tier_role::storage>>;
    benchmark<exec::serial, launch::none, stack, clocks::virtual_time> bench{
        {.model = models::tiny_1b,
         .num_users = users,
         .duration = 120,
         .gpu_mem_gb = 1,
         .cpu_mem_gb = 4,
         .generation_mode = generation_mode::none,
         .seed = 42,
         .storage_capacity_gb = 20}};
    const nanoseconds start = clocks::monotonic_now();
    const auto report = bench.run();
    const double seconds = to_seconds(clocks::monotonic_now() - start);
    if (!report) return {};
    return {static_cast<double>(report->requests_completed) / seconds, to_seconds(report->elapsed) / seconds};
}

template <template <tier::tier_role> class Tier>
void show(const char* stack, std::int64_t users) {
    std::array<figures, 5> rounds{};
    for (figures& round : rounds) round = simulate<Tier>(users);
    std::sort(rounds.begin(), rounds.end(),
              [](const figures& a, const figures& b) { return a.speed < b.speed; });
    std::printf("%-9s %5lld users: %9.0f requests/s, %7.0f x real time, spread %.0f to %.0f\n", stack,
                static_cast<long long>(users), rounds[2].requests_per_second, rounds[2].speed,
                rounds[0].speed, rounds[4].speed);
}

} // namespace

int main() {
    for (const std::int64_t users : {10, 100, 1000}) {
        show<tier::null>("null", users);
        show<tier::modelled>("modelled", users);
    }
}
