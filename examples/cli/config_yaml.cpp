// The sections and keys of the configuration as data, and one reader for all of them.
#include "config_yaml.hpp"

#include <kvmark/launch/quote.hpp>
#include <kvmark/report/json_options.hpp>

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <functional>
#include <ios>
#include <limits>

namespace kvmark::cli {

namespace {

/// One value and where it stands.
struct place {
    YAML::Node node;
    std::string where; ///< file:line
    std::string name;  ///< section.key
};

class config_reader {
public:
    using handler = std::function<void(config_reader&, const place&)>;
    struct entry {
        std::string_view key;
        handler take; ///< empty: known to the reference, without effect here
    };

    config_reader(std::string file, fault_list& faults) : file_(std::move(file)), faults_(faults) {}

    /// Hands each member of a mapping to the entry of its key.
    void read_section(const YAML::Node& section, const std::string& name, std::span<const entry> entries) {
        if (section.IsNull()) return;
        if (!section.IsMap()) return fault(section, name + ": must be a mapping");
        for (const auto& member : section) {
            const std::string key = member.first.Scalar();
            const auto known =
                std::find_if(entries.begin(), entries.end(), [&](const entry& e) { return e.key == key; });
            if (known == entries.end()) {
                std::vector<std::string_view> names;
                for (const entry& e : entries) names.push_back(e.key);
                fault(member.first, "unknown key " + quote(key) + (name.empty() ? "" : " in " + name) +
                                        suggestion(key, names));
                continue;
            }
            const place p{member.second, where(member.first), name.empty() ? key : name + "." + key};
            if (known->take)
                known->take(*this, p);
            else
                without_effect_.push_back(p.name);
        }
    }

    /// Reads a scalar of type T within low..high; nothing on a fault.
    template <class T>
    std::optional<T> number(const place& p, T low, T high) {
        T value{};
        // yaml-cpp would wrap a negative number into an unsigned one.
        const bool read = p.node.IsScalar() && !(std::is_unsigned_v<T> && p.node.Scalar().starts_with('-')) &&
                          YAML::convert<T>::decode(p.node, value);
        if (read && value >= low && value <= high) return value;
        std::string expected = std::is_integral_v<T> ? "an integer" : "a number";
        if (high == std::numeric_limits<T>::max())
            expected += " of at least " + text(low);
        else
            expected += ", " + text(low) + ".." + text(high);
        fault(p, "must be " + expected);
        return {};
    }

    template <class T>
    void store(const place& p, T& into, T low, T high) {
        if (const std::optional<T> value = number(p, low, high)) into = *value;
    }

    template <class T>
    void store_range(const place& p, workload::range<T>& into, T low) {
        constexpr T high = std::numeric_limits<T>::max();
        if (!p.node.IsSequence() || p.node.size() != 2) return fault(p, "must be [min, max]");
        const auto first = number<T>({p.node[0], p.where, p.name}, low, high);
        const auto second = number<T>({p.node[1], p.where, p.name}, low, high);
        if (!first || !second) return;
        if (*first > *second) return fault(p, "must be [min, max], and its minimum is above its maximum");
        into = {*first, *second};
    }

    [[nodiscard]] std::optional<std::size_t> word(const place& p, std::span<const std::string_view> words) {
        const std::string value = p.node.IsScalar() ? p.node.Scalar() : "";
        const auto found = std::find(words.begin(), words.end(), value);
        if (found != words.end()) return static_cast<std::size_t>(found - words.begin());
        fault(p, "must be " + listed(words) + suggestion(value, words));
        return {};
    }

    void fault(const place& p, const std::string& what) {
        faults_.add(p.where + ": " + p.name + (p.node.IsScalar() ? " " + quote(p.node.Scalar()) : "") + ": " +
                    what);
    }
    void fault(const YAML::Node& node, const std::string& what) { faults_.add(where(node) + ": " + what); }

    [[nodiscard]] std::string where(const YAML::Node& node) const {
        return file_ + ":" + std::to_string(node.Mark().line + 1);
    }
    [[nodiscard]] const std::vector<std::string>& without_effect() const { return without_effect_; }

private:
    template <class T>
    static std::string text(T value) {
        if constexpr (std::is_integral_v<T>)
            return std::to_string(value);
        else
            return std::string(std::string_view(launch::real_text(value)));
    }

