// The compact form as a file: what was written comes back, and what is damaged is found and named.
#include "workload/traces.hpp"

#include "support/temporary_directory.hpp"

#include <fstream>
#include <sstream>

using namespace kvmark;
using namespace kvmark::workload;
using namespace kvmark::workload::testing;

namespace {

/// Four requests, the third waits for the first; one block has two predecessors if asked.
block_trace made(bool shared = false) {
    trace_builder b(tokens(16), "made up");
    const numbers first{0, 1, 2}, second{0, 3}, third{0, 1, 4, 5}, odd{4, 0, 6};
    b.add(
        {.arrival = nanoseconds(7), .session = 0, .input = tokens(40), .output = tokens(3), .blocks = first});
    b.add({.arrival = nanoseconds(10),
           .session = 1,
           .input = tokens(20),
           .output = tokens(4),
           .blocks = second});
    b.add({.arrival = nanoseconds(30),
           .after = 0,
           .think = nanoseconds(5),
           .session = 0,
           .input = tokens(64),
           .output = tokens(1),
           .blocks = third});
    if (shared) b.add({.arrival = nanoseconds(30), .session = 2, .input = tokens(48), .blocks = odd});
    return b.finish();
}

std::string bytes_of(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

/// The compact form of `trace`.
std::string written(const block_trace& trace) {
    const test::temporary_directory folder;
    REQUIRE(write_trace(trace, folder / "t.kvt"));
    return bytes_of(folder / "t.kvt");
}

/// With a checksum that is right again.
void sum_up(std::string& bytes) {
    trace_header header;
    std::memcpy(&header, bytes.data(), sizeof header);
    trace_checksum sum;
    sum.add(std::as_bytes(std::span(bytes)).subspan(sizeof header));
    header.checksum = sum.with_header(header);
    std::memcpy(bytes.data(), &header, sizeof header);
}

template <class T>
std::string with(std::string bytes, std::size_t at, T value) {
    std::memcpy(bytes.data() + at, &value, sizeof value);
    return bytes;
}

// The first request lies at 112 and takes 40 + 16 bytes, the second at 168 takes 48, the third at 216
// takes 56.
constexpr std::size_t request_0 = 112, request_1 = 168, request_2 = 216;

} // namespace

TEST_CASE("a trace written is the trace opened, and copies outlive the first") {
    const test::temporary_directory folder;
    const block_trace before = made(true);
    REQUIRE(write_trace(before, folder / "t.kvt"));
    CHECK(test::files_below(folder.path()).size() == 1);
    block_trace copy;
    {
        const result<block_trace> after = open_trace(folder / "t.kvt");
        REQUIRE(after);
        copy = *after;
    }
    CHECK(copy.header().prefix_unique == 0);
    CHECK(copy.header().sessions == 3);
    CHECK(copy.block_tokens() == tokens(16));
    const auto a = kept_requests_of(before), b = kept_requests_of(copy);
    REQUIRE(a.size() == b.size());
    for (std::size_t i = 0; i < a.size(); ++i) {
        CHECK(a[i].numbers == b[i].numbers);
        CHECK(a[i].arrival == b[i].arrival);
        CHECK(a[i].after == b[i].after);
        CHECK(a[i].think == b[i].think);
    }
    CHECK(b[0].arrival == nanoseconds(0));
}

TEST_CASE("a trace without requests is a trace") {
    const temporary_file file(written(trace_builder(tokens(16)).finish()));
    const result<block_trace> t = open_trace(file.path());
    REQUIRE(t);
    CHECK(t->requests() == 0);
}

TEST_CASE("a writer makes the bytes that a builder makes, and leaves nothing when it is given up") {
    const test::temporary_directory folder;
    for (const bool finish : {false, true}) {
        result<trace_writer> w = trace_writer::create(folder / "w.kvt", tokens(16), "made up");
        REQUIRE(w);
        block_trace::cursor at(made());
        for (const auto& r : kept_requests_of(made()))
            REQUIRE(w->add({.arrival = r.arrival,
                            .after = r.after,
                            .think = r.think,
                            .session = r.session,
                            .input = r.input,
                            .output = r.output,
                            .blocks = r.numbers}));
        if (finish) REQUIRE(w->finish());
        const trace_writer gone = *std::move(w);
    }
    CHECK(test::files_below(folder.path()).size() == 1);
    CHECK(bytes_of(folder / "w.kvt") == written(made()));
}

TEST_CASE("every cut of a compact trace is found") {
    const std::string whole = written(made(true));
    for (std::size_t size = 0; size < whole.size(); ++size) {
        const std::string said = refusal(whole.substr(0, size), "kvmark");
        REQUIRE(said.starts_with(":byte "));
    }
    CHECK(refusal("", "kvmark") == ":byte 0: the file is empty");
    CHECK(refusal(whole.substr(0, 50), "kvmark") ==
          ":byte 50: the file ends inside its header of 112 bytes: it is cut off, or no trace");
    CHECK(refusal(whole.substr(0, 300), "kvmark") ==
          ":byte 272: the file ends inside request 3 of 4: it is cut off, or damaged");
    CHECK(refusal(whole + "x", "kvmark") ==
          ":byte " + std::to_string(whole.size()) + ": 1 bytes follow the last request");
}

TEST_CASE("every flipped bit of a compact trace is found") {
    const std::string whole = written(made(true));
    for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
        std::string damaged = whole;
        damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));
        REQUIRE(refusal(damaged, "kvmark").starts_with(":byte "));
    }
}

