// BurstGPT and Azure LLM as traces: sizes, times, blocks that never come again.
#include "workload/traces.hpp"

using namespace kvmark;
using namespace kvmark::workload;
using namespace kvmark::workload::testing;

TEST_CASE("each row of a csv trace is a session whose blocks are all new") {
    const loaded_trace t = loaded(samples + "burst_gpt_sample.csv");
    CHECK(std::string_view(t.trace.header().format.data()) == "burstgpt");
    CHECK(t.trace.block_tokens() == tokens(512));
    CHECK(t.trace.references() == t.trace.distinct_blocks());
    const auto r = kept_requests_of(t.trace);
    REQUIRE(r.size() == 5);
    CHECK(r[0].numbers == numbers{0});
    CHECK(r[1].numbers == numbers{1, 2, 3}); // 1250 tokens
    CHECK(r[2].arrival == nanoseconds(3'500'000'000));
    CHECK(r[3].numbers.size() == 24);
    CHECK(r[4].session == 4);
}

TEST_CASE("the length of a block is an option") {
    const auto r =
        kept_requests_of(loaded(samples + "burst_gpt_sample.csv", {.block_tokens = tokens(16)}).trace);
    CHECK(r[0].numbers.size() == 20); // 310 tokens
}

TEST_CASE("Azure's times have dates and seven decimals") {
    const loaded_trace t = loaded(samples + "azure_sample.csv");
    CHECK(std::string_view(t.trace.header().format.data()) == "azure");
    const auto r = kept_requests_of(t.trace);
    REQUIRE(r.size() == 4);
    CHECK(r[1].arrival == nanoseconds(52'000'000));
    CHECK(r[1].numbers.size() == 1);
    CHECK(r[2].numbers.empty());
    CHECK(r[3].arrival == nanoseconds(20'576'020'040'000)); // past midnight
    CHECK(r[3].output == tokens(27));
    CHECK(r[3].numbers.size() == 2);
}

TEST_CASE("the Azure traces come whole") {
    const std::string path = shared_trace("AzureLLMInferenceTrace_conv.csv");
    if (path.empty()) return;
    const loaded_trace t = loaded(path);
    CHECK(t.trace.requests() == 19'366);
    CHECK(t.trace.header().input_tokens == 22'361'870);
}

TEST_CASE("date and time are read to the nanosecond, in any zone") {
    const auto ns = [](std::string_view text) {
        const auto t = parse_date_time(text);
        return t ? t->count : -1;
    };
    CHECK(ns("1970-01-01 00:00:00") == 0);
    CHECK(ns("2000-02-29 12:00:00.000000001") == 951'825'600'000'000'001);
    CHECK(ns("2024-05-10 00:00:00.009930+00:00") == 1'715'299'200'009'930'000);
    CHECK(ns("2024-05-10T02:00:00+02:00") == ns("2024-05-10 00:00:00Z"));
    CHECK(ns("2023-03-01 00:00:00") - ns("2023-02-28 00:00:00") == 86'400'000'000'000);
    for (const char* bad : {"", "2023-11-16", "2023-11-16 18:17", "2023-13-16 18:17:03",
                            "2023-11-16 24:17:03", "2023-11-16 18:17:03 x", "2023-11-16 18:17:03,5",
                            "23-11-16 18:17:03", "2023-11-1618:17:03", "2023-11-16 18:17:03+2"})
        CHECK(ns(bad) == -1);
}

TEST_CASE("a malformed row is named by line and column, or counted") {
    const std::string head = "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:17:03.97,48,10\n";
    CHECK(refusal(head + "2023-11-16 18:17:0x,48,10\n", "azure") ==
          ":3:1: '2023-11-16 18:17:0x' is not a time as 2023-11-16 18:15:46.68");
    CHECK(refusal(head + "2023-11-16 18:17:04.1,4 8,10\n", "azure") ==
          ":3:23: '4 8' is not a count of tokens");
    CHECK(refusal(head + "2023-11-16 18:17:04.1,48", "azure") == ":3:25: the row has 2 fields, the header 3");
    CHECK(refusal(head + "2023-11-16 18:17:04.1,4294967295,1\n", "azure") ==
          ":3:1: a request of more than 134217728 tokens");
    CHECK(refusal("TIMESTAMP,GeneratedTokens\n", "azure") ==
          ":1:1: the header lacks the columns: ContextTokens");
    CHECK(refusal("", "azure") == ":0:1: the file is empty; expected an Azure LLM trace (csv)");

    const temporary_file file(head + "x,1,1\n2023-11-16 18:17:04,4294967295,1\n2023-11-16 18:17:04,1,1\n1\n");
    const loaded_trace t = loaded(file.path(), {.skip_bad = true});
    CHECK(t.trace.requests() == 2);
    CHECK(t.skipped == 3);
    CHECK(t.first_skipped[2] == file.path() + ":6:2: the row has 1 fields, the header 3");
}
