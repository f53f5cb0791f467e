// The command that starts a run on two hosts, known to the compiler. Nothing is launched, and no mpi.h is
// needed.
#include <kvmark/kvmark.hpp>

#include <cstdio>

using cluster_bench = kvmark::benchmark<kvmark::exec::mpi, kvmark::launch::mpirun>;

constexpr kvmark::argv two_hosts() {
    cluster_bench bench{{.model = kvmark::models::llama3_1_8b,
                         .num_users = 100,
                         .hosts = {"host1", "host2"},
                         .num_processes = 2,
                         .cache_dir = "/mnt/nvme/kv"}};
    return bench.build_command();
}
static_assert(two_hosts()[0] == "mpirun" && two_hosts()[4] == "host1:1,host2:1");

int main() {
    std::printf("%s\n", kvmark::display(two_hosts()).c_str());

    // Quotes are for people: the vector holds each argument whole.
    const cluster_bench bench{
        {.num_users = 1, .hosts = {"host1"}, .cache_dir = "/mnt/my cache", .mpi_params = {"-x", "NOTE=a b"}}};
    std::printf("%s\n", kvmark::display(bench.build_command()).c_str());
}
