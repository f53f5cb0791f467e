// fio as the peer of a measurement: the same I/Os on a file of the same size in the same directory.
#pragma once

#include "fio_job.hpp"

#include <kvmark/benchmark/block_benchmark.hpp>

namespace kvmark::cli {

struct fio_result {
    double bytes_per_second = 0; ///< reads and writes
    double cpu_seconds = 0;
    std::uint64_t operations = 0;
};

/// Owns fio's file and the huge pages that its buffers take; both are given back at the end.
class fio_peer {
public:
    /// `file` is there already and as large as `size`: reads are from it, and so from the same place of the
    /// device; empty: fio has one of its own. What fio writes, it writes to its own.
    fio_peer(std::string directory, bytes size, std::string file);
    fio_peer(const fio_peer&) = delete;
    fio_peer& operator=(const fio_peer&) = delete;
    ~fio_peer();

    /// Lays the file out. `buffers`: the most that the I/Os of a case hold at once.
    [[nodiscard]] result<void> open(bytes buffers, const std::atomic<bool>& stop);
    [[nodiscard]] result<fio_result> measure(const block_case&, const std::atomic<bool>& stop);
    /// What makes the comparison unequal; empty when nothing does.
    [[nodiscard]] const std::string& note() const { return note_; }

private:
    std::string own_file_;
    std::string read_file_;
    bytes size_;
    std::string pages_before_; ///< of /proc/sys/vm/nr_hugepages; empty: not changed
    bool reserved_pages_ = false;
    std::string note_;
};

/// A case as a job of fio.
[[nodiscard]] fio_job fio_job_of(const block_case&, const std::string& file, bytes size);

} // namespace kvmark::cli
