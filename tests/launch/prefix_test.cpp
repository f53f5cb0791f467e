#include <kvmark/launch/launcher.hpp>
#include <kvmark/launch/quote.hpp>

#include "support/argvs.hpp"
#include "support/catch.hpp"

namespace launch = kvmark::launch;
namespace dialects = kvmark::launch::dialects;
using kvmark::argv;

namespace {

using list = std::vector<std::string>;

constexpr std::string shown(const launch::dialect& words, const launch::launcher_request& request) {
    const launch::host_plan plan(request.hosts, request.num_processes);
    return kvmark::display(argv::build(
        [&](launch::text_writer& writer) { launch::write_prefix(writer, words, request, plan); }));
}

/// The prefix of processes on hosts, with nothing else asked.
constexpr std::string plain(const launch::dialect& words, const list& hosts, std::int64_t processes) {
    return shown(words, {.hosts = hosts, .num_processes = processes});
}

constexpr std::string with_params(const launch::dialect& words, const list& params) {
    const list hosts{"h"};
    const list variables{"A=1"};
    return shown(words, {.hosts = hosts,
                         .mpi_params = params,
                         .timeout_s = 90,
                         .tag_output = true,
                         .environment = variables});
}

/// All that can be asked.
constexpr std::string everything(const launch::dialect& words, const list& hosts) {
    const list variables{"A=x y", "B="};
    const list params{"--last"};
    return shown(words, {.path = "/opt/m",
                         .hosts = hosts,
                         .oversubscribe = true,
                         .allow_run_as_root = true,
                         .mpi_params = params,
                         .timeout_s = 61,
                         .tag_output = true,
                         .environment = variables});
}

} // namespace

constexpr bool places_like_numbers() {
    const list hosts{"n1", "n2"};
    return plain(dialects::open_mpi_4, hosts, 4) ==
               "mpirun -n 4 -host n1:2,n2:2 --bind-to none --map-by node" &&
           plain(dialects::open_mpi_5, hosts, 4) ==
               "mpirun -n 4 -host n1:2,n2:2 --bind-to none --map-by node" &&
           plain(dialects::hydra, hosts, 4) == "mpiexec.hydra -n 4 -hosts n1:2,n2:2 -bind-to none" &&
           plain(dialects::pals, hosts, 4) == "mpiexec -n 4 --ppn 2 --hosts n1,n2 --cpu-bind none" &&
           plain(dialects::srun, hosts, 4) ==
               "srun --ntasks 4 --nodes 2 --ntasks-per-node 2 --nodelist n1,n2 --cpu-bind none";
}
static_assert(places_like_numbers());

constexpr bool places_on_one_host() {
    const list hosts{"n1"};
    return plain(dialects::open_mpi_4, hosts, 3) == "mpirun -n 3 -host n1:3 --bind-to none --map-by socket" &&
           plain(dialects::open_mpi_5, hosts, 3) ==
               "mpirun -n 3 -host n1:3 --bind-to none --map-by package" &&
           plain(dialects::hydra, hosts, 3) == "mpiexec.hydra -n 3 -hosts n1:3 -bind-to none" &&
           plain(dialects::pals, hosts, 3) == "mpiexec -n 3 --ppn 3 --hosts n1 --cpu-bind none" &&
           plain(dialects::srun, hosts, 3) ==
               "srun --ntasks 3 --nodes 1 --ntasks-per-node 3 --nodelist n1 --cpu-bind none";
}
static_assert(places_on_one_host());

constexpr bool places_unlike_numbers() {
    const list hosts{"n1:3", "n2"};
    return plain(dialects::open_mpi_4, hosts, 4) ==
               "mpirun -n 4 -host n1:3,n2:1 --bind-to none --map-by node" &&
           plain(dialects::open_mpi_5, hosts, 4) ==
               "mpirun -n 4 -host n1:3,n2:1 --bind-to none --map-by node" &&
           plain(dialects::hydra, hosts, 4) == "mpiexec.hydra -n 4 -hosts n1:3,n2:1 -bind-to none" &&
           plain(dialects::pals, hosts, 4) == "mpiexec -n 4 --ppn 3 --hosts n1,n2 --cpu-bind none" &&
           plain(dialects::srun, hosts, 4) ==
               "srun --ntasks 4 --nodelist n1,n1,n1,n2 --distribution arbitrary --cpu-bind none";
}
static_assert(places_unlike_numbers());

// Slots that are not needed: Open MPI is told of them and deals processes out by node, others are told the
// outcome.
constexpr bool places_in_more_slots_than_needed() {
    const list hosts{"n1:4", "n2:4", "n3:4"};
    return plain(dialects::open_mpi_4, hosts, 2) ==
               "mpirun -n 2 -host n1:4,n2:4,n3:4 --bind-to none --map-by node" &&
           plain(dialects::hydra, hosts, 2) == "mpiexec.hydra -n 2 -hosts n1:1,n2:1 -bind-to none" &&
           plain(dialects::pals, hosts, 2) == "mpiexec -n 2 --ppn 1 --hosts n1,n2 --cpu-bind none" &&
           plain(dialects::srun, hosts, 4) ==
               "srun --ntasks 4 --nodelist n1,n1,n2,n3 --distribution arbitrary --cpu-bind none";
}
static_assert(places_in_more_slots_than_needed());

