// One tier, one block size, one depth: what a backend gives when nothing else stands around it.
#pragma once

#include <kvmark/benchmark/options.hpp>
#include <kvmark/core/buffer.hpp>
#include <kvmark/core/clock.hpp>
#include <kvmark/measure/histogram.hpp>
#include <kvmark/measure/host_facts.hpp>
#include <kvmark/tier/stack.hpp>
#include <kvmark/tier/stamp.hpp>

#include <thread>

namespace kvmark {

/// What is measured: I/Os of `block` bytes at random places, `depth` of them in flight.
struct block_case {
    bytes block{};
    std::uint32_t depth = 1;
    int read_percent = 100; ///< 100: reads, 0: writes
    nanoseconds warm_up{300'000'000};
    nanoseconds duration{2'000'000'000};
    bool stamped = true; ///< false: only bytes move; what a write leaves fails the checks of later cases
};

struct block_result {
    nanoseconds elapsed{}; ///< without the warm-up
    bytes read{}, written{};
    measure::histogram read_latency, write_latency; ///< of one I/O, until it is seen to be done
    measure::process_usage processor;               ///< of the whole process, from the warm-up's end on
    measure::device_usage device;                   ///< by the kernel's counters, likewise
    std::uint64_t corrupt_sectors = 0;
    std::uint64_t errors = 0;
    int error_number = 0; ///< of the first

    [[nodiscard]] std::uint64_t operations() const { return read_latency.count() + write_latency.count(); }
    [[nodiscard]] double bytes_per_second() const {
        return elapsed.count > 0 ? static_cast<double>((read + written).count) / to_seconds(elapsed) : 0;
    }
};

/// Holds one entry of `size` bytes in a tier and measures it case by case. A tier with a queue is driven by
/// the calling thread, any other by a thread for each I/O in flight. Blocks carry stamps, which reads check
/// as `verify` says. The loop allocates nothing and makes no system call but the tier's and the clock's.
template <tier::blocking_tier Tier>
class block_benchmark {
public:
    /// `setup.io_chunk` is the largest block that will be measured; every block divides it.
    block_benchmark(const tier::tier_setup& setup, bytes size, verify_mode verify,
                    const tier::config_of<Tier>& config = {})
        : setup_(setup), size_(size), verify_(verify), tier_(make(config)) {
        setup_.limit = round_up(size, tier::granule_of(tier_, setup_));
    }

    /// Opens the tier and writes the entry whole.
    [[nodiscard]] KVMARK_COLD result<void> open() {
        if constexpr (tier::queued_tier<Tier>) queued_ = tier_.can_queue(setup_);
        if (auto opened = tier_.open(setup_); !opened) return opened;
        if (const auto created = tier_.create(entry, size_); !created.good()) return failure(created);
        const lane buffers(setup_.io_chunk, 1);
        for (bytes at{}; at < size_; at += setup_.io_chunk) {
            const bytes left = size_ - at;
            const auto part =
                buffers.write_buffer(0).first(left < setup_.io_chunk ? left.count : setup_.io_chunk.count);
            stamp(part, at, buffers);
            if (const auto written = tier_.write(entry, at, part); !written.good()) return failure(written);
        }
        if (const auto durable = tier::commit(tier_, entry); !durable.good()) return failure(durable);
        return {};
    }

    /// Whether one thread drives a queue. After open(), as note().
    [[nodiscard]] bool queued() const { return queued_; }
    [[nodiscard]] std::string note() const { return tier::note_of(tier_); }

    /// Ends early when `stop` becomes true. An error means that nothing could be measured; errors of I/Os are
    /// counted.
    [[nodiscard]] result<block_result> measure(const block_case& c, const std::atomic<bool>& stop) {
        if (c.block.count == 0 || setup_.io_chunk.count % c.block.count != 0 ||
            c.block.count % tier::sector_size.count != 0)
            return error{error_kind::invalid_argument,
                         "a block of " + std::to_string(c.block.count) +
                             " bytes: must be whole sectors of 4096, and divide the largest block"};
        if (size_.count / c.block.count < c.depth)
            return error{error_kind::invalid_argument, "an entry of " + std::to_string(size_.count) +
                                                           " bytes has fewer blocks of " +
                                                           std::to_string(c.block.count) +
                                                           " than there are I/Os in flight; make it larger"};
        window w{.stop = stop, .stamped = c.stamped};
        return queued_ ? through_queue(c, w) : by_threads(c, w);
    }

private:
    static constexpr tier::entry_id entry = 0;
    static constexpr tier::content_id content{.key = 1, .generation = 1};
    static constexpr std::uint64_t salt = 42;

    struct window {
        const std::atomic<bool>& stop;
        bool stamped = true;
        nanoseconds begin{}, end{};

