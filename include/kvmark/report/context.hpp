// What surrounds a run and is not measured by it: the command, the machine, the time of day.
#pragma once

#include <kvmark/measure/machine_facts.hpp>

#include <time.h>

namespace kvmark::report {

struct run_context {
    std::vector<std::string> argv; ///< the command that ran
    std::string started;           ///< UTC, RFC 3339
    std::string finished;          ///< likewise
    measure::machine_facts host;
    std::vector<std::string>
        notes; ///< what was decided for the user: a tier that is missing, an option ignored
};

/// The wall clock as `2025-01-15T12:00:00Z`.
[[nodiscard]] inline std::string utc_now() {
    const time_t now = ::time(nullptr);
    tm parts{};
    ::gmtime_r(&now, &parts);
    char text[32];
    ::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
    return text;
}

} // namespace kvmark::report
