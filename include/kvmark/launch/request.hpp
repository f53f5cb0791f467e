// What is asked of a launcher.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace kvmark::launch {

/// What is asked of a launcher, beside the program to start. The last group is for a launch that is really
/// executed; at its defaults it adds nothing to a command line.
struct launcher_request {
    std::string_view path{};                     ///< any path; empty: the launcher's name, found through PATH
    std::span<const std::string> hosts{};        ///< see host_plan
    std::optional<std::int64_t> num_processes{}; ///< default: the number of distinct hosts
    bool oversubscribe = false;
    bool allow_run_as_root = false;
    std::span<const std::string> mpi_params{}; ///< one argument each; never split

    std::int64_t timeout_s = 0;                 ///< seconds until the launcher ends the job, >= 0; 0: never
    bool tag_output = false;                    ///< each line of output begins with its rank
    std::span<const std::string> environment{}; ///< `NAME=value` each, for every rank
};

} // namespace kvmark::launch
