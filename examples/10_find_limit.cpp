// The highest load that keeps a target, found by bisection on a device whose limit is known in closed form.
#include <kvmark/benchmark/limit_search.hpp>
#include <kvmark/benchmark/slo.hpp>
#include <kvmark/kvmark.hpp>

#include <cstdio>

using namespace kvmark;
using simulation = benchmark<exec::serial, launch::none, tier::stack<tier::modelled<>>, clocks::virtual_time>;

int main() {
    // One token of 64 KiB a request, written to 6.5536 MB/s: a request takes 10 ms, one after the other.
    options o{.model = {.name = "one", .layers = 1, .hidden = 16384, .heads = 1, .kv_heads = 1},
              .num_users = 500,
              .duration = 600,
              .generation_mode = generation_mode::none,
              .disable_multi_turn = true,
              .disable_prefix_caching = true,
              .storage_capacity_gb = 1000,
              .prefill_only = true};
    for (workload::persona& p : o.workload.personas) p.context_tokens = {1, 1};
    const tier::modelled_config device{
        .read_latency = {}, .write_latency = {}, .write_bytes_per_second = 65'536 / 0.010};

    const slo_target target = parse_slo("mean_write=20ms", false).targets[0];
    const auto trial = [&](const load_trial& asked) -> result<load_trial> {
        o.request_rate = asked.load;
        o.seed = static_cast<std::int64_t>(asked.seed);
        o.warmup = asked.warmup;
        const auto report = simulation(o, {device}).run();
        if (!report) return report.error();
        load_trial done = asked;
        done.figures = {measure_target(*report, target)};
        done.overloaded = flow_of(*report).overloaded();
        return done;
    };
    limit_search search({.precision = 0.01, .warmup = 60, .seed = 1}, {target.target}, trial);
    const limit_result found = search.find();
    if (!found.keeps || !found.fails) return 1;

    // Poisson arrivals wait s u / (2 (1 - u)) for a server that is busy a share u of the time, each time for
    // s (Pollaczek and Khinchine): as long as they are served at two thirds of the load.
    const double expected = 2.0 / 3 / 0.010;
    std::printf("%.1f requests/s keep a mean of 20 ms, %.1f do not; in closed form %.1f\n", *found.keeps,
                *found.fails, expected);
    std::printf("%zu loads, %zu trials\n", found.path.size(), found.trials);
    return *found.keeps > 0.97 * expected && *found.keeps < 1.03 * expected ? 0 : 1;
}
