// The host list of a launch: parsed once, merged, and shared out over the processes.
#pragma once

#include <kvmark/core/result.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace kvmark::launch {

/// What can be wrong with a launch. A code, so that building a command makes no message; describe() does.
enum class launch_fault : std::uint8_t {
    none,
    // of one entry
    empty_name,
    control_character,
    semicolon,
    leading_dash,
    several_colons,
    slots_not_a_number,
    slots_below_one,
    slots_overflow,
    // of the whole list
    no_host_named,
    process_count,
    processes_without_hosts,
    nothing_left,
    slots_insufficient,
};

/// Launchers count ranks and slots in a C int.
inline constexpr std::int64_t max_processes = 2'147'483'647;

/// One entry of the list: `name` or `name:slots`. The views point into the text that was parsed.
struct host_entry {
    std::string_view text;
    std::string_view name;
    std::int64_t slots = 0; ///< 0: none given
    launch_fault fault = launch_fault::none;
};

/// An entry with more than one colon, or with brackets, is an IPv6 address or a mistake. Open MPI 4 can use
/// neither: it takes `::1:1` for a host without a name, and `[::1]:1` for an illegal one.
[[nodiscard]] KVMARK_INLINE constexpr host_entry parse_host_entry(std::string_view text) {
    host_entry entry{.text = text, .name = text};
    std::size_t colons = 0;
    bool brackets = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto c = static_cast<unsigned char>(text[i]);
        if (c < 0x20 || c == 0x7f) return entry.fault = launch_fault::control_character, entry;
        if (c == ';') return entry.fault = launch_fault::semicolon, entry;
        brackets = brackets || c == '[' || c == ']';
        if (c == ':' && colons++ == 0) entry.name = std::string_view(text.data(), i);
    }
    if (colons > 1 || brackets) return entry.fault = launch_fault::several_colons, entry;
    if (entry.name.empty()) return entry.fault = launch_fault::empty_name, entry;
    if (entry.name[0] == '-') return entry.fault = launch_fault::leading_dash, entry;
    if (colons == 0) return entry;

    std::string_view digits(text.data() + entry.name.size() + 1, text.size() - entry.name.size() - 1);
    const bool negative = digits.size() > 1 && digits[0] == '-';
    if (negative) digits.remove_prefix(1);
    if (digits.empty()) return entry.fault = launch_fault::slots_not_a_number, entry;
    for (const char c : digits) {
        if (c < '0' || c > '9') return entry.fault = launch_fault::slots_not_a_number, entry;
        if (entry.slots <= max_processes) entry.slots = entry.slots * 10 + (c - '0');
    }
    if (negative || entry.slots == 0)
        entry.fault = launch_fault::slots_below_one;
    else if (entry.slots > max_processes)
        entry.fault = launch_fault::slots_overflow;
    return entry;
}

/// Walks over the entries of a list whose elements may each hold several, between commas or white space.
class host_cursor {
public:
    KVMARK_INLINE constexpr explicit host_cursor(std::span<const std::string> elements)
        : elements_(elements) {}

    /// Moves to the next entry; false behind the last one.
    KVMARK_INLINE constexpr bool next() {
        for (; element_ < elements_.size(); ++element_, at_ = 0) {
            const std::string& text = elements_[element_];
            while (at_ < text.size() && is_separator(text[at_])) ++at_;
            if (at_ == text.size()) continue;
            const std::size_t begin = at_;
            while (at_ < text.size() && !is_separator(text[at_])) ++at_;
            entry_ = std::string_view(text.data() + begin, at_ - begin);
            return true;
        }
        return false;
    }
    /// Precondition: next() was true.
    [[nodiscard]] KVMARK_INLINE constexpr std::string_view text() const { return entry_; }

private:
    KVMARK_INLINE static constexpr bool is_separator(char c) {
        return c == ',' || c == ' ' || (c >= '\t' && c <= '\r');
    }

    std::span<const std::string> elements_;
    std::size_t element_ = 0;
    std::size_t at_ = 0;
    std::string_view entry_;
};

