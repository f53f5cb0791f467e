// Everything that is wrong with the numbers of a workload, which a configuration file may have replaced.
#pragma once

#include <kvmark/benchmark/fault_list.hpp>
#include <kvmark/benchmark/options.hpp>

namespace kvmark::validation {

/// What the sources and the engine rely on: ranges with low <= high, lengths of at least one token,
/// probabilities and shares within 0..1.
KVMARK_COLD void check_workload(fault_list& faults, const workload::parameters& w) {
    const auto lengths = [&](const std::string& name, const workload::range<std::uint32_t>& r) {
        if (r.low < 1 || r.low > r.high)
            faults.add(name + " " + std::to_string(r.low) + ".." + std::to_string(r.high) +
                       ": must be a range of at least 1 token, low end first");
    };
    for (const workload::persona& p : w.personas) {
        const std::string name(p.name);
        lengths("context tokens of " + name, p.context_tokens);
        lengths("generated tokens of " + name, p.generated_tokens);
        if (!(p.think_seconds.low >= 0 && p.think_seconds.low <= p.think_seconds.high &&
              p.think_seconds.high <= 3000))
            faults.add("think time of " + name + ": must be a range within 0..3000 s, low end first");
    }
    lengths("document tokens", w.document_tokens);
    lengths("document tokens of large models", w.large_model_document_tokens);

    faults.real("think jitter", w.think_jitter, 1, "0..1");
    faults.real("interactive probability", w.interactive_probability, 1, "0..1");
    faults.real("responsive threshold", w.responsive_threshold, 1, "0..1");
    faults.real("end of conversation probability", w.end_conversation_probability, 1, "0..1");
    faults.real("system prompt probability", w.system_prompt_probability, 1, "0..1");
    faults.real("rag request probability", w.rag_probability, 1, "0..1");
    faults.real("eviction target usage ratio", w.tier_target, 1, "0..1");
    faults.real("eviction large entry limit ratio", w.large_entry, 1, "0..1");
    faults.integer("max conversations", w.max_conversations, 1, UINT32_MAX);
    faults.integer("max turns", w.max_turns, 1, 1'000'000);
    faults.integer("chunk tokens", w.chunk_tokens, 1, UINT32_MAX);
    faults.integer("chunks per query", w.chunks_per_query, 0, workload::request::max_chunks);
    faults.integer("decode batch", w.decode_batch, 1, UINT32_MAX);
    faults.integer("prepared tokens", w.prepared_tokens, 1, UINT32_MAX);
    faults.integer("characters per token", w.sharegpt_chars_per_token, 1, UINT32_MAX);
    faults.integer("autoscaler minimum of users", w.autoscale_min_users, 1, w.autoscale_max_users);
}

} // namespace kvmark::validation
