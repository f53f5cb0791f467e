// What a launch of ranks is told, and what it adds to the bare command line.
#pragma once

#include <kvmark/core/units.hpp>
#include <kvmark/launch/dialect.hpp>
#include <kvmark/measure/kernel_files.hpp>

#include <string>
#include <vector>

namespace kvmark::exec {

struct job_order {
    std::string launcher;                   ///< program or path
    const launch::dialect* words = nullptr; ///< how it is spoken to; null: as what it says for --version
    const launch::dialect* usual = nullptr; ///< the same where it says nothing known
    nanoseconds deadline{};                 ///< of the whole job
    std::uint32_t ranks = 1;
    std::uint32_t run = 1;    ///< which run() of the program the ranks are to do, from 1
    bool own_reports = false; ///< each rank's own report is brought home too, beside the job's
};

/// What is added to a launch that is really made.
struct launch_extras {
    std::int64_t timeout_s = 0;
    bool tag_output = false;
    std::vector<std::string> environment{}; ///< NAME=value, for the launcher's words
    std::vector<std::string> of_launcher{}; ///< NAME=value, of the launcher's own environment
};

/// Set for the ranks of a launch: which run() of their program they are to do.
inline constexpr const char* launched_variable = "KVMARK_LAUNCHED";
/// Set where job_order::own_reports is.
inline constexpr const char* own_reports_variable = "KVMARK_OWN_REPORTS";

/// Ranks end by themselves when asked to (SIGUSR1, which every launcher passes on), within this time.
inline constexpr nanoseconds job_grace{15'000'000'000};
/// A launcher that was told to end its ranks (SIGTERM) has as long: Open MPI takes twice the 3 s it is given.
inline constexpr nanoseconds launcher_grace{10'000'000'000};

/// The launcher's own time limit, a minute behind our deadline; marked lines; the variable by which ranks
/// know that they are awaited; and what lets the job outlive a lost rank. `words` may be null: nothing is
/// known of the launcher.
[[nodiscard]] KVMARK_COLD launch_extras extras_of(const job_order& order, const launch::dialect* words) {
    launch_extras extras{.timeout_s = order.deadline.count / 1'000'000'000 + 60, .tag_output = true};
    std::vector<std::string> told{std::string(launched_variable) + "=" + std::to_string(order.run)};
    if (order.own_reports) told.push_back(std::string(own_reports_variable) + "=1");
    for (const std::string& variable : told) {
        if (words == nullptr || words->forwards_environment) extras.of_launcher.push_back(variable);
        if (words == nullptr || !words->forwards_environment) extras.environment.push_back(variable);
    }
    if (words == nullptr) return extras;
    if (!words->timeout_variable.empty())
        extras.of_launcher.push_back(std::string(words->timeout_variable) + "=" +
                                     std::to_string(extras.timeout_s));
    for (std::string_view rest = words->to_outlive_ranks; !rest.empty();)
        extras.of_launcher.emplace_back(measure::take_until(rest, ' '));
    return extras;
}

/// The full path of this program; empty where the kernel does not tell.
[[nodiscard]] KVMARK_COLD std::string this_program() {
    char path[4096];
    const ssize_t n = ::readlink("/proc/self/exe", path, sizeof path);
    return n > 0 ? std::string(path, static_cast<std::size_t>(n)) : "";
}

/// The command that this process was started with, its program by its full path.
[[nodiscard]] KVMARK_COLD std::vector<std::string> this_command() {
    std::vector<std::string> words;
    const std::string all = measure::read_text("/proc/self/cmdline");
    for (std::string_view rest = all; !rest.empty();) words.emplace_back(measure::take_until(rest, '\0'));
    if (std::string path = this_program(); !path.empty() && !words.empty()) words.front() = std::move(path);
    return words;
}

} // namespace kvmark::exec
