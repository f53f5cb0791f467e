// What `kvmark mlperf` would run: options, ranks, places and delays, worked out without doing anything.
#pragma once

#include "faults.hpp"
#include "settings.hpp"

#include <kvmark/benchmark/mlperf_rules.hpp>

#include <boost/json/object.hpp>

namespace kvmark::cli {

/// One option of the sequence.
struct mlperf_option {
    mlperf::option_rules rules; ///< as the text of the rules has them
    settings run;               ///< of every trial; resolved
    std::vector<std::string> argv;
    std::string display; ///< the same for a shell
};

struct mlperf_plan {
    mlperf_mode mode = mlperf_mode::open;
    std::string orgname, systemname;
    std::string parent;    ///< of the run directories: <results>/<mode>/<org>/results/<system>/.../run
    std::string cache_dir; ///< as given: each rank has a directory of its own in it
    mlperf::rank_layout layout;
    mlperf::sequence_rules sequence; ///< as asked for, in seconds
    std::string scale_text;          ///< of KVMARK_MLPERF_TIME_SCALE; "1" without
    double scale = 1;                ///< of all durations and delays
    std::vector<mlperf_option> options;
    boost::json::object overrides;            ///< what the user set in place of the rules' values
    std::vector<std::string> notes, warnings; ///< said before the start

    [[nodiscard]] bool is_closed() const { return mode == mlperf_mode::closed; }
    [[nodiscard]] nanoseconds scaled(std::int64_t seconds) const {
        return from_seconds(static_cast<double>(seconds) * scale);
    }
    [[nodiscard]] nanoseconds start_delay() const { return scaled(sequence.start_delay); }
    [[nodiscard]] nanoseconds end_delay() const { return scaled(sequence.end_delay); }
    [[nodiscard]] nanoseconds inter_option_delay() const { return scaled(sequence.inter_option_delay); }
    /// From the launch of `trial` of the option at `option` (both from 0) to the end of the sequence: delays
    /// and windows alone.
    [[nodiscard]] nanoseconds left(std::size_t option, std::int64_t trial) const;
};

/// The environment variable that makes a sequence shorter, for tests of kvmark: 0 < scale <= 1.
inline constexpr const char* time_scale_variable = "KVMARK_MLPERF_TIME_SCALE";

/// What it says, or 1; nothing where it is no such number.
[[nodiscard]] std::optional<double> time_scale();

/// A window under that scale: at least 1 s.
[[nodiscard]] std::int64_t scaled_duration(std::int64_t seconds, double scale);

/// As people say it: 50 s, 41 min, 2 h 5 min.
[[nodiscard]] std::string duration_text(nanoseconds d);

/// Works it out and gathers all faults. Reads the configuration and the free space; touches nothing.
[[nodiscard]] mlperf_plan make_mlperf_plan(const settings& s, fault_list& faults);

/// Fills in the commands, for which the launcher may be asked for its version.
void settle_commands(mlperf_plan& plan);

/// The plan for people: options, ranks, places and how long it takes.
[[nodiscard]] std::string mlperf_plan_text(const mlperf_plan& plan);

/// `{plan, launches: [{option, trial, argv, display}]}`.
[[nodiscard]] boost::json::object mlperf_plan_json(const mlperf_plan& plan);

/// Whether --mode whatif or --dry-run asks for the plan alone.
[[nodiscard]] inline bool is_what_if(const settings& s) {
    return s.mlperf.mode == mlperf_mode::whatif || s.dry_run != dry_run_form::off;
}

} // namespace kvmark::cli
