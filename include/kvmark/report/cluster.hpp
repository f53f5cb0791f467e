// The machines of a cluster: a table for people and an object for programs.
#pragma once

#include <kvmark/report/cluster_issues.hpp>
#include <kvmark/report/json_host.hpp>
#include <kvmark/report/terminal.hpp>

#include <boost/json/value_from.hpp>

#include <iterator>

namespace kvmark::report {

namespace detail {

struct cluster_memory {
    bytes total{}, least{}, most{};
};

/// Of the hosts whose memory is known.
[[nodiscard]] inline cluster_memory sum_memory(std::span<const machine_facts> hosts) {
    cluster_memory sum;
    for (const machine_facts& m : hosts) {
        if (m.memory.count == 0) continue;
        sum.least = sum.total.count == 0 ? m.memory : std::min(sum.least, m.memory);
        sum.most = std::max(sum.most, m.memory);
        sum.total += m.memory;
    }
    return sum;
}

[[nodiscard]] inline std::uint64_t sum_cores(std::span<const machine_facts> hosts) {
    std::uint64_t sum = 0;
    for (const machine_facts& m : hosts) sum += m.cores;
    return sum;
}

[[nodiscard]] inline std::string counted(std::uint64_t n, const char* one) {
    return fmt::format("{} {}{}", n, one, n == 1 ? "" : "s");
}

[[nodiscard]] inline std::string clipped(std::string text, std::size_t columns) {
    if (text.size() > columns) text.replace(columns - 3, std::string::npos, "...");
    return text;
}

[[nodiscard]] inline std::string cores_text(const machine_facts& m) {
    if (m.cores == 0) return "";
    std::string text = counted(m.cores, "core");
    if (m.sockets != 0) text += " on " + counted(m.sockets, "socket");
    return text + ", " + counted(m.logical_cpus, "logical CPU");
}

[[nodiscard]] inline std::string mount_text(const machine_facts& m) {
    std::string text;
    for (const std::string_view option : comparable_mount_options(m))
        (text += text.empty() ? "" : ",") += option;
    return text;
}

[[nodiscard]] inline std::string device_text(const machine_facts& m) {
    if (m.device.name.empty()) return "none";
    return m.device.model.empty() ? m.device.name : m.device.model;
}

/// One line above the table where all hosts have the same text, else one column of it.
struct host_property {
    const char* label;
    std::string (*text)(const machine_facts&);
    const char* heading = nullptr; ///< null: no column
    bool is_number = false;        ///< to the right
    std::string (*cell)(const machine_facts&) = text;
};

inline constexpr host_property host_properties[]{
    {"CPU", [](const machine_facts& m) { return m.cpu_model; }},
    {"Cores", cores_text, "Cores/CPUs", true,
     [](const machine_facts& m) { return fmt::format("{}/{}", m.cores, m.logical_cpus); }},
    {"NUMA nodes", [](const machine_facts& m) { return count_text(m.numa_nodes); }},
    {"Memory", [](const machine_facts& m) { return known_size_text(m.memory); }, "Memory", true},
    {"Huge pages", [](const machine_facts& m) { return m.transparent_hugepage; }},
    {"OS", [](const machine_facts& m) { return m.os; }},
    {"Kernel", [](const machine_facts& m) { return m.kernel; }},
    {"MPI library", [](const machine_facts& m) { return m.mpi_library; }},
    {"Device", device_text, "Device"},
    {"Device size", [](const machine_facts& m) { return known_size_text(m.device.size); }, "Size", true},
    {"I/O scheduler", [](const machine_facts& m) { return m.device.scheduler; }, "Scheduler"},
    {"File system", [](const machine_facts& m) { return m.file_system; }, "File system"},
    {"Mount point", [](const machine_facts& m) { return m.mount_point; }},
    {"Mount options", mount_text},
    {"Network", network_text, "Network", true},
    {"Virtualization", [](const machine_facts& m) { return m.virtualization; }, "Virtualization", false,
     [](const machine_facts& m) { return m.virtualization.substr(0, m.virtualization.find(':')); }},
};

class cluster_writer {
public:
    cluster_writer(std::span<const machine_facts> hosts, const palette& p) : hosts_(hosts), p_(p) {}

    void write_sum() {
        line("{}  {}, {}, {} of memory", p_.bold("Cluster"), counted(hosts_.size(), "host"),
             counted(sum_cores(hosts_), "core"), size_text(sum_memory(hosts_).total));
        line("");
    }

    void write_common() {
        line("{}", p_.bold(hosts_.size() == 1 ? host_label(hosts_, 0) : "On every host"));
        for (const host_property& property : host_properties) {
            const std::string text = property.text(hosts_.front());
            if (is_common(property) && !text.empty()) line("  {:<16}{}", property.label, clipped(text, 82));
        }
    }

