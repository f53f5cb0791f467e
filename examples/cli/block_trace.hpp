// What bpftrace says of the block layer: its program, its output, and the part of it inside a window.
#pragma once

#include <kvmark/measure/block_layer.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kvmark::cli {

struct traced_disk {
    std::string name;
    std::uint32_t major = 0, minor = 0;
};

/// The disks whose driver is given the requests for the device in `directory` of sysfs: of a partition the
/// whole disk, of a mapped device or an array what it stands on.
[[nodiscard]] std::vector<traced_disk> disks_below(const std::string& directory);

/// A bpftrace program that counts the requests of those disks and prints its counts every 100 ms.
[[nodiscard]] std::string block_trace_program(const std::vector<traced_disk>& disks);

/// Reads the output of that program under `-f json`.
class block_trace_reader {
public:
    /// A piece of the output, cut anywhere.
    void add(std::string_view piece);
    /// bpftrace has said that its probes are attached.
    [[nodiscard]] bool attached() const { return attached_; }
    /// The requests completed between the first print after `begin` and the last before `end`, instants of
    /// the monotonic clock. Their times in the result count from `begin`. Nothing where there are not two
    /// prints.
    [[nodiscard]] std::optional<measure::block_layer_stats> between(nanoseconds begin, nanoseconds end) const;

private:
    /// Counts since the start.
    struct snapshot {
        nanoseconds at{};
        measure::block_request_stats read, write;
    };

    void take_line(std::string_view line);
    void keep_open();

    bool attached_ = false;
    std::string rest_;
    snapshot open_; ///< what the lines since the last time belong to
    std::vector<snapshot> kept_;
};

} // namespace kvmark::cli
