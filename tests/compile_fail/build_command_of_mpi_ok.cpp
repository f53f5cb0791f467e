#include <kvmark/kvmark.hpp>

kvmark::argv command(const kvmark::benchmark<kvmark::exec::mpi, kvmark::launch::mpirun>& bench) {
    return bench.build_command();
}
