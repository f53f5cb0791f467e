#include "capacity_plan_command.hpp"

#include "calibration.hpp"
#include "capacity_plan_report.hpp"
#include "load_trace.hpp"
#include "outcome.hpp"
#include "resolve.hpp"
#include "run_command.hpp"
#include "serving_run.hpp"
#include "stack_configs.hpp"

#include <kvmark/benchmark/plan_serving.hpp>
#include <kvmark/core/clock.hpp>
#include <kvmark/report/file.hpp>

namespace kvmark::cli {

namespace {

void check_target(const settings& s, fault_list& faults) {
    const serving_request& r = s.serving;
    double prices = 0;
    for (const double p : r.prices) prices += p;
    if (!(r.ttft_target_ms >= 0) || r.ttft_target_ms > 1e9)
        faults.add("--ttft-target-ms: must be 0 (no plan) to 1e9");
    if (!(r.ttft_percentile > 0) || r.ttft_percentile > 100)
        faults.add("--ttft-percentile: must be above 0, and at most 100");
    if (r.ttft_target_ms == 0) {
        if (!r.calibrations.empty()) faults.add("--calibration: give --ttft-target-ms too");
        if (prices > 0) faults.add("--price-gpu, --price-host, --price-storage: give --ttft-target-ms too");
        return;
    }
    if (prices == 0)
        faults.add("--ttft-target-ms: give the price of at least one tier, --price-gpu, --price-host or "
                   "--price-storage");
    if (s.options.serving.prefill_rate == 0)
        faults.add("--ttft-target-ms: give --prefill-rate; misses that cost nothing need no cache");
    if (r.sample_rate != 0 || r.sample_size != 0)
        faults.add(
            "--ttft-target-ms: a plan needs whole requests; leave out --sample-rate and --sample-size");
}

/// Of blocks that are loaded together, in the I/Os of a run.
double load_rate(const options& o, const tier::modelled_config& device, bytes block) {
    const bytes chunk(static_cast<std::uint64_t>(o.io_chunk));
    tier::modelled<> model(device);
    const bool opened = model
                            .open({.io_chunk = block < chunk ? block : chunk,
                                   .queue_depth = static_cast<std::uint32_t>(o.queue_depth)})
                            .has_value();
    return opened ? model.saturated_rate(tier::direction::read) : device.read_bytes_per_second;
}

cache::plan_question question_of(const settings& s, bytes block, std::uint64_t longest) {
    constexpr std::array roles{tier::tier_role::gpu, tier::tier_role::cpu, tier::tier_role::storage};
    cache::plan_question q;
    for (std::size_t t = 0; t < roles.size(); ++t) {
        const auto& calibrated = s.calibrated[static_cast<std::size_t>(roles[t])];
        const tier::modelled_config device = calibrated ? *calibrated : modelled_device(roles[t]);
        q.tiers.push_back({.offered = s.serving.prices[t] > 0,
                           .price_per_gib = s.serving.prices[t],
                           .latency = device.read_latency,
                           .bytes_per_second = load_rate(s.options, device, block)});
    }
    q.block = block;
    q.least_blocks = longest; // a smaller tier could not serve a request
    q.prefill_tokens_per_second = s.options.serving.prefill_rate;
    q.target = from_seconds(s.serving.ttft_target_ms / 1000);
    q.percentile = s.serving.ttft_percentile;
    return q;
}

void find_curves(const settings& s, capacity_findings& f) {
    const auto warmup = static_cast<std::uint64_t>(s.options.serving.warmup_requests);
    const nanoseconds begun = clocks::monotonic_now();
    if (s.serving.sample_rate == 0 && s.serving.sample_size == 0) {
        f.curves = cache::curves_of(f.trace, warmup);
    } else {
        cache::shards sampling({.rate = s.serving.sample_rate > 0 ? s.serving.sample_rate : 1,
                                .most_blocks = static_cast<std::uint32_t>(s.serving.sample_size)});
        workload::block_trace::cursor at(f.trace);
        workload::block_request r;
        while (at.next(r)) sampling.access(r, f.trace.block_tokens(), r.id >= warmup);
        f.sampled = sampling.finish();
        f.followed = sampling.followed();
    }
    f.seconds = to_seconds(clocks::monotonic_now() - begun);
}

} // namespace

void resolve_for_plan_capacity(settings& s, fault_list& faults) {
    resolve_model(s, faults);
    resolve_calibrations(s, faults);
    if (s.serving.trace.empty())
        faults.add("--trace FILE is needed: whose cache is to be planned");
    else
        check_serving(s, faults);
    if (!(s.serving.sample_rate >= 0) || s.serving.sample_rate > 1)
        faults.add("--sample-rate: must be 0 (all blocks, exactly) to 1");
    if (s.serving.sample_size < 0 || s.serving.sample_size > 1 << 28)
        faults.add("--sample-size: must be 0 (no bound) to 268435456 blocks");
    check_target(s, faults);
}

int plan_capacity(const settings& s) {
    console out(s);
    capacity_findings f;
    auto trace = load_trace(s, out);
    if (!trace) return report_failure(out, trace.error());
    f.trace = *std::move(trace);
    f.block = block_size(s.options, f.trace.block_tokens());
    find_curves(s, f);
    if (s.serving.ttft_target_ms > 0) {
        const auto warmup = static_cast<std::uint64_t>(s.options.serving.warmup_requests);
        const cache::request_depths requests(f.trace, warmup);
        f.plan = cache::stack_search(requests, question_of(s, f.block, requests.longest())).find();
    }
    if (s.json || !s.quiet) {
        const std::string text =
            s.json ? capacity_json(s, f) : capacity_text(s, f, report::terminal_width(STDOUT_FILENO));
        out.print(text, text);
    }
    if (s.csv.empty()) return exit_ok;
    if (auto written = report::write_file(s.csv, capacity_csv(f)); !written)
        return report_failure(out, written.error());
    return exit_ok;
}

} // namespace kvmark::cli
