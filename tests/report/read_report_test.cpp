// A result file says all that the summary and the rows of its run said.
#include "sample_report.hpp"
#include "support/catch.hpp"

#include <kvmark/report/csv.hpp>
#include <kvmark/report/json.hpp>
#include <kvmark/report/read_report.hpp>
#include <kvmark/report/summary.hpp>

#include <boost/json/parse.hpp>

using namespace kvmark;
namespace json = boost::json;

namespace {

measure::run_report sample_serving() {
    measure::run_report r = test::sample_report();
    r.tiers[0].limit = bytes{}; // not there
    measure::serving_stats& s = r.serving.emplace();
    s.counts = {.requests = 12,
                .block_refs = 500,
                .hit_blocks_prefix = 100,
                .hit_blocks_any = 120,
                .recomputed_blocks = 3,
                .measured_tokens = 9000,
                .hit_tokens = 1800};
    s.counts.tiers[1].read = 70;
    s.counts.tiers[2].read = 30;
    s.block = bytes(2 * mib_bytes);
    s.block_tokens = tokens(16);
    s.completed = 11;
    s.ttft = s.queue = s.load = s.prefill = s.inter_token = test::milliseconds_up_to(11);
    return r;
}

options sample_options() {
    options o;
    o.num_users = 33;
    o.cache_dir = "/mnt/nvme";
    o.generation_mode = generation_mode::none;
    o.workload.targets[1].p95_ms = 7;
    return o;
}

} // namespace

TEST_CASE("a result file says what the run printed") {
    measure::run_report tiny = test::sample_report();
    tiny.virtual_time = true;
    tiny.interrupted = true;
    tiny.tiers[2].limit = bytes(~std::uint64_t{0});
    tiny.tiers[2].note = "memory stands behind it";
    measure::run_report traced = test::sample_report();
    traced.process.processors = 1; // 1.5 are used
    traced.cache.storage_tokens_read = 5000;
    measure::block_layer_stats& layer = traced.block_layer.emplace();
    layer.devices = "vda, vdb";
    layer.begin = from_seconds(0.5);
    layer.end = from_seconds(9);
    layer.read.latency_us = layer.write.latency_us = {{64, 127, 10}, {128, 255, 3}};
    layer.read.size = layer.write.size = {{4096, 4096, 13}};
    for (const auto& r : {test::sample_report(), tiny, traced, test::sample_job(4), test::sample_job(40),
                          sample_serving(), measure::run_report{}}) {
        const options o = sample_options();
        report::run_context context;
        context.notes = {"something was decided"};
        const std::string text = report::json_text(report::result_json(r, o, context));
        const json::value file = json::parse(text);
        const report::read_run read = report::read_report(file.get_object());
        const report::palette plain(false);
        CHECK(report::summary_with_remarks(read.report, read.settings, read.remarks, plain) ==
              report::summary_text(r, o, context, plain));
        // Of a rank the file has its share of the storage time and not the time, so one sum is rounded again.
        if (r.job) continue;
        const auto again = report::report_rows(read.report, read.storage()), rows = report::report_rows(r);
        REQUIRE(again.size() == rows.size());
        for (std::size_t i = 0; i < rows.size(); ++i) {
            INFO(rows[i].scope << " " << rows[i].metric);
            CHECK(report::csv_line(again[i]) == report::csv_line(rows[i]));
        }
    }
}

TEST_CASE("the summary of a result file names the version that measured") {
    json::value file = report::result_json(test::sample_report(), {}, {});
    file.get_object()["kvmark"].get_object()["version"] = "9.9";
    const report::read_run read = report::read_report(file.get_object());
    CHECK(report::summary_with_remarks(read.report, read.settings, read.remarks, report::palette(false))
              .starts_with("kvmark 9.9  "));
}

TEST_CASE("a damaged result file is read as far as it goes") {
    const json::value file = json::parse(
        R"({"requests_completed": "three", "summary": [], "seed": -1, "kvmark": {"warnings": [1, "two"],
            "tiers": [7, {"name": "x", "role": "none", "read": {"total": {"histogram_ns": [[1], [5, 5, 2], [4, 4, 1]]}}}],
            "latency": {"end_to_end": {"histogram_ns": [[5, 5, 3]], "latency_ms": {"max": 1}}}}})");
    const report::read_run read = report::read_report(file.get_object());
    CHECK(read.remarks.warnings == std::vector<std::string>{"two"});
    REQUIRE(read.report.tiers.size() == 1);
    CHECK(read.report.end_to_end.count() == 3);
    CHECK_FALSE(report::summary_with_remarks(read.report, {}, read.remarks, report::palette(false)).empty());
}
