#include <kvmark/launch/limits.hpp>

#include "support/catch.hpp"

namespace launch = kvmark::launch;
namespace dialects = kvmark::launch::dialects;

namespace {

using list = std::vector<std::string>;

constexpr bool exact(const launch::dialect& words, const list& hosts, std::int64_t processes) {
    return launch::places_exactly(words, launch::host_plan(hosts, processes));
}

list warnings(const launch::dialect& words, const launch::launcher_request& request) {
    const launch::host_plan plan(request.hosts, request.num_processes);
    return launch::launch_warnings(words, request, plan);
}

} // namespace

constexpr bool knows_which_numbers_can_be_placed() {
    return exact(dialects::pals, {"a", "b"}, 4)             //
           && exact(dialects::pals, {"a", "b"}, 3)          // 2 and 1: filled in that order
           && exact(dialects::pals, {"a:3", "b:3", "c"}, 7) //
           && !exact(dialects::pals, {"a", "b", "c"}, 7)    // 3, 2 and 2 would become 3, 3 and 1
           && !exact(dialects::pals, {"a:1", "b:2"}, 3)     //
           && exact(dialects::srun, {"a:1", "b:2"}, 3)      //
           && exact(dialects::hydra, {"a:1", "b:2"}, 3) && exact(dialects::open_mpi_4, {"a:1", "b:2"}, 3);
}
static_assert(knows_which_numbers_can_be_placed());

TEST_CASE("what a launcher cannot do is said") {
    CHECK(knows_which_numbers_can_be_placed());
    const list hosts{"a:1", "b:2"};
    const list variables{"LIST=1,2", "ONE=1"};
    const launch::launcher_request request{
        .hosts = hosts, .num_processes = 3, .timeout_s = 30, .environment = variables};
    CHECK(
        warnings(dialects::pals, request) ==
        list{
            "PALS (HPE Cray) fills hosts one after the other with 2 processes each; it cannot be told to run "
            "unlike numbers as --hosts has them",
            "PALS (HPE Cray) has no time limit of its own"});
    CHECK(warnings(dialects::srun, request) ==
          list{"Slurm's srun cannot forward LIST: its value holds a comma"});
    CHECK(warnings(dialects::hydra, request).empty());
    CHECK(warnings(dialects::open_mpi_4, request).empty());
    CHECK(warnings(dialects::open_mpi_5, request).empty());
    CHECK(warnings(dialects::pals, {}).empty());
}
