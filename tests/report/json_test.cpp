#include "sample_report.hpp"
#include "support/catch.hpp"

#include <kvmark/report/json.hpp>

#include <boost/json/parse.hpp>
#include <boost/json/value_to.hpp>

#include <fstream>
#include <set>
#include <sstream>

using namespace kvmark;
namespace json = boost::json;

namespace {

struct expected_key {
    std::string path, type, when;
};

/// a{b,c}d -> abd, acd; as often as there are braces.
std::vector<std::string> expand(const std::string& text) {
    const auto open = text.find('{');
    if (open == std::string::npos) return {text};
    const auto close = text.find('}', open);
    std::stringstream choices(text.substr(open + 1, close - open - 1));
    std::vector<std::string> all;
    for (std::string choice; std::getline(choices, choice, ',');)
        for (const std::string& rest : expand(text.substr(close + 1)))
            all.push_back(text.substr(0, open) + choice + rest);
    return all;
}

std::vector<expected_key> reference_keys() {
    std::ifstream file(KVMARK_TEST_DATA_DIR "/reference_keys.txt");
    std::vector<expected_key> keys;
    for (std::string line; std::getline(file, line);) {
        if (line.empty() || line[0] == '#') continue;
        std::istringstream words(line);
        std::string path, type, when;
        words >> path >> type >> when;
        for (const std::string& p : expand(path)) keys.push_back({p, type, when});
    }
    REQUIRE(keys.size() > 150);
    return keys;
}

/// The values at a dotted path; a list stands for all its members.
void collect(const json::value& v, std::string_view path, std::vector<json::value>& found) {
    if (path.empty()) return found.push_back(v), void();
    if (path.starts_with("[]")) {
        path.remove_prefix(path.starts_with("[].") ? 3 : 2);
        if (v.is_array())
            for (const json::value& member : v.get_array()) collect(member, path, found);
        return;
    }
    const auto end = std::min(path.find_first_of(".["), path.size());
    const std::string_view key = path.substr(0, end);
    path.remove_prefix(end < path.size() && path[end] == '.' ? end + 1 : end);
    if (v.is_object() && v.get_object().contains({key.data(), key.size()}))
        collect(v.get_object().at({key.data(), key.size()}), path, found);
}

bool has_type(const json::value& v, const std::string& type) {
    if (type == "integer") return v.is_int64() || v.is_uint64();
    if (type == "number") return v.is_number();
    if (type == "text") return v.is_string();
    if (type == "bool") return v.is_bool();
    if (type == "list") return v.is_array();
    if (type == "object") return v.is_object();
    return type == "any";
}

void collect_paths(const json::value& v, const std::string& path, std::set<std::string>& paths) {
    if (!path.empty()) paths.insert(path);
    if (v.is_array())
        for (const json::value& member : v.get_array()) collect_paths(member, path + "[]", paths);
    if (!v.is_object()) return;
    for (const auto& [key, member] : v.get_object())
        collect_paths(member, (path.empty() ? "" : path + ".") + std::string(key), paths);
}

json::value parsed_result(const measure::run_report& r, const options& o = {}) {
    return json::parse(report::json_text(report::result_json(r, o, {}))); // what a reader gets
}

options autoscaled() {
    options o;
    o.enable_autoscaling = true;
    o.autoscaler_mode = autoscaler_mode::capacity;
    return o;
}

} // namespace

TEST_CASE("the result has every key of the reference, with its type") {
    const json::value full = parsed_result(test::sample_report(), autoscaled());
    for (const expected_key& key : reference_keys()) {
        INFO(key.path << " " << key.type << " " << key.when);
        std::vector<json::value> found;
        collect(full, key.path, found);
        CHECK(!found.empty());
        for (const json::value& v : found) CHECK(has_type(v, key.type));
    }
}

TEST_CASE("a run that measured nothing says null or nothing, never 0") {
    const json::value empty = parsed_result({});
    for (const expected_key& key : reference_keys()) {
        INFO(key.path << " " << key.type << " " << key.when);
        std::vector<json::value> found;
        collect(empty, key.path, found);
        if (key.when == "always") {
            REQUIRE(found.size() == 1);
            CHECK(has_type(found[0], key.type));
        } else if (key.when == "null") {
            REQUIRE(found.size() == 1);
            CHECK(found[0].is_null());
        } else {
            CHECK(found.empty());
        }
    }
    CHECK(empty.at_pointer("/summary/qos_metrics/batch/no_data") == true);
}

TEST_CASE("outside kvmark the result has no key that the reference lacks") {
    std::set<std::string> known{"kvmark"};
    for (const expected_key& key : reference_keys())
        for (auto end = key.path.size(); end != std::string::npos && end > 0;
             end = key.path.find_last_of(".[", end - 1))
            known.insert(key.path.substr(0, end));
    std::set<std::string> paths;
    collect_paths(parsed_result(test::sample_report(), autoscaled()), "", paths);
    for (const std::string& path : paths)
        if (!path.starts_with("kvmark.") && !path.starts_with("summary.autoscaling_summary.")) {
            INFO(path);
            CHECK(known.contains(path));
        }
}

