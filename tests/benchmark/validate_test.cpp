#include <kvmark/benchmark/validate.hpp>

#include "support/catch.hpp"

#include <cmath>
#include <filesystem>
#include <limits>

using kvmark::options;
using kvmark::validate;
namespace fs = std::filesystem;

namespace {

std::vector<std::string> messages(const options& o) {
    std::vector<std::string> all;
    for (const kvmark::error& e : validate(o)) {
        CHECK(e.kind == kvmark::error_kind::invalid_argument);
        all.push_back(e.message);
    }
    return all;
}

/// The one message that `change` made to sound options; empty when there is none.
template <class Change>
std::string fault_of(Change change) {
    options o;
    change(o);
    const auto all = messages(o);
    REQUIRE(all.size() <= 1);
    return all.empty() ? std::string() : all[0];
}

std::string fault_of_cache_dir(const std::string& path) {
    return fault_of([&](options& o) { o.cache_dir = path; });
}

/// A directory of its own, removed at the end.
struct scratch_directory {
    scratch_directory() {
        char name[] = "/tmp/kvmark-validate-XXXXXX";
        REQUIRE(::mkdtemp(name));
        path = name;
    }
    ~scratch_directory() { fs::remove_all(path); }
    fs::path path;
};

} // namespace

TEST_CASE("the defaults are sound") { CHECK(messages({}).empty()); }

TEST_CASE("all faults are reported together, with option, value and range") {
    const auto all = messages({.num_users = 0, .cache_dir = "/etc/x", .duration = -1});
    CHECK(all ==
          std::vector<std::string>{"--num-users 0: must be 1..100000", "--duration -1: must be 1..86400",
                                   "--cache-dir /etc/x: must not be in /etc, a directory of the system"});
}

