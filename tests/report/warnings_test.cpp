#include "sample_report.hpp"
#include "support/catch.hpp"

#include <kvmark/report/warnings.hpp>

using namespace kvmark;

namespace {

std::string all_warnings(const measure::run_report& r) {
    std::string text;
    for (const std::string& w : report::warnings(r, {})) text += w + "\n";
    return text;
}

} // namespace

TEST_CASE("a sound run has no warnings") { CHECK(all_warnings(test::sample_report()).empty()); }

TEST_CASE("a run that the page cache served says so") {
    measure::run_report r = test::sample_report();
    r.device.read = bytes(28 * gib_bytes); // of 30 asked
    CHECK(all_warnings(r).find("the device read 93.33 % of the bytes asked of storage") != std::string::npos);
    r.device.read = bytes(29 * gib_bytes); // 96.7 %
    CHECK(all_warnings(r).empty());
    r.device = {}; // no device behind the directory: nothing to compare with
    CHECK(all_warnings(r).empty());
}

TEST_CASE("corruption and failures name their place") {
    measure::run_report r = test::sample_report();
    r.corrupt_sectors = 3;
    r.corruptions.push_back({"conv_7_turn_2", "direct_file", bytes(12288), "1234", "1235"});
    r.failed_operations = 1;
    r.failures.push_back({"conv_9_turn_1", "direct_file", "read", bytes(0), EIO});
    const std::string text = all_warnings(r);
    CHECK(text.find("direct_file tier, entry conv_7_turn_2, offset 12288: expected 1234, found 1235") !=
          std::string::npos);
    CHECK(text.find("entry conv_9_turn_1, read at offset 0: Input/output error") != std::string::npos);
}

TEST_CASE("an overloaded service is no fair latency") {
    measure::run_report r = test::sample_report();
    r.classes[2].queued = 100;
    r.classes[2].arrived = 110;
    CHECK(all_warnings(r).find("102 of 132 requests were unfinished") != std::string::npos);
}
