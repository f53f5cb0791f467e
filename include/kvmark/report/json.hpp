// The result file: every key of the reference's, and ours under "kvmark". docs/json.md explains each.
#pragma once

#include <kvmark/report/json_kvmark.hpp>

namespace kvmark::report {

namespace detail {

/// The shortest decimal of a float, as a double: 0.1 and not 0.10000000149011612.
[[nodiscard]] inline double shortest(float f) {
    char text[32];
    std::snprintf(text, sizeof text, "%.7g", static_cast<double>(f));
    return std::strtod(text, nullptr);
}

} // namespace detail

/// The whole result file. The per-request arrays hold the first options::max_samples requests, in order of
/// completion; a request without a prefill or a decode is not in the array of it.
[[nodiscard]] inline json::value result_json(const measure::run_report& r, const options& o,
                                             const run_context& context) {
    json::array end_to_end, storage, generation, prefill, decode, timeline;
    for (json::array* a : {&end_to_end, &storage, &generation, &prefill, &decode})
        a->reserve(r.samples.size());
    for (const measure::request_sample& s : r.samples) {
        end_to_end.push_back(detail::shortest(s.end_to_end_s));
        storage.push_back(detail::shortest(s.storage_s));
        generation.push_back(detail::shortest(s.generation_s));
        if (s.prefill_s > 0) prefill.push_back(detail::shortest(s.prefill_s));
        if (s.decode_s > 0) decode.push_back(detail::shortest(s.decode_s));
    }
    for (const measure::throughput_sample& s : r.timeline)
        timeline.push_back(
            {{"timestamp", to_seconds(s.at)}, {"throughput_tokens_per_sec", s.tokens_per_second}});

    return {{"requests_completed", r.requests_completed},
            {"total_tokens_generated", r.tokens_generated.count},
            {"total_storage_io_latency", to_seconds(r.storage_time)},
            {"total_generation_latency", to_seconds(r.generation_time)},
            {"end_to_end_latencies", std::move(end_to_end)},
            {"storage_latencies", std::move(storage)},
            {"generation_latencies", std::move(generation)},
            {"throughput_timeline", std::move(timeline)},
            {"prefill_latencies", std::move(prefill)},
            {"decode_latencies", std::move(decode)},
            {"multi_turn_cache_hits", r.cache.turn_hits},
            {"multi_turn_cache_misses", r.cache.turn_misses},
            {"seed", r.seed},
            {"summary", summary_json(r, o)},
            {"kvmark", kvmark_json(r, o, context)}};
}

} // namespace kvmark::report
