// What is added to a launch that is really made.
#include "support/catch.hpp"

#include <kvmark/exec/job_order.hpp>

#include <algorithm>

using namespace kvmark;

namespace {

bool holds(const std::vector<std::string>& all, const std::string& variable) {
    return std::find(all.begin(), all.end(), variable) != all.end();
}

} // namespace

TEST_CASE("job_order: ranks are told of own reports where they are asked for, and by the launcher's way") {
    for (const launch::dialect* words : launch::dialects::all) {
        INFO(words->name);
        exec::job_order order{.launcher = "mpirun", .words = words, .usual = words, .run = 3};
        const auto told = [&] {
            const exec::launch_extras extras = exec::extras_of(order, words);
            return words->forwards_environment ? extras.of_launcher : extras.environment;
        };
        CHECK(holds(told(), "KVMARK_LAUNCHED=3"));
        CHECK_FALSE(holds(told(), "KVMARK_OWN_REPORTS=1"));
        order.own_reports = true;
        CHECK(holds(told(), "KVMARK_LAUNCHED=3"));
        CHECK(holds(told(), "KVMARK_OWN_REPORTS=1"));
    }
}