/// Host names are compared without regard to case (RFC 4343); localhost and 127.0.0.1 are one host.
[[nodiscard]] KVMARK_INLINE constexpr bool same_host(std::string_view a, std::string_view b) {
    const auto canonical = [](std::string_view name) __attribute__((always_inline)) {
        return name == "127.0.0.1" ? std::string_view("localhost") : name;
    };
    const auto lower = [](char c) __attribute__((always_inline)) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    };
    a = canonical(a), b = canonical(b);
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i)
        if (lower(a[i]) != lower(b[i])) return false;
    return true;
}

/// A host of the list after merging.
struct host_share {
    std::string_view name;       ///< as first written
    std::int64_t configured = 0; ///< sum of the slots that were given for it
    bool open = false;           ///< listed without slots: it shares what the others leave
    std::int64_t slots = 0;      ///< what the launcher is told; 0: the host takes no part
};

/// Which hosts run how many processes.
/// - Entries that name the same host are merged: slots add up, the first position and spelling stay.
/// - Without a process count there is one process for each distinct host.
/// - Without hosts there is one process, and no launcher is needed.
/// - Slots pass through as they were given, and have to suffice.
/// - Hosts without slots share what remains evenly, the remainder going to the first; a share of 0 drops the
///   host, since Open MPI contacts even a host of 0 slots.
/// The views point into the strings given to the constructor, which must outlive the plan.
class host_plan {
public:
    KVMARK_INLINE constexpr host_plan(std::span<const std::string> elements,
                                      std::optional<std::int64_t> processes) {
        std::size_t entries = 0;
        for (host_cursor at(elements); at.next();) ++entries;
        if (entries > 0) {
            hosts_ = new host_share[entries];
            for (host_cursor at(elements); at.next();) merge(parse_host_entry(at.text()));
        }
        processes_ = processes ? *processes : entries > 0 ? static_cast<std::int64_t>(count_) : 1;
        if (fault_ != launch_fault::none) return;
        if (entries == 0 && !elements.empty())
            fault_ = launch_fault::no_host_named;
        else if (processes_ < 1 || processes_ > max_processes)
            fault_ = launch_fault::process_count;
        else if (entries > 0)
            share_out();
        else if (processes_ > 1)
            fault_ = launch_fault::processes_without_hosts;
    }
    host_plan(const host_plan&) = delete;
    host_plan& operator=(const host_plan&) = delete;
    KVMARK_INLINE constexpr ~host_plan() { delete[] hosts_; }

    /// The first fault found, and the entry at fault (empty where the fault is of the whole list). The
    /// members below hold without a fault, configured_slots() and processes() always.
    [[nodiscard]] KVMARK_INLINE constexpr launch_fault fault() const { return fault_; }
    [[nodiscard]] KVMARK_INLINE constexpr std::string_view culprit() const { return culprit_; }

    [[nodiscard]] KVMARK_INLINE constexpr std::int64_t processes() const { return processes_; }
    [[nodiscard]] KVMARK_INLINE constexpr std::int64_t configured_slots() const { return configured_; }
    /// All distinct hosts in their order, those that take no part among them.
    [[nodiscard]] KVMARK_INLINE constexpr std::span<const host_share> hosts() const {
        return {hosts_, count_};
    }
    /// How many hosts run at least one process.
    [[nodiscard]] KVMARK_INLINE constexpr std::size_t used() const { return used_; }

private:
    KVMARK_INLINE constexpr void blame(launch_fault fault, std::string_view entry = {}) {
        if (fault_ == launch_fault::none) fault_ = fault, culprit_ = entry;
    }

    KVMARK_INLINE constexpr void merge(const host_entry& entry) {
        if (entry.fault != launch_fault::none) return blame(entry.fault, entry.text);
        std::size_t i = 0;
        while (i < count_ && !same_host(hosts_[i].name, entry.name)) ++i;
        if (i == count_) hosts_[count_++].name = entry.name;
        hosts_[i].open = hosts_[i].open || entry.slots == 0;
        hosts_[i].configured += entry.slots;
        configured_ += entry.slots;
        if (hosts_[i].configured > max_processes) blame(launch_fault::slots_overflow, entry.text);
    }