TEST_CASE("counts have bounds, and both ends are allowed") {
    struct bound {
        const char* option;
        std::int64_t options::*member;
        std::int64_t low, high;
    };
    constexpr std::int64_t any = std::numeric_limits<std::int64_t>::max();
    const bound bounds[]{{"--num-users", &options::num_users, 1, 100'000},
                         {"--duration", &options::duration, 1, 86'400},
                         {"--num-gpus", &options::num_gpus, 1, any},
                         {"--rag-num-docs", &options::rag_num_docs, 0, 100'000},
                         {"--max-concurrent-allocs", &options::max_concurrent_allocs, 0, any},
                         {"--max-requests", &options::max_requests, 0, any},
                         {"--precondition-threads", &options::precondition_threads, 0, any},
                         {"--queue-depth", &options::queue_depth, 1, 1024},
                         {"--max-samples", &options::max_samples, 0, any}};
    for (const bound& b : bounds) {
        INFO(b.option);
        const auto with = [&](std::int64_t value) {
            return fault_of([&](options& o) { o.*b.member = value; });
        };
        CHECK(with(b.low).empty());
        CHECK(with(b.high).empty());
        CHECK_THAT(with(b.low - 1),
                   Catch::StartsWith(b.option + (" " + std::to_string(b.low - 1) + ": must be ")));
        if (b.high != any) CHECK_THAT(with(b.high + 1), Catch::StartsWith(b.option));
    }
}

TEST_CASE("sizes and rates are finite and not negative") {
    const auto gpu = [](double gib) { return fault_of([&](options& o) { o.gpu_mem_gb = gib; }); };
    const auto cpu = [](double gib) { return fault_of([&](options& o) { o.cpu_mem_gb = gib; }); };
    const auto storage = [](double gib) {
        return fault_of([&](options& o) { o.storage_capacity_gb = gib; });
    };
    const auto prepared = [](double gib) {
        return fault_of([&](options& o) { o.precondition_size_gb = gib; });
    };
    const auto rate = [](double r) { return fault_of([&](options& o) { o.request_rate = r; }); };
    const auto warmup = [](double seconds) { return fault_of([&](options& o) { o.warmup = seconds; }); };
    CHECK((warmup(0) + warmup(86'400)).empty());
    CHECK(warmup(-1) == "--warmup -1.0: must be 0..86400");
    CHECK(warmup(86'400.5) == "--warmup 86400.5: must be 0..86400");
    for (const double good : {0.0, 0.5, 1e9}) {
        CHECK((gpu(good) + cpu(good) + storage(good) + prepared(good) + rate(good)).empty());
    }
    for (const double bad : {-0.5, double{INFINITY}, -double{INFINITY}, double{NAN}}) {
        CHECK_THAT(gpu(bad), Catch::StartsWith("--gpu-mem-gb "));
        CHECK_THAT(cpu(bad), Catch::StartsWith("--cpu-mem-gb "));
        CHECK_THAT(storage(bad), Catch::StartsWith("--storage-capacity-gb "));
        CHECK_THAT(prepared(bad), Catch::StartsWith("--precondition-size-gb "));
        CHECK_THAT(rate(bad), Catch::StartsWith("--request-rate "));
    }
    CHECK(gpu(-0.5) == "--gpu-mem-gb -0.5: must be 0..8589934592 GiB (8 EiB)");
    CHECK_FALSE(gpu(1e16).empty()); // its bytes would not fit into 64 bits
}

TEST_CASE("saturation lies in 0..1") {
    const auto with = [](double s) { return fault_of([&](options& o) { o.target_saturation = s; }); };
    CHECK((with(0) + with(1)).empty());
    CHECK(with(1.01) == "--target-saturation 1.01: must be 0..1");
    CHECK_FALSE(with(-0.01).empty());
    CHECK_FALSE(with(NAN).empty());
}

TEST_CASE("the shape of arrivals lies in 0.01..1000") {
    const auto with = [](double s) { return fault_of([&](options& o) { o.arrival_shape = s; }); };
    CHECK((with(0.01) + with(1000)).empty());
    CHECK(with(0) == "--arrival-shape 0.0: must be 0.01..1000");
    CHECK_FALSE(with(1001).empty());
    CHECK_FALSE(with(NAN).empty());
}

TEST_CASE("tensor-parallel is at most the number of GPUs") {
    const auto with = [](std::int64_t t, std::int64_t gpus) {
        return messages({.num_gpus = gpus, .tensor_parallel = t});
    };
    CHECK(with(4, 4).empty());
    CHECK(with(5, 4) == std::vector<std::string>{"--tensor-parallel 5: must be 1..4"});
    CHECK(with(0, 4).size() == 1);
    CHECK(with(2, 0) == std::vector<std::string>{"--num-gpus 0: must be 1 or more"});
}

TEST_CASE("prefill-only and decode-only exclude each other") {
    CHECK_THAT(fault_of([](options& o) { o.prefill_only = o.decode_only = true; }),
               Catch::Contains("--prefill-only") && Catch::Contains("--decode-only"));
    CHECK(fault_of([](options& o) { o.prefill_only = true; }).empty());
}

TEST_CASE("io-chunk is a multiple of 4096 up to 64 MiB") {
    const auto with = [](std::int64_t chunk) { return fault_of([&](options& o) { o.io_chunk = chunk; }); };
    CHECK((with(4096) + with(3 * 4096) + with(64 << 20)).empty());
    for (const std::int64_t bad : {0, -4096, 4095, 4097, (64 << 20) + 4096})
        CHECK_THAT(with(bad), Catch::StartsWith("--io-chunk " + std::to_string(bad)));
}

TEST_CASE("a cache directory in a directory of the system is refused, by whole path components") {
    for (const std::string bad : {"/etc", "/etc/", "/etc/kv", "//etc//kv", "/tmp/../etc/kv", "/./root/kv",
                                  "/bin", "/sbin/x", "/usr/bin/x", "/usr/sbin", "/boot/x", "/sys/x",
                                  "/proc/self", "/dev/shm", "/usr/./bin/../bin/x", "/../etc"}) {
        INFO(bad);
        CHECK_THAT(fault_of_cache_dir(bad), Catch::Contains("must not be in /"));
    }
    for (const std::string good : {"/tmp/kv", "/etcetera", "/etc/../tmp/kv", "/usr/binaries", "/mnt/etc/kv",
                                   "kv", "/devices", "/home/root/kv"}) {
        INFO(good);
        CHECK(fault_of_cache_dir(good) == "");
    }
}

TEST_CASE("a cache directory that leads into a directory of the system by a symbolic link is refused") {
    const scratch_directory scratch;
    fs::create_directory_symlink("/etc", scratch.path / "link");
    fs::create_directory(scratch.path / "real");
    fs::create_directory_symlink(scratch.path / "real", scratch.path / "harmless");
    const std::string through = (scratch.path / "link").string();
    CHECK(fault_of_cache_dir(through + "/kv/deeper") ==
          "--cache-dir " + through +
              "/kv/deeper (which is /etc/kv/deeper): must not be in "
              "/etc, a directory of the system");
    CHECK_FALSE(fault_of_cache_dir(through).empty());
    CHECK_FALSE(fault_of_cache_dir(through + "/").empty());
    CHECK(fault_of_cache_dir((scratch.path / "harmless/kv").string()).empty());
    CHECK_FALSE(fs::exists(scratch.path / "real/kv")); // looking creates nothing
}

TEST_CASE("a relative cache directory counts from the working directory") {
    const fs::path before = fs::current_path();
    fs::current_path("/etc");
    const std::string inside = fault_of_cache_dir("kv");
    const std::string outside = fault_of_cache_dir("../tmp/kv");
    fs::current_path(before);
    CHECK_FALSE(inside.empty());
    CHECK(outside.empty());
}

TEST_CASE("the run directory is looked at where there is no cache directory") {
    CHECK_THAT(fault_of([](options& o) { o.run_directory = "/proc/r"; }),
               Catch::StartsWith("run directory /proc/r"));
    options both;
    both.cache_dir = "/tmp/kv";
    both.run_directory = "/proc/r";
    CHECK(messages(both).empty());
}

TEST_CASE("launch faults stand beside the others") {
    const auto all = messages({.num_users = 0, .hosts = {"a:0", "b"}, .num_processes = -3});
    REQUIRE(all.size() == 3);
    CHECK_THAT(all[1], Catch::Contains("'a:0'"));
    CHECK(all[2] == "--num-processes -3: must be 1..2147483647");
    CHECK(messages({.num_processes = 2}) ==
          std::vector<std::string>{"--num-processes 2: more than one process needs --hosts"});
}

TEST_CASE("a text with a NUL and a program without a path are refused") {
    CHECK_THAT(fault_of_cache_dir(std::string("/tmp/a\0b", 8)), Catch::Contains("NUL"));
    CHECK_THAT(fault_of([](options& o) { o.mpi_params = {std::string(1, '\0')}; }), Catch::Contains("NUL"));
}

TEST_CASE("a model without a size per token is refused") {
    CHECK_FALSE(fault_of([](options& o) { o.model.layers = 0; }).empty());
    CHECK_FALSE(fault_of([](options& o) { o.model.heads = 0; }).empty()); // hidden / heads
    CHECK(fault_of([](options& o) { o.model = kvmark::models::deepseek_v3; }).empty());
}
