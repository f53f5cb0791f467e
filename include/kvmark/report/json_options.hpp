// The effective options of a run as JSON, under the names of the command line and of the YAML configuration.
#pragma once

#include <kvmark/benchmark/option_names.hpp>
#include <kvmark/report/json_text.hpp>

#include <boost/json/value_from.hpp>

namespace kvmark::report {

/// The words of the YAML configuration, in the order of model::dtype.
inline constexpr std::string_view dtype_names[]{"float32", "float16", "bfloat16", "int8"};

namespace detail {

[[nodiscard]] inline json::value gib_value(gib_number g) {
    if (g.integral) return static_cast<std::int64_t>(g.value);
    return g.value;
}

template <class T>
[[nodiscard]] json::value optional_value(const std::optional<T>& o) {
    return o ? json::value(*o) : json::value(nullptr);
}

template <class T>
[[nodiscard]] json::array pair_of(const workload::range<T>& r) {
    return {r.low, r.high};
}

} // namespace detail

/// Attention geometry; `bytes_per_token` is before tensor parallelism divides it.
[[nodiscard]] inline json::object model_json(const model::geometry& m) {
    return {{"name", m.name},
            {"num_layers", m.layers},
            {"hidden_dim", m.hidden},
            {"num_heads", m.heads},
            {"kv_heads", m.kv_heads},
            {"kv_dim_per_head", m.head_dim != 0 || m.heads == 0 ? m.head_dim : m.hidden / m.heads},
            {"kv_lora_rank", m.kv_lora_rank},
            {"qk_rope_head_dim", m.qk_rope_head_dim},
            {"dtype", dtype_names[static_cast<std::size_t>(m.type)]},
            {"bytes_per_token", m.per_token().count}};
}

/// The numbers of the workload, by section of the YAML configuration.
[[nodiscard]] inline json::object workload_json(const workload::parameters& w) {
    using detail::pair_of;
    json::object templates, profiles;
    for (const workload::persona& p : w.personas)
        templates[p.name] = {{"context_range", pair_of(p.context_tokens)},
                             {"generation_range", pair_of(p.generated_tokens)},
                             {"think_time_range", pair_of(p.think_seconds)}};
    for (std::size_t i = 0; i < w.targets.size(); ++i)
        profiles[workload::service_class_names[i]] = {{"target_latency_p95_ms", w.targets[i].p95_ms},
                                                      {"target_latency_p99_ms", w.targets[i].p99_ms},
                                                      {"target_latency_p999_ms", w.targets[i].p999_ms},
                                                      {"target_latency_p9999_ms", w.targets[i].p9999_ms}};
    return {{"user_templates", templates},
            {"generation_timing",
             {{"none", w.seconds_per_token[0]},
              {"fast", w.seconds_per_token[1]},
              {"realistic", w.seconds_per_token[2]}}},
            {"qos_profiles", profiles},
            {"qos_distribution",
             {{"interactive_probability", w.interactive_probability},
              {"responsive_threshold", w.responsive_threshold}}},
            {"eviction", {{"target_usage_ratio", w.tier_target}, {"large_entry_limit_ratio", w.large_entry}}},
            {"prefix_cache", {{"system_prompt_hit_probability", w.system_prompt_probability}}},
            {"rag",
             {{"chunk_size_tokens", w.chunk_tokens},
              {"top_k_chunks", w.chunks_per_query},
              {"max_chunk_bytes", w.max_chunk_bytes.count},
              {"request_probability", w.rag_probability},
              {"retrieval_distribution", w.rag_uniform ? "uniform" : "zipfian"},
              {"small_model_doc_tokens", pair_of(w.document_tokens)},
              {"large_model_doc_tokens", pair_of(w.large_model_document_tokens)}}},
            {"conversation",
             {{"max_conversations", w.max_conversations},
              {"max_turns_per_conv", w.max_turns},
              {"end_conversation_probability", w.end_conversation_probability}}},
            {"decode", {{"batch_size", w.decode_batch}}},
            {"autoscaler",
             {{"min_users", w.autoscale_min_users},
              {"max_users", w.autoscale_max_users},
              {"scale_up_factor", w.autoscale_up},
              {"scale_down_factor", w.autoscale_down},
              {"consecutive_samples_required", w.autoscale_consecutive}}},
            {"saturation_detection", {{"read_latency_p95_threshold_ms", w.saturation_read_p95_ms}}},
            {"sharegpt",
             {{"max_context_tokens", w.sharegpt_max_context},
              {"max_generation_tokens", w.sharegpt_max_generation},
              {"chars_per_token_estimate", w.sharegpt_chars_per_token}}}};
}

/// The options of a served trace.
[[nodiscard]] inline json::object serving_options_json(const serving_options& s) {
    return {{"policy", json::value_from(s.policies)},
            {"capacity_blocks", json::value_from(s.capacity_blocks)},
            {"kv_bytes_per_token", s.kv_bytes_per_token},
            {"write_mode", name_of(s.writes)},
            {"promotion", name_of(s.promotion)},
            {"promote_at", s.promote_at},
            {"no_demotion", s.no_demotion},
            {"pin_blocks", s.pinned_blocks},
            {"ttl", s.time_to_live},
            {"recompute", s.recompute},
            {"prefill_rate", s.prefill_rate},
            {"decode_rate", s.decode_rate},
            {"batch_slots", s.batch_slots},
            {"warmup_requests", s.warmup_requests}};
}

/// Every option under the name that sets it, with its effective value.
[[nodiscard]] inline json::object options_json(const options& o) {
    using namespace detail;
    return {{"model", model_json(o.model)},
            {"num_users", o.num_users},
            {"duration", o.duration},
            {"warmup", o.warmup},
            {"gpu_mem_gb", gib_value(o.gpu_mem_gb)},
            {"num_gpus", o.num_gpus},
            {"tensor_parallel", o.tensor_parallel},
            {"cpu_mem_gb", gib_value(o.cpu_mem_gb)},
            {"cache_dir", text_or_null(o.cache_dir)},
            {"generation_mode", name_of(o.generation_mode)},
            {"performance_profile", name_of(o.performance_profile)},
            {"disable_multi_turn", o.disable_multi_turn},
            {"disable_prefix_caching", o.disable_prefix_caching},
            {"enable_rag", o.enable_rag},
            {"rag_num_docs", o.rag_num_docs},
            {"enable_autoscaling", o.enable_autoscaling},
            {"autoscaler_mode", name_of(o.autoscaler_mode)},
            {"target_saturation", o.target_saturation},
            {"output", text_or_null(o.output)},
            {"seed", optional_value(o.seed)},
            {"max_concurrent_allocs", o.max_concurrent_allocs},
            {"request_rate", o.request_rate},
            {"arrivals", name_of(o.arrivals)},
            {"arrival_shape", o.arrival_shape},
            {"max_requests", o.max_requests},
            {"storage_capacity_gb", o.storage_capacity_gb},
            {"precondition", o.precondition},
            {"precondition_size_gb", o.precondition_size_gb},
            {"precondition_threads", o.precondition_threads},
            {"prefill_only", o.prefill_only},
            {"decode_only", o.decode_only},
            {"verify", name_of(o.verify)},
            {"io_chunk", o.io_chunk},
            {"queue_depth", o.queue_depth},
            {"io_workers", o.io_workers},
            {"peer_mem_gb", gib_value(o.peer_mem_gb)},
            {"layout", name_of(o.layout)},
            {"raw_device", text_or_null(o.raw_device)},
            {"strict", o.strict},
            {"max_samples", o.max_samples},
            {"hosts", json::value_from(o.hosts)},
            {"num_processes", optional_value(o.num_processes)},
            {"serving", serving_options_json(o.serving)},
            {"workload", workload_json(o.workload)}};
}

} // namespace kvmark::report