TEST_CASE("figures have the reference's units") {
    const json::value v = parsed_result(test::sample_report());
    CHECK(v.at_pointer("/summary/cache_stats/tier_storage_kv_bytes_read_gb") == 30.0);
    CHECK(v.at_pointer("/summary/cache_stats/tier_storage_read_bandwidth_gbps") == 3.0); // over 10 s
    CHECK(v.at_pointer("/summary/cache_stats/total_read_bytes") == 60 * gib_bytes);
    CHECK(v.at_pointer("/summary/cache_stats/read_iops") == 300); // operations, not a rate
    CHECK(v.at_pointer("/summary/cache_stats/storage_read_p50_ms").as_double() ==
          Approx(50.0).epsilon(0.008)); // of 1..100
    CHECK(v.at_pointer("/summary/cache_stats/cache_hit_rate") == 0.9);
    CHECK(v.at_pointer("/summary/end_to_end_latency_ms/mean").as_double() == Approx(15.5));
    CHECK(v.at_pointer("/end_to_end_latencies/0") == 0.1); // seconds
    CHECK(v.at_pointer("/total_storage_io_latency") == 2.0);
    CHECK(v.at_pointer("/summary/storage_throughput_tokens_per_sec") == 2500.0);
    CHECK(v.at_pointer("/summary/multi_turn_stats/hit_rate") == 0.75);
    CHECK(v.at_pointer("/summary/qos_metrics/interactive/sla/compliance") == 1.0);
}

TEST_CASE("compliance is the share of requests within the target") {
    measure::run_report r = test::sample_report();
    r.classes[0].latency = test::milliseconds_up_to(100); // the target is 50 ms
    const json::value v = parsed_result(r);
    CHECK(v.at_pointer("/summary/qos_metrics/interactive/sla/compliance").as_double() ==
          Approx(0.5).margin(0.01));
    CHECK(v.at_pointer("/summary/qos_metrics/interactive/sla/met") == false);
}

TEST_CASE("a histogram is written whole") {
    const measure::histogram h = test::milliseconds_up_to(1000);
    std::uint64_t count = 0;
    std::int64_t before = -1;
    for (const json::value& bucket : report::histogram_json(h)) {
        const auto low = json::value_to<std::int64_t>(bucket.at(0)),
                   high = json::value_to<std::int64_t>(bucket.at(1));
        CHECK(before < low);
        CHECK(low <= high);
        before = high;
        count += json::value_to<std::uint64_t>(bucket.at(2));
    }
    CHECK(count == 1000);
}

TEST_CASE("a request without a prefill is not in the prefill latencies") {
    measure::run_report r = test::sample_report();
    r.samples = {{0.5f, 0.25f, 0, 0.125f, 0}, {0.5f, 0.25f, 0, 0, 0.25f}, {0.5f, 0.5f, 0, 0.25f, 0.25f}};
    const json::value v = parsed_result(r);
    CHECK(v.at("end_to_end_latencies").as_array().size() == 3);
    CHECK(v.at("prefill_latencies") == json::value({0.125, 0.25}));
    CHECK(v.at("decode_latencies") == json::value({0.25, 0.25}));
}

TEST_CASE("a row of the timeline has the latency of its second, and null where nothing completed") {
    const json::value row = parsed_result(test::sample_report()).at_pointer("/kvmark/timeline/0");
    CHECK(row.at_pointer("/storage_read_ms/count").to_number<int>() == 40);
    CHECK(row.at_pointer("/storage_read_ms/p50").to_number<double>() == Approx(1));
    CHECK(row.at_pointer("/storage_read_ms/p95").to_number<double>() == Approx(2));
    CHECK(row.at_pointer("/storage_read_ms/p99").to_number<double>() == Approx(3));
    for (const char* key : {"storage_write_ms", "end_to_end_ms", "ttft_ms"}) CHECK(row.at(key).is_null());
}

TEST_CASE("virtual time leaves out what the machine did") {
    measure::run_report r = test::sample_report();
    r.virtual_time = true;
    const json::value v = parsed_result(r);
    CHECK(v.at_pointer("/kvmark/process").is_null());
    CHECK(v.at_pointer("/kvmark/device").is_null());
}

TEST_CASE("corruption, failures and an interruption are in the result") {
    measure::run_report r = test::sample_report();
    r.interrupted = true;
    r.corrupt_sectors = 2;
    r.corruptions.push_back({"conv_1_turn_2", "direct_file", bytes(8192), "a", "b"});
    r.failed_operations = 1;
    r.failures.push_back({"conv_3_turn_4", "direct_file", "write", bytes(4096), ENOSPC});
    const json::value v = parsed_result(r);
    CHECK(v.at_pointer("/kvmark/interrupted") == true);
    CHECK(v.at_pointer("/kvmark/integrity/clean") == false);
    CHECK(v.at_pointer("/kvmark/integrity/corrupt_sectors") == 2);
    CHECK(v.at_pointer("/kvmark/integrity/corruptions/0/key") == "conv_1_turn_2");
    CHECK(v.at_pointer("/kvmark/integrity/corruptions/0/offset") == 8192);
    CHECK(v.at_pointer("/kvmark/integrity/failures/0/operation") == "write");
    CHECK(v.at_pointer("/kvmark/integrity/failures/0/message") == "No space left on device");
}
