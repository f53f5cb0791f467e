// What must be in the cache before the clock starts.
#pragma once

#include <kvmark/engine/engine_config.hpp>
#include <kvmark/workload/source.hpp>

namespace kvmark::engine {

struct prepared_write {
    workload::object_key key;
    tokens size{};
};

/// What an entry of n tokens occupies before a tier rounds it up: whole sectors, at least one.
[[nodiscard]] inline bytes entry_size(const engine_config& c, tokens n) {
    const bytes exact = c.per_token * n.count;
    return round_up(exact.count == 0 ? bytes(1) : exact, tier::sector_size);
}

/// The documents of the source, then the filler of preconditioning, then the entries that decode-only reads,
/// so that these are the last to be displaced.
template <class Source>
[[nodiscard]] std::vector<prepared_write> preparation_of(const Source& source, const engine_config& c) {
    using workload::object_key;
    using workload::object_kind;
    std::vector<prepared_write> writes;
    if constexpr (workload::document_source<Source>)
        for (std::uint32_t d = 0; d < source.document_count(); ++d)
            for (std::uint32_t i = 0; i < source.chunk_count(d); ++i)
                writes.push_back({object_key(object_kind::document_chunk, d, i), source.chunk(d, i).size});
    const tokens each(c.parameters.prepared_tokens);
    const std::uint64_t filler = c.precondition.count / entry_size(c, each).count;
    for (std::uint64_t i = 0; i < filler; ++i)
        writes.push_back({object_key(object_kind::prepared, i, 1), each});
    for (std::uint64_t i = 0; i < c.prepared_entries; ++i)
        writes.push_back({object_key(object_kind::prepared, i), each});
    return writes;
}

} // namespace kvmark::engine
