// Catch2's BENCHMARK for an operation that may not allocate.
#pragma once

#define CATCH_CONFIG_ENABLE_BENCHMARKING
#include <catch2/catch.hpp>

#include <cstdint>
#include <string>

namespace kvmark::cost {

/// By operator new, since the program began.
[[nodiscard]] std::uint64_t allocations();

/// Proves that `operation()` allocates nothing once warm, then has Catch time it: ns per operation.
template <class Operation>
void measure(const std::string& name, Operation&& operation) {
    for (int i = 0; i < 1'000; ++i) operation();
    const std::uint64_t before = allocations();
    for (int i = 0; i < 10'000; ++i) operation();
    const std::uint64_t allocated = allocations() - before;
    INFO(name);
    CHECK(allocated == 0);
    BENCHMARK_ADVANCED(std::string(name))(Catch::Benchmark::Chronometer meter) {
        meter.measure([&] { operation(); });
    };
}

} // namespace kvmark::cost
