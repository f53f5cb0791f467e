// How the hosts of a cluster differ in size or speed.
#pragma once

#include <kvmark/measure/kernel_files.hpp>
#include <kvmark/measure/machine_facts.hpp>
#include <kvmark/report/numbers.hpp>

#include <algorithm>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kvmark::report {

using measure::machine_facts;

/// By its name, else by its place: the first is host 1.
[[nodiscard]] inline std::string host_label(std::span<const machine_facts> hosts, std::size_t i) {
    return hosts[i].hostname.empty() ? fmt::format("host {}", i + 1) : hosts[i].hostname;
}

/// Of the fastest interface; empty where none is known.
[[nodiscard]] inline std::string network_text(const machine_facts& m) {
    std::int64_t fastest = 0;
    for (const measure::network_interface& n : m.networks) fastest = std::max(fastest, n.megabits_per_second);
    return fastest == 0 ? "" : link_speed_text(fastest);
}

/// The mount options without those that name the host or its directories, and so differ everywhere.
[[nodiscard]] inline std::vector<std::string_view> comparable_mount_options(const machine_facts& m) {
    constexpr std::string_view own[]{"clientaddr=", "lowerdir=", "upperdir=", "workdir="};
    std::vector<std::string_view> options;
    for (std::string_view rest = m.mount_options; !rest.empty();) {
        const std::string_view option = measure::take_until(rest, ',');
        const bool is_own = std::any_of(std::begin(own), std::end(own),
                                        [&](std::string_view name) { return option.starts_with(name); });
        if (!is_own) options.push_back(option);
    }
    return options;
}

namespace detail {

/// The words around the values of a sentence: "h1 <has> <before>A<after>, h2 B".
struct comparison {
    std::string (*value)(const machine_facts&); ///< empty where unknown: such a host is left out
    const char* has;
    const char* have; ///< of several hosts
    const char* before;
    const char* after;
};

struct host_group {
    std::string value;
    std::vector<std::size_t> hosts;
};

/// Those with equal values, in the order of their first host.
[[nodiscard]] inline std::vector<host_group> group_hosts(const std::vector<std::string>& values) {
    std::vector<host_group> groups;
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (values[i].empty()) continue;
        const auto known = std::find_if(groups.begin(), groups.end(),
                                        [&](const host_group& g) { return g.value == values[i]; });
        if (known == groups.end())
            groups.push_back({values[i], {i}});
        else
            known->hosts.push_back(i);
    }
    return groups;
}

/// Four at most by name.
[[nodiscard]] inline std::string names_text(std::span<const machine_facts> hosts, const host_group& g) {
    const std::size_t named = g.hosts.size() <= 4 ? g.hosts.size() : 3;
    std::string text;
    for (std::size_t i = 0; i < named; ++i) {
        if (i != 0) text += i + 1 == g.hosts.size() ? " and " : ", ";
        text += host_label(hosts, g.hosts[i]);
    }
    if (named < g.hosts.size()) text += fmt::format(" and {} more", g.hosts.size() - named);
    return text;
}

/// "h3 has 16.0 GiB of memory, the others 64.0 GiB". Hosts of which more than half agree are "the others"; at
/// most four other values are spelled out. Empty where the values are equal.
[[nodiscard]] inline std::string difference(std::span<const machine_facts> hosts,
                                            const std::vector<std::string>& values, const comparison& c) {
    std::vector<host_group> groups = group_hosts(values);
    if (groups.size() < 2) return "";
    std::size_t known = 0;
    for (const host_group& g : groups) known += g.hosts.size();
    const auto majority = std::find_if(groups.begin(), groups.end(),
                                       [&](const host_group& g) { return 2 * g.hosts.size() > known; });
    std::string others;
    if (majority != groups.end()) {
        others = ", the others " + majority->value;
        groups.erase(majority);
    }
    std::string text;
    std::size_t spelled = 0;
    for (const host_group& g : groups) {
        if (spelled == 4) break;
        if (spelled == 0)
            text = fmt::format("{} {} {}{}{}", names_text(hosts, g), g.hosts.size() == 1 ? c.has : c.have,
                               c.before, g.value, c.after);
        else
            text += fmt::format(", {} {}", names_text(hosts, g), g.value);
        ++spelled;
    }
    if (spelled < groups.size())
        text += fmt::format(", and there are {} more values", groups.size() - spelled);
    return text + others;
}

[[nodiscard]] inline std::string count_text(std::uint64_t n) { return n == 0 ? "" : std::to_string(n); }
[[nodiscard]] inline std::string known_size_text(bytes b) { return b.count == 0 ? "" : size_text(b); }

