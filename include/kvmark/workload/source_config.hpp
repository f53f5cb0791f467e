// What every source is told: seed, users, model, and which parts of the workload are on.
#pragma once

#include <kvmark/model/geometry.hpp>
#include <kvmark/workload/arrivals.hpp>
#include <kvmark/workload/parameters.hpp>

namespace kvmark::workload {

struct source_config {
    std::uint64_t seed = 0;
    std::uint64_t users = 1; ///< at the start; at least 1, below 2^32
    double request_rate = 0; ///< requests/s of all users together; 0: each user paces itself by think times
    arrival_process arrivals = arrival_process::poisson;
    double arrival_shape = 1; ///< of gamma and weibull; see arrival_process
    model::geometry model{};  ///< a large model gets shorter documents
    bytes bytes_per_token{};  ///< as one rank stores it; bounds a document's chunks. 0: no bound
    bool multi_turn = true;
    bool prefix_caching = true;
    bool rag = false;
    std::uint32_t rag_documents = 10;
    bool prefill_only = false; ///< at most one of the two
    bool decode_only = false;
    workload::parameters parameters{};
};

} // namespace kvmark::workload
