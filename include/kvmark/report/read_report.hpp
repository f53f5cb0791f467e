// A result file read again, as far as the summary and the rows of a run need it.
#pragma once

#include <kvmark/benchmark/option_names.hpp>
#include <kvmark/benchmark/options.hpp>
#include <kvmark/measure/add.hpp>
#include <kvmark/report/gpus.hpp>
#include <kvmark/report/json_members.hpp>
#include <kvmark/report/warnings.hpp>

namespace kvmark::report {

struct read_run {
    measure::run_report report;
    options settings; ///< those that a summary tells; the others have their defaults
    run_remarks remarks;

    /// The figures that rank storage, with what the file says against them.
    [[nodiscard]] storage_metrics storage() const {
        storage_metrics m = storage_metrics_of(report);
        m.limited_by = remarks.limited_by;
        return m;
    }
};

namespace detail {

[[nodiscard]] inline nanoseconds seconds_at(const json::object& o,
                                            std::initializer_list<std::string_view> keys) {
    return from_seconds(number_at(o, keys).value_or(0));
}

/// A distribution, back in the buckets that it was printed from.
[[nodiscard]] inline measure::histogram read_histogram(const json::object& distribution) {
    std::vector<std::uint64_t> counts;
    measure::histogram places; // tells the index of each bucket
    for (const json::value& bucket : array_at(distribution, {"histogram_ns"})) {
        const json::array* b = bucket.if_array();
        if (b == nullptr || b->size() != 3 || !(*b)[0].is_number() || !(*b)[2].is_number()) continue;
        boost::system::error_code failed;
        places.record(nanoseconds((*b)[0].to_number<std::int64_t>(failed)));
        counts.push_back((*b)[2].to_number<std::uint64_t>(failed));
    }
    measure::histogram h;
    if (counts.empty() || places.buckets().size() != counts.size()) return h;
    auto count = counts.begin();
    places.for_each_filled(
        [&](std::size_t index, std::uint64_t) { static_cast<void>(h.restore_bucket(index, *count++)); });
    const double mean = number_at(distribution, {"latency_ms", "mean"}).value_or(0);
    const double max = number_at(distribution, {"latency_ms", "max"}).value_or(0);
    static_cast<void>(h.restore_sum(mean * 1e6 * static_cast<double>(h.count()),
                                    nanoseconds(static_cast<std::int64_t>(std::llround(max * 1e6)))));
    return h;
}

[[nodiscard]] inline measure::direction_stats read_direction(const json::object& o) {
    measure::direction_stats d;
    d.operations = count_at(o, {"operations"});
    d.moved = bytes(count_at(o, {"bytes"}));
    d.total = read_histogram(object_at(o, {"total"}));
    d.queue = read_histogram(object_at(o, {"queue"}));
    d.submit = read_histogram(object_at(o, {"submit"}));
    d.device = read_histogram(object_at(o, {"device"}));
    d.copy = read_histogram(object_at(o, {"copy"}));
    d.verify = read_histogram(object_at(o, {"verify"}));
    d.host = read_histogram(object_at(o, {"host"}));
    d.io = read_histogram(object_at(o, {"io"}));
    return d;
}

inline void read_tiers(const json::object& kvmark, measure::run_report& r) {
    for_each_object(array_at(kvmark, {"tiers"}), [&](const json::object& o) {
        measure::tier_stats& t = r.tiers.emplace_back();
        t.name = text_at(o, {"name"});
        for (std::size_t i = 0; i < role_names.size(); ++i)
            if (role_names[i] == text_at(o, {"role"})) t.role = static_cast<measure::tier_role>(i);
        const bool bounded = number_at(o, {"limit_bytes"}).has_value();
        t.limit = bytes(bounded ? count_at(o, {"limit_bytes"}) : ~std::uint64_t{0});
        t.used = bytes(count_at(o, {"used_bytes"}));
        t.entries = count_at(o, {"entries"});
        t.demotions_in = count_at(o, {"demotions_in"});
        t.evictions = count_at(o, {"evictions"});
        t.note = text_at(o, {"note"});
        t.read = read_direction(object_at(o, {"read"}));
        t.write = read_direction(object_at(o, {"write"}));
    });
}

inline void read_cache(const json::object& o, measure::cache_counters& c) {
    c.hits = count_at(o, {"hits"});
    c.misses = count_at(o, {"misses"});
    c.system_prompt_hits = count_at(o, {"system_prompt_hits"});
    c.system_prompt_misses = count_at(o, {"system_prompt_misses"});
    c.turn_hits = count_at(o, {"turn_hits"});
    c.turn_misses = count_at(o, {"turn_misses"});
    c.chunk_hits = count_at(o, {"chunk_hits"});
    c.chunk_misses = count_at(o, {"chunk_misses"});
    c.user_hits = count_at(o, {"user_hits"});
    c.not_placed = count_at(o, {"not_placed"});
}

/// Precondition: r has its tiers.
inline void read_serving(const json::object& o, measure::run_report& r) {
    measure::serving_stats& s = r.serving.emplace();
    s.counts.requests = count_at(o, {"requests"});
    s.counts.block_refs = count_at(o, {"block_refs"});
    s.counts.hit_blocks_prefix = count_at(o, {"hit_blocks_prefix"});
    s.counts.hit_blocks_any = count_at(o, {"hit_blocks_any"});
    s.counts.recomputed_blocks = count_at(o, {"recomputed_blocks"});
    s.counts.measured_tokens = count_at(o, {"measured_tokens"});
    s.counts.hit_tokens = count_at(o, {"hit_tokens"});
    std::size_t place = 0; // the tiers that are there, in stack order
    for_each_object(array_at(o, {"tiers"}), [&](const json::object& t) {
        while (place < r.tiers.size() && r.tiers[place].limit.count == 0) ++place;
        if (place >= s.counts.tiers.size()) return;
        s.counts.tiers[place++] = {count_at(t, {"hit_blocks"}), count_at(t, {"written_blocks"}),
                                   count_at(t, {"demoted_blocks"}), count_at(t, {"dropped_blocks"})};
    });
    s.block = bytes(count_at(o, {"block_bytes"}));
    s.block_tokens = tokens(count_at(o, {"block_tokens"}));
    s.completed = count_at(o, {"completed"});
    s.ttft = read_histogram(object_at(o, {"ttft"}));
    s.queue = read_histogram(object_at(o, {"queue"}));
    s.load = read_histogram(object_at(o, {"load"}));
    s.prefill = read_histogram(object_at(o, {"prefill"}));
    s.inter_token = read_histogram(object_at(o, {"inter_token"}));
}

inline void read_block_layer(const json::object& o, measure::run_report& r) {
    measure::block_layer_stats& all = r.block_layer.emplace();
    all.devices = text_at(o, {"devices"});
    all.begin = seconds_at(o, {"begin_s"});
    all.end = seconds_at(o, {"end_s"});
    const auto buckets = [](const json::array& a) {
        std::vector<measure::block_request_bucket> read;
        for (const json::value& v : a) {
            const json::array* b = v.if_array();
            if (b == nullptr || b->size() != 3) continue;
            boost::system::error_code failed;
            const auto number = [&](std::size_t i) {
                return (*b)[i].is_number() ? (*b)[i].to_number<std::uint64_t>(failed) : 0;
            };
            read.push_back({number(0), number(1), number(2)});
        }
        return read;
    };
    for (const auto& [way, stats] : {std::pair("read", &all.read), std::pair("write", &all.write)}) {
        stats->latency_us = buckets(array_at(o, {way, "latency_us"}));
        stats->size = buckets(array_at(o, {way, "size_bytes"}));
    }
}

inline void read_limits(const json::object& storage, run_remarks& into) {
    const json::array &names = array_at(storage, {"limited_by"}), &reasons = array_at(storage, {"reasons"});
    for (std::size_t i = 0; i < std::min(names.size(), reasons.size()); ++i)
        if (names[i].is_string() && reasons[i].is_string())
            into.limited_by.push_back({names[i].get_string(), std::string(reasons[i].get_string())});
}

[[nodiscard]] inline nanoseconds microseconds_at(const json::object& o, std::string_view key) {
    return nanoseconds(static_cast<std::int64_t>(number_at(o, {key}).value_or(0) * 1e3));
}

[[nodiscard]] inline measure::rank_stats read_rank(const json::object& o, nanoseconds storage_time_of_all) {
    measure::rank_stats s;
    s.rank = static_cast<std::uint32_t>(count_at(o, {"rank"}));
    s.failure = text_at(o, {"failure"});
    s.delivered = number_at(o, {"elapsed_s"}).has_value();
    s.interrupted = flag_at(o, {"interrupted"});
    s.elapsed = seconds_at(o, {"elapsed_s"});
    s.requests_completed = count_at(o, {"requests"});
    s.tokens_generated = count_at(o, {"tokens"});
    s.storage_io_p95 = from_seconds(number_at(o, {"storage_io_p95_ms"}).value_or(0) * 1e-3);
    const double share = number_at(o, {"share_of_time"}).value_or(0);
    s.storage_time = from_seconds(share * to_seconds(storage_time_of_all));
    s.process.user = from_seconds(number_at(o, {"cores_used"}).value_or(0) * to_seconds(s.elapsed));
    for_each_object(array_at(o, {"tiers"}), [&](const json::object& t) {
        s.tiers.push_back({bytes(count_at(t, {"read_bytes"})), bytes(count_at(t, {"write_bytes"})),
                           count_at(t, {"reads"}), count_at(t, {"writes"}), count_at(t, {"entries"})});
    });
    return s;
}

inline void read_job(const json::object& o, measure::run_report& r) {
    measure::job_stats& job = r.job.emplace();
    job.start_skew = microseconds_at(o, "start_skew_us");
    job.barrier_skew = microseconds_at(o, "barrier_skew_us");
    for_each_object(array_at(o, {"hosts"}), [&](const json::object& h) {
        measure::machine_facts& facts = job.hosts.emplace_back();
        facts.hostname = text_at(h, {"host"});
        facts.logical_cpus = static_cast<std::uint32_t>(count_at(h, {"logical_cpus"}));
    });
    for_each_object(array_at(o, {"ranks"}), [&](const json::object& rank) {
        measure::rank_stats s = read_rank(rank, r.storage_time);
        while (s.host < job.hosts.size() && job.hosts[s.host].hostname != text_at(rank, {"host"})) ++s.host;
        job.ranks.push_back(std::move(s));
    });
}

/// By its name in `names`; `otherwise` where it is none of them.
template <class Enumeration, std::size_t N>
[[nodiscard]] Enumeration named(const std::array<std::string_view, N>& names, std::string_view name,
                                Enumeration otherwise) {
    for (std::size_t i = 0; i < N; ++i)
        if (names[i] == name) return static_cast<Enumeration>(i);
    return otherwise;
}

inline void read_options(const json::object& o, options& into) {
    into.model.name = text_at(o, {"model", "name"});
    into.num_users = static_cast<std::int64_t>(count_at(o, {"num_users"}));
    into.cache_dir = text_at(o, {"cache_dir"});
    into.generation_mode =
        named(generation_mode_names, text_at(o, {"generation_mode"}), into.generation_mode);
    into.performance_profile =
        named(performance_profile_names, text_at(o, {"performance_profile"}), into.performance_profile);
    for (std::size_t i = 0; i < into.workload.targets.size(); ++i)
        if (const auto p95 = number_at(
                o, {"workload", "qos_profiles", workload::service_class_names[i], "target_latency_p95_ms"}))
            into.workload.targets[i].p95_ms = *p95;
}

} // namespace detail

/// Precondition: `result` has "kvmark", and outlives what is returned. What it lacks is 0 or empty. Latencies
/// are back in the buckets that they were printed from, so percentiles are the same.
[[nodiscard]] inline read_run read_report(const json::object& result) {
    using namespace detail;
    const json::object& kvmark = object_at(result, {"kvmark"});
    read_run all;
    measure::run_report& r = all.report;
    all.remarks.version = text_at(kvmark, {"version"});
    for (const json::value& w : array_at(kvmark, {"warnings"}))
        if (w.is_string()) all.remarks.warnings.emplace_back(w.get_string());
    read_options(object_at(kvmark, {"options"}), all.settings);

    r.elapsed = seconds_at(result, {"summary", "elapsed_time"});
    r.interrupted = flag_at(kvmark, {"interrupted"});
    r.virtual_time = flag_at(kvmark, {"virtual_time"});
    r.seed = count_at(result, {"seed"});
    r.requests_completed = count_at(result, {"requests_completed"});
    r.tokens_generated = tokens(count_at(result, {"total_tokens_generated"}));
    r.storage_time = seconds_at(result, {"total_storage_io_latency"});
    r.generation_time = seconds_at(result, {"total_generation_latency"});
    r.end_to_end = read_histogram(object_at(kvmark, {"latency", "end_to_end"}));
    r.queue = read_histogram(object_at(kvmark, {"latency", "queue"}));
    r.storage_io = read_histogram(object_at(kvmark, {"latency", "storage_io"}));
    r.generation = read_histogram(object_at(kvmark, {"latency", "generation"}));
    r.prefill = read_histogram(object_at(kvmark, {"latency", "prefill"}));
    r.decode = read_histogram(object_at(kvmark, {"latency", "decode"}));
    for (std::size_t i = 0; i < r.classes.size(); ++i) {
        const json::object& c = object_at(kvmark, {"classes", workload::service_class_names[i]});
        r.classes[i] = {count_at(c, {"arrived"}), count_at(c, {"completed"}), count_at(c, {"queued"}),
                        count_at(c, {"in_service"}), read_histogram(object_at(c, {"latency"}))};
    }
    read_cache(object_at(kvmark, {"cache"}), r.cache);
    read_tiers(kvmark, r);
    r.corrupt_sectors = count_at(kvmark, {"integrity", "corrupt_sectors"});
    r.failed_operations = count_at(kvmark, {"integrity", "failed_operations"});
    r.device = {std::string(text_at(kvmark, {"device", "name"})),
                bytes(count_at(kvmark, {"device", "read_bytes"})),
                bytes(count_at(kvmark, {"device", "write_bytes"}))};
    r.process = {seconds_at(kvmark, {"process", "user_s"}), seconds_at(kvmark, {"process", "system_s"}),
                 bytes(count_at(kvmark, {"process", "peak_resident_bytes"}))};
    r.cache.storage_tokens_read =
        number_at(kvmark, {"storage", "cached_tokens_per_s"}).value_or(0) * to_seconds(r.elapsed);
    if (const json::object& layer = object_at(kvmark, {"block_layer"}); !layer.empty())
        read_block_layer(layer, r);
    if (const json::object& serving = object_at(kvmark, {"serving"}); !serving.empty())
        read_serving(serving, r);
    if (const json::object& job = object_at(kvmark, {"job"}); !job.empty()) read_job(job, r);
    read_gpus(array_at(kvmark, {"gpus"}), r);
    read_limits(object_at(kvmark, {"storage"}), all.remarks);
    return all;
}

} // namespace kvmark::report
