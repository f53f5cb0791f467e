#include "block_trace.hpp"

#include "support/catch.hpp"
#include "support/temporary_directory.hpp"

#include <fstream>
#include <sstream>

using namespace kvmark;
using cli::block_trace_reader;
using bucket = measure::block_request_bucket;

namespace {

/// Recorded from bpftrace 0.17: 40 direct writes of 128 KiB and 40 reads of 64 KiB, with others beside them.
std::string recorded() {
    std::ifstream file(KVMARK_TEST_DATA_DIR "/bpftrace_sample.jsonl");
    std::stringstream text;
    text << file.rdbuf();
    REQUIRE_FALSE(text.str().empty());
    return text.str();
}

constexpr nanoseconds first{50259364538816}, second{50259464545568}, third{50259564544928};

void write_text(const std::string& path, const std::string& text) { std::ofstream(path) << text; }

} // namespace

TEST_CASE("block trace: a window counts from its first print to its last") {
    block_trace_reader reader;
    reader.add(recorded());
    REQUIRE(reader.attached());
    const auto seen = reader.between(first - nanoseconds(5'000'000), third);
    REQUIRE(seen);
    CHECK(seen->begin == nanoseconds(5'000'000));
    CHECK(seen->end == third - first + nanoseconds(5'000'000));
    CHECK(seen->read.size == std::vector<bucket>{{4096, 4096, 10}, {65536, 65536, 39}});
    CHECK(seen->read.latency_us == std::vector<bucket>{{32, 63, 5}, {64, 127, 44}});
    CHECK(seen->read.count() == 49);
    CHECK(seen->write.count() == 36); // W and WS, and none of the discards
    CHECK(measure::quantile_bound(seen->read.latency_us, 0.5) == 127);
    CHECK(measure::quantile_bound(seen->read.latency_us, 0.05) == 63);
    CHECK(measure::quantile_bound({}, 0.5) == 0);
}

TEST_CASE("block trace: output cut anywhere reads the same") {
    block_trace_reader whole, cut;
    const std::string text = recorded();
    whole.add(text);
    for (std::size_t at = 0; at < text.size(); at += 7) cut.add(text.substr(at, 7));
    const auto a = whole.between(first, third), b = cut.between(first, third);
    REQUIRE(a);
    REQUIRE(b);
    CHECK(a->read.latency_us == b->read.latency_us);
    CHECK(a->write.size == b->write.size);
}

TEST_CASE("block trace: fewer than two prints in the window are no result") {
    block_trace_reader reader;
    reader.add(recorded());
    CHECK_FALSE(reader.between(first, second - nanoseconds(1)));
    CHECK_FALSE(reader.between(first + nanoseconds(1), second));
    CHECK_FALSE(reader.between(third + from_seconds(100), third + from_seconds(200)));
    CHECK_FALSE(block_trace_reader().between({}, third));
}

TEST_CASE("block trace: what is no line of bpftrace is passed over") {
    block_trace_reader reader;
    reader.add("WARNING: something\n[1,2]\n{\"type\":7}\n{\"type\":\"hist\",\"data\":{\"@us\":[1]}}\n"
               "{\"type\":\"hist\",\"data\":{\"@us\":{\"R\":7,\"W\":[7,{\"count\":-1}]}}}\n");
    CHECK_FALSE(reader.attached());
    reader.add(recorded());
    CHECK(reader.between(first, third));
}

TEST_CASE("block trace: hours of prints are thinned and keep both ends") {
    block_trace_reader reader;
    for (int i = 1; i <= 20'000; ++i) {
        const std::string n = std::to_string(i);
        reader.add("{\"type\":\"printf\",\"data\":\"" + n +
                   "00000000\\n\"}\n{\"type\":\"map\",\"data\":{\"@sizes\":{\"R,4096\":" + n + "}}}\n");
    }
    const auto seen = reader.between(nanoseconds(100'000'000), nanoseconds(1'999'800'000'000));
    REQUIRE(seen);
    CHECK(seen->begin.count == 0);
    CHECK(seen->read.size.at(0).count == 19'997);
}

TEST_CASE("block trace: the disks of a partition, of a mapped device and of an array") {
    const test::temporary_directory sys;
    const auto make_disk = [&](const std::string& at, const char* number, const char* name) {
        std::filesystem::create_directories(sys / at);
        write_text(sys / at + "/dev", number);
        write_text(sys / at + "/uevent", std::string("MAJOR=1\nDEVNAME=") + name + "\n");
    };
    make_disk("nvme0n1", "259:0\n", "nvme0n1");
    make_disk("nvme0n1/nvme0n1p2", "259:2\n", "nvme0n1p2");
    write_text(sys / "nvme0n1/nvme0n1p2/partition", "2\n");
    make_disk("sda", "8:0\n", "sda");
    make_disk("dm-0", "253:0\n", "dm-0");
    std::filesystem::create_directories(sys / "dm-0/slaves");
    std::filesystem::create_symlink("../../nvme0n1/nvme0n1p2", sys / "dm-0/slaves/nvme0n1p2");
    std::filesystem::create_symlink("../../sda", sys / "dm-0/slaves/sda");

    const auto partition = cli::disks_below(sys / "nvme0n1/nvme0n1p2");
    REQUIRE(partition.size() == 1);
    CHECK(partition[0].name == "nvme0n1");
    CHECK(partition[0].major == 259);
    CHECK(partition[0].minor == 0);
    const auto mapped = cli::disks_below(sys / "dm-0");
    REQUIRE(mapped.size() == 2);
    CHECK(mapped[0].name == "nvme0n1");
    CHECK(mapped[1].name == "sda");
    CHECK(cli::disks_below(sys / "nothing").empty());
    CHECK(cli::disks_below("").empty());

    const std::string program = cli::block_trace_program(mapped);
    CHECK(program.find("args->dev == 271581184 || args->dev == 8388608") != std::string::npos);
}
