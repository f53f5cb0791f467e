// What the device and the process did while a window was open.
#pragma once

#include <kvmark/measure/run_report.hpp>

#include <utility>

namespace kvmark::measure {

class window_usage {
public:
    /// Of the device under `directory`; empty: of none.
    explicit window_usage(std::string directory) : counters_(std::move(directory)) {}

    KVMARK_COLD void open() {
        device_ = counters_.read();
        process_ = read_process_usage();
    }
    /// Into `r`. In virtual time the processor's seconds are those of the simulation, and are left out.
    KVMARK_COLD void close(run_report& r, bool virtual_time) const {
        r.device = counters_.read() - device_;
        if (!virtual_time) r.process = read_process_usage() - process_;
    }

private:
    device_counters counters_;
    device_usage device_;
    process_usage process_;
};

} // namespace kvmark::measure
