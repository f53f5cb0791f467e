// What a launch of ranks is told, and what it adds to the bare command line.
#pragma once

#include <kvmark/core/units.hpp>
#include <kvmark/launch/dialect.hpp>

#include <cstdio>
#include <string>
#include <unistd.h>
#include <utility>
#include <vector>

namespace kvmark::exec {

struct job_order {
    std::string launcher;                   ///< program or path
    const launch::dialect* words = nullptr; ///< how it is spoken to; null: as what it says for --version
    const launch::dialect* usual = nullptr; ///< the same where it says nothing known
    nanoseconds deadline{};                 ///< of the whole job
    std::uint32_t ranks = 1;
    std::uint32_t run = 1; ///< which run() of the program the ranks are to do, from 1
};

/// What is added to a launcher's words when they are executed.
struct launch_extras {
    std::int64_t timeout_s = 0;
    bool tag_output = false;
    std::vector<std::string> environment{}; ///< NAME=value
};

/// Set for the ranks of a launch: which run() of their program they are to do.
inline constexpr const char* launched_variable = "KVMARK_LAUNCHED";

/// Ranks end by themselves when asked to (SIGUSR1, which every launcher passes on), within this time.
inline constexpr nanoseconds job_grace{15'000'000'000};
/// A launcher that was told to end its ranks (SIGTERM) has as long: Open MPI takes twice the 3 s it is given.
inline constexpr nanoseconds launcher_grace{10'000'000'000};

/// How a launch that is really made differs from the bare command line: the launcher's own time limit, a
/// minute behind our deadline, marked lines, and the variable by which ranks know that they are awaited.
[[nodiscard]] KVMARK_COLD launch_extras extras_of(const job_order& order) {
    return {.timeout_s = order.deadline.count / 1'000'000'000 + 60,
            .tag_output = true,
            .environment = {std::string(launched_variable) + "=" + std::to_string(order.run)}};
}

/// The command that this process was started with, its program by its full path.
[[nodiscard]] KVMARK_COLD std::vector<std::string> this_command() {
    std::vector<std::string> words;
    if (std::FILE* file = std::fopen("/proc/self/cmdline", "re")) {
        std::string word;
        for (int c; (c = std::getc(file)) != EOF;) {
            if (c != 0) {
                word += static_cast<char>(c);
                continue;
            }
            words.push_back(std::exchange(word, {}));
        }
        std::fclose(file);
    }
    char path[4096];
    const ssize_t n = ::readlink("/proc/self/exe", path, sizeof path);
    if (n > 0 && !words.empty()) words.front().assign(path, static_cast<std::size_t>(n));
    return words;
}

} // namespace kvmark::exec