    /// A row for each host, or the names alone where no column is left.
    void write_hosts() {
        if (hosts_.size() == 1) return;
        std::vector<std::string> rows =
            column("Host", false, [&](std::size_t i) { return host_label(hosts_, i); });
        bool alone = true;
        for (const host_property& property : host_properties) {
            if (property.heading == nullptr || is_common(property)) continue;
            alone = false;
            const std::vector<std::string> cells =
                column(property.heading, property.is_number,
                       [&](std::size_t i) { return clipped(property.cell(hosts_[i]), 32); });
            for (std::size_t i = 0; i < rows.size(); ++i) rows[i] += "  " + cells[i];
        }
        if (alone) return write_names();
        line("");
        for (std::size_t i = 0; i < rows.size(); ++i) {
            rows[i].erase(rows[i].find_last_not_of(' ') + 1);
            line("{}", i == 0 ? p_.bold(rows[i]) : rows[i]);
        }
    }

    void write_issues() {
        if (hosts_.size() == 1) return;
        line("");
        const std::vector<std::string> issues = cluster_issues(hosts_);
        for (const std::string& issue : issues) line("{} {}", p_.yellow("differs:"), issue);
        if (issues.empty()) line("{} no difference in size or speed was found", p_.green("alike:"));
    }

    [[nodiscard]] std::string text() && { return std::move(out_); }

private:
    template <class... Args>
    void line(fmt::format_string<Args...> format, Args&&... args) {
        fmt::format_to(std::back_inserter(out_), format, std::forward<Args>(args)...);
        out_ += '\n';
    }

    [[nodiscard]] bool is_common(const host_property& property) const {
        const std::string first = property.text(hosts_.front());
        return std::all_of(hosts_.begin(), hosts_.end(),
                           [&](const machine_facts& m) { return property.text(m) == first; });
    }

    /// The heading and a cell for each host, all of one width.
    template <class Cell>
    [[nodiscard]] std::vector<std::string> column(const char* heading, bool is_number,
                                                  const Cell& cell) const {
        std::vector<std::string> cells{heading};
        for (std::size_t i = 0; i < hosts_.size(); ++i) {
            std::string text = cell(i);
            cells.push_back(text.empty() ? "-" : std::move(text));
        }
        std::size_t width = 0;
        for (const std::string& c : cells) width = std::max(width, c.size());
        for (std::string& c : cells) c.insert(is_number ? 0 : c.size(), width - c.size(), ' ');
        return cells;
    }

    void write_names() {
        std::string names = fmt::format("  {:<16}", "Hosts");
        for (std::size_t i = 0; i < hosts_.size(); ++i) {
            const std::string name = host_label(hosts_, i) + (i + 1 == hosts_.size() ? "" : ", ");
            if (i != 0 && names.size() + name.size() > 82) {
                names.erase(names.find_last_not_of(' ') + 1);
                line("{}", names);
                names.assign(18, ' ');
            }
            names += name;
        }
        line("{}", names);
    }

    std::span<const machine_facts> hosts_;
    const palette& p_;
    std::string out_;
};

} // namespace detail

/// What all hosts have in common, said once; a row for each host with the rest; then how they differ. Ends in
/// a newline; empty without hosts. Long names of hosts and devices make it wider than 80 columns. GiB are
/// 2^30 bytes.
[[nodiscard]] inline std::string cluster_text(std::span<const machine_facts> hosts, const palette& colors) {
    if (hosts.empty()) return "";
    detail::cluster_writer w(hosts, colors);
    w.write_sum();
    w.write_common();
    w.write_hosts();
    w.write_issues();
    return std::move(w).text();
}

/// The keys of the reference's cluster information where it has them; `hosts` as host_json writes them.
[[nodiscard]] inline json::object cluster_json(std::span<const machine_facts> hosts) {
    const detail::cluster_memory memory = detail::sum_memory(hosts);
    json::array all;
    for (const machine_facts& m : hosts) all.push_back(host_json(m));
    json::object o{{"total_memory_bytes", detail::count_or_null(memory.total.count)},
                   {"total_cores", detail::count_or_null(detail::sum_cores(hosts))},
                   {"num_hosts", hosts.size()},
                   {"min_memory_bytes", detail::count_or_null(memory.least.count)},
                   {"max_memory_bytes", detail::count_or_null(memory.most.count)},
                   {"collection_method", "mpi"},
                   {"hosts", std::move(all)}};
    if (const std::vector<std::string> issues = cluster_issues(hosts); !issues.empty())
        o["host_consistency_issues"] = json::value_from(issues);
    return o;
}

} // namespace kvmark::report
