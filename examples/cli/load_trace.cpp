// Traces from files, with what is said meanwhile.
#include "load_trace.hpp"

#include <kvmark/launch/quote.hpp>
#include <kvmark/report/numbers.hpp>
#include <kvmark/workload/reader/open_block_trace.hpp>

#include <algorithm>

namespace kvmark::cli {

namespace {

constexpr nanoseconds second(1'000'000'000);

} // namespace

void check_trace_options(const settings& s, fault_list& faults) {
    const std::string& format = s.serving.format;
    const auto& names = workload::trace_formats;
    if (!format.empty() && std::find(names.begin(), names.end(), format) == names.end())
        faults.add("--trace-format " + quote(format) + ": must be " + listed(names) +
                   suggestion(format, names));
    if (s.serving.block_tokens < 0 || s.serving.block_tokens > 1 << 20)
        faults.add("--block-tokens: must be 0..1048576");
}

workload::trace_options trace_options_of(const settings& s) {
    return {.format = s.serving.format,
            .block_tokens = tokens(static_cast<std::uint64_t>(s.serving.block_tokens)),
            .skip_bad = s.serving.skip_bad};
}

trace_progress::trace_progress(console& out, std::string what, const volatile std::sig_atomic_t* stop_signal)
    : out_(out), what_(std::move(what)), stop_signal_(stop_signal), next_(second * 2) {}

bool trace_progress::operator()(std::uint64_t done, std::uint64_t total) {
    if (stop_signal_ != nullptr && *stop_signal_ != 0) return false;
    if (!out_.shows_progress()) return true;
    const nanoseconds at = clock_.now();
    if (at < next_) return true;
    next_ = at + (out_.stderr_is_terminal() ? second / 2 : second * 5);
    std::string line = what_ + ": " + report::size_text(bytes(done));
    if (total > 0) line += " of " + report::size_text(bytes(total));
    out_.progress(line);
    return true;
}

void tell_skipped(console& out, const std::string& path, const workload::loaded_trace& trace) {
    if (trace.skipped == 0) return;
    out.warn(path + ": " + report::grouped(trace.skipped) + " malformed rows were left out, among them:");
    for (const std::string& message : trace.first_skipped) out.warn(message);
}

result<workload::loaded_trace> load_trace(const std::string& path, const settings& s, console& out) {
    trace_progress progress(out, "reading " + path);
    result<workload::loaded_trace> trace = workload::load_block_trace(path, trace_options_of(s), progress);
    out.end_progress();
    if (trace) tell_skipped(out, path, *trace);
    return trace;
}

result<workload::block_trace> load_trace(const settings& s, console& out) {
    result<workload::loaded_trace> loaded = load_trace(s.serving.trace, s, out);
    if (!loaded) return loaded.error();
    return std::move(loaded->trace);
}

} // namespace kvmark::cli
