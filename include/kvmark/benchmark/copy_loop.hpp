// The plain loop around cuMemcpyAsync: some copies in flight on streams, each completion asked for.
#pragma once

#include <kvmark/core/buffer.hpp>
#include <kvmark/core/random.hpp>
#include <kvmark/gpu/memory.hpp>
#include <kvmark/gpu/single_work.hpp>
#include <kvmark/measure/histogram.hpp>
#include <kvmark/measure/host_facts.hpp>

#include <atomic>
#include <vector>

namespace kvmark {

/// From where to where; `peer`: from the memory of one GPU to that of another.
enum class copy_way : std::uint8_t { host_to_device, device_to_host, device_to_device, peer };

/// What is measured: copies of `block` bytes between random places, `depth` of them in flight.
struct copy_case {
    copy_way way = copy_way::host_to_device;
    std::uint32_t gpu = 0; ///< place among the benchmark's GPUs: the one copied to or from; of `peer`, from
    std::uint32_t to = 0;  ///< of `peer`: to this one
    bytes block{};         ///< a multiple of 8
    std::uint32_t depth = 1;
    std::uint32_t streams = 1; ///< 1..depth, that the copies take turns on; those of one wait for each other
    bool pinned = true;        ///< memory of the host; pageable memory the driver copies by way of its own
    nanoseconds warm_up{300'000'000};
    nanoseconds duration{2'000'000'000};
};

struct copy_result {
    nanoseconds elapsed{}; ///< without the warm-up
    bytes copied{};
    measure::histogram latency;       ///< of one copy, from the call until it is seen to be done
    measure::process_usage processor; ///< of the whole process, from the warm-up's end on
    std::uint32_t wrong_blocks = 0;   ///< of the last `depth` copies: not what was to be copied

    [[nodiscard]] double bytes_per_second() const {
        return elapsed.count > 0 ? static_cast<double>(copied.count) / to_seconds(elapsed) : 0;
    }
};

namespace copies {

/// What is at `offset` of the bytes that are copied, in words of 8 bytes.
[[nodiscard]] KVMARK_INLINE std::uint64_t word_at(std::uint64_t offset) {
    return (offset / 8 + 1) * 0x9e3779b97f4a7c15;
}
inline void write_words(std::span<std::byte> to, std::uint64_t offset) {
    for (std::size_t at = 0; at + 8 <= to.size(); at += 8) {
        const std::uint64_t word = word_at(offset + at);
        std::memcpy(to.data() + at, &word, sizeof word);
    }
}
[[nodiscard]] inline bool has_words(std::span<const std::byte> in, std::uint64_t offset) {
    for (std::size_t at = 0; at + 8 <= in.size(); at += 8) {
        const std::uint64_t word = word_at(offset + at);
        if (std::memcmp(in.data() + at, &word, sizeof word) != 0) return false;
    }
    return true;
}

KVMARK_COLD error no_buffers() {
    return {error_kind::system, "cannot map the buffers to copy; give smaller blocks or a smaller depth"};
}

} // namespace copies

/// One case: its buffers, streams and events, and the loop.
class copy_loop {
public:
    /// Everything must outlive it; `size` bytes are there to copy from and to copy to.
    copy_loop(const copy_case& c, const gpu::device& own, gpu::device_address from, const gpu::device& target,
              gpu::device_address to, bytes size)
        : case_(c), device_(own), target_device_(target), api_(own.api()), from_(from), to_(to),
          places_(size.count / c.block.count / c.depth) {}

    /// `number` of the case: its bytes are not those of the one before.
    [[nodiscard]] KVMARK_COLD result<void> prepare(std::uint64_t number) {
        draw_ = random_stream(number, case_.depth);
        first_word_ = number << 40;
        if (case_.way == copy_way::host_to_device || case_.way == copy_way::device_to_host) {
            host_ = huge_page_buffer(case_.block * case_.depth);
            if (host_.empty()) return copies::no_buffers();
            host_.touch(case_.block * case_.depth);
            if (case_.way == copy_way::host_to_device) copies::write_words(host_.span(), first_word_);
            if (case_.pinned) {
                auto pinned = gpu::pinned_memory::pin(device_, host_.span());
                if (!pinned) return pinned.error();
                pinned_ = std::move(*pinned);
            }
        }
        for (std::uint32_t i = 0; i < case_.streams; ++i) {
            auto stream = gpu::make_stream(device_);
            if (!stream) return stream.error();
            queue& q = queues_.emplace_back();
            q.stream = std::move(*stream);
            for (std::uint32_t slot = i; slot < case_.depth; slot += case_.streams) q.slots.push_back(slot);
        }
        for (std::uint32_t slot = 0; slot < case_.depth; ++slot) {
            auto event = gpu::make_event(device_);
            if (!event) return event.error();
            copies_.emplace_back().done = std::move(*event);
        }
        return {};
    }

