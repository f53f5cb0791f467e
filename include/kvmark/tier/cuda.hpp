// The memory of GPUs as a tier. Needs no CUDA to build; open() says why there is no GPU to use.
#pragma once

#include <kvmark/gpu/pinned_set.hpp>
#include <kvmark/gpu/poll_pace.hpp>
#include <kvmark/gpu/read_gpu.hpp>
#include <kvmark/gpu/stream.hpp>
#include <kvmark/tier/asked_queue.hpp>
#include <kvmark/tier/cuda_pool.hpp>
#include <kvmark/tier/device_resident.hpp>
#include <kvmark/tier/extent_table.hpp>

namespace kvmark::tier {

struct cuda_config {
    std::uint32_t first_device = 0; ///< of those that the process sees (CUDA_VISIBLE_DEVICES)
    std::uint32_t devices = 1; ///< from there on; each process of a host begins where the one before ends
};

/// Real device memory, really copied. An entry is blocks of one io_chunk, in turns over the GPUs; an I/O is
/// one copy over the block's own link. Memory of the workers is pinned, and a copy of it runs beside others
/// and beside the thread that began it, which asks for its end and is never put to sleep in the driver.
class cuda {
public:
    static constexpr std::string_view name = "cuda";
    static constexpr tier_role role = tier_role::gpu;
    static constexpr bool instant_metadata = true;
    using config = cuda_config;
    class queue;

    cuda() = default;
    explicit cuda(const config& c) : config_(c) {}

    [[nodiscard]] static constexpr bytes granule(const tier_setup& setup) { return setup.io_chunk; }
    [[nodiscard]] static constexpr bool can_queue(const tier_setup&) { return true; }
    /// Copies in flight, in all: eight for each of several threads, since one verifies less than a link
    /// brings.
    [[nodiscard]] std::uint32_t depth() const { return config_.devices < 4 ? 32 * config_.devices : 128; }

    /// 95 % of what its GPUs have free, shared with the other processes that use them. Where there is no GPU
    /// it is unbounded, and open() says why.
    [[nodiscard]] KVMARK_COLD bytes capacity(const tier_setup& setup) const {
        if (!probe_.is_open() && !probe_.open(first(setup), config_.devices)) return bytes(~std::uint64_t{0});
        return bytes(probe_.free_memory().count / 100 * 95 / sharers(setup));
    }
    static constexpr bool own_capacity = true;

    KVMARK_COLD result<void> open(const tier_setup& setup) {
        chunk_ = setup.io_chunk;
        if (setup.limit.count == 0) return {};
        if (auto opened = pool_.open(first(setup), config_.devices); !opened) return named(opened.error());
        for (std::uint32_t gpu = 0; gpu < pool_.size(); ++gpu)
            facts_.push_back(gpu::read_gpu(pool_[gpu].device));
        const std::uint64_t blocks = setup.limit.count / chunk_.count / pool_.size();
        if (blocks * pool_.size() >= ~std::uint32_t{0} || blocks == 0)
            return error{error_kind::invalid_argument,
                         "cuda tier: " + std::to_string(to_gib(setup.limit)) + " GiB on " +
                             std::to_string(pool_.size()) + " GPUs are " + std::to_string(blocks) +
                             " blocks of --io-chunk each; give a limit of 1 to 2^32 blocks"};
        if (auto taken = pool_.allocate(blocks, chunk_); !taken)
            return named({taken.error().kind, taken.error().message + "; give a smaller --gpu-mem-gb"});
        blocks_.open(static_cast<std::uint32_t>(blocks * pool_.size()));
        return open_lanes();
    }