/// Memory within 10 % of the smallest counts as that, and so on upwards. All one where the spread is no more,
/// as in the MLPerf Storage wrapper.
[[nodiscard]] inline std::vector<std::string> memory_values(std::span<const machine_facts> hosts) {
    std::vector<std::uint64_t> sizes;
    for (const machine_facts& m : hosts)
        if (m.memory.count != 0) sizes.push_back(m.memory.count);
    std::sort(sizes.begin(), sizes.end());
    std::vector<std::uint64_t> steps;
    for (const std::uint64_t size : sizes)
        if (steps.empty() || (size - steps.back()) * 10 > steps.back()) steps.push_back(size);
    std::vector<std::string> values;
    for (const machine_facts& m : hosts) {
        const auto above = std::upper_bound(steps.begin(), steps.end(), m.memory.count);
        values.push_back(above == steps.begin() ? "" : size_text(bytes(*std::prev(above))));
    }
    return values;
}

/// Of each host what not all have.
[[nodiscard]] inline std::vector<std::string> mount_option_values(std::span<const machine_facts> hosts) {
    std::vector<std::vector<std::string_view>> all;
    for (const machine_facts& m : hosts) all.push_back(comparable_mount_options(m));
    std::vector<std::string> values;
    for (const auto& options : all) {
        std::string value;
        for (const std::string_view option : options) {
            const bool common = std::all_of(all.begin(), all.end(), [&](const auto& other) {
                return std::find(other.begin(), other.end(), option) != other.end();
            });
            if (!common) (value += value.empty() ? "" : ",") += option;
        }
        values.push_back(value.empty() ? "the common options alone" : value);
    }
    return values;
}

inline constexpr comparison memory_comparison{nullptr, "has", "have", "", " of memory"};
inline constexpr comparison mount_comparison{nullptr, "has", "have", "the file system mounted with ", ""};
inline constexpr comparison cores_comparison{[](const machine_facts& m) { return count_text(m.cores); },
                                             "has", "have", "", " physical cores"};
inline constexpr comparison logical_comparison{
    [](const machine_facts& m) { return count_text(m.logical_cpus); }, "has", "have", "", " logical CPUs"};
inline constexpr comparison file_system_comparison{[](const machine_facts& m) { return m.file_system; },
                                                   "has", "have", "the file system ", ""};

inline constexpr comparison other_comparisons[]{
    {[](const machine_facts& m) { return m.cpu_model; }, "has", "have", "the CPU ", ""},
    {[](const machine_facts& m) { return m.os; }, "runs", "run", "", ""},
    {[](const machine_facts& m) { return m.kernel; }, "runs", "run", "", ""},
    {[](const machine_facts& m) { return m.transparent_hugepage; }, "has", "have",
     "transparent huge pages set to ", ""},
    {[](const machine_facts& m) {
         return std::string(m.device.name.empty() ? "no block device" : "a block device");
     },
     "has", "have", "", " behind the cache directory"},
    {[](const machine_facts& m) { return m.device.model; }, "has", "have", "the device ", ""},
    {[](const machine_facts& m) { return known_size_text(m.device.size); }, "has", "have", "a device of ",
     ""},
    {[](const machine_facts& m) { return m.device.scheduler; }, "has", "have", "the I/O scheduler ", ""},
    {network_text, "has", "have", "a network of ", ""},
    {[](const machine_facts& m) { return m.mpi_library; }, "uses", "use", "", ""},
};

} // namespace detail

/// One sentence for each way in which the hosts differ in size or speed; what could not be read on a host is
/// not compared there. Empty for one host.
[[nodiscard]] inline std::vector<std::string> cluster_issues(std::span<const machine_facts> hosts) {
    using namespace detail;
    std::vector<std::string> issues;
    const auto add = [&](const std::vector<std::string>& values, const comparison& c) {
        std::string sentence = difference(hosts, values, c);
        const bool differs = !sentence.empty();
        if (differs) issues.push_back(std::move(sentence));
        return differs;
    };
    const auto compare = [&](const comparison& c) {
        std::vector<std::string> values;
        for (const machine_facts& m : hosts) values.push_back(c.value(m));
        return add(values, c);
    };
    add(memory_values(hosts), memory_comparison);
    if (!compare(cores_comparison)) compare(logical_comparison);
    for (const comparison& c : other_comparisons) compare(c);
    if (!compare(file_system_comparison)) add(mount_option_values(hosts), mount_comparison);
    return issues;
}

} // namespace kvmark::report
