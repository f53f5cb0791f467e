// expect: kvmark: run() of this executor needs its own header
#include <kvmark/kvmark.hpp>

auto run(kvmark::benchmark<kvmark::exec::mpi, kvmark::launch::mpirun>& bench) { return bench.run(); }