    [[nodiscard]] KVMARK_INLINE io_status create(entry_id e, bytes size) {
        if (!KVMARK_LIKELY(!pool_.is_lost())) return {ENODEV};
        return {blocks_.create(e, round_up(size, chunk_).count / chunk_.count) ? 0 : ENOMEM};
    }
    [[nodiscard]] KVMARK_INLINE io_status erase(entry_id e) {
        blocks_.erase(e);
        return {};
    }
    [[nodiscard]] KVMARK_INLINE io_status write(entry_id e, bytes offset, std::span<const std::byte> from) {
        return call(e, offset,
                    [&](const gpu::driver& d, gpu::device_address to, gpu::stream s)
                        KVMARK_INLINE_LAMBDA { return d.copy_to_device(to, from.data(), from.size(), s); });
    }
    [[nodiscard]] KVMARK_INLINE io_status read(entry_id e, bytes offset, std::span<std::byte> into) {
        return call(e, offset,
                    [&](const gpu::driver& d, gpu::device_address from, gpu::stream s)
                        KVMARK_INLINE_LAMBDA { return d.copy_to_host(into.data(), from, into.size(), s); });
    }

    /// From the memory of another GPU, over NVLink or PCIe where the two reach each other; the driver goes
    /// through host memory where they do not.
    template <device_resident_tier Source>
    [[nodiscard]] io_status take(Source& from, entry_id e, bytes offset, bytes length) {
        const gpu::device& source = from.device_of(e, offset);
        const gpu::device_address address = from.device_address_of(e, offset);
        return call(e, offset, [&](const gpu::driver& d, gpu::device_address to, gpu::stream s) {
            cuda_pool::part& own = pool_[pool_.gpu_of(block_of(e, offset))];
            if (source.ordinal() == own.device.ordinal())
                return d.copy_on_device(to, address, length.count, s);
            own.reach(source);
            return d.copy_to_peer(to, own.device.context(), address, source.context(), length.count, s);
        });
    }
    /// From a file, where the tier that has it reads into device memory by itself (tier::gds_file).
    template <class Source>
        requires requires(Source& s, const gpu::device& d, gpu::device_address a, entry_id e, bytes n) {
            { s.read_into(d, a, e, n, n) } -> std::same_as<io_status>;
        }
    [[nodiscard]] io_status take(Source& from, entry_id e, bytes offset, bytes length) {
        return from.read_into(device_of(e, offset), device_address_of(e, offset), e, offset, length);
    }

    [[nodiscard]] KVMARK_INLINE gpu::device_address device_address_of(entry_id e, bytes offset) {
        return pool_.address_of(block_of(e, offset), bytes(offset.count % chunk_.count));
    }
    [[nodiscard]] KVMARK_INLINE const gpu::device& device_of(entry_id e, bytes offset) {
        return pool_[pool_.gpu_of(block_of(e, offset))].device;
    }

    /// Calls f(device, address, size) with its memory on each GPU.
    template <class F>
    KVMARK_COLD void for_each_arena(F&& f) {
        for (std::uint32_t gpu = 0; gpu < pool_.size(); ++gpu)
            f(pool_[gpu].device, pool_[gpu].arena.address(), pool_[gpu].arena.size());
    }

    /// A worker's memory: from now on, and no longer.
    KVMARK_COLD void adopt(std::span<std::byte> memory) {
        if (pool_.is_open()) pinned_.add(pool_[0].device, memory);
    }
    KVMARK_COLD void release(std::span<std::byte> memory) { pinned_.remove(memory); }

    /// Whether a GPU is gone; all calls fail with ENODEV from then on.
    [[nodiscard]] bool is_lost() const { return pool_.is_lost(); }
    /// As they were when the tier was opened, but for the links, which an idle GPU slows down.
    [[nodiscard]] std::vector<gpu::gpu_facts> gpus() const { return gpu::with_links(facts_); }
    [[nodiscard]] std::string note() const {
        const std::string lost = pool_.note(), slow = pinned_.note();
        return lost + (lost.empty() || slow.empty() ? "" : "; ") + slow;
    }

private:
    /// A stream for one call at a time.
    static constexpr std::uint32_t lanes_per_gpu = 8;

