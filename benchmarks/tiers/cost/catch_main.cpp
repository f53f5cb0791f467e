// The main that runs BENCHMARK, which Debian's prebuilt one cannot, and the count of allocations.
#define CATCH_CONFIG_MAIN
#include "benchmark.hpp"

#include "support/count_allocations.hpp"

std::uint64_t kvmark::cost::allocations() { return test::allocations; }
