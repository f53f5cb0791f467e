// Traces from files, with what is said meanwhile.
#pragma once

#include "console.hpp"
#include "faults.hpp"

#include <kvmark/core/clock.hpp>
#include <kvmark/workload/reader/trace_options.hpp>

#include <csignal>

namespace kvmark::cli {

/// Adds what is wrong with --trace-format and --block-tokens.
void check_trace_options(const settings& s, fault_list& faults);

[[nodiscard]] workload::trace_options trace_options_of(const settings& s);

/// A callable for readers: says how far they are once they take longer than two seconds, and ends them when
/// `stop_signal`, if there is one, is no longer 0.
class trace_progress {
public:
    trace_progress(console& out, std::string what, const volatile std::sig_atomic_t* stop_signal = nullptr);

    bool operator()(std::uint64_t done, std::uint64_t total);

private:
    console& out_;
    std::string what_;
    const volatile std::sig_atomic_t* stop_signal_;
    clocks::steady clock_;
    nanoseconds next_;
};

/// Warns of the rows that were left out.
void tell_skipped(console& out, const std::string& path, const workload::loaded_trace& trace);

/// Reads or maps a trace; says what it does where that takes a while, and how many rows were skipped.
/// Errors: `file:line:column: reason`, invalid_argument, and those of the operating system.
[[nodiscard]] result<workload::loaded_trace> load_trace(const std::string& path, const settings& s,
                                                        console& out);

/// The one that the settings name.
[[nodiscard]] result<workload::block_trace> load_trace(const settings& s, console& out);

} // namespace kvmark::cli
