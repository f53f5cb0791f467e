// A job of many ranks in the result file, on the terminal, in the warnings and in the rows.
#include "sample_report.hpp"
#include "support/catch.hpp"

#include <kvmark/report/csv.hpp>
#include <kvmark/report/json.hpp>
#include <kvmark/report/summary.hpp>

#include <boost/json/parse.hpp>

#include <sstream>

using namespace kvmark;
namespace json = boost::json;

namespace {

json::value job_of(const measure::run_report& r) {
    return json::parse(report::json_text(report::result_json(r, {}, {}))).at_pointer("/kvmark/job");
}

std::string table_of(const measure::run_report& r, bool color = false) {
    return report::job_table(r, report::palette(color));
}

std::string all_warnings(const measure::run_report& r) {
    std::string text;
    for (const std::string& w : report::warnings(r, {})) text += w + "\n";
    return text;
}

/// Four ranks on two hosts: rank 1 failed, rank 2 never answered.
measure::run_report partial_job() {
    measure::run_report r = test::sample_job(4);
    r.job->ranks[1].failure = "no space left on device";
    r.job->ranks[2] = {};
    r.job->ranks[2].rank = 2;
    r.job->ranks[2].host = 1;
    return r;
}

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

} // namespace

TEST_CASE("job: a run on one process has none") {
    CHECK(job_of(test::sample_report()).is_null());
    CHECK(table_of(test::sample_report()).empty());
    CHECK_FALSE(contains(report::csv_text(test::sample_report()), "\njob,"));
}

TEST_CASE("job: every rank and host is in the result") {
    const json::value job = job_of(test::sample_job(4));
    CHECK(job.at("partial") == false);
    CHECK(job.at("start_skew_us") == 6.0);
    CHECK(job.at("barrier_skew_us") == 43.0);
    CHECK(job.at("bandwidth_of") == "storage");
    REQUIRE(job.at("ranks").as_array().size() == 4);
    const json::value& rank = job.at_pointer("/ranks/3");
    CHECK(rank.at("rank") == 3);
    CHECK(rank.at("host") == "h2");
    CHECK(rank.at("complete") == true);
    CHECK(rank.at("failure").is_null());
    CHECK(rank.at("interrupted") == false);
    CHECK(rank.at("seed") == 45);
    CHECK(rank.at("users") == 25);
    CHECK(rank.at("cache_dir") == "/mnt/kv/rank_3");
    CHECK(rank.at("clock_offset_us") == 3.0);
    CHECK(rank.at("clock_uncertainty_us") == 0.5);
    CHECK(rank.at("start_delay_us") == 6.0);
    CHECK(rank.at("elapsed_s") == 10.0);
    CHECK(rank.at("requests") == 30);
    CHECK(rank.at("tokens") == 5000);
    CHECK(rank.at("storage_io_p95_ms") == 40.0);
    CHECK(rank.at("cores_used") == 1.0);
    CHECK(rank.at("share_of_time") == 0.25);
    CHECK(rank.at("share_of_bandwidth").as_double() == Approx(832.0 / (1024 + 960 + 896 + 832)));
    CHECK(rank.at_pointer("/tiers/2/name") == "direct_file");
    CHECK(rank.at_pointer("/tiers/2/read_bytes") == 8320 * mib_bytes);
    CHECK(rank.at_pointer("/tiers/2/read_gib_per_s") == 0.8125);
    CHECK(rank.at_pointer("/tiers/2/reads") == 100);

    const json::value& host = job.at_pointer("/hosts/1");
    CHECK(host.at("host") == "h2");
    CHECK(host.at("ranks") == json::value({2, 3}));
    CHECK(host.at("complete_ranks") == 2);
    CHECK(host.at_pointer("/tiers/2/read_gib_per_s") == (896 + 832) / 1024.0);
    CHECK(host.at("cores_used") == 2.0);
    CHECK(host.at("logical_cpus") == 4);
    CHECK(host.at("cores_saturated") == false);

    CHECK(job.at_pointer("/slowest_rank/rank") == 3);
    CHECK(job.at_pointer("/slowest_rank/share_of_mean").as_double() == Approx(832.0 / 928));
    CHECK(job.at_pointer("/slowest_host/host") == "h2");
    CHECK(job.at_pointer("/slowest_host/share_of_mean").as_double() == Approx(864.0 / 928));
    CHECK(job.at_pointer("/aggregate/aggregated_read_bandwidth_gbps") == (1024 + 960 + 896 + 832) / 1024.0);
    CHECK(job.at_pointer("/aggregate/aggregated_p95_latency_ms") == 40.0);
    CHECK(job.at_pointer("/aggregate/rank_count") == 4);
    CHECK(job.at_pointer("/aggregate/partial_failure") == false);
}

TEST_CASE("job: figures of a rank that delivered nothing are null, and it is in no sum") {
    const json::value job = job_of(partial_job());
    CHECK(job.at("partial") == true);
    for (const auto& [key, v] : job.at_pointer("/ranks/2").as_object()) {
        INFO(std::string_view(key));
        if (key == "rank" || key == "host" || key == "complete" || key == "failure")
            CHECK_FALSE(v.is_null());
        else
            CHECK(v.is_null());
    }
    CHECK(job.at_pointer("/ranks/2/failure") == "nothing came from it");
    CHECK(job.at_pointer("/ranks/1/failure") == "no space left on device");
    CHECK(job.at_pointer("/ranks/1/requests") == 30); // what it did before
    CHECK(job.at_pointer("/ranks/1/share_of_bandwidth").is_null());
    CHECK(job.at_pointer("/hosts/0/tiers/2/read_gib_per_s") == 1.0); // rank 0 alone
    CHECK(job.at_pointer("/hosts/0/complete_ranks") == 1);
    CHECK(job.at_pointer("/slowest_rank/rank") == 3);
    CHECK(job.at_pointer("/aggregate/aggregated_read_bandwidth_gbps").is_null());
    CHECK(job.at_pointer("/aggregate/complete_trials") == 0);
    CHECK(job.at_pointer("/aggregate/missing/1/rank") == 2);
}

