// What one I/O worker owns: its buffers, its counters, and the faults it met.
#pragma once

#include <kvmark/core/buffer.hpp>
#include <kvmark/engine/io_op.hpp>
#include <kvmark/measure/histogram.hpp>

#include <array>

namespace kvmark::engine {

/// How every worker of a run moves bytes.
struct io_settings {
    bytes chunk{mib_bytes};     ///< a multiple of 4096
    std::uint64_t salt = 0;     ///< binds the stamps to the run
    bool verify = true;         ///< check the stamps of what is read
    bool verify_payload = true; ///< and the sum of each sector
};

/// One tier, as one worker used it. Read by the engine while the worker runs.
struct io_counters {
    std::atomic<std::uint64_t> read_bytes{0};
    std::atomic<std::uint64_t> written_bytes{0};
    measure::histogram read_io;
    measure::histogram write_io;
};

/// A failed call (error_number != 0) or a sector that came back changed.
struct io_fault {
    op_kind kind = op_kind::read;
    op_stage stage = op_stage::data;
    std::uint8_t tier = 0;
    tier::content_id content{};
    bytes offset{};
    int error_number = 0;
    tier::sector_mismatch mismatch{};
};

/// How many buffers of one chunk a worker has. A write buffer is full of noise and stamped for each write; a
/// read buffer receives what is read.
struct io_buffers {
    std::uint32_t writes = 1;
    std::uint32_t reads = 1;
};

/// The buffers are all the memory that moving entries takes, whatever the number of users or the size of an
/// entry.
class io_worker {
public:
    static constexpr std::size_t kept_faults = 16;

    KVMARK_COLD io_worker(const io_settings& settings, std::size_t tiers, io_buffers buffers = {})
        : memory_(settings.chunk * (buffers.writes + buffers.reads)), chunk_(settings.chunk),
          writes_(buffers.writes), counters_(new io_counters[tiers]), tiers_(tiers) {
        if (memory_.empty()) return;
        memory_.touch(bytes(memory_.span().size()));
        for (std::uint32_t i = 0; i < writes_; ++i)
            noise_ = tier::payload_noise(write_buffer(chunk_, i), settings.salt);
    }
    io_worker(const io_worker&) = delete;
    io_worker& operator=(const io_worker&) = delete;
    ~io_worker() { delete[] counters_; }

    /// The first `n` bytes of write buffer `i`, or of read buffer `i`.
    [[nodiscard]] KVMARK_INLINE std::span<std::byte> write_buffer(bytes n, std::uint32_t i = 0) const {
        return {memory_.data() + i * chunk_.count, n.count};
    }
    [[nodiscard]] KVMARK_INLINE std::span<std::byte> read_buffer(bytes n, std::uint32_t i = 0) const {
        return {memory_.data() + (writes_ + i) * chunk_.count, n.count};
    }
    [[nodiscard]] std::span<std::byte> memory() const { return memory_.span(); }
    [[nodiscard]] KVMARK_INLINE const tier::payload_noise& noise() const { return noise_; }
    [[nodiscard]] KVMARK_INLINE io_counters& counters(std::size_t tier) { return counters_[tier]; }
    [[nodiscard]] bool has_buffers() const { return !memory_.empty(); }

    KVMARK_INLINE void note(const io_fault& fault) {
        ++(fault.error_number != 0 ? failed_units : corrupt_sectors);
        if (fault_count < kept_faults) faults[fault_count++] = fault;
    }

    /// Forgets what was counted, before the measured window. The worker must be idle.
    KVMARK_COLD void reset_counters() {
        for (std::size_t t = 0; t < tiers_; ++t) {
            counters_[t].read_bytes = 0;
            counters_[t].written_bytes = 0;
            counters_[t].read_io.clear();
            counters_[t].write_io.clear();
        }
    }

    std::array<io_fault, kept_faults> faults{};
    std::size_t fault_count = 0;
    std::uint64_t corrupt_sectors = 0;
    std::uint64_t failed_units = 0;

private:
    huge_page_buffer memory_;
    bytes chunk_;
    std::uint32_t writes_;
    tier::payload_noise noise_; ///< the same in every write buffer
    io_counters* counters_;
    std::size_t tiers_;
};

} // namespace kvmark::engine