    [[nodiscard]] std::uint32_t first(const tier_setup& setup) const {
        return config_.first_device + setup.local_rank * config_.devices;
    }
    /// Processes of this host that use one of its GPUs too, itself among them.
    [[nodiscard]] KVMARK_COLD std::uint32_t sharers(const tier_setup& setup) const {
        int seen = 1;
        if (const auto& d = gpu::driver::get()) d->device_count(&seen);
        const auto gpus = static_cast<std::uint32_t>(seen);
        return (setup.local_ranks * config_.devices + gpus - 1) / gpus;
    }
    static error named(const error& e) { return {e.kind, "cuda tier: " + e.message}; }

    KVMARK_COLD result<void> open_lanes() {
        lanes_.reserve(std::size_t{pool_.size()} * lanes_per_gpu);
        free_lanes_ = std::vector<extent_stack>(pool_.size());
        for (std::uint32_t gpu = 0; gpu < pool_.size(); ++gpu) {
            free_lanes_[gpu].open(lanes_per_gpu);
            for (std::uint32_t i = 0; i < lanes_per_gpu; ++i) {
                auto stream = gpu::make_stream(pool_[gpu].device);
                if (!stream) return named(stream.error());
                lanes_.push_back(std::move(*stream));
            }
        }
        return {};
    }

    [[nodiscard]] KVMARK_INLINE std::uint32_t block_of(entry_id e, bytes offset) {
        return blocks_.at(e, offset.count / chunk_.count);
    }

    /// One copy, begun and waited for on a lane of the GPU that has the block.
    template <class Copy>
    [[nodiscard]] KVMARK_INLINE io_status call(entry_id e, bytes offset, Copy&& copy) {
        const std::uint32_t block = block_of(e, offset), gpu = pool_.gpu_of(block);
        if (!KVMARK_LIKELY(!pool_.is_lost(gpu))) return {ENODEV};
        const gpu::device& device = pool_[gpu].device;
        const std::uint32_t lane = take_lane(gpu);
        const gpu::stream stream = lanes_[gpu * lanes_per_gpu + lane].get();
        gpu::status s = device.make_current();
        if (KVMARK_LIKELY(s == gpu::status::success))
            s = copy(device.api(), pool_.address_of(block, bytes(offset.count % chunk_.count)), stream);
        if (KVMARK_LIKELY(s == gpu::status::success)) s = gpu::await(device.api(), stream);
        free_lanes_[gpu].give_back(lane);
        return {pool_.outcome(gpu, s)};
    }
    [[nodiscard]] KVMARK_INLINE std::uint32_t take_lane(std::uint32_t gpu) {
        gpu::poll_pace pace;
        for (;; pace.pause())
            if (const std::uint32_t lane = free_lanes_[gpu].take(); lane != extent_stack::none) return lane;
    }

    config config_{};
    mutable cuda_pool probe_; ///< keeps the contexts that capacity() made: each takes a fraction of a second
    bytes chunk_{sector_size};
    std::vector<gpu::gpu_facts> facts_; ///< of each of the pool
    cuda_pool pool_;
    extent_table blocks_;
    std::vector<gpu::owned_stream> lanes_; ///< those of GPU 0, then of GPU 1, ...
    std::vector<extent_stack> free_lanes_; ///< by GPU
    gpu::pinned_set pinned_;
};

/// Two streams to a GPU and two from it, so that the next copy is there when one ends. Those of one stream
/// end in order: only the oldest is asked for.
class cuda::queue : public asked_queue {
public:
    KVMARK_COLD ~queue() {
        for (const channel& c : channels_)
            static_cast<void>(gpu::await(tier_->pool_[c.gpu].device.api(), c.stream.get()));
        if (tier_ != nullptr) tier_->release(memory_);
    }

    KVMARK_COLD result<void> open(cuda& t, std::uint32_t slots, std::span<std::byte> memory) {
        tier_ = &t;
        if (!t.pool_.is_open()) return {}; // a tier without a limit is asked for nothing
        memory_ = memory;
        t.adopt(memory);
        reserve(slots);
        channels_.reserve(std::size_t{t.pool_.size()} * streams_per_gpu);
        for (std::uint32_t i = 0; i < t.pool_.size() * streams_per_gpu; ++i) {
            channel& c = channels_.emplace_back();
            c.gpu = i / streams_per_gpu;
            if (auto opened = c.open(t.pool_[c.gpu].device, slots); !opened) return named(opened.error());
        }
        return {};
    }

