// How fast user_personas yields requests.
// Hypothesis: a request is 350 bytes and a dozen draws, from a heap and a table that stay in the L2 cache up
// to 10,000 users: below 200 ns, a fifth of the time that a simulation of a million requests per second has
// for each. At 100,000 users heap, users and table take 8 MiB and a request costs several cache misses. Found
// (g++ 12.2 -O2, medians of 9): 80 ns at 100 users, 87 at 1,000, 115 at 10,000, 330 at 100,000; documents add
// 40 to 140.
#include <kvmark/core/clock.hpp>
#include <kvmark/workload/user_personas.hpp>

#include <algorithm>
#include <array>
#include <cstdio>

using namespace kvmark;

namespace {

constexpr int requests = 400'000;

double ns_per_request(workload::user_personas& source) {
    std::uint64_t kept = 0; // so that no draw is dead
    const nanoseconds start = clocks::monotonic_now();
    for (int i = 0; i < requests; ++i) kept += source.next()->input.count;
    const nanoseconds end = clocks::monotonic_now();
    return kept > 0 ? static_cast<double>((end - start).count) / requests : 0;
}

void measure(std::uint64_t users, bool documents) {
    workload::source_config config;
    config.seed = 42;
    config.users = users;
    config.rag = documents;
    workload::user_personas source(config);
    ns_per_request(source);
    std::array<double, 9> rounds{};
    for (double& r : rounds) r = ns_per_request(source);
    std::sort(rounds.begin(), rounds.end());
    std::printf("%7llu users%s  %6.1f ns/request, spread %.1f to %.1f\n",
                static_cast<unsigned long long>(users), documents ? ", documents" : "           ", rounds[4],
                rounds.front(), rounds.back());
}

} // namespace

int main() {
    for (const bool documents : {false, true})
        for (const std::uint64_t users : {100u, 1'000u, 10'000u, 100'000u}) measure(users, documents);
}
