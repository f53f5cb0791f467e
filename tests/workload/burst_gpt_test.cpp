// BurstGPT traces: rows into requests, replayed, and malformed ones named.
#include <kvmark/workload/burst_gpt.hpp>

#include "workload/requests.hpp"
#include "workload/temporary_file.hpp"

using namespace kvmark;
using namespace kvmark::workload;
using namespace kvmark::workload::testing;

namespace {

const std::string sample = KVMARK_TEST_DATA_DIR "/burst_gpt_sample.csv";

burst_gpt opened(const std::string& path, trace_replay replay) {
    result<burst_gpt> trace = burst_gpt::open(path, {}, replay);
    if (!trace) FAIL(trace.error().message);
    return *std::move(trace);
}

using milliseconds = std::vector<std::int64_t>;
milliseconds arrivals(burst_gpt trace) {
    milliseconds times;
    for (const request& r : take(trace, 100)) times.push_back(r.arrival.count / 1'000'000);
    return times;
}

constexpr std::string_view header = "Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type\n";

/// The message with which a trace of these rows fails, less its path; how many requests came before goes to
/// `good`.
std::string complaint(std::string_view rows, std::size_t& good) {
    const temporary_file file(std::string(header).append(rows));
    result<burst_gpt> trace = burst_gpt::open(file.path(), {}, {.cycles = 1});
    if (!trace) return good = 0, trace.error().message.substr(file.path().size());
    good = take(*trace, 1000).size();
    REQUIRE(trace->failure());
    CHECK_FALSE(trace->next());
    return trace->failure()->message.substr(file.path().size());
}

} // namespace