    std::string file_;
    fault_list& faults_;
    std::vector<std::string> without_effect_;
};

using entry = config_reader::entry;
using handler = config_reader::handler;

handler count(std::uint32_t& into, std::uint32_t low = 1,
              std::uint32_t high = std::numeric_limits<std::uint32_t>::max()) {
    return [&into, low, high](config_reader& r, const place& p) { r.store(p, into, low, high); };
}
handler number(double& into, double low, double high = std::numeric_limits<double>::max()) {
    return [&into, low, high](config_reader& r, const place& p) { r.store(p, into, low, high); };
}
handler share(double& into) { return number(into, 0.0, 1.0); }

template <class T>
handler span_of(workload::range<T>& into, T low) {
    return [&into, low](config_reader& r, const place& p) { r.store_range(p, into, low); };
}

handler section(std::vector<entry> entries) {
    return [entries = std::move(entries)](config_reader& r, const place& p) {
        r.read_section(p.node, p.name, entries);
    };
}

handler personas(workload::parameters& w) {
    std::vector<entry> all;
    for (workload::persona& persona : w.personas)
        all.push_back({persona.name, section({{"context_range", span_of(persona.context_tokens, 1u)},
                                              {"generation_range", span_of(persona.generated_tokens, 1u)},
                                              {"think_time_range", span_of(persona.think_seconds, 0.0)}})});
    return section(std::move(all));
}

handler service_profiles(workload::parameters& w) {
    std::vector<entry> all;
    for (std::size_t i = 0; i < w.targets.size(); ++i) {
        workload::service_targets& t = w.targets[i];
        all.push_back(
            {workload::service_class_names[i], section({{"target_latency_p95_ms", number(t.p95_ms, 0)},
                                                        {"target_latency_p99_ms", number(t.p99_ms, 0)},
                                                        {"target_latency_p999_ms", number(t.p999_ms, 0)},
                                                        {"target_latency_p9999_ms", number(t.p9999_ms, 0)},
                                                        {"priority", {}}})});
    }
    return section(std::move(all));
}

handler rag(workload::parameters& w) {
    static constexpr std::array<std::string_view, 3> distributions{"zipfian", "uniform", "random"};
    return section({{"chunk_size_tokens", count(w.chunk_tokens)},
                    {"top_k_chunks", count(w.chunks_per_query, 1, workload::request::max_chunks)},
                    {"max_chunk_bytes",
                     [&w](config_reader& r, const place& p) {
                         r.store(p, w.max_chunk_bytes.count, std::uint64_t{1},
                                 std::numeric_limits<std::uint64_t>::max());
                     }},
                    {"request_probability", share(w.rag_probability)},
                    {"retrieval_distribution",
                     [&w](config_reader& r, const place& p) {
                         if (const auto which = r.word(p, distributions)) w.rag_uniform = *which != 0;
                     }},
                    {"max_documents", {}},
                    {"large_model_doc_tokens_min", count(w.large_model_document_tokens.low)},
                    {"large_model_doc_tokens_max", count(w.large_model_document_tokens.high)},
                    {"small_model_doc_tokens_min", count(w.document_tokens.low)},
                    {"small_model_doc_tokens_max", count(w.document_tokens.high)}});
}

void read_model(config_reader& r, const YAML::Node& node, const std::string& key, settings& s) {
    model::geometry m;
    const auto read_attention = [](config_reader& reader, const place& p) {
        constexpr std::array<std::string_view, 3> kinds{"mla", "gqa", "mha"};
        (void)reader.word(p, kinds);
    };
    const auto read_dtype = [&m](config_reader& reader, const place& p) {
        if (const auto which = reader.word(p, report::dtype_names))
            m.type = static_cast<model::dtype>(*which);
    };
    const auto no_value = [](config_reader&, const place&) {}; // a name to show, which kvmark has the key for
    const std::vector<entry> keys{{"name", no_value},
                                  {"num_layers", count(m.layers)},
                                  {"hidden_dim", count(m.hidden)},
                                  {"num_heads", count(m.heads)},
                                  {"kv_heads", count(m.kv_heads)},
                                  {"kv_dim_per_head", count(m.head_dim)},
                                  {"attention_type", read_attention},
                                  {"kv_lora_rank", count(m.kv_lora_rank)},
                                  {"qk_rope_head_dim", count(m.qk_rope_head_dim)},
                                  {"dtype", read_dtype}};
    const std::string name = "model_configs." + key;
    r.read_section(node, name, keys);
    if (!node.IsMap()) return;

    std::vector<std::string_view> needed{"num_layers"};
    const bool mla = node["attention_type"] && node["attention_type"].Scalar() == "mla";
    if (mla) {
        needed.insert(needed.end(), {"kv_lora_rank", "qk_rope_head_dim"});
    } else {
        needed.push_back("kv_heads");
        if (!node["kv_dim_per_head"]) needed.insert(needed.end(), {"hidden_dim", "num_heads"});
    }
    bool complete = true;
    for (const std::string_view k : needed) {
        if (node[std::string(k)]) continue;
        complete = false;
        r.fault(node, name + " lacks " + std::string(k));
    }
    if (!mla) m.kv_lora_rank = m.qk_rope_head_dim = 0;
    if (!complete) return;
    m.name = s.model_names.emplace_back(key);
    s.configured_models.push_back(m);
}

handler model_configs(settings& s) {
    return [&s](config_reader& r, const place& p) {
        if (!p.node.IsMap()) return r.fault(p, "must be a mapping of models");
        for (const auto& member : p.node) read_model(r, member.second, member.first.Scalar(), s);
    };
}

handler validation_limits(site_limits& limits) {
    const auto whole = [](std::int64_t& into, std::int64_t high) {
        return [&into, high](config_reader& r, const place& p) { r.store(p, into, std::int64_t{1}, high); };
    };
    return section({{"max_users", whole(limits.max_users, limits.max_users)},
                    {"max_duration_seconds", whole(limits.max_duration_seconds, limits.max_duration_seconds)},
                    {"max_gpu_memory_gb", number(limits.max_gpu_memory_gb, 0, limits.max_gpu_memory_gb)},
                    {"max_cpu_memory_gb", number(limits.max_cpu_memory_gb, 0, limits.max_cpu_memory_gb)}});
}

std::vector<entry> all_sections(settings& s) {
    workload::parameters& w = s.options.workload;
    return {
        {"user_templates", personas(w)},
        {"generation_timing", section({{"none", number(w.seconds_per_token[0], 0)},
                                       {"fast", number(w.seconds_per_token[1], 0)},
                                       {"realistic", number(w.seconds_per_token[2], 0)}})},
        {"prefill_timing", {}},
        {"qos_profiles", service_profiles(w)},
        {"qos_distribution", section({{"interactive_probability", share(w.interactive_probability)},
                                      {"responsive_threshold", share(w.responsive_threshold)}})},
        {"eviction", section({{"max_recursion_depth", {}},
                              {"target_usage_ratio", share(w.tier_target)},
                              {"large_entry_limit_ratio", share(w.large_entry)},
                              {"max_evictions_hard_cap", {}},
                              {"max_evictions_min", {}}})},
        {"gpu_backend",
         section({{"memory_fraction", {}}, {"max_eviction_attempts", {}}, {"free_memory_threshold", {}}})},
        {"prefix_cache", section({{"min_prefix_length", {}},
                                  {"max_prefix_entries", {}},
                                  {"system_prompt_hit_probability", share(w.system_prompt_probability)}})},
        {"rag", rag(w)},
        {"conversation", section({{"max_conversations", count(w.max_conversations)},
                                  {"max_turns_per_conv", count(w.max_turns)},
                                  {"end_conversation_probability", share(w.end_conversation_probability)}})},
        {"autoscaler", section({{"min_users", count(w.autoscale_min_users)},
                                {"max_users", count(w.autoscale_max_users, 1, 100'000)},
                                {"scale_up_factor", number(w.autoscale_up, 1.0)},
                                {"scale_down_factor", share(w.autoscale_down)},
                                {"consecutive_samples_required", count(w.autoscale_consecutive)}})},
        {"decode", section({{"batch_size", count(w.decode_batch)}})},
        {"sharegpt", section({{"max_context_tokens", count(w.sharegpt_max_context)},
                              {"max_generation_tokens", count(w.sharegpt_max_generation)},
                              {"chars_per_token_estimate", count(w.sharegpt_chars_per_token)}})},
        {"saturation_detection",
         section({{"read_latency_p95_threshold_ms", number(w.saturation_read_p95_ms, 0.001)},
                  {"write_latency_p95_threshold_ms", {}},
                  {"queue_depth_threshold", {}},
                  {"history_window_size", {}}})},
        {"validation_limits", validation_limits(s.limits)},
        {"model_configs", model_configs(s)},
    };
}

/// What no single key can get wrong.
void check_together(const std::string& file, const workload::parameters& w, fault_list& faults) {
    const auto ordered = [&](double low, double high, std::string_view low_name, std::string_view high_name) {
        if (low > high)
            faults.add(file + ": " + std::string(low_name) + " is above " + std::string(high_name));
    };
    ordered(w.interactive_probability, w.responsive_threshold, "qos_distribution.interactive_probability",
            "responsive_threshold");
    ordered(w.document_tokens.low, w.document_tokens.high, "rag.small_model_doc_tokens_min",
            "small_model_doc_tokens_max");
    ordered(w.large_model_document_tokens.low, w.large_model_document_tokens.high,
            "rag.large_model_doc_tokens_min", "large_model_doc_tokens_max");
    ordered(w.autoscale_min_users, w.autoscale_max_users, "autoscaler.min_users", "max_users");
}

} // namespace

void read_config(const std::string& path, settings& into, fault_list& faults) {
    YAML::Node root;
    try {
        root = YAML::LoadFile(path);
    } catch (const YAML::BadFile&) {
        return faults.add("--config " + quote(path) + ": cannot be read");
    } catch (const YAML::Exception& e) {
        return faults.add(path + ":" + std::to_string(e.mark.line + 1) + ": " + e.msg);
    } catch (const std::ios_base::failure&) { // a directory
        return faults.add("--config " + quote(path) + ": cannot be read");
    }
    config_reader reader(path, faults);
    reader.read_section(root, "", all_sections(into));
    check_together(path, into.options.workload, faults);
    if (reader.without_effect().empty()) return;
    std::string names;
    for (const std::string& name : reader.without_effect()) names += (names.empty() ? "" : ", ") + name;
    into.notes.push_back(path + ": without effect in kvmark: " + names);
}

} // namespace kvmark::cli
