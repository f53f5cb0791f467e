#include "sample_report.hpp"
#include "support/catch.hpp"

#include <kvmark/report/summary.hpp>

#include <sstream>

using namespace kvmark;

namespace {

std::string summary(const measure::run_report& r, bool color = false) {
    return report::summary_text(r, {}, {}, report::palette(color));
}

} // namespace

TEST_CASE("the summary says what a newcomer asks first") {
    const std::string text = summary(test::sample_report());
    INFO(text);
    for (const char* part :
         {"llama3.1-8b, 100 users, 10.00 s", "33 arrived, 30 completed (3.00/s), 3 unfinished",
          "5,000 generated, 500.0 tokens/s", "90.0 % of 100 lookups", "earlier turns 75.0 %",
          "nvme0n1: 30.0 GiB read, 100.0 % of the bytes asked of storage", "1.50 cores used",
          "PASS, 4 of 4 criteria", "direct_file 100 GiB"})
        CHECK(text.find(part) != std::string::npos);
}

TEST_CASE("every tier has its rates and percentiles") {
    std::istringstream lines(summary(test::sample_report()));
    bool found = false;
    for (std::string line; std::getline(lines, line);) {
        if (!line.starts_with("direct_file")) continue;
        found = true;
        std::istringstream words(line);
        std::string name, direction, p50, p95, p99;
        double gib = 0, gib_per_s = 0;
        int entries = 0;
        words >> name >> direction >> gib >> gib_per_s >> entries >> p50 >> p95 >> p99;
        CHECK(gib == 30.0);
        CHECK(gib_per_s == 3.0);
        CHECK(entries == 100);
        CHECK(std::stod(p50) == Approx(50).epsilon(0.03));
        CHECK(std::stod(p95) == Approx(95).epsilon(0.03));
        CHECK(std::stod(p99) == Approx(99).epsilon(0.03));
    }
    CHECK(found);
}

TEST_CASE("lines fit a terminal of 80 columns") {
    std::istringstream lines(summary(test::sample_report()));
    for (std::string line; std::getline(lines, line);) {
        INFO(line);
        CHECK(line.size() <= 80);
    }
}

TEST_CASE("colour only when told") {
    CHECK(summary(test::sample_report()).find('\x1b') == std::string::npos);
    CHECK(summary(test::sample_report(), true).find("\x1b[32m") != std::string::npos);
}

TEST_CASE("a run that did nothing has a summary too") {
    const std::string text = summary({});
    CHECK(text.find("0 completed") != std::string::npos);
    CHECK(text.find("nan") == std::string::npos);
    CHECK(text.find("inf") == std::string::npos);
}
