// The commands of the tool: what it says of itself, the completion and main() read this list.
#pragma once

#include "option_table.hpp"

namespace kvmark::cli {

struct command_spec {
    std::string_view name;
    unsigned bit;           ///< of its options in the table; 0: it takes none
    std::string_view usage; ///< what follows the name
    std::string_view help;  ///< a phrase
};

inline constexpr command_spec all_commands[]{
    {"run", on_run, "[OPTION]...", "run a benchmark; the word run can be left out before an option"},
    {"search", on_search, "--slo TARGET [OPTION]...",
     "the most users, or requests per second, that keep a latency target"},
    {"mlperf", on_mlperf, "--results-dir DIR --cache-dir DIR [OPTION]... | --check DIR",
     "the sequence of the MLPerf Storage rules, and the check of its results"},
    {"report", on_report, "FILE... | --compare A B, then [OPTION]...",
     "tables, a page or a comparison of results"},
    {"history", on_history, "[show N | rerun N] [OPTION]...",
     "what was measured before, and the same once more"},
    {"tiers", on_tiers, "[OPTION]...",
     "measure backends on a path, and GPUs, block by block, beside fio if asked"},
    {"simulate", on_simulate, "--trace FILE [OPTION]...",
     "play a trace against a modelled cache: hits, TTFT, sweeps"},
    {"plan", on_plan, "--trace FILE [OPTION]...",
     "the hit ratio of every cache size, and the cheapest stack for a target"},
    {"trace", on_trace, "info FILE... | convert FILE OUT | generate KIND OUT, then [OPTION]...",
     "look into traces, convert them, make them"},
    {"calibrate", on_calibrate, "[--path DIR | --memory] [OPTION]...", "measure a device for the simulator"},
    {"cluster", on_cluster, "[OPTION]...", "what the hosts of a launch are, and how they differ"},
    {"datasize", on_datasize, "[OPTION]...", "how much KV cache a number of users makes"},
    {"models", on_models, "[OPTION]...", "the models whose cache can be played"},
    {"completion", 0, "SHELL", "completion script for bash, zsh or fish"},
};

} // namespace kvmark::cli
