#include "sample_report.hpp"
#include "support/catch.hpp"

#include <kvmark/report/csv.hpp>

#include <algorithm>
#include <sstream>

using namespace kvmark;

TEST_CASE("every row has four fields and a value that is a number") {
    std::istringstream lines(report::csv_text(test::sample_report()));
    std::string line;
    std::getline(lines, line);
    CHECK(line == "scope,metric,unit,value");
    std::size_t rows = 0;
    while (std::getline(lines, line)) {
        INFO(line);
        CHECK(std::count(line.begin(), line.end(), ',') == 3);
        std::size_t used = 0;
        const std::string value = line.substr(line.rfind(',') + 1);
        CHECK_NOTHROW(std::stod(value, &used));
        CHECK(used == value.size());
        ++rows;
    }
    CHECK(rows > 100);
}

TEST_CASE("a few figures in their units") {
    const std::string text = report::csv_text(test::sample_report());
    for (const char* row : {"\nrun,elapsed,s,10.0\n", "\nrun,requests_completed,count,30\n",
                            "\ntier.direct_file.read,moved,bytes,32212254720\n",
                            "\ntier.direct_file.read,bandwidth,GiB/s,3.0\n", "\ncache,hit_rate,ratio,0.9\n"})
        CHECK(text.find(row) != std::string::npos);
}

TEST_CASE("tiers of one name are told apart") {
    measure::run_report r = test::sample_report();
    for (measure::tier_stats& t : r.tiers) t.name = "modelled";
    const std::string text = report::csv_text(r);
    CHECK(text.find("\ntier.gpu-modelled.read,") != std::string::npos);
    CHECK(text.find("\ntier.storage-modelled.read,") != std::string::npos);
}

TEST_CASE("a field that needs quotes gets them") {
    CHECK(report::csv_field("plain") == "plain");
    CHECK(report::csv_field("a,b") == "\"a,b\"");
    CHECK(report::csv_field("say \"no\"") == "\"say \"\"no\"\"\"");
    CHECK(report::csv_field("two\nlines") == "\"two\nlines\"");
}
