#include <kvmark/launch/layout.hpp>

#include "support/catch.hpp"

namespace launch = kvmark::launch;

namespace {

using list = std::vector<std::string>;

/// The processes of each host, and what layout says of them all.
constexpr bool deals(const list& hosts, std::int64_t processes, const std::vector<std::int64_t>& counts,
                     bool even) {
    const launch::host_plan plan(hosts, processes);
    launch::layout at(plan);
    std::int64_t most = 0;
    std::int64_t nodes = 0;
    for (std::size_t i = 0; i < counts.size(); ++i) {
        if (at.next(plan.hosts()[i]) != counts[i]) return false;
        most = counts[i] > most ? counts[i] : most;
        nodes += counts[i] > 0;
    }
    return plan.hosts().size() == counts.size() && at.most() == most && at.nodes() == nodes &&
           at.even() == even;
}

} // namespace

constexpr bool gives_each_host_its_slots_where_all_are_needed() {
    return deals({"a"}, 3, {3}, true)                     //
           && deals({"a", "b"}, 4, {2, 2}, true)          //
           && deals({"a", "b", "c"}, 7, {3, 2, 2}, false) //
           && deals({"a:5", "b:1"}, 6, {5, 1}, false)     //
           && deals({"a:1", "b:3"}, 4, {1, 3}, false)     //
           && deals({"a", "b", "c"}, 2, {1, 1, 0}, true)  //
           && deals({"a:2147483647"}, 2147483647, {2147483647}, true);
}
static_assert(gives_each_host_its_slots_where_all_are_needed());

constexpr bool deals_fewer_processes_out_one_by_one() {
    return deals({"a:4", "b:4"}, 2, {1, 1}, true)               //
           && deals({"a:4", "b:4"}, 5, {3, 2}, false)           //
           && deals({"a:1", "b:9", "c:9"}, 6, {1, 3, 2}, false) //
           && deals({"a:4", "b:4", "c:4"}, 2, {1, 1, 0}, true)  //
           && deals({"a:9", "b:1", "c:2"}, 1, {1, 0, 0}, true)  //
           && deals({"a:2147483647", "b:2147483647"}, 3, {2, 1}, false);
}
static_assert(deals_fewer_processes_out_one_by_one());

TEST_CASE("processes are dealt out over the slots of the hosts") {
    CHECK(gives_each_host_its_slots_where_all_are_needed());
    CHECK(deals_fewer_processes_out_one_by_one());
}