TEST_CASE("what is wrong in a compact trace is named with its byte") {
    const std::string whole = written(made());
    CHECK(refusal(with(whole, 0, 'K'), "kvmark") ==
          ":byte 0: the file does not begin with kvmarkbt: it is no compact trace");
    CHECK(refusal(with(whole, 8, 2u), "kvmark") == ":byte 8: version 2, this kvmark reads 1");
    CHECK(refusal(with(whole, 12, 0u), "kvmark") == ":byte 12: blocks of 0 tokens");
    CHECK(refusal(with(whole, 16, ~0ull), "kvmark") == ":byte 16: 18446744073709551615 requests do not fit "
                                                       "into a file of 272 bytes: it is cut off, or damaged");
    CHECK(refusal(with(whole, request_1 + 40 + 4, 77u), "kvmark") ==
          ":byte 212: block number 77 of request 1 is not below the number of distinct blocks, 6");
    CHECK(refusal(with(whole, request_1 + 40 + 4, 5u), "kvmark") ==
          ":byte 212: block number 5 of request 1 is new and should be 3");
    CHECK(refusal(with(whole, request_2 + 16, 2ull), "kvmark") ==
          ":byte 232: request 2 waits for request 2, which is not before it");
    CHECK(refusal(with(whole, request_2, 2ll), "kvmark") ==
          ":byte 216: request 2 arrives at 2 ns, before the request before it, 3");
    CHECK(refusal(with(whole, request_0, 2ll), "kvmark") ==
          ":byte 112: request 0 arrives at 2 ns, and the first one at 0");
    CHECK(refusal(with(whole, request_2 + 8, -1ll), "kvmark") == ":byte 224: request 2 thinks for -1 ns");
    CHECK(refusal(with(whole, request_2 + 24, 9u), "kvmark") == ":byte 240: session 9 of request 2, of 2");
    CHECK(refusal(with(whole, request_2 + 36, 900u), "kvmark") ==
          ":byte 216: the file ends inside request 2 of 3: it is cut off, or damaged");
    CHECK(refusal(with(whole, request_1 + 28, 21u), "kvmark") ==
          ":byte 40: the sum of input tokens is 124, the requests make 125");
    CHECK(refusal(with(whole, 12, 32u), "kvmark").starts_with(":byte 72: the checksum is "));
}

TEST_CASE("a checksum that is right does not make up for wrong contents") {
    std::string damaged = with(written(made(true)), 68, 1u);
    sum_up(damaged);
    CHECK(refusal(damaged, "kvmark") == ":byte 68: prefix_unique is 1, the requests make 0");
    damaged = with(written(made()), 64, 5u);
    sum_up(damaged);
    const temporary_file more_sessions(damaged);
    CHECK(open_trace(more_sessions.path())); // sessions without requests may be
}

TEST_CASE("what cannot be written or opened says why") {
    const result<void> nowhere = write_trace(made(), "/nonexistent/t.kvt");
    REQUIRE_FALSE(nowhere);
    CHECK(nowhere.error().kind == error_kind::system);
    const result<block_trace> missing = open_trace("/nonexistent/t.kvt");
    REQUIRE_FALSE(missing);
    CHECK(missing.error().kind == error_kind::system);
    CHECK(missing.error().message == "/nonexistent/t.kvt: cannot be opened: No such file or directory");
}