constexpr bool asks_for_everything() {
    const list two{"n1", "n2"};
    const list one{"n1"};
    return everything(dialects::open_mpi_4, two) ==
               "/opt/m -n 2 -host n1:1,n2:1 --bind-to none --map-by node --oversubscribe --allow-run-as-root "
               "--timeout 61 --tag-output -x 'A=x y' -x B= --last" &&
           everything(dialects::open_mpi_5, two) ==
               "/opt/m -n 2 -host n1:1,n2:1 --bind-to none --map-by node:OVERSUBSCRIBE --allow-run-as-root "
               "--timeout 61 --output tag -x 'A=x y' -x B= --last" &&
           everything(dialects::open_mpi_5, one) ==
               "/opt/m -n 1 -host n1:1 --bind-to none --map-by package:OVERSUBSCRIBE --allow-run-as-root "
               "--timeout 61 --output tag -x 'A=x y' -x B= --last" &&
           everything(dialects::hydra, two) ==
               "/opt/m -n 2 -hosts n1:1,n2:1 -bind-to none -prepend-rank -genv A 'x y' -genv B '' --last" &&
           everything(dialects::pals, two) ==
               "/opt/m -n 2 --ppn 1 --hosts n1,n2 --cpu-bind none --label --env 'A=x y' --env B= --last" &&
           everything(dialects::srun, two) == "/opt/m --ntasks 2 --nodes 2 --ntasks-per-node 1 --nodelist "
                                              "n1,n2 --cpu-bind none --overcommit "
                                              "--time 2 --label --export 'ALL,A=x y,B=' --last";
}
static_assert(asks_for_everything());

constexpr bool rounds_a_time_limit_up() {
    const list hosts{"h"};
    const auto limit = [&](std::int64_t seconds) {
        return shown(dialects::srun, {.hosts = hosts, .timeout_s = seconds});
    };
    return limit(1).ends_with(" --time 1") && limit(60).ends_with(" --time 1") &&
           limit(61).ends_with(" --time 2") && limit(0).ends_with("--cpu-bind none");
}
static_assert(rounds_a_time_limit_up());

constexpr bool leaves_an_option_to_the_user_who_gave_it() {
    return with_params(dialects::open_mpi_4,
                       {"--timeout", "5", "-tag-output", "--bind-to", "core", "--map-by=core"}) ==
               "mpirun -n 1 -host h:1 -x A=1 --timeout 5 -tag-output --bind-to core --map-by=core" &&
           with_params(dialects::open_mpi_5, {"--timeout=5", "--output", "dir=/o", "--map-by", "core"}) ==
               "mpirun -n 1 -host h:1 --bind-to none -x A=1 --timeout=5 --output dir=/o --map-by core" &&
           with_params(dialects::open_mpi_5, {"--tag-output", "--bind-to", "core"}) ==
               "mpirun -n 1 -host h:1 --map-by package --timeout 90 -x A=1 --tag-output --bind-to core" &&
           with_params(dialects::hydra, {"-prepend-pattern", "%r:", "-bind-to", "core"}) ==
               "mpiexec.hydra -n 1 -hosts h:1 -genv A 1 -prepend-pattern %r: -bind-to core" &&
           with_params(dialects::pals, {"-l", "--cpu-bind", "depth"}) ==
               "mpiexec -n 1 --ppn 1 --hosts h --env A=1 -l --cpu-bind depth" &&
           with_params(dialects::srun, {"-t", "5", "-l", "--cpu-bind=cores", "--export=NONE"}) ==
               "srun --ntasks 1 --nodes 1 --ntasks-per-node 1 --nodelist h -t 5 -l --cpu-bind=cores "
               "--export=NONE";
}
static_assert(leaves_an_option_to_the_user_who_gave_it());

// Open MPI 5 refuses --map-by twice, so the qualifier cannot be added to a user's own.
constexpr bool oversubscribes_under_the_users_mapping() {
    const list hosts{"h"};
    const list params{"--map-by", "core"};
    return shown(dialects::open_mpi_5, {.hosts = hosts, .oversubscribe = true, .mpi_params = params}) ==
           "mpirun -n 1 -host h:1 --bind-to none --oversubscribe --map-by core";
}
static_assert(oversubscribes_under_the_users_mapping());

constexpr bool takes_no_value_for_an_option() {
    return with_params(dialects::hydra, {"-genv", "-bind-to", "-prepend-rank"}) ==
               "mpiexec.hydra -n 1 -hosts h:1 -bind-to none -prepend-rank -genv A 1 -genv -bind-to "
               "-prepend-rank" &&
           with_params(dialects::srun, {"--comment", "--label", "-J", "--time"}).find("--time 2 --label") !=
               std::string::npos &&
           with_params(dialects::open_mpi_5, {"--prtemca", "--timeout", "--output"})
                   .find("--timeout 90 --output tag") != std::string::npos &&
           with_params(dialects::pals, {"--env", "--label"}).find("--label --env A=1") != std::string::npos;
}
static_assert(takes_no_value_for_an_option());

TEST_CASE("each dialect has its own words for the same launch") {
    CHECK(places_like_numbers());
    CHECK(places_on_one_host());
    CHECK(places_unlike_numbers());
    CHECK(places_in_more_slots_than_needed());
    CHECK(asks_for_everything());
}

TEST_CASE("an option of the user's takes the place of ours in every dialect") {
    CHECK(leaves_an_option_to_the_user_who_gave_it());
    CHECK(oversubscribes_under_the_users_mapping());
    CHECK(takes_no_value_for_an_option());
    CHECK(rounds_a_time_limit_up());
}

TEST_CASE("an option that can be written can be given by the user under the same name") {
    for (const launch::dialect* words : dialects::all)
        for (const launch::launcher_option* option :
             {&words->bind, &words->map, &words->timeout, &words->tag, &words->uneven}) {
            if (option->word.empty()) continue;
            INFO(words->name << " " << option->word);
            const list params{std::string(option->word) + "=x"};
            CHECK(launch::holds_option(params, *words, option->names));
        }
}
