// What a launcher cannot do of what it is asked.
#pragma once

#include <kvmark/launch/prefix.hpp>

#include <vector>

namespace kvmark::launch {

/// Whether every host gets its processes of layout. A launcher that takes bare names fills one host after the
/// other up to the same number. Precondition: the plan has no fault.
[[nodiscard]] constexpr bool places_exactly(const dialect& words, const host_plan& plan) {
    if (words.hosts_as != host_form::names || !words.uneven.word.empty()) return true;
    layout at(plan);
    std::int64_t left = plan.processes();
    for (const host_share& host : plan.hosts()) {
        const std::int64_t filled = left < at.most() ? left : at.most();
        if (host.slots == 0) continue;
        if (at.next(host) != filled) return false;
        left -= filled;
    }
    return true;
}

/// A sentence for each thing that the launcher will not do as asked. Precondition: the plan has no fault.
[[nodiscard]] KVMARK_COLD std::vector<std::string>
launch_warnings(const dialect& words, const launcher_request& request, const host_plan& plan) {
    std::vector<std::string> all;
    const std::string launcher(words.title);
    if (plan.used() > 0 && !places_exactly(words, plan))
        all.push_back(launcher + " fills hosts one after the other with " +
                      std::to_string(layout(plan).most()) +
                      " processes each; it cannot be told to run unlike numbers as --hosts has them");
    if (request.timeout_s > 0 && words.timeout.word.empty() && words.timeout_variable.empty())
        all.push_back(launcher + " has no time limit of its own");
    if (words.environment_as == environment_form::list)
        for (const std::string& variable : request.environment)
            if (variable.find(',') != variable.npos)
                all.push_back(launcher + " cannot forward " + variable.substr(0, variable.find('=')) +
                              ": its value holds a comma");
    return all;
}

} // namespace kvmark::launch
