// expect: kvmark: run() of this executor needs its own header
#include <kvmark/kvmark.hpp>

auto run(kvmark::benchmark<kvmark::exec::local>& bench) { return bench.run(); }
