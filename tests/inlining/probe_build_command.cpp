// allow: allowed_build_command.txt
// build_command() of several stacks and launchers, each from two sites: g++ keeps a function out of line
// once it has two callers. The sites differ, since two that are the same would be folded into one.
#include <kvmark/kvmark.hpp>

namespace {
using namespace kvmark;
using memory = benchmark<exec::mpi, launch::none, tier::stack<tier::host>>;
using disk = benchmark<exec::mpi, launch::mpirun, tier::stack<tier::host, tier::direct_file>>;
using three = benchmark<exec::mpi, launch::mpiexec,
                        tier::stack<tier::modelled<tier::tier_role::gpu>, tier::host, tier::file>>;
using slurm = benchmark<exec::mpi, launch::srun>;
} // namespace

extern "C" {
void probe_memory(const memory& b, argv& line) { line = b.build_command(); }
std::size_t probe_memory_again(const memory& b) { return b.build_command().size(); }
void probe_disk(const disk& b, argv& line) { line = b.build_command(); }
std::size_t probe_disk_again(const disk& b) { return b.build_command().size(); }
void probe_three(const three& b, argv& line) { line = b.build_command(); }
std::size_t probe_three_again(const three& b) { return b.build_command().size(); }
void probe_slurm(const slurm& b, argv& line) { line = b.build_command(); }
std::size_t probe_slurm_again(const slurm& b) { return b.build_command().size(); }
void probe_chosen(const launch::dialect& d, const launch::launcher_request& r, const options& o, argv& line) {
    line = build_command(d, r, o);
}
std::size_t probe_chosen_again(const launch::dialect& d, const options& o) {
    return build_command(d, launch_request(o), o).size();
}
}
