// The arguments of a launcher, written from its dialect.
#pragma once

#include <kvmark/launch/dialect.hpp>
#include <kvmark/launch/layout.hpp>
#include <kvmark/launch/request.hpp>
#include <kvmark/launch/text_writer.hpp>

namespace kvmark::launch {

/// Whether `words`, with a space between, holds `word`.
[[nodiscard]] KVMARK_INLINE constexpr bool lists_word(std::string_view words, std::string_view word) {
    std::size_t begin = 0;
    for (std::size_t i = 0; i <= words.size(); ++i) {
        if (i < words.size() && words[i] != ' ') continue;
        if (std::string_view(words.data() + begin, i - begin) == word) return true;
        begin = i + 1;
    }
    return false;
}

/// Whether the user's parameters hold one of the options `names`, as `--name value`, `-name value` or
/// `--name=value`. What looks like it but is the value of another option does not count.
[[nodiscard]] KVMARK_INLINE constexpr bool holds_option(std::span<const std::string> params,
                                                        const dialect& words, std::string_view names) {
    for (std::size_t i = 0; i < params.size(); ++i) {
        const std::string& param = params[i];
        if (param.size() < 2 || param[0] != '-') continue;
        const std::size_t dashes = param[1] == '-' ? 2 : 1;
        std::size_t end = dashes;
        while (end < param.size() && param[end] != '=') ++end;
        const std::string_view name(param.data() + dashes, end - dashes);
        if (!name.empty() && lists_word(names, name)) return true;
        if (end == param.size())
            i += lists_word(words.two_values, name) ? 2 : lists_word(words.one_value, name) ? 1 : 0;
    }
    return false;
}

/// Writes the parts of a prefix. write_prefix() gives them their order.
struct prefix_writer {
    text_writer& out;
    const dialect& words;
    const launcher_request& request;
    const host_plan& plan;

    /// Whether an option is to be written: the launcher has it, and the user did not.
    [[nodiscard]] KVMARK_INLINE constexpr bool ours(const launcher_option& option) const {
        return !option.word.empty() && !holds_option(request.mpi_params, words, option.names);
    }

    KVMARK_INLINE constexpr void flag(std::string_view word) const {
        if (!word.empty()) out.argument(word);
    }
    KVMARK_INLINE constexpr void fixed(const launcher_option& option) const {
        if (!ours(option)) return;
        out.argument(option.word);
        flag(option.value);
    }
    KVMARK_INLINE constexpr void count(std::string_view word, std::int64_t value) const {
        if (word.empty()) return;
        out.argument(word);
        out.argument(integer_text(value));
    }

    KVMARK_INLINE constexpr void hosts() const {
        layout at(plan);
        const bool repeated = !words.uneven.word.empty() && !at.even();
        if (!repeated) {
            count(words.nodes, at.nodes());
            count(words.per_node, at.most());
        }
        out.argument(words.hosts);
        bool first = true;
        for (const host_share& host : plan.hosts()) {
            const std::int64_t here = words.hosts_as == host_form::slots ? host.slots : at.next(host);
            for (std::int64_t times = here == 0 ? 0 : repeated ? here : 1; times > 0; --times) {
                if (!first) out.put(",");
                first = false;
                out.put(host.name);
            }
            if (here == 0 || words.hosts_as == host_form::names) continue;
            out.put(":");
            out.put(integer_text(here));
        }
        out.end_argument();
        if (repeated) fixed(words.uneven);
    }

    KVMARK_INLINE constexpr void placement() const {
        fixed(words.bind);
        const bool mapped = ours(words.map);
        if (mapped) {
            out.argument(words.map.word);
            out.argument(plan.used() > 1 ? words.map_several : words.map_one,
                         request.oversubscribe ? words.map_qualifier : std::string_view());
        }
        if (request.oversubscribe && !(mapped && !words.map_qualifier.empty())) flag(words.oversubscribe);
        if (request.allow_run_as_root) flag(words.as_root);
    }

    KVMARK_INLINE constexpr void environment() const {
        if (request.environment.empty() || !ours(words.environment)) return;
        if (words.environment_as == environment_form::list) {
            out.argument(words.environment.word);
            out.put("ALL");
        }
        for (const std::string& variable : request.environment) {
            switch (words.environment_as) {
            case environment_form::list:
                out.put(",");
                out.put(variable);
                break;
            case environment_form::assignment:
                out.argument(words.environment.word);
                out.argument(variable);
                break;
            case environment_form::name_and_value: {
                std::size_t name = 0;
                while (name < variable.size() && variable[name] != '=') ++name;
                const std::size_t value = name < variable.size() ? name + 1 : name;
                out.argument(words.environment.word);
                out.argument(std::string_view(variable.data(), name));
                out.argument(std::string_view(variable.data() + value, variable.size() - value));
            }
            }
        }
        if (words.environment_as == environment_form::list) out.end_argument();
    }
};

/// The launcher's arguments up to where the program begins, in `words`. The user's parameters come last; an
/// option of theirs takes the place of ours. Precondition: the plan has no fault and uses at least one host.
KVMARK_INLINE constexpr void write_prefix(text_writer& writer, const dialect& words,
                                          const launcher_request& request, const host_plan& plan) {
    const prefix_writer parts{writer, words, request, plan};
    writer.argument(request.path.empty() ? words.program : request.path);
    parts.count(words.processes, plan.processes());
    parts.hosts();
    parts.placement();
    if (request.timeout_s > 0 && parts.ours(words.timeout))
        parts.count(words.timeout.word, (request.timeout_s - 1) / words.timeout_unit_s + 1);
    if (request.tag_output) parts.fixed(words.tag);
    parts.environment();
    for (const std::string& param : request.mpi_params) writer.argument(param);
}

} // namespace kvmark::launch
