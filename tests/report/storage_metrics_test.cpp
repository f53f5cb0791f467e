#include "sample_report.hpp"
#include "support/catch.hpp"

#include <kvmark/report/csv.hpp>
#include <kvmark/report/json_storage.hpp>
#include <kvmark/report/summary.hpp>

using namespace kvmark;
namespace json = boost::json;

namespace {

std::vector<std::string> limits(const measure::run_report& r) {
    std::vector<std::string> names;
    for (const report::storage_limit& l : report::storage_metrics_of(r).limited_by)
        names.emplace_back(l.name);
    return names;
}

using names = std::vector<std::string>;

std::string summary(const measure::run_report& r) {
    return report::summary_text(r, {}, {}, report::palette(false));
}

bool contains(const std::string& text, const std::string& part) {
    INFO(text);
    return text.find(part) != std::string::npos;
}

void clear_bytes(measure::tier_stats& t) {
    t.read = {};
    t.write = {};
}

} // namespace

TEST_CASE("storage metrics: figures are those of the storage tier over the window") {
    measure::run_report r = test::sample_report(); // 10 s; 30 GiB read from storage and 3 written
    r.cache.storage_tokens_read = 1'234'560;
    r.tiers[0].read.device = test::milliseconds_up_to(900);
    const report::storage_metrics m = report::storage_metrics_of(r);
    CHECK(m.read_gib_per_s == 3.0);
    CHECK(m.write_gib_per_s == Approx(0.3));
    CHECK(m.cached_tokens_per_s == 123'456);
    CHECK(to_milliseconds(m.read.device.quantile(0.99)) == Approx(99).epsilon(0.01));
    CHECK(to_milliseconds(m.write.io.quantile(0.99)) == Approx(50).epsilon(0.03));
    CHECK(m.in_flight == Approx(0.6325).epsilon(0.01)); // 5.05 s and 1.275 s inside the tier, of 10 s
    CHECK(m.ranks_storage());
    CHECK(contains(summary(r), "3.00 GiB/s read, 0.30 GiB/s written, 123,456 cached tokens/s"));
    CHECK_FALSE(contains(summary(r), "not a storage figure"));
}

TEST_CASE("storage metrics: a process that used all its processors measured them") {
    measure::run_report r = test::sample_report(); // 15 s of processor time in 10 s
    r.process.processors = 1.6;
    CHECK(limits(r) == names{"processor"});
    CHECK(contains(summary(r), "not a storage figure: kvmark used 1.50 of the 1.60 processors it may use"));
    CHECK_FALSE(contains(summary(r), "cached tokens/s"));
    CHECK(contains(summary(r), "warning: kvmark used 1.50 of the 1.60 processors"));
    r.process.processors = 2;
    CHECK(limits(r).empty());

    r.process.processors = 128;
    r.process.thread = from_seconds(9.5);
    CHECK(limits(r) == names{"processor"});
    CHECK(contains(summary(r), "kvmark's engine thread was on a processor for 95.00 % of the window"));
    r.process.thread = from_seconds(8);
    CHECK(limits(r).empty());
}

TEST_CASE("storage metrics: where software took longer than the device, the device waited") {
    measure::run_report r = test::sample_report();
    r.tiers[2].read.host = test::milliseconds_up_to(200);
    CHECK(limits(r) == names{"processor"});
    r.tiers[2].read.host = test::milliseconds_up_to(90);
    CHECK(limits(r).empty());
}

TEST_CASE("storage metrics: a run that the page cache served is told by the device's counters") {
    measure::run_report r = test::sample_report();
    r.device.read = bytes(3 * gib_bytes);
    CHECK(limits(r) == names{"page_cache"});
    CHECK(
        contains(summary(r), "not a storage figure: the device read 10.00 % of the bytes asked of storage"));
    r.device = {"nvme0n1", bytes(30 * gib_bytes), bytes(gib_bytes)};
    CHECK(limits(r) == names{"page_cache"});
    r.device = {.name = "", .in_memory = true};
    CHECK(limits(r) == names{"page_cache"});
}

TEST_CASE("storage metrics: without counters O_DIRECT is taken at its word, and buffered files are not") {
    measure::run_report r = test::sample_report();
    r.device = {};
    CHECK(limits(r).empty());
    r.tiers[2].name = GENERATE("file", "mapped_file");
    CHECK(limits(r) == names{"page_cache"});
}

TEST_CASE("storage metrics: storage that moved nothing has no figures") {
    measure::run_report r = test::sample_report();
    clear_bytes(r.tiers[2]);
    r.device.read = r.device.written = {};
    CHECK(limits(r) == names{"host_memory"});
    CHECK(contains(summary(r), "not a storage figure: storage moved nothing"));
}

TEST_CASE("storage metrics: storage that mostly waited shows the load") {
    measure::run_report r = test::sample_report();
    r.tiers[2].read.io = test::milliseconds_up_to(50); // 1.275 s and as much of writes, of 10 s
    CHECK(limits(r) == names{"load"});
    CHECK(contains(summary(r), "storage had nothing to do for 74."));
    r.process.processors = 1.5; // then it waited for the processor
    CHECK(limits(r) == names{"processor"});
}

TEST_CASE("storage metrics: a window that never opened, a simulation and a faulty run rank nothing") {
    CHECK(limits({}) == names{"unfinished_preparation"});
    measure::run_report r = test::sample_report();
    r.virtual_time = true;
    r.process.processors = 1;
    CHECK(limits(r) == names{"simulated"});
    r.virtual_time = false;
    r.process.processors = 0;
    r.corrupt_sectors = 1;
    CHECK(limits(r) == names{"faults"});
}

TEST_CASE("storage metrics: of a job, a saturated rank or host is named") {
    measure::run_report r = test::sample_job(4);
    CHECK(limits(r).empty());
    r.job->ranks[3].process.processors = 1; // 10 s in 10 s
    r.job->ranks[2].process.processors = 1;
    CHECK(limits(r) == names{"processor"});
    CHECK(contains(summary(r), "rank 2 on h2 used 1.00 of the 1.00 processors it may use and 1 more"));
    r.job->hosts[1].logical_cpus = 2;
    CHECK(contains(summary(r), "cores saturated on h2: its ranks used 2.00 of 2"));
    CHECK(limits(r) == names{"processor"});
    r = test::sample_job(2);
    r.process.thread = from_seconds(19); // of two engines, each half busy
    r.process.processors = 1;
    CHECK(limits(r).empty());
}

TEST_CASE("storage metrics: JSON and rows say the same") {
    measure::run_report r = test::sample_report();
    r.process.processors = 1.5;
    const json::object v = report::storage_json(r);
    CHECK(v.at("read_gib_per_s") == 3.0);
    CHECK(v.at("ranks_storage") == false);
    CHECK(v.at("limited_by") == json::value({"processor"}));
    CHECK(v.at("reasons").as_array().size() == 1);
    CHECK(v.at("entry_device_latency_ms").at_pointer("/read/p50").as_double() == Approx(50).epsilon(0.03));
    CHECK(v.at("io_device_latency_ms").at_pointer("/write/p99").as_double() == Approx(50).epsilon(0.03));
    const std::string text = report::csv_text(r);
    for (const char* row :
         {"\nstorage,read_bandwidth,GiB/s,3.0\n", "\nstorage,ranks_storage,count,0\n",
          "\nstorage,limited_by_processor,count,1\n", "\nstorage,read_entry_device_p50,ms,"})
        CHECK(contains(text, row));
    r.tiers[2].read = {};
    CHECK(report::storage_json(r).at("entry_device_latency_ms").at_pointer("/read/p50").is_null());
}

TEST_CASE("block layer: what was traced is in the JSON, the rows and the summary; null without") {
    measure::run_report r = test::sample_report();
    CHECK(report::block_layer_json(r).is_null());
    CHECK_FALSE(contains(summary(r), "bpftrace"));
    r.block_layer.emplace();
    r.block_layer->devices = "vda";
    r.block_layer->begin = from_seconds(0.1);
    r.block_layer->end = from_seconds(9.9);
    r.block_layer->read = {{{256, 511, 90}, {512, 1023, 9}, {1024, 2047, 1}},
                           {{4096, 4096, 1}, {131072, 131072, 99}}};
    const json::value v = report::block_layer_json(r);
    CHECK(v.at("devices") == "vda");
    CHECK(v.at_pointer("/read/requests") == 100);
    CHECK(v.at_pointer("/read/latency_us/1") == json::value({512, 1023, 9}));
    CHECK(v.at_pointer("/read/size_bytes/0/0") == 4096);
    CHECK(v.at_pointer("/write/requests") == 0);
    CHECK(contains(report::csv_text(r), "\nblock_layer.read,latency_to_1023_us,count,9\n"));
    CHECK(contains(summary(r), "vda, seen by bpftrace from 0.10 s to 9.90 s"));
    CHECK(contains(summary(r), "100 reads, half within 511 us, 99 % within 1,023 us; half up to 128 KiB"));
    CHECK_FALSE(contains(summary(r), "writes, half"));
}
