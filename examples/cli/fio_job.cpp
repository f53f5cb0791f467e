// The words of a job of fio.
#include "fio_job.hpp"

namespace kvmark::cli {

std::vector<std::string> fio_options(const fio_job& j) {
    const bool mixed = j.read_percent > 0 && j.read_percent < 100;
    const auto milliseconds = [](nanoseconds n) { return std::to_string(n.count / 1'000'000) + "ms"; };
    std::vector<std::string> all{
        "filename=" + j.file,
        "size=" + std::to_string(j.size.count),
        std::string("rw=") + (mixed                   ? "randrw"
                              : j.read_percent == 100 ? "randread"
                                                      : "randwrite"),
        j.blocks,
        "iodepth=" + std::to_string(j.depth),
        "ioengine=io_uring",
        "fixedbufs=1",
        "registerfiles=1",
        std::string("direct=") + (j.direct ? "1" : "0"),
        std::string("mem=") + (j.reserved_pages ? "mmaphuge" : "mmap"),
        "norandommap=1",
        "time_based=1",
        "runtime=" + milliseconds(j.duration),
        "group_reporting=1",
    };
    if (j.warm_up.count > 0) all.push_back("ramp_time=" + milliseconds(j.warm_up));
    if (mixed) all.push_back("rwmixread=" + std::to_string(j.read_percent));
    return all;
}

std::string fio_section(const std::string& name, const std::vector<std::string>& options) {
    std::string text = "\n[" + name + "]\n";
    for (const std::string& option : options) text += option + "\n";
    return text;
}

} // namespace kvmark::cli
