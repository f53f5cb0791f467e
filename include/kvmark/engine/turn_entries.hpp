// The reference's access model: one entry per conversation turn.
#pragma once

#include <kvmark/core/random.hpp>
#include <kvmark/engine/access_model.hpp>
#include <kvmark/workload/parameters.hpp>

namespace kvmark::engine {

/// Which parts of a request take place.
struct turn_entries_config {
    std::uint32_t decode_batch = 32;    ///< tokens between two reads of the context
    bool reads_decode = true;           ///< false with --prefill-only
    bool writes_prefill = true;         ///< false with --decode-only
    std::uint64_t prepared_entries = 0; ///< decode-only: reads go to this many entries written beforehand
};

/// kv_cache_engine.md, "One request, in order". Two departures: a system prompt is an entry, written by the
/// first request that misses it, and decode-only picks its prepared entry by a hash of the request's number,
/// so that the choice depends on the seed's sequence alone.
class turn_entries {
public:
    static constexpr std::string_view name = "turn_entries";
    using config = turn_entries_config;

    turn_entries() = default;
    explicit turn_entries(const config& c) : config_(c) {}

    template <class Planner>
    void plan(const workload::request& r, Planner& p) const {
        using workload::object_key;
        using workload::object_kind;

        tokens context = r.input;
        if (r.system_prompt != workload::request::no_system_prompt) {
            const object_key prompt(object_kind::system_prompt, r.system_prompt);
            if (!p.read(prompt, purpose::system_prompt, 1))
                p.write(prompt, purpose::system_prompt, r.system_prompt_tokens);
            else if (context > r.system_prompt_tokens)
                context -= r.system_prompt_tokens;
        }

        const bool prefills = config_.writes_prefill && r.phase != workload::phase::decode;
        if (config_.writes_prefill)
            for (std::uint32_t turn = 1; turn < r.turn; ++turn)
                p.read(object_key(object_kind::turn, r.conversation, turn), purpose::earlier_turn, 1);
        if (prefills && !p.contains(r.key())) p.write(r.key(), purpose::prefill, context);

        for (std::uint8_t i = 0; i < r.chunk_count; ++i)
            p.read(object_key(object_kind::document_chunk, r.chunks[i].document, r.chunks[i].chunk),
                   purpose::chunk, 1);

        if (!config_.reads_decode || r.phase == workload::phase::prefill) return;
        const object_key decoded =
            config_.prepared_entries == 0
                ? r.key()
                : object_key(object_kind::prepared, mix(r.id) % config_.prepared_entries);
        const auto batches =
            static_cast<std::uint32_t>((r.output.count + config_.decode_batch - 1) / config_.decode_batch);
        if (!p.read(decoded, purpose::decode, 1 + batches)) p.write(decoded, purpose::decode, context);
    }

private:
    config config_{};
};

} // namespace kvmark::engine
