#include "page_data.hpp"

#include "support/catch.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <limits>

namespace kvmark::cli {

namespace {

namespace json = boost::json;

json::object row(double at, std::uint64_t read, double p99) {
    return {{"at_s", at},
            {"tokens_per_s", 1000.0 / 3},
            {"storage_read_bytes", read},
            {"storage_write_bytes", 0},
            {"users", static_cast<int>(at)},
            {"storage_read_ms", p99 > 0 ? json::value{{"p50", 1.0}, {"p99", p99}} : json::value()}};
}

result_document run_with(json::array timeline) {
    const json::value distribution = json::parse(R"({"count": 3, "latency_ms": {"mean": 1.0},
        "histogram_ns": [[1000000, 1003999, 1], [1004000, 1007999, 1], [5000000, 5031999, 1]]})");
    const json::object operation{{"operations", 3}, {"total", distribution}, {"device", distribution}};
    json::object kvmark{{"timeline", std::move(timeline)},
                        {"tiers", json::array{json::object{{"read", operation}, {"write", operation}}}},
                        {"latency", json::object{{"end_to_end", distribution}}},
                        {"autoscaling", json::array{1, 2, 3}}};
    return {"a/run.json",
            document_kind::run,
            {{"end_to_end_latencies", json::array{1.0, 2.0}},
             {"summary", json::object{{"total_requests", 3}}},
             {"kvmark", std::move(kvmark)}}};
}

json::object document_of(const std::vector<result_document>& documents, std::size_t i = 0) {
    return page_data(documents, nullptr).at("documents").at(i).as_object();
}

} // namespace

TEST_CASE("What grows with a run is not in its page") {
    const json::object d = document_of({run_with({row(1, 5, 2)})});
    CHECK(d.at("kind") == "run");
    CHECK(d.at("file") == "a/run.json");
    CHECK(d.at("summary").at("total_requests") == 3);
    CHECK_FALSE(d.contains("end_to_end_latencies"));
    const json::object& k = d.at("kvmark").as_object();
    CHECK_FALSE(k.contains("autoscaling"));
    const json::object& read = k.at("tiers").at(0).at("read").as_object();
    CHECK_FALSE(read.at("device").as_object().contains("histogram_ns"));
    CHECK(read.at("device").at("latency_ms").at("mean") == 1.0);
    // Two neighbours have become one, and no sample is lost.
    CHECK(read.at("total").at("histogram_ns") ==
          json::parse("[[1000000, 1007999, 2], [5000000, 5031999, 1]]"));
    CHECK(k.at("latency").at("end_to_end").at("histogram_ns").as_array().size() == 2);
}

TEST_CASE("A timeline becomes columns of six digits, with a gap where nothing was measured") {
    const json::object d = document_of({run_with({row(1.0000001, 5, 2), row(2, 7, 0)})});
    CHECK(d.at("kvmark").at("timeline") ==
          json::parse(R"({"at_s": [1.0, 2.0], "tokens_per_s": [333.333, 333.333],
        "storage_read_bytes": [5, 7], "storage_write_bytes": [0, 0], "users": [1, 2],
        "storage_read_ms": {"p50": [1.0, null], "p99": [2.0, null]}})"));
}

TEST_CASE("A long timeline is thinned without losing bytes or a stall") {
    json::array rows;
    for (int at = 1; at <= 1501; ++at) rows.push_back(row(at, 10, at == 700 ? 99.0 : 2.0));
    const json::object d = document_of({run_with(rows)});
    const json::object& t = d.at("kvmark").at("timeline").as_object();
    REQUIRE(t.at("at_s").as_array().size() == 501);
    CHECK(t.at("at_s").at(500) == 1501.0);
    CHECK(t.at("users").at(0) == 3);
    CHECK(t.at("tokens_per_s").at(0) == 333.333);
    double bytes = 0, highest = 0;
    for (const json::value& v : t.at("storage_read_bytes").as_array()) bytes += v.to_number<double>();
    for (const json::value& v : t.at("storage_read_ms").at("p99").as_array())
        highest = std::max(highest, v.to_number<double>());
    CHECK(bytes == 15010);
    CHECK(highest == 99);

    const std::vector<result_document> many(10, run_with(rows));
    CHECK(document_of(many, 9).at("kvmark").at("timeline").at("at_s").as_array().size() <= 240);
}

TEST_CASE("Results of the reference, and of runs without a timeline, are kept") {
    const result_document reference{"r.json", document_kind::run, {{"summary", json::object()}, {"seed", 1}}};
    const json::object d = document_of({reference, run_with({})});
    CHECK(d.at("seed") == 1);
    CHECK_FALSE(d.contains("kvmark"));
    CHECK(document_of({run_with({})}).at("kvmark").at("timeline").at("at_s").as_array().empty());
}

TEST_CASE("A sweep keeps its points, and the comparison is passed on") {
    const result_document sweep{"s.json", document_kind::sweep,
                                json::parse(R"({"points": [{"policy": "lru", "ttft": {"count": 1,
            "latency_ms": {"p95": 2.0}, "histogram_ns": [[1, 2, 3]]}}]})")
                                    .as_object()};
    const json::object compared{{"metrics", json::array{1.5, std::numeric_limits<double>::infinity()}}};
    const json::object data = page_data(std::vector{sweep}, &compared);
    const json::object& point = data.at("documents").at(0).at("points").at(0).as_object();
    CHECK(point.at("ttft").at("latency_ms").at("p95") == 2.0);
    CHECK_FALSE(point.at("ttft").as_object().contains("histogram_ns"));
    CHECK(data.at("comparison").at("metrics") == json::array{1.5, nullptr});
    CHECK(page_data(std::vector{sweep}, nullptr).at("comparison").is_null());
}

TEST_CASE("Nothing in the data can end the script that holds it") {
    const std::string text = script_text(json::serialize(json::value{"</script><script>", "<!--"}));
    CHECK(text.find('<') == std::string::npos);
    CHECK(json::parse(text) == json::value{"</script><script>", "<!--"});
}

} // namespace kvmark::cli