TEST_CASE("job: without a complete rank nothing is 0 and nobody is slowest") {
    measure::run_report r = test::sample_job(2);
    for (measure::rank_stats& s : r.job->ranks) s.failure = "stopped";
    const json::value job = job_of(r);
    CHECK(job.at("slowest_rank").is_null());
    CHECK(job.at("slowest_host").is_null());
    CHECK(job.at_pointer("/hosts/0/tiers").is_null());
    CHECK(contains(table_of(r), "failed"));
    CHECK_FALSE(contains(table_of(r), "nan"));
}

TEST_CASE("job: where storage moved nothing, ranks are compared by all tiers") {
    measure::run_report r = test::sample_job(2);
    for (measure::tier_stats& t : r.tiers) t.read.moved = t.write.moved = {};
    for (measure::rank_stats& s : r.job->ranks) std::swap(s.tiers[1], s.tiers[2]);
    CHECK(job_of(r).at("bandwidth_of") == "all");
    CHECK(job_of(r).at_pointer("/slowest_rank/rank") == 1);
    CHECK(contains(table_of(r), "GiB/s of all tiers"));
}

TEST_CASE("job: the table has a row for each rank and names the slowest") {
    const std::string text = table_of(test::sample_job(4));
    INFO(text);
    CHECK(contains(text, "4 ranks on 2 hosts\n"));
    CHECK(contains(text, "windows opened within 6 us, the barrier before within 43 us"));
    CHECK(contains(text, "h2                  3     0.81     0.08        30     40.0    10.00  ok\n"));
    CHECK(contains(text, "slowest: rank 3 on h2, 90 % of the mean bandwidth"));
    CHECK(contains(text, "slowest host: h2, 93 % of the mean bandwidth of a rank"));
    CHECK_FALSE(contains(text, "partial"));
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) CHECK(line.size() <= 80);
}

TEST_CASE("job: partial results are said in red, with host, rank and cause") {
    const std::string text = table_of(partial_job(), true);
    INFO(text);
    CHECK(contains(text,
                   "\x1b[31mpartial: rank 1 on h1 is not in the figures: no space left on device\x1b[0m"));
    CHECK(contains(text, "\x1b[31mpartial: rank 2 on h2 is not in the figures: nothing came from it\x1b[0m"));
    CHECK(contains(text, "\x1b[31mfailed"));
    CHECK(contains(text, "\x1b[31mmissing"));
}

TEST_CASE("job: an interrupted rank says so and stays in the figures") {
    measure::run_report r = test::sample_job(2);
    r.job->ranks[1].interrupted = true;
    CHECK(contains(table_of(r), "interrupted"));
    CHECK_FALSE(contains(table_of(r), "partial"));
}

TEST_CASE("job: more than 16 ranks have a row for each host") {
    CHECK(contains(table_of(test::sample_job(16)), "slowest: rank 15 on h8"));
    measure::run_report r = test::sample_job(18);
    r.job->ranks[17].failure = "gone";
    const std::string text = table_of(r);
    INFO(text);
    std::istringstream lines(text);
    std::size_t rows = 0;
    for (std::string line; std::getline(lines, line);) rows += line.starts_with("h") ? 1 : 0;
    CHECK(rows == 9);
    CHECK(contains(text, "h1                  2     1.94     0.19        60     20.0    10.00  ok\n"));
    CHECK(contains(text, "1 missing"));
}

TEST_CASE("job: the table comes after the tiers") {
    const std::string text = report::summary_text(test::sample_job(2), {}, {}, report::palette(false));
    const auto tiers = text.find("\nTier "), job = text.find("\nJob "), classes = text.find("\nClass ");
    CHECK(tiers < job);
    CHECK(job < classes);
    CHECK(classes != std::string::npos);
}

TEST_CASE("job: warnings name missing ranks and saturated hosts") {
    CHECK(all_warnings(test::sample_job(4)).empty());
    CHECK(contains(
        all_warnings(partial_job()),
        "2 of 4 ranks are missing from the figures (rank 1 on h1: no space left on device; rank 2 on "
        "h2: nothing came from it)"));

    measure::run_report r = test::sample_job(4);
    r.job->hosts[1].logical_cpus = 2; // two ranks with one core each
    CHECK(contains(all_warnings(r), "cores saturated on h2: its ranks used 2.00 of 2,"));
    CHECK(job_of(r).at_pointer("/hosts/1/cores_saturated") == true);
    r.virtual_time = true;
    CHECK(all_warnings(r).empty());
    CHECK(job_of(r).at_pointer("/hosts/1/cores_saturated").is_null());
}

TEST_CASE("job: rows for the job, its ranks and its hosts") {
    const std::string text = report::csv_text(partial_job());
    for (const char* row : {"\njob,ranks,count,4\n", "\njob,missing_ranks,count,2\n",
                            "\njob,barrier_skew,us,43.0\n", "\nrank.0,complete,count,1\n",
                            "\nrank.1,complete,count,0\n", "\nrank.3,read_bandwidth,GiB/s,0.8125\n",
                            "\nrank.2,host,count,1\n", "\nhost.0,complete_ranks,count,1\n"})
        CHECK(contains(text, row));
    CHECK_FALSE(contains(text, "rank.2,elapsed"));
    CHECK_FALSE(contains(text, "job,aggregated"));
    CHECK(contains(report::csv_text(test::sample_job(2)), "\njob,aggregated_p95_latency,ms,20.0\n"));
}
