// bpftrace as a child process beside a run.
#pragma once

#include "block_trace.hpp"

#include <kvmark/core/result.hpp>

#include <memory>

namespace kvmark::cli {

/// Where a run's cache is: a directory, or a device itself.
struct traced_place {
    std::string cache_dir;
    std::string raw_device;
};

/// Counts the requests of the block devices behind a place from start() to stop(). The child is ended by
/// whatever ends this object, and by the end of this process, whatever ends that.
class block_tracer {
public:
    /// Returns when bpftrace counts. Errors: no device, no bpftrace, not permitted, no answer in ten seconds.
    [[nodiscard]] static result<block_tracer> start(const traced_place& place);

    block_tracer(block_tracer&&) noexcept;
    block_tracer& operator=(block_tracer&&) noexcept;
    ~block_tracer();

    /// Ends it as Ctrl-C would, after three seconds by force, and returns what it counted between two
    /// instants of the monotonic clock; nothing where it has printed less than twice in between.
    [[nodiscard]] std::optional<measure::block_layer_stats> stop(nanoseconds begin, nanoseconds end);

private:
    struct child;
    explicit block_tracer(std::unique_ptr<child> c);

    std::unique_ptr<child> child_;
};

} // namespace kvmark::cli