    KVMARK_INLINE void submit() {
        for (const io& p : prepared()) begin(p);
        if (!prepared().empty()) pace_.restart();
        prepared().clear();
    }

    KVMARK_INLINE void wait() {
        submit();
        if (in_flight_ == 0 && !has_ended()) return sleep();
        for (;; pace_.pause()) {
            collect();
            if (has_ended() || was_rung()) return;
        }
    }

    KVMARK_INLINE void poll() {
        submit();
        collect();
    }

private:
    static constexpr std::uint32_t streams_per_way = 2, streams_per_gpu = 2 * streams_per_way;

    /// A stream and the copies in it, oldest first, in a ring as long as there are slots.
    struct channel {
        struct copy {
            gpu::owned_event over;
            std::uint32_t slot = 0;
        };

        KVMARK_COLD result<void> open(const gpu::device& d, std::uint32_t slots) {
            auto made = gpu::make_stream(d);
            if (!made) return made.error();
            stream = std::move(*made);
            copies.resize(slots);
            for (copy& c : copies) {
                auto event = gpu::make_event(d);
                if (!event) return event.error();
                c.over = std::move(*event);
            }
            return {};
        }
        [[nodiscard]] KVMARK_INLINE copy& oldest() { return copies[first]; }
        [[nodiscard]] KVMARK_INLINE copy& next() { return copies[(first + count) % copies.size()]; }
        KVMARK_INLINE void drop_oldest() {
            first = (first + 1) % copies.size();
            --count;
        }

        std::uint32_t gpu = 0;
        gpu::owned_stream stream;
        std::vector<copy> copies;
        std::size_t first = 0, count = 0;
    };

    KVMARK_INLINE void begin(const io& p) {
        const std::uint32_t block = tier_->block_of(p.entry, p.offset), gpu = tier_->pool_.gpu_of(block);
        if (!KVMARK_LIKELY(!tier_->pool_.is_lost(gpu))) return end(p.slot, {ENODEV});
        const gpu::device& device = tier_->pool_[gpu].device;
        const auto address = tier_->pool_.address_of(block, bytes(p.offset.count % tier_->chunk_.count));
        channel& c =
            channels_[gpu * streams_per_gpu + (p.writes ? streams_per_way : 0) + turn_++ % streams_per_way];
        gpu::status s = device.make_current();
        const gpu::driver& d = device.api();
        if (KVMARK_LIKELY(s == gpu::status::success))
            s = p.writes ? d.copy_to_device(address, p.data, p.size, c.stream.get())
                         : d.copy_to_host(p.data, address, p.size, c.stream.get());
        if (KVMARK_LIKELY(s == gpu::status::success)) s = d.record_event(c.next().over.get(), c.stream.get());
        if (!KVMARK_LIKELY(s == gpu::status::success)) return end(p.slot, {tier_->pool_.outcome(gpu, s)});
        c.next().slot = p.slot;
        ++c.count;
        ++in_flight_;
    }

    KVMARK_INLINE void collect() {
        for (channel& c : channels_)
            while (c.count > 0) {
                const gpu::device& device = tier_->pool_[c.gpu].device;
                const gpu::status s = device.api().query_event(c.oldest().over.get());
                if (s == gpu::status::not_ready) break;
                end(c.oldest().slot, {tier_->pool_.outcome(c.gpu, s)});
                c.drop_oldest();
                --in_flight_;
            }
        if (has_ended()) pace_.restart();
    }

    cuda* tier_ = nullptr;
    std::span<std::byte> memory_;
    std::vector<channel> channels_; ///< by GPU: those that read, then those that write
    std::size_t in_flight_ = 0;
    std::uint32_t turn_ = 0;
    gpu::poll_pace pace_;
};

} // namespace kvmark::tier
