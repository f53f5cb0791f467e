// The reference's aggregation: its own numbers where the data are complete, ours where it was wrong.
#include "sample_report.hpp"
#include "support/reference_vectors.hpp"

#include <kvmark/report/aggregate.hpp>

using namespace kvmark;
namespace json = boost::json;

namespace {

std::optional<double> number_below(const json::value* v, std::initializer_list<const char*> path) {
    for (const char* key : path)
        if (v != nullptr) v = v->is_object() ? v->get_object().if_contains(key) : nullptr;
    return v != nullptr && v->is_number() ? std::optional(v->to_number<double>()) : std::nullopt;
}

/// The row of a rank's result file; two files of one rank: the later one, as the reference's run took it.
report::rank_row read_row(const json::object& files, std::int64_t trial, std::int64_t rank) {
    const std::string folder = "trial_" + std::to_string(trial) + "/rank_" + std::to_string(rank) + "/";
    const json::value* file = nullptr;
    for (const auto& [path, content] : files)
        if (std::string_view(path).starts_with(folder)) file = &content;
    report::rank_row row;
    row.rank = static_cast<std::uint32_t>(rank);
    row.missing = file == nullptr || !file->is_object();
    row.read_gib_per_s = number_below(file, {"summary", "cache_stats", "tier_storage_read_bandwidth_gbps"});
    row.write_gib_per_s = number_below(file, {"summary", "cache_stats", "tier_storage_write_bandwidth_gbps"});
    row.tokens_per_s = number_below(file, {"summary", "avg_throughput_tokens_per_sec"});
    row.storage_tokens_per_s = number_below(file, {"summary", "storage_throughput_tokens_per_sec"});
    row.p95_ms = number_below(file, {"summary", "storage_io_latency_ms", "p95"});
    if (const auto entries = number_below(file, {"summary", "cache_stats", "storage_entries"}))
        row.storage_entries = static_cast<std::uint64_t>(*entries);
    return row;
}

bool has_all_figures(const report::rank_row& r) {
    return r.read_gib_per_s && r.write_gib_per_s && r.tokens_per_s && r.storage_tokens_per_s && r.p95_ms;
}

report::rank_row row_of(std::uint32_t rank, double figure) {
    return {.rank = rank,
            .read_gib_per_s = figure,
            .write_gib_per_s = figure,
            .tokens_per_s = figure,
            .storage_tokens_per_s = figure,
            .p95_ms = figure,
            .storage_entries = 1};
}

report::rank_row missing_row(std::uint32_t rank) {
    report::rank_row r;
    r.rank = rank;
    r.missing = true;
    return r;
}

} // namespace

TEST_CASE("aggregate: the reference's cases") {
    std::size_t compared = 0;
    for (const json::value& value : test::read_cases("aggregate.json")) {
        const json::object& c = value.as_object();
        INFO(c.at("name").as_string());
        if (!c.contains("output")) continue; // the reference stopped with a TypeError
        const json::object &in = c.at("input").as_object(), &out = c.at("output").as_object();
        std::vector<std::vector<report::rank_row>> trials;
        bool complete = true;
        for (std::int64_t t = 0; t < in.at("trials").as_int64(); ++t) {
            trials.emplace_back();
            for (std::int64_t r = 0; r < in.at("ranks").as_int64(); ++r) {
                trials.back().push_back(read_row(in.at("files").as_object(), t, r));
                complete &= has_all_figures(trials.back().back());
            }
        }
        const report::aggregate a = report::aggregate_trials(trials);
        CHECK(a.rank_count == out.at("rank_count").as_int64());
        CHECK(a.trial_count == out.at("trial_count").as_int64());
        CHECK(a.partial_failure() == out.at("partial_failure").as_bool());
        CHECK(a.missing.size() == out.at("missing_files").as_array().size());
        CHECK(a.cpu_tier_ranks.size() == out.at("cpu_tier_ranks").as_array().size());
        const auto check = [&](const std::optional<double>& figure, const char* key) {
            INFO(key);
            if (complete)
                CHECK(figure == out.at(key).to_number<double>());
            else
                CHECK_FALSE(figure);
        };
        check(a.read_gib_per_s, "aggregated_read_bandwidth_gbps");
        check(a.write_gib_per_s, "aggregated_write_bandwidth_gbps");
        check(a.tokens_per_s, "aggregated_avg_throughput_tokens_per_sec");
        check(a.storage_tokens_per_s, "aggregated_storage_throughput_tokens_per_sec");
        check(a.p95_ms, "aggregated_p95_latency_ms");
        compared += complete ? 1 : 0;
    }
    CHECK(compared > 1);
}

TEST_CASE("aggregate: a trial with a missing rank is counted and not averaged in") {
    const std::vector<std::vector<report::rank_row>> trials{
        {row_of(0, 1), row_of(1, 2)}, {row_of(0, 100), missing_row(1)}, {row_of(0, 3), row_of(1, 4)}};
    const report::aggregate a = report::aggregate_trials(trials);
    CHECK(a.read_gib_per_s == 5); // the reference: (3 + 100 + 7) / 3
    CHECK(a.p95_ms == 4);
    CHECK(a.rank_count == 2);
    CHECK(a.trial_count == 3);
    CHECK(a.complete_trials == 2);
    CHECK(a.missing == std::vector<report::rank_in_trial>{{1, 1}});
}

TEST_CASE("aggregate: nothing is no figure, not 0") {
    const std::vector<std::vector<report::rank_row>> none, lost{{missing_row(0), missing_row(1)}};
    for (const auto& trials : {none, lost}) {
        const report::aggregate a = report::aggregate_trials(trials);
        CHECK_FALSE(a.read_gib_per_s);
        CHECK_FALSE(a.p95_ms);
        CHECK(a.complete_trials == 0);
    }
}

TEST_CASE("aggregate: the rows of a job are its ranks' storage tiers") {
    measure::run_report r = test::sample_job(2);
    r.job->ranks[1].requests_completed = 0;
    r.job->ranks[1].storage_time = {};
    r.job->ranks[1].tiers[2].entries = 0;
    r.job->ranks[1].tiers[1].entries = 5; // of the CPU tier
    const auto rows = report::rank_rows(r);
    REQUIRE(rows.size() == 2);
    CHECK(rows[0].read_gib_per_s == 1.0);
    CHECK(rows[0].write_gib_per_s == Approx(0.1));
    CHECK(rows[0].tokens_per_s == 500);
    CHECK(rows[0].storage_tokens_per_s == 2500);
    CHECK(rows[0].p95_ms == 10);
    CHECK(rows[0].storage_entries == 7);
    CHECK_FALSE(rows[1].storage_tokens_per_s);
    CHECK_FALSE(rows[1].p95_ms);
    CHECK(rows[1].storage_entries == 0);
    CHECK(report::aggregate_trials({&rows, 1}).cpu_tier_ranks == std::vector<report::rank_in_trial>{{0, 1}});
}
