// Formats told by their contents, and conversions that are whole or not there.
#include "workload/traces.hpp"

#include "support/temporary_directory.hpp"

using namespace kvmark;
using namespace kvmark::workload;
using namespace kvmark::workload::testing;

namespace {

const std::vector<std::pair<std::string, std::string>> all_samples{{"mooncake", "mooncake_small.jsonl"},
                                                                   {"bailian", "bailian_sample.jsonl"},
                                                                   {"weka", "weka_sample"},
                                                                   {"weka", "weka_sample/trace_0002.json"},
                                                                   {"burstgpt", "burst_gpt_sample.csv"},
                                                                   {"azure", "azure_sample.csv"},
                                                                   {"sharegpt", "sharegpt_sample.json"}};

} // namespace

TEST_CASE("a format is told by the content") {
    for (const auto& [format, name] : all_samples) {
        const result<std::string_view> found = detect_format(samples + name);
        REQUIRE(found);
        CHECK(*found == format);
    }
    const temporary_file prose("Once upon a time\n");
    const result<std::string_view> none = detect_format(prose.path());
    REQUIRE_FALSE(none);
    CHECK(none.error().kind == error_kind::invalid_argument);
    CHECK(none.error().message.starts_with(prose.path() + ":1:1: the content is that of no known format"));
    const result<loaded_trace> misnamed = load_block_trace(prose.path(), {.format = "tale"});
    REQUIRE_FALSE(misnamed);
    CHECK(misnamed.error().message == "'tale' is no format of traces");
}

TEST_CASE("a conversion of any format opens as the trace that loads") {
    const test::temporary_directory folder;
    const std::string to = folder / "t.kvt";
    for (const auto& [format, name] : all_samples) {
        const loaded_trace direct = loaded(samples + name);
        const result<loaded_trace> converted = convert_block_trace(samples + name, to, {});
        REQUIRE(converted);
        CHECK(converted->trace.requests() == direct.trace.requests());
        const loaded_trace mapped = loaded(to);
        CHECK(std::string_view(mapped.trace.header().format.data()) == format);
        CHECK(mapped.trace.header().prefix_unique == direct.trace.header().prefix_unique);
        REQUIRE(mapped.trace.body().size() == direct.trace.body().size());
        CHECK(std::memcmp(mapped.trace.body().data(), direct.trace.body().data(),
                          direct.trace.body().size()) == 0);
    }
    const std::string again = folder / "again.kvt";
    REQUIRE(convert_block_trace(to, again, {}));
    CHECK(loaded(again).trace.header().checksum == loaded(to).trace.header().checksum);
}

TEST_CASE("a conversion that fails or is stopped leaves nothing, and what was there before") {
    const test::temporary_directory folder;
    const std::string to = folder / "t.kvt";
    REQUIRE(convert_block_trace(samples + "azure_sample.csv", to, {}));
    std::string text;
    for (int i = 0; i < 1000; ++i)
        text += R"({"timestamp":0,"input_length":9,"output_length":0,"hash_ids":[0]})"
                "\n";
    const temporary_file good(text), bad(text + "{");
    const result<loaded_trace> failed = convert_block_trace(bad.path(), to, {});
    REQUIRE_FALSE(failed);
    CHECK(failed.error().message == bad.path() + ":1001:2: not valid JSON: incomplete JSON");
    std::uint64_t told = 0;
    const auto stop = [&](std::uint64_t done, std::uint64_t total) {
        CHECK(done <= total);
        CHECK(total == text.size());
        return ++told < 3;
    };
    const result<loaded_trace> stopped = convert_block_trace(good.path(), to, {}, stop);
    REQUIRE_FALSE(stopped);
    CHECK(stopped.error().kind == error_kind::system);
    CHECK(told == 3);
    CHECK(test::files_below(folder.path()).size() == 1);
    CHECK(loaded(to).trace.requests() == 4);
}