TEST_CASE("each row is a single request of its own user, from the first row's time on") {
    burst_gpt trace = opened(sample, {.cycles = 1});
    const auto requests = take(trace, 100);
    REQUIRE(requests.size() == 5);
    CHECK_FALSE(trace.failure());
    for (std::size_t i = 0; i < 5; ++i) {
        CHECK(requests[i].id == i);
        CHECK(requests[i].user == i);
        CHECK(requests[i].turn == 0);
    }
    CHECK(requests[1].input == tokens(1250));
    CHECK(requests[1].output == tokens(388));
    CHECK(requests[2].output == tokens(0));
    CHECK(requests[3].phase == phase::prefill);
    CHECK(requests[4].phase == phase::prefill_decode);
    CHECK(arrivals(opened(sample, {.cycles = 1})) == milliseconds{0, 0, 3500, 9000, 30'000});
}

TEST_CASE("the speedup divides the gaps, and 0 takes them away") {
    CHECK(arrivals(opened(sample, {.speedup = 10, .cycles = 1})) == milliseconds{0, 0, 350, 900, 3000});
    CHECK(arrivals(opened(sample, {.speedup = 0.5, .cycles = 1})) ==
          milliseconds{0, 0, 7000, 18'000, 60'000});
    CHECK(arrivals(opened(sample, {.speedup = 0, .cycles = 2})) == milliseconds(10, 0));
}

TEST_CASE("a replay goes on after the trace's mean gap, as often as asked or for ever") {
    // Four gaps over 30 s: 7.5 s.
    CHECK(arrivals(opened(sample, {.cycles = 2})) ==
          milliseconds{0, 0, 3500, 9000, 30'000, 37'500, 37'500, 41'000, 46'500, 67'500});
    burst_gpt endless = opened(sample, {.cycles = 0});
    const auto requests = take(endless, 5003);
    REQUIRE(requests.size() == 5003);
    CHECK(requests.back().id == 5002);
    CHECK(requests.back().input == tokens(24));
    CHECK(requests[5000].arrival == from_seconds(37.5 * 1000));
}

TEST_CASE("what a trace does not record depends on the seed alone") {
    const auto play = [](std::uint64_t seed) {
        result<burst_gpt> trace = burst_gpt::open(sample, {.seed = seed}, {});
        REQUIRE(trace);
        return take(*trace, 1000);
    };
    CHECK(hash_of(play(1)) == hash_of(play(1)));
    CHECK(hash_of(play(1)) != hash_of(play(2)));
    std::array<int, 3> classes{};
    int prompts = 0;
    for (const request& r : play(1)) {
        ++classes[static_cast<std::size_t>(r.service)];
        prompts += r.system_prompt != request::no_system_prompt;
    }
    CHECK(chi_square(classes, std::array{150.0, 350.0, 500.0}) < 13.8);
    CHECK(prompts == Approx(200).margin(50));
}

TEST_CASE("columns are found by name, in any order, quoted or not, with any line end") {
    const temporary_file file("\xef\xbb\xbfResponse tokens,Note,Timestamp (s),\"Request tokens\"\r\n"
                              "7,\"a, b\",1,100\r\n\r\n8,,\"2.25\",200\r\n");
    burst_gpt trace = opened(file.path(), {.cycles = 1});
    const auto requests = take(trace, 10);
    REQUIRE(requests.size() == 2);
    CHECK(requests[0].input == tokens(100));
    CHECK(requests[1].output == tokens(8));
    CHECK(requests[1].arrival == from_seconds(1.25));
}

TEST_CASE("a time before the row above arrives with it") {
    const temporary_file file(std::string(header) + "10,m,1,1,2,l\n14,m,1,1,2,l\n3,m,0,1,1,l\n5,m,1,1,2,l\n");
    burst_gpt trace = opened(file.path(), {.cycles = 1});
    const auto requests = take(trace, 10);
    CHECK(arrivals(opened(file.path(), {.cycles = 1})) == milliseconds{0, 4000, 4000, 6000});
    CHECK(requests[2].input == tokens(1)); // a request of nothing still names an entry
}

TEST_CASE("a malformed row is named by line and column, after the good ones") {
    std::size_t good = 0;
    CHECK(complaint("1,m,10,20,30,l\n2,m,ten,20,30,l\n", good) == ":3:5: 'ten' is not a count of tokens");
    CHECK(good == 1);
    CHECK(complaint("1,m,10,20,30,l\n2,m,10,-1,9,l\n", good) == ":3:8: '-1' is not a count of tokens");
    CHECK(complaint("1,m,10,20,30,l\n2,m,10,4294967296,9,l\n", good) ==
          ":3:8: '4294967296' is not a count of tokens");
    CHECK(complaint("1,m,10,20,30,l\n2,m,10\n", good) == ":3:7: the row has 3 fields, the header 6");
    CHECK(complaint("1,m,10,20,30,l\n\n\nnan,m,10,2,12,l\n", good) == ":5:1: 'nan' is not a time in seconds");
    CHECK(complaint("1,m,10,20,30,l\n,m,10,2,12,l\n", good) == ":3:1: '' is not a time in seconds");
    CHECK(complaint("-4,m,10,2,12,l\n", good) == ":2:1: '-4' is not a time in seconds");
    CHECK(good == 0);
}

TEST_CASE("what is no trace is refused at once") {
    const auto refusal = [](std::string_view text) {
        const temporary_file file(text);
        const result<burst_gpt> trace = burst_gpt::open(file.path(), {}, {});
        REQUIRE_FALSE(trace);
        return trace.error().message.substr(file.path().size());
    };
    CHECK(refusal("") == ":0:1: the file is empty; expected a BurstGPT csv");
    CHECK(refusal("Timestamp,Model\n1,m\n") ==
          ":1:1: the header lacks the columns: Request tokens, Response tokens");
    CHECK(refusal(header) == ":1:1: the trace has no rows below its header; give one that has");
    CHECK_FALSE(burst_gpt::open("/tmp/kvmark-no-such-trace.csv", {}, {}));
    CHECK(burst_gpt::open(sample, {}, {.speedup = -1}).error().message ==
          "trace-speedup is -1.000000; it must be 0 (no gaps) or more");
}
