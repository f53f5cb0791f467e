#include <kvmark/launch/launcher.hpp>

#include "support/argvs.hpp"
#include "support/reference_vectors.hpp"

namespace launch = kvmark::launch;
using kvmark::argv;

namespace {

template <launch::launcher Launcher>
constexpr argv prefix(const launch::launcher_request& request) {
    const launch::host_plan plan(request.hosts, request.num_processes);
    if (plan.fault() != launch::launch_fault::none || plan.used() == 0) return {};
    return argv::build([&](launch::text_writer& writer) { Launcher::write_prefix(writer, request, plan); });
}

using list = std::vector<std::string>;

/// Whether `params` leave our --bind-to and --map-by in place.
constexpr bool keeps(const list& params, bool bind_to, bool map_by) {
    const list hosts{"h"};
    const argv line = prefix<launch::mpirun>({.hosts = hosts, .mpi_params = params});
    const bool both =
        line[5] == "--bind-to" && line[6] == "none" && line[7] == "--map-by" && line[8] == "socket";
    const std::size_t ours = line.size() - 5 - params.size();
    if (bind_to && map_by) return both && ours == 4;
    if (bind_to) return line[5] == "--bind-to" && line[6] == "none" && ours == 2;
    if (map_by) return line[5] == "--map-by" && ours == 2;
    return ours == 0;
}

} // namespace

constexpr bool writes_prefixes() {
    const list hosts{"host1", "host2"};
    const list params{"-x", "MSG=hello world", ""};
    return prefix<launch::mpirun>({.hosts = hosts}) ==
               argv{"mpirun",    "-n",   "2",        "-host", "host1:1,host2:1",
                    "--bind-to", "none", "--map-by", "node"} &&
           prefix<launch::mpiexec>({.path = "/opt/x/mpirun",
                                    .hosts = hosts,
                                    .num_processes = 1,
                                    .oversubscribe = true,
                                    .allow_run_as_root = true,
                                    .mpi_params = params}) == argv{"/opt/x/mpirun",
                                                                   "-n",
                                                                   "1",
                                                                   "-host",
                                                                   "host1:1",
                                                                   "--bind-to",
                                                                   "none",
                                                                   "--map-by",
                                                                   "socket",
                                                                   "--oversubscribe",
                                                                   "--allow-run-as-root",
                                                                   "-x",
                                                                   "MSG=hello world",
                                                                   ""} &&
           prefix<launch::mpirun>({}).empty();
}
static_assert(writes_prefixes());

constexpr bool lets_the_user_bind_and_map() {
    return keeps({}, true, true)                                                          //
           && keeps({"--bind-to", "core"}, false, true)                                   //
           && keeps({"-bind-to", "core"}, false, true)                                    //
           && keeps({"--map-by=ppr:2:node"}, true, false)                                 //
           && keeps({"-x", "A", "--map-by", "core", "--bind-to", "socket"}, false, false) //
           // The value of another option is not an option.
           && keeps({"-x", "--bind-to"}, true, true)                                     //
           && keeps({"--mca", "--bind-to", "--map-by"}, true, true)                      //
           && keeps({"-mca", "a", "--bind-to", "--map-by", "core"}, true, false)         //
           && keeps({"--rank-by", "--map-by"}, true, true)                               //
           && keeps({"--output-filename", "--bind-to", "--map-by", "core"}, true, false) //
           && keeps({"--map-by", "--bind-to"}, true, false)                              //
           // Neither are names that merely begin alike, or words without a dash.
           && keeps({"--bind-to-core", "--bynode", "--rank-by", "node"}, true, true) //
           && keeps({"bind-to", "map-by", "-", "--"}, true, true)                    //
           // A flag without a value does not hide what follows it.
           && keeps({"--tag-output", "--bind-to", "core"}, false, true) && keeps({"-x"}, true, true);
}
static_assert(lets_the_user_bind_and_map());

/// A launcher of a user's, as docs/launcher.md shows it.
struct start_ranks {
    static constexpr std::string_view name = "start-ranks";
    static constexpr bool starts_ranks = true;

    KVMARK_INLINE static constexpr void write_prefix(launch::text_writer& writer,
                                                     const launch::launcher_request& request,
                                                     const launch::host_plan& plan) {
        writer.argument(request.path.empty() ? name : request.path);
        writer.argument("--ranks=", launch::integer_text(plan.processes()));
        writer.put("--on=");
        bool first = true;
        for (const launch::host_share& host : plan.hosts()) {
            if (host.slots == 0) continue;
            if (!first) writer.put(",");
            first = false;
            writer.put(host.name);
        }
        writer.end_argument();
        for (const std::string& param : request.mpi_params) writer.argument(param);
    }
};

constexpr bool takes_a_launcher_of_ones_own() {
    const list hosts{"node1", "node2", "node3"};
    const list params{"--exclusive"};
    return prefix<start_ranks>({.hosts = hosts, .num_processes = 2, .mpi_params = params}) ==
           argv{"start-ranks", "--ranks=2", "--on=node1,node2", "--exclusive"};
}
static_assert(takes_a_launcher_of_ones_own());

// A launcher for whose program there is no type: the words, and a name of one's own.
constexpr launch::dialect renamed = launch::with_program(launch::dialects::hydra, "mpiexec.mpich");
constexpr bool takes_a_dialect_of_ones_own() {
    const list hosts{"n"};
    return launch::launcher<launch::speaks<renamed>> &&
           prefix<launch::speaks<renamed>>({.hosts = hosts}) ==
               argv{"mpiexec.mpich", "-n", "1", "-hosts", "n:1", "-bind-to", "none"};
}
static_assert(takes_a_dialect_of_ones_own());

struct no_prefix {
    static constexpr std::string_view name = "no_prefix";
    static constexpr bool starts_ranks = true;
};
static_assert(!launch::launcher<no_prefix>);

TEST_CASE("the launcher prefix is the reference's, case by case") {
    for (const auto& value : kvmark::test::read_cases("mpi_launch.json")) {
        const auto& c = value.as_object();
        INFO(c.at("name"));
        const list hosts = kvmark::test::strings_at(c, "hosts");
        const list params = kvmark::test::strings_at(c, "mpi_params");
        const launch::launcher_request request{.hosts = hosts,
                                               .num_processes = kvmark::test::integer_at(c, "num_processes"),
                                               .oversubscribe = c.at("oversubscribe").as_bool(),
                                               .allow_run_as_root = c.at("allow_run_as_root").as_bool(),
                                               .mpi_params = params};
        const bool mpiexec = c.at("launcher").as_string() == "mpiexec";
        const argv line = mpiexec ? prefix<launch::mpiexec>(request) : prefix<launch::mpirun>(request);
        CHECK(kvmark::test::strings_of(line) == kvmark::test::strings_at(c, "argv"));

        const auto errors = launch::launch_errors(hosts, request.num_processes);
        if (const auto* error = c.if_contains("error")) {
            REQUIRE(errors.size() == 1);
            CHECK(errors[0].message == error->as_string());
        } else {
            CHECK(errors.empty());
        }
    }
}
