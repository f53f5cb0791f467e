// What a trace offers to a cache, and traces in the compact form.
#include "trace_command.hpp"

#include "load_trace.hpp"
#include "outcome.hpp"
#include "stop_signal.hpp"

#include <kvmark/launch/quote.hpp>
#include <kvmark/report/json_text.hpp>
#include <kvmark/report/numbers.hpp>
#include <kvmark/workload/reader/open_block_trace.hpp>
#include <kvmark/workload/synthetic_blocks.hpp>
#include <kvmark/workload/trace_facts.hpp>

#include <iterator>

namespace kvmark::cli {

namespace {

constexpr std::array<std::string_view, 3> actions{"info", "convert", "generate"};

/// Of a header alone.
boost::json::object header_json(const std::string& path, const workload::loaded_trace& loaded) {
    const workload::trace_header& h = loaded.trace.header();
    return {{"file", path},
            {"format", h.format.data()},
            {"requests", h.requests},
            {"sessions", h.sessions},
            {"references", h.references},
            {"distinct_blocks", h.distinct},
            {"block_tokens", h.block_tokens},
            {"input_tokens", h.input_tokens},
            {"output_tokens", h.output_tokens},
            {"duration_seconds", to_seconds(nanoseconds(h.duration_ns))},
            {"prefix_unique", h.prefix_unique != 0},
            {"skipped_rows", loaded.skipped}};
}

double share(std::uint64_t part, std::uint64_t whole) {
    return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

/// A trace and what was found in it.
struct described_trace {
    std::string path;
    workload::loaded_trace loaded;
    workload::trace_facts facts;

    [[nodiscard]] const workload::trace_header& header() const { return loaded.trace.header(); }
    [[nodiscard]] double mean_chain() const { return share(header().references, header().requests); }
    [[nodiscard]] std::uint64_t reused() const { return header().references - header().distinct; }
    [[nodiscard]] bytes compact() const {
        return bytes(sizeof(workload::trace_header) + loaded.trace.body().size());
    }
};

boost::json::object info_json(const described_trace& t) {
    boost::json::object o = header_json(t.path, t.loaded);
    o["mean_chain_blocks"] = t.mean_chain();
    o["max_chain_blocks"] = t.facts.longest_chain;
    o["reused_references"] = t.reused();
    o["reused_share"] = share(t.reused(), t.header().references);
    o["chain_tokens"] = t.facts.chain_tokens;
    o["ceiling_hit_tokens"] = t.facts.ceiling_hit_tokens;
    o["ceiling_hit_share"] = share(t.facts.ceiling_hit_tokens, t.facts.chain_tokens);
    o["compact_bytes"] = t.compact().count;
    return o;
}

std::string info_text(const described_trace& t) {
    const workload::trace_header& h = t.header();
    std::string out = t.path + "\n";
    const auto line = [&](std::string_view what, const std::string& value) {
        fmt::format_to(std::back_inserter(out), "  {:<18}{}\n", what, value);
    };
    line("format", h.format.data());
    line("requests", report::grouped(h.requests));
    line("sessions", report::grouped(h.sessions));
    line("references", report::grouped(h.references));
    line("distinct blocks",
         fmt::format("{} of {} tokens", report::grouped(h.distinct), report::grouped(h.block_tokens)));
    line("input tokens", report::grouped(h.input_tokens));
    line("output tokens", report::grouped(h.output_tokens));
    line("duration", fmt::format("{:.3f} s", to_seconds(nanoseconds(h.duration_ns))));
    line("chain", fmt::format("{:.1f} blocks on average, {} at most", t.mean_chain(),
                              report::grouped(t.facts.longest_chain)));
    line("reuse", report::percent_text(share(t.reused(), h.references)) + " of references were seen before");
    line("ceiling", fmt::format("{} of tokens, {}: hits of an unbounded cache",
                                report::percent_text(share(t.facts.ceiling_hit_tokens, t.facts.chain_tokens)),
                                report::grouped(t.facts.ceiling_hit_tokens)));
    line("prefix-unique", h.prefix_unique != 0
                              ? "yes: a block always follows the same block"
                              : "no: tries number a block behind each prefix as one of its own");
    line("compact form", report::size_text(t.compact()));
    if (t.loaded.skipped > 0) line("rows left out", report::grouped(t.loaded.skipped));
    return out;
}

int info(const settings& s, console& out) {
    boost::json::array all;
    int code = exit_ok;
    for (std::size_t i = 1; i < s.arguments.size(); ++i) {
        const std::string& path = s.arguments[i];
        result<workload::loaded_trace> loaded = load_trace(path, s, out);
        if (!loaded) {
            code = report_failure(out, loaded.error());
            continue;
        }
        const described_trace t{path, *loaded, workload::facts_of(loaded->trace)};
        if (s.json) {
            all.push_back(info_json(t));
        } else {
            const std::string text = info_text(t);
            out.print(text, text);
        }
    }
    if (!all.empty()) {
        const std::string text =
            report::json_text(s.arguments.size() == 2 ? all.front() : boost::json::value(all));
        out.print(text, text);
    }
    return code;
}

/// What was written, for programs or for people.
void tell_written(const settings& s, console& out, const std::string& path,
                  const workload::loaded_trace& written) {
    if (s.json) {
        const std::string text = report::json_text(header_json(path, written));
        out.print(text, text);
    } else if (!s.quiet) {
        const workload::trace_header& h = written.trace.header();
        const std::string text = fmt::format("{}: {} requests, {} references, {} distinct blocks\n", path,
                                             report::grouped(h.requests), report::grouped(h.references),
                                             report::grouped(h.distinct));
        out.print(text, text);
    }
}

int convert(const settings& s, console& out) {
    const std::string &from = s.arguments[1], &to = s.arguments[2];
    heed_stop_signals();
    trace_progress progress(out, "converting " + from, &stop_signal);
    const result<workload::loaded_trace> written =
        workload::convert_block_trace(from, to, trace_options_of(s), progress);
    out.end_progress();
    if (!written && stop_signal != 0) {
        out.fail("stopped by a signal; " + to + " was not written");
        return exit_code_of_signal(stop_signal);
    }
    if (!written) return report_failure(out, written.error());
    tell_skipped(out, from, *written);
    tell_written(s, out, to, *written);
    return exit_ok;
}

/// The kind that the words name, as long and as dense as the options say.
result<workload::synthetic_config> made_kind(const settings& s) {
    result<workload::synthetic_config> kind = workload::synthetic_by_name(s.arguments[1]);
    if (!kind) return kind;
    kind->seed = static_cast<std::uint64_t>(s.options.seed.value_or(0));
    if (s.options.max_requests != 0) kind->requests = static_cast<std::uint64_t>(s.options.max_requests);
    if (s.options.request_rate != 0) kind->session_rate = s.options.request_rate;
    if (s.serving.block_tokens > 0)
        kind->block_tokens = tokens(static_cast<std::uint64_t>(s.serving.block_tokens));
    return kind;
}

int generate(const settings& s, console& out) {
    const std::string& to = s.arguments[2];
    const workload::loaded_trace made{workload::make_synthetic(*made_kind(s))};
    if (auto written = workload::write_trace(made.trace, to); !written)
        return report_failure(out, written.error());
    tell_written(s, out, to, made);
    return exit_ok;
}

} // namespace

void resolve_for_trace_files(settings& s, fault_list& faults) {
    const std::vector<std::string>& words = s.arguments;
    check_trace_options(s, faults);
    if (words.empty()) return faults.add("trace: what to do is missing: " + listed(actions));
    if (words[0] == "info") {
        if (words.size() < 2) faults.add("trace info: give one FILE or more");
    } else if (words[0] == "convert") {
        if (words.size() != 3) faults.add("trace convert: give FILE and OUT, two words");
    } else if (words[0] == "generate") {
        if (words.size() != 3) return faults.add("trace generate: give KIND and OUT, two words");
        const auto kind = made_kind(s);
        if (!kind) return faults.add("trace generate: " + kind.error().message);
        for (const error& e : workload::synthetic_faults(*kind)) faults.add("trace generate: " + e.message);
    } else {
        faults.add("trace " + quote(words[0]) + ": must be " + listed(actions) +
                   suggestion(words[0], actions));
    }
}

int trace_files(const settings& s) {
    console out(s);
    const std::string& action = s.arguments[0];
    return action == "info" ? info(s, out) : action == "convert" ? convert(s, out) : generate(s, out);
}

} // namespace kvmark::cli
