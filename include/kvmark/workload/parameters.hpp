// The numbers of the reference workload, each a default that the YAML configuration can replace.
#pragma once

#include <kvmark/workload/request.hpp>

namespace kvmark::workload {

template <class T>
struct range {
    T low{};
    T high{};
    friend constexpr bool operator==(const range&, const range&) = default;
};

struct persona {
    std::string_view name;
    range<std::uint32_t> context_tokens;
    range<std::uint32_t> generated_tokens;
    range<double> think_seconds;
};

struct service_targets {
    double p95_ms, p99_ms, p999_ms, p9999_ms;
};

/// Source of the values: the reference benchmark's defaults (kv-cache.py and its config.yaml).
struct parameters {
    std::array<persona, 3> personas{{
        {"chatbot", {512, 4096}, {50, 200}, {0.1, 0.5}},
        {"coding", {4096, 25000}, {100, 500}, {0.2, 1.0}},
        {"document", {4096, 16384}, {200, 800}, {0.3, 1.5}},
    }};
    double think_jitter = 0.2; ///< each pause is the user's own think time x uniform(1 - jitter, 1 + jitter)

    double interactive_probability = 0.15;
    double responsive_threshold = 0.50; ///< cumulative: 35 % responsive
    std::array<service_targets, 3> targets{
        {{50, 100, 150, 200}, {100, 200, 350, 500}, {1000, 5000, 7500, 10000}}};

    std::uint32_t max_conversations = 1000;
    std::uint32_t max_turns = 50;
    double end_conversation_probability = 0.2;
    std::uint32_t prefill_only_tokens = 10'000; ///< a context of this size or more asks for no decode

    double system_prompt_probability = 0.2;
    std::array<std::uint32_t, 3> system_prompt_tokens{5, 8, 6};

    std::uint32_t chunk_tokens = 512;
    std::uint32_t chunks_per_query = 5;
    bytes max_chunk_bytes{256 * mib_bytes};
    double rag_probability = 0.1;
    bool rag_uniform = false; ///< false: the chance of a chunk falls as 1 / rank
    range<std::uint32_t> document_tokens{4000, 12000};
    range<std::uint32_t> large_model_document_tokens{1024, 4096};

    std::uint32_t decode_batch = 32;      ///< tokens between two reads of the context
    std::uint32_t prepared_tokens = 2048; ///< size of the entries of decode-only and of preconditioning
    std::uint32_t prepared_per_user = 10;
    std::array<double, 3> seconds_per_token{0.0, 0.002, 0.030}; ///< generation mode none, fast, realistic

    double tier_target = 0.80; ///< a tier that is not the last is kept at or below this share of its limit
    double large_entry = 0.95; ///< an entry above this share of a tier's limit skips the tier

    std::uint32_t sharegpt_max_context = 16'384;
    std::uint32_t sharegpt_max_generation = 2'048;
    std::uint32_t sharegpt_chars_per_token = 4;

    std::uint32_t autoscale_min_users = 1;
    std::uint32_t autoscale_max_users = 10'000;
    double autoscale_up = 1.2;
    double autoscale_down = 0.8;
    std::uint32_t autoscale_consecutive = 2;
    double saturation_read_p95_ms = 100;
};

} // namespace kvmark::workload
