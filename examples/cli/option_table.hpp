// The options as data: parsing, help, completion and the check of docs/cli.md all read this table.
#pragma once

#include "faults.hpp"
#include "settings.hpp"

namespace kvmark::cli {

/// How many values an option takes.
enum class arity : std::uint8_t {
    flag,
    one,
    optional, ///< none, or one behind `=`
    many,     ///< one or more, up to the next word that begins with -
    verbatim, ///< one or more, up to the next option of kvmark: they may begin with - themselves
};

/// The commands that know an option, as a set of bits.
enum command_set : unsigned {
    on_run = 1,
    on_datasize = 2,
    on_models = 4,
    on_tiers = 8,
    on_cluster = 16,
    on_trace = 32,
    on_simulate = 64,
    on_plan = 128,
    on_calibrate = 256,
    on_report = 512,
    on_mlperf = 1024,
    on_search = 2048,
    on_history = 4096,
    on_any = 8191,
    takes_words = on_trace | on_report | on_history, ///< arguments that are no options
};

struct option_spec {
    std::string_view name;       ///< without its dashes
    std::string_view short_form; ///< with its dash; empty: none
    arity takes = arity::flag;
    std::string_view value; ///< what stands for the value in the help
    unsigned commands = on_run;
    std::string_view group;
    std::string_view help; ///< a phrase; the default in parentheses at its end
    std::span<const std::string_view> choices{};
    /// Stores one value (empty for a flag); a value that cannot be is a fault and leaves the default.
    void (*store)(settings&, const option_spec&, std::string_view value, fault_list&) = nullptr;
};

/// In the order of the help text, which puts groups together.
[[nodiscard]] std::span<const option_spec> all_options();

/// The option of that name among those of `commands`, `--name` or a short form; null if there is none.
[[nodiscard]] const option_spec* find_option(std::string_view word, unsigned commands);

} // namespace kvmark::cli
