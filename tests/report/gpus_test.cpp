// The GPUs of a run: a line each in the summary, every fact in the result file, and back from there.
#include "sample_report.hpp"
#include "support/catch.hpp"

#include <kvmark/report/json.hpp>
#include <kvmark/report/read_report.hpp>
#include <kvmark/report/summary.hpp>

#include <boost/json/parse.hpp>

using namespace kvmark;
namespace json = boost::json;

namespace {

json::value result_of(const measure::run_report& r) {
    return json::parse(report::json_text(report::result_json(r, {}, {})));
}

std::string summary(const measure::run_report& r) {
    return report::summary_text(r, {}, {}, report::palette(false));
}

measure::run_report with(gpu::gpu_facts g) {
    measure::run_report r = test::sample_report();
    r.gpus.push_back({.facts = std::move(g)});
    return r;
}

} // namespace

TEST_CASE("gpus: the summary has a line for each") {
    const std::string text = summary(with(test::sample_gpu()));
    INFO(text);
    CHECK(text.find("\nGPU 0: NVIDIA H200, 139.7 GiB, PCIe 5.0 x16, driver 580.159.04, CUDA 13.0\n") !=
          std::string::npos);
    CHECK(summary(test::sample_report()).find("GPU") == std::string::npos);
}

TEST_CASE("gpus: a link that runs at less than it could says so; what is not known is not said") {
    gpu::gpu_facts g = test::sample_gpu();
    g.link_generation = 4;
    g.link_width = 8;
    CHECK(report::gpu_text(g).find(", PCIe 4.0 x8 of 5.0 x16, ") != std::string::npos);
    CHECK(report::gpu_text({.name = "G", .cuda_version = "12.4"}) == "G, CUDA 12.4");
    CHECK(report::gpu_text({}) == "a GPU");
}

TEST_CASE("gpus: of a job each has its host, and many are not all listed") {
    measure::run_report job = test::sample_job(4);
    for (std::uint32_t i = 0; i < 20; ++i) {
        gpu::gpu_facts g = test::sample_gpu();
        g.index = i % 10;
        job.gpus.push_back({.host = i / 10, .facts = g});
    }
    const std::string text = summary(job);
    CHECK(text.find("\nGPU 2 of h2: NVIDIA H200") != std::string::npos);
    CHECK(text.find("\n  and 4 more GPUs\n") != std::string::npos);
    const json::value result = result_of(job);
    CHECK(result.at_pointer("/kvmark/gpus/19/host") == "h2");
    CHECK(report::read_report(result.as_object()).report.gpus[19].host == 1);
}

TEST_CASE("gpus: every fact is in the result file and comes back, and what is not known is null") {
    const json::value full = result_of(with(test::sample_gpu()));
    const json::object& g = full.at_pointer("/kvmark/gpus/0").as_object();
    CHECK(g.at("host").is_null());
    CHECK(g.at("name") == "NVIDIA H200");
    CHECK(g.at("uuid") == "GPU-00112233-4455-6677-8899-aabbccddee01");
    CHECK(g.at("memory_bytes") == 150'019'768'320);
    CHECK(g.at("memory_bytes_per_s") == 4.8e12);
    CHECK(g.at("pcie_width_max") == 16);

    const measure::run_report back = report::read_report(full.as_object()).report;
    CHECK(result_of(back).at_pointer("/kvmark/gpus") == full.at_pointer("/kvmark/gpus"));

    const json::value empty = result_of(with({}));
    for (const auto& [key, value] : empty.at_pointer("/kvmark/gpus/0").as_object()) {
        INFO(std::string(key));
        CHECK(value.is_null() == (key != "index"));
    }
    CHECK(result_of(test::sample_report()).at_pointer("/kvmark/gpus").as_array().empty());
}