        void start(const block_case& c) {
            begin = clocks::monotonic_now() + c.warm_up;
            end = begin + c.duration;
        }
        [[nodiscard]] bool over(nanoseconds now) const {
            return now >= end || stop.load(std::memory_order_relaxed);
        }
    };

    /// The buffers of some I/Os in flight: one full of noise to write and one to read into for each.
    class lane {
    public:
        lane(bytes block, std::uint32_t slots) : block_(block), slots_(slots), memory_(block * 2 * slots) {
            memory_.touch(block * 2 * slots);
            for (std::uint32_t slot = 0; slot < slots; ++slot)
                noise_ = tier::payload_noise(write_buffer(slot), salt);
        }
        [[nodiscard]] std::span<std::byte> memory() const { return memory_.span(); }
        [[nodiscard]] KVMARK_INLINE std::span<std::byte> write_buffer(std::uint32_t slot) const {
            return {memory_.data() + block_.count * slot, block_.count};
        }
        [[nodiscard]] KVMARK_INLINE std::span<std::byte> read_buffer(std::uint32_t slot) const {
            return {memory_.data() + block_.count * (slots_ + slot), block_.count};
        }
        [[nodiscard]] KVMARK_INLINE const tier::payload_noise& noise() const { return noise_; }

    private:
        bytes block_;
        std::uint32_t slots_;
        huge_page_buffer memory_;
        tier::payload_noise noise_;
    };

    /// Draws what the I/Os of one slot do. A slot has blocks of its own, every depth-th, so that no write
    /// meets another I/O on the same block.
    struct plan {
        plan(const block_case& c, bytes size, std::uint32_t first_slot)
            : draw(c.depth, first_slot), block(c.block), depth(c.depth),
              blocks(size.count / c.block.count / c.depth), read_percent(c.read_percent) {}

        [[nodiscard]] KVMARK_INLINE bytes place(std::uint32_t slot) {
            return block * (draw.next() % blocks * depth + slot);
        }
        [[nodiscard]] KVMARK_INLINE bool reads() {
            return read_percent == 100 ||
                   (read_percent != 0 && static_cast<int>(draw.next() % 100) < read_percent);
        }

        random_stream draw;
        bytes block;
        std::uint32_t depth;
        std::uint64_t blocks;
        int read_percent;
    };

    struct io {
        bytes place{};
        bool reads = true;
        nanoseconds handed{};
    };

    static Tier make(const tier::config_of<Tier>& config) {
        if constexpr (std::is_same_v<tier::config_of<Tier>, tier::no_config>)
            return Tier();
        else
            return Tier(config);
    }
    static error failure(tier::io_status status) {
        return {error_kind::system, std::string("laying out: ") + std::strerror(status.error_number)};
    }

    KVMARK_INLINE void stamp(std::span<std::byte> part, bytes at, const lane& buffers) const {
        tier::stamp_sectors(part, buffers.noise(), content,
                            static_cast<std::uint32_t>(at.count / tier::sector_size.count), salt);
    }

    KVMARK_INLINE void conclude(const io& done, std::span<const std::byte> buffer, tier::io_status status,
                                nanoseconds now, const window& w, block_result& r) const {
        if (!KVMARK_LIKELY(status.good())) {
            if (r.errors++ == 0) r.error_number = status.error_number;
            return;
        }
        if (now >= w.begin && now < w.end) {
            (done.reads ? r.read_latency : r.write_latency).record(now - done.handed);
            (done.reads ? r.read : r.written) += bytes(buffer.size());
        }
        if (!done.reads || !w.stamped || verify_ == verify_mode::none) return;
        tier::verify_sectors(buffer, content,
                             static_cast<std::uint32_t>(done.place.count / tier::sector_size.count), salt,
                             verify_ == verify_mode::full,
                             [&](const tier::sector_mismatch&) KVMARK_INLINE_LAMBDA { ++r.corrupt_sectors; });
    }

    /// What the process and the device did since the warm-up ended.
    class meter {
    public:
        explicit meter(const std::string& path) : counters_(path) {}
        void start() {
            processor_ = measure::read_process_usage();
            device_ = counters_.read();
        }
        void stop(block_result& r, const window& w, nanoseconds now) const {
            r.processor = measure::read_process_usage() - processor_;
            r.device = counters_.read() - device_;
            r.elapsed = (now < w.end ? now : w.end) - w.begin;
            if (r.elapsed.count < 0) r.elapsed = {};
        }

    private:
        measure::device_counters counters_;
        measure::process_usage processor_;
        measure::device_usage device_;
    };

