// The rules' figures from the files of ranks.
#include "support/reference_vectors.hpp"

#include <kvmark/report/mlperf_figures.hpp>

using namespace kvmark;
namespace json = boost::json;

namespace {

json::value rank_file(double figure, double device_p95) {
    return {{"requests_completed", 3},
            {"summary",
             {{"avg_throughput_tokens_per_sec", figure},
              {"storage_throughput_tokens_per_sec", figure},
              {"storage_io_latency_ms", {{"p95", figure}}},
              {"cache_stats",
               {{"tier_storage_read_bandwidth_gbps", figure},
                {"tier_storage_write_bandwidth_gbps", figure},
                {"storage_read_device_p95_ms", device_p95},
                {"storage_entries", 5}}}}}};
}

report::rank_figures_read read(const json::value& file) { return report::read_rank_figures(file, 0); }

} // namespace

TEST_CASE("mlperf_figures: a rank's file") {
    const report::rank_figures_read f = read(rank_file(2, 7));
    CHECK(f.problem.empty());
    CHECK(f.row.read_gib_per_s == 2);
    CHECK(f.row.storage_entries == 5);
    CHECK(f.read_p95_ms == 7);
    CHECK_FALSE(f.write_p95_ms); // it wrote nothing
}

TEST_CASE("mlperf_figures: what does not count, and why") {
    const auto with = [](std::string_view pointer, json::value v) {
        json::value file = rank_file(2, 7);
        file.at_pointer(pointer) = std::move(v);
        return read(file);
    };
    const auto faulty = [](const report::rank_figures_read& f, std::string_view problem,
                           std::string_view place) {
        CHECK(f.problem == problem);
        CHECK(f.place == place);
        CHECK(f.row.missing);
    };
    constexpr std::string_view bandwidth = "/summary/cache_stats/tier_storage_read_bandwidth_gbps";
    faulty(with(bandwidth, -1), "it is negative", bandwidth);
    faulty(with(bandwidth, nullptr), "it is no number", bandwidth);
    faulty(with("/summary/storage_io_latency_ms", json::object()), "it is not there",
           "/summary/storage_io_latency_ms/p95");
    faulty(with("/summary/cache_stats/storage_read_device_p95_ms", "7"), "it is no number",
           "/summary/cache_stats/storage_read_device_p95_ms");
    faulty(with("/requests_completed", 0), "no request was completed in the window", "/requests_completed");
    faulty(read(json::object()), "no request was completed in the window", "/requests_completed");
    faulty(read(nullptr), "it is no JSON object", "");
}

TEST_CASE("mlperf_figures: the reference's sums") {
    std::size_t compared = 0;
    for (const json::value& value : test::read_cases("aggregate.json")) {
        const json::object& c = value.as_object();
        if (!c.contains("output")) continue;
        INFO(c.at("name").as_string());
        const json::object &in = c.at("input").as_object(), &out = c.at("output").as_object();
        std::vector<report::trial_figures> trials;
        bool complete = true;
        for (std::int64_t t = 0; t < in.at("trials").as_int64(); ++t) {
            report::trial_figures& ranks = trials.emplace_back();
            for (std::int64_t r = 0; r < in.at("ranks").as_int64(); ++r) {
                const std::string folder = "trial_" + std::to_string(t) + "/rank_" + std::to_string(r) + "/";
                json::value file;
                for (const auto& [path, content] : in.at("files").as_object())
                    if (std::string_view(path).starts_with(folder)) file = content;
                if (file.is_object() && file.get_object().contains("summary"))
                    file.get_object()["requests_completed"] = 1; // the recorded files are cut short
                ranks.push_back(report::read_rank_figures(file, static_cast<std::uint32_t>(r)));
                complete &= !ranks.back().row.missing;
            }
        }
        const report::option_figures o = report::figures_of_option(trials, trials.size(), false);
        CHECK((o.status == report::option_status::ok) == complete);
        if (!complete) continue;
        const json::object summary = report::option_summary_json(1, o.sums);
        for (const auto& [key, expected] : out) {
            INFO(key);
            if (expected.is_number())
                CHECK(summary.at(key).to_number<double>() == expected.to_number<double>());
            else if (expected.is_array()) // the reference has whole paths
                CHECK(summary.at(key).as_array().size() == expected.as_array().size());
            else
                CHECK(summary.at(key) == expected);
        }
        ++compared;
    }
    CHECK(compared > 1);
}

TEST_CASE("mlperf_figures: ok, partial and failed") {
    const auto good = [] { return report::trial_figures{read(rank_file(2, 7)), read(rank_file(3, 9))}; };
    report::trial_figures bad = good();
    bad[1] = report::read_rank_figures(nullptr, 1);
    bad[0].read_p95_ms = 100;
    const auto status = [](const std::vector<report::trial_figures>& trials, bool closed = false) {
        return report::figures_of_option(trials, 2, closed);
    };
    CHECK(status({good(), good()}).status == report::option_status::ok);
    const report::option_figures partial = status({good(), bad});
    CHECK(partial.status == report::option_status::partial);
    CHECK(partial.reason == "1 of 2 trials are complete");
    CHECK(partial.sums.read_gib_per_s == 5);
    CHECK(report::option_summary_json(2, partial.sums).at("missing_files") ==
          json::array{"option_2/trial_1/rank_1"});
    CHECK(partial.read_p95_ms == 9); // not that of the trial with a rank missing
    CHECK(status({good()}).status == report::option_status::partial);
    CHECK(status({bad, bad}).status == report::option_status::failed);
    CHECK(status({}).reason == "no trial was run");

    report::trial_figures memory = good();
    for (report::rank_figures_read& f : memory) f.row.storage_entries = 0;
    CHECK(status({memory, memory}).status == report::option_status::ok);
    CHECK(status({memory, memory}, true).status == report::option_status::failed);
}