    /// The slots must suffice even with --oversubscribe, as in the reference (vectors/mpi_launch.json;
    /// framework.md section 6 suggests otherwise and the executed cases win).
    KVMARK_INLINE constexpr void share_out() {
        std::int64_t open = 0;
        for (std::size_t i = 0; i < count_; ++i) open += hosts_[i].open;
        const std::int64_t left = processes_ - configured_;
        if (open == 0 && left > 0) return blame(launch_fault::slots_insufficient);
        std::int64_t position = 0;
        for (std::size_t i = 0; i < count_; ++i) {
            host_share& h = hosts_[i];
            h.slots = h.configured;
            if (h.open) {
                if (left < 1) return blame(launch_fault::nothing_left, h.name);
                h.slots += left / open + (position++ < left % open);
            }
            used_ += h.slots > 0;
        }
    }

    host_share* hosts_ = nullptr;
    std::size_t count_ = 0;
    std::size_t used_ = 0;
    std::int64_t configured_ = 0;
    std::int64_t processes_ = 1;
    launch_fault fault_ = launch_fault::none;
    std::string_view culprit_;
};

/// The fault in words. `entry` is the one at fault.
[[nodiscard]] KVMARK_COLD std::string describe(launch_fault fault, std::string_view entry,
                                               const host_plan& plan) {
    std::string shown;
    for (const char c : entry) {
        if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f)
            shown += c;
        else
            (shown += "\\x") += {"0123456789abcdef"[c >> 4 & 15], "0123456789abcdef"[c & 15]};
    }
    const std::string host = "--hosts entry '" + shown + "'";
    const std::string most = std::to_string(max_processes);
    const std::string processes = std::to_string(plan.processes());
    const std::string slots = std::to_string(plan.configured_slots());
    switch (fault) {
    case launch_fault::none:
        break;
    case launch_fault::empty_name:
        return host + ": there is no host name before the colon";
    case launch_fault::control_character:
        return host + ": it holds a control character";
    case launch_fault::semicolon:
        return host + ": it holds a ;, entries are split by commas or spaces";
    case launch_fault::leading_dash:
        return host + ": a host name cannot begin with -";
    case launch_fault::several_colons:
        return host + ": an IPv6 address or more than one colon cannot be given to this launcher; use the "
                      "host's name, as host or host:slots";
    case launch_fault::slots_not_a_number:
        return host + ": the slots after the colon must be a whole number, 1.." + most;
    case launch_fault::slots_below_one:
        return host + ": a host needs at least 1 slot; to leave it out, drop it";
    case launch_fault::slots_overflow:
        return host + ": the slots of one host must be 1.." + most;
    case launch_fault::no_host_named:
        return "--hosts holds no host name";
    case launch_fault::process_count:
        return "--num-processes " + processes + ": must be 1.." + most;
    case launch_fault::processes_without_hosts:
        return "--num-processes " + processes + ": more than one process needs --hosts";
    case launch_fault::nothing_left:
        return host + ": it has no slots of its own, and the " + slots +
               " slots of the other entries leave none of the " + processes +
               " processes to it; give it slots or raise --num-processes";
    case launch_fault::slots_insufficient: // the reference's words
        return "Configured slots (" + slots + ") are not sufficient to run " + processes + " processes";
    }
    return {};
}

/// Everything that is wrong with a launch: every bad entry and the process count, and if those are sound
/// what is wrong with them together.
[[nodiscard]] KVMARK_COLD std::vector<error> launch_errors(std::span<const std::string> elements,
                                                           std::optional<std::int64_t> processes) {
    const host_plan plan(elements, processes);
    std::vector<error> all;
    const auto add = [&](launch_fault fault, std::string_view entry) {
        all.push_back({error_kind::invalid_argument, describe(fault, entry, plan)});
    };
    for (host_cursor at(elements); at.next();) {
        const host_entry entry = parse_host_entry(at.text());
        if (entry.fault != launch_fault::none) add(entry.fault, entry.text);
    }
    const bool sound_entries = all.empty();
    if (processes && (*processes < 1 || *processes > max_processes))
        add(launch_fault::process_count, {});
    else if (sound_entries && plan.fault() != launch_fault::none)
        add(plan.fault(), plan.culprit());
    return all;
}

/// One sentence for each host that takes no part because there are fewer processes than hosts.
[[nodiscard]] KVMARK_COLD std::vector<std::string> launch_warnings(const host_plan& plan) {
    std::vector<std::string> all;
    for (const host_share& h : plan.hosts())
        if (h.slots == 0)
            all.push_back("host " + std::string(h.name) + " runs none of the " +
                          std::to_string(plan.processes()) + " processes and is left out");
    return all;
}

} // namespace kvmark::launch
