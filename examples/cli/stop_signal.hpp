// SIGINT and SIGTERM of a command that looks for them itself.
#pragma once

#include "run_command.hpp"

#include <atomic>
#include <csignal>

namespace kvmark::cli {

/// The one that came, and whether one did.
inline volatile std::sig_atomic_t stop_signal = 0;
inline std::atomic<bool> stop_asked{false};

/// From here on both signals are noted, in place of ending the process. A run that listens by itself leaves
/// them at their defaults when it is over.
inline void heed_stop_signals() {
    const auto note = [](int number) {
        stop_signal = number;
        stop_asked = true;
    };
    std::signal(SIGINT, note);
    std::signal(SIGTERM, note);
}

/// Of a command that the signal ended, with what it had.
[[nodiscard]] inline exit_code exit_code_of_signal(int number) {
    return number == SIGTERM ? exit_terminated : exit_interrupted;
}

} // namespace kvmark::cli
