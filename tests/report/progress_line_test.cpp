#include "support/catch.hpp"

#include <kvmark/report/progress_line.hpp>

using namespace kvmark;

namespace {

measure::progress at_second(double s, std::uint64_t tokens, double read_gib) {
    measure::progress p;
    p.stage = "running";
    p.elapsed = from_seconds(s);
    p.window = from_seconds(60);
    p.tokens = tokens;
    p.hit_rate = 0.83;
    p.tiers.push_back({"direct_file", from_gib(read_gib), bytes{}});
    return p;
}

} // namespace

TEST_CASE("the line has the time left and the rates since the line before") {
    report::progress_line line;
    CHECK(line.text(at_second(10, 1000, 10)).find("50 s left") != std::string::npos);
    const std::string second = line.text(at_second(12, 3000, 16));
    INFO(second);
    CHECK(second.find("1000 tokens/s") != std::string::npos); // 2000 in two seconds
    CHECK(second.find("direct_file 3.0+0.0 GiB/s") != std::string::npos);
    CHECK(second.find("hit 83 %") != std::string::npos);
    CHECK(second.find("GiB/s") < 80); // within a terminal
}

TEST_CASE("a preparation shows its share") {
    measure::progress p;
    p.stage = "preparing";
    p.fraction = 0.25;
    CHECK(report::progress_line().text(p) == "preparing 25 %");
}
