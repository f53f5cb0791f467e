// One benchmark on several hosts. Started by hand this program starts two ranks of itself under mpirun;
// started by mpirun it is one of them. main() is the same for both.
#include <kvmark/exec/mpi.hpp>
#include <kvmark/kvmark.hpp>

#include <cstdio>

using bench = kvmark::benchmark<kvmark::exec::mpi, kvmark::launch::mpirun,
                                kvmark::tier::stack<kvmark::tier::host, kvmark::tier::direct_file>>;

int main() {
    bench b{{.model = kvmark::models::tiny_1b,
             .num_users = 4, // of each rank
             .hosts = {"localhost"},
             .num_processes = 2,
             .duration = 1,
             .cpu_mem_gb = 0.25,
             .generation_mode = kvmark::generation_mode::none,
             .seed = 42,
             .storage_capacity_gb = 0.5,
             .oversubscribe = true, // two ranks also where the machine has one core
             .allow_run_as_root = true,
             .program = {.words = kvmark::exec::this_command()}}};

    const auto report = b.run();
    if (!report) {
        std::fprintf(stderr, "%s\n", report.error().message.c_str());
        return 1;
    }
    if (!report->primary) return 0; // a rank: what it measured is in the report of the job

    std::printf("%s\n", kvmark::display(b.build_command()).c_str());
    std::printf("%zu ranks on %zu host, %s\n", report->job->ranks.size(), report->job->hosts.size(),
                report->requests_completed > 0 ? "requests completed" : "no request completed");
    for (const auto& rank : report->job->ranks)
        std::printf("rank %u: seed %llu, %s\n", rank.rank, static_cast<unsigned long long>(rank.seed),
                    rank.failure.empty() ? "complete" : rank.failure.c_str());
    return report->clean() ? 0 : 1;
}