    [[nodiscard]] result<copy_result> run(const std::atomic<bool>& stop) {
        copy_result r;
        status_ = device_.make_current();
        nanoseconds now = clocks::monotonic_now();
        const nanoseconds begin = now + case_.warm_up, end = begin + case_.duration;
        const auto over = [&] {
            return now >= end || status_ != gpu::status::success || stop.load(std::memory_order_relaxed);
        };
        measure::process_usage before;
        bool metered = false;
        gpu::poll_pace pace;
        for (std::uint32_t slot = 0; slot < case_.depth && !over(); ++slot)
            start(queues_[slot % case_.streams]);
        while (in_flight_ > 0) {
            bool progress = false;
            for (queue& q : queues_) {
                if (q.in_flight == 0 || !ended(q)) continue;
                now = clocks::monotonic_now();
                if (status_ == gpu::status::success && now >= begin && now < end) {
                    r.latency.record(now - copies_[q.slot(0)].handed);
                    r.copied += case_.block;
                }
                retire(q);
                if (!over()) start(q);
                progress = true;
            }
            now = clocks::monotonic_now();
            if (!metered && now >= begin) {
                before = measure::read_process_usage();
                metered = true;
            }
            progress ? pace.restart() : pace.pause();
        }
        if (metered) {
            r.processor = measure::read_process_usage() - before;
            r.elapsed = (now < end ? now : end) - begin;
        }
        if (status_ != gpu::status::success) return failure();
        if (auto counted = count_wrong(r); !counted) return counted.error();
        return r;
    }

private:
    struct copy {
        gpu::owned_event done;
        bool started = false;
        std::uint64_t words = 0; ///< what is copied, as word_at() counts
        std::uint64_t to = 0;    ///< offset in the target
        nanoseconds handed{};
    };
    /// A stream and its copies, which end in their order.
    struct queue {
        gpu::owned_stream stream;
        std::vector<std::uint32_t> slots;
        std::uint32_t oldest = 0, in_flight = 0;

        [[nodiscard]] KVMARK_INLINE std::uint32_t slot(std::uint32_t after) const {
            return slots[(oldest + after) % slots.size()];
        }
    };

    /// A slot has target places of its own, every depth-th, so that no two copies meet in one.
    KVMARK_INLINE void start(queue& q) {
        const std::uint32_t slot = q.slot(q.in_flight);
        copy& c = copies_[slot];
        const std::uint64_t block = case_.block.count;
        const std::uint64_t from = draw_.next() % (places_ * case_.depth) * block;
        std::byte* const host = host_.data() + (host_.empty() ? 0 : slot * block);
        c.to = (draw_.next() % places_ * case_.depth + slot) * block;
        c.words = case_.way == copy_way::host_to_device ? first_word_ + slot * block : from;
        c.handed = clocks::monotonic_now();
        gpu::status s = gpu::status::success;
        switch (case_.way) {
        case copy_way::host_to_device:
            s = api_.copy_to_device(to_ + c.to, host, block, q.stream.get());
            break;
        case copy_way::device_to_host:
            s = api_.copy_to_host(host, from_ + from, block, q.stream.get());
            break;
        case copy_way::device_to_device:
            s = api_.copy_on_device(to_ + c.to, from_ + from, block, q.stream.get());
            break;
        case copy_way::peer:
            s = api_.copy_to_peer(to_ + c.to, target_device_.context(), from_ + from, device_.context(),
                                  block, q.stream.get());
        }
        if (KVMARK_LIKELY(s == gpu::status::success)) s = api_.record_event(c.done.get(), q.stream.get());
        if (!KVMARK_LIKELY(s == gpu::status::success)) {
            status_ = s;
            return;
        }
        c.started = true;
        ++q.in_flight;
        ++in_flight_;
    }

    /// Whether the oldest copy is over, well or not.
    [[nodiscard]] KVMARK_INLINE bool ended(const queue& q) {
        const gpu::status s = api_.query_event(copies_[q.slot(0)].done.get());
        if (s == gpu::status::not_ready) return false;
        if (!KVMARK_LIKELY(s == gpu::status::success) && status_ == gpu::status::success) status_ = s;
        return true;
    }
    KVMARK_INLINE void retire(queue& q) {
        q.oldest = (q.oldest + 1) % static_cast<std::uint32_t>(q.slots.size());
        --q.in_flight;
        --in_flight_;
    }

    /// Waits for a copy whose event could not be recorded: the buffers are about to go.
    [[nodiscard]] KVMARK_COLD error failure() const {
        for (const queue& q : queues_) static_cast<void>(gpu::await(api_, q.stream.get()));
        constexpr const char* where[]{"to the device", "to the host", "on the device", "to GPU "};
        std::string what = std::string("copying ") + where[static_cast<std::size_t>(case_.way)];
        if (case_.way == copy_way::peer) what += std::to_string(target_device_.ordinal());
        return device_.failure(what + ", " + std::to_string(case_.block.count) + " bytes at a time, " +
                                   std::to_string(case_.depth) + " in flight",
                               status_);
    }

    /// Looks at what the last copies brought.
    [[nodiscard]] KVMARK_COLD result<void> count_wrong(copy_result& r) const {
        const bool at_host = case_.way == copy_way::device_to_host;
        const huge_page_buffer fetched(at_host ? bytes() : case_.block);
        if (!at_host && fetched.empty()) return copies::no_buffers();
        for (std::uint32_t slot = 0; slot < case_.depth; ++slot) {
            const copy& c = copies_[slot];
            if (!c.started) continue;
            std::span<const std::byte> arrived = fetched.span();
            if (at_host) {
                arrived = host_.span().subspan(slot * case_.block.count, case_.block.count);
            } else {
                auto copied = gpu::do_at_once(target_device_, "copying", [&](gpu::stream s) {
                    return api_.copy_to_host(fetched.data(), to_ + c.to, case_.block.count, s);
                });
                if (!copied) return copied;
            }
            if (!copies::has_words(arrived, c.words)) ++r.wrong_blocks;
        }
        return {};
    }

    const copy_case& case_;
    const gpu::device &device_, &target_device_;
    const gpu::driver& api_;
    gpu::device_address from_, to_;
    std::uint64_t places_;         ///< of one slot
    std::uint64_t first_word_ = 0; ///< of the host's memory
    random_stream draw_{0};
    huge_page_buffer host_; ///< a block for each copy in flight
    gpu::pinned_memory pinned_;
    std::vector<queue> queues_;
    std::vector<copy> copies_;
    std::uint32_t in_flight_ = 0;
    gpu::status status_ = gpu::status::success; ///< the first that was none
};

} // namespace kvmark