    [[nodiscard]] result<block_result> through_queue(const block_case& c, window& w) {
        block_result r;
        if constexpr (tier::queued_tier<Tier>) {
            const lane buffers(c.block, c.depth);
            if (buffers.memory().empty()) return no_memory();
            typename Tier::queue queue;
            if (auto opened = queue.open(tier_, c.depth, buffers.memory()); !opened) return opened.error();
            plan next(c, size_, 0);
            std::vector<io> ios(c.depth);
            std::vector<std::uint32_t> idle, prepared;
            for (std::uint32_t slot = 0; slot < c.depth; ++slot) idle.push_back(slot);
            prepared.reserve(c.depth);
            meter m(setup_.cache_dir);
            bool metered = false;
            w.start(c); // buffers are there: gigabytes of them may take longer than the warm-up
            nanoseconds now = clocks::monotonic_now();
            while (!w.over(now) || idle.size() < c.depth) {
                if (!w.over(now)) begin(queue, buffers, next, w.stamped, ios, idle, prepared);
                hand_over(ios, prepared);
                queue.wait();
                now = clocks::monotonic_now();
                if (!metered && now >= w.begin) {
                    m.start();
                    metered = true;
                }
                queue.reap([&](std::uint32_t slot, tier::io_status status) KVMARK_INLINE_LAMBDA {
                    const io& done = ios[slot];
                    conclude(done, done.reads ? buffers.read_buffer(slot) : buffers.write_buffer(slot),
                             status, now, w, r);
                    idle.push_back(slot);
                });
            }
            if (metered) m.stop(r, w, now);
        }
        return r;
    }

    template <class Queue>
    KVMARK_INLINE void begin(Queue& queue, const lane& buffers, plan& next, bool stamped,
                             std::vector<io>& ios, std::vector<std::uint32_t>& idle,
                             std::vector<std::uint32_t>& prepared) const {
        for (const std::uint32_t slot : idle) {
            io& i = ios[slot];
            i.place = next.place(slot);
            i.reads = next.reads();
            if (i.reads) {
                queue.read(slot, entry, i.place, buffers.read_buffer(slot));
            } else {
                if (stamped) stamp(buffers.write_buffer(slot), i.place, buffers);
                queue.write(slot, entry, i.place, buffers.write_buffer(slot));
            }
            prepared.push_back(slot);
            if (prepared.size() == tier::queue_batch) {
                hand_over(ios, prepared);
                queue.submit();
            }
        }
        idle.clear();
    }

    KVMARK_INLINE static void hand_over(std::vector<io>& ios, std::vector<std::uint32_t>& prepared) {
        const nanoseconds now = clocks::monotonic_now();
        for (const std::uint32_t slot : prepared) ios[slot].handed = now;
        prepared.clear();
    }

    [[nodiscard]] result<block_result> by_threads(const block_case& c, window& w) {
        w.start(c);
        std::vector<block_result> results(c.depth);
        std::atomic<bool> no_buffers{false};
        std::vector<std::thread> threads;
        for (std::uint32_t slot = 0; slot < c.depth; ++slot)
            threads.emplace_back([&, slot] {
                const lane buffers(c.block, 1);
                if (buffers.memory().empty())
                    no_buffers = true;
                else
                    one_at_a_time(c, w, slot, buffers, results[slot]);
            });
        meter m(setup_.cache_dir);
        for (nanoseconds now = clocks::monotonic_now(); now < w.begin && !w.over(now);
             now = clocks::monotonic_now())
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        m.start();
        for (auto& thread : threads) thread.join();
        if (no_buffers) return no_memory();
        block_result all;
        for (const block_result& r : results) {
            all.read += r.read;
            all.written += r.written;
            all.read_latency.merge(r.read_latency);
            all.write_latency.merge(r.write_latency);
            all.corrupt_sectors += r.corrupt_sectors;
            if (all.errors == 0) all.error_number = r.error_number;
            all.errors += r.errors;
        }
        m.stop(all, w, clocks::monotonic_now());
        return all;
    }

    void one_at_a_time(const block_case& c, const window& w, std::uint32_t slot, const lane& buffers,
                       block_result& r) {
        plan next(c, size_, slot);
        nanoseconds now = clocks::monotonic_now();
        while (!w.over(now)) {
            io i{.place = next.place(slot), .reads = next.reads()};
            const auto buffer = i.reads ? buffers.read_buffer(0) : buffers.write_buffer(0);
            if (!i.reads && w.stamped) stamp(buffer, i.place, buffers);
            i.handed = clocks::monotonic_now();
            const tier::io_status status =
                i.reads ? tier_.read(entry, i.place, buffer) : tier_.write(entry, i.place, buffer);
            now = clocks::monotonic_now();
            conclude(i, buffer, status, now, w, r);
        }
    }

    static error no_memory() {
        return {error_kind::system, "cannot map the I/O buffers; give smaller blocks or a smaller depth"};
    }

    tier::tier_setup setup_;
    bytes size_;
    verify_mode verify_;
    Tier tier_;
    bool queued_ = false;
};

} // namespace kvmark
