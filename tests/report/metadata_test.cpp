#include "sample_report.hpp"
#include "support/catch.hpp"

#include <kvmark/report/metadata.hpp>

using namespace kvmark;

TEST_CASE("the metadata has the wrapper's keys, in its order") {
    options o;
    o.run_datetime = "20250115_120000";
    o.hosts = {"host1"};
    report::run_record run;
    run.display = "kvmark run";
    const measure::run_report r = test::sample_report();
    const auto m = report::metadata_json(o, run, &r);
    std::vector<std::string> keys;
    for (const auto& member : m) keys.emplace_back(member.key());
    CHECK(keys == std::vector<std::string>{"benchmark_type",
                                           "model",
                                           "command",
                                           "run_datetime",
                                           "num_processes",
                                           "accelerator",
                                           "result_dir",
                                           "parameters",
                                           "override_parameters",
                                           "system_info",
                                           "runtime",
                                           "verification",
                                           "executed_command",
                                           "command_output_files",
                                           "args",
                                           "kvcache_model",
                                           "num_users",
                                           "duration",
                                           "gpu_mem_gb",
                                           "cpu_mem_gb",
                                           "cache_dir",
                                           "generation_mode",
                                           "performance_profile",
                                           "exec_type",
                                           "hosts",
                                           "kvcache_metrics",
                                           "kvmark"});
    CHECK(m.at("benchmark_type") == "kv_cache");
    CHECK(m.at("accelerator").is_null());
    CHECK(m.at("gpu_mem_gb") == 16.0);
    CHECK(m.at("parameters").at("num_users") == 100); // the wrapper leaves them out
}

TEST_CASE("without hosts and without a result their keys are absent") {
    const auto m = report::metadata_json({}, {}, nullptr);
    CHECK(!m.contains("hosts"));
    CHECK(!m.contains("kvcache_metrics"));
}
