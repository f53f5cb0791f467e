// What GPUs and their links give to a plain loop of copies, with no tier in it.
#pragma once

#include <kvmark/benchmark/copy_loop.hpp>
#include <kvmark/gpu/peer_access.hpp>

#include <algorithm>

namespace kvmark {

/// Holds memory on some GPUs and measures copies case by case, on the calling thread: streams and events of
/// its own, each completion asked for and never slept for. The loop allocates nothing.
class copy_benchmark {
public:
    /// On each GPU twice `size` bytes, to copy from and to copy to. The devices must outlive it.
    copy_benchmark(std::span<const gpu::device> devices, bytes size) : devices_(devices), size_(size) {}

    /// Takes the memory, fills what is copied from, and lets GPUs reach each other where they can.
    [[nodiscard]] KVMARK_COLD result<void> open() {
        for (const gpu::device& d : devices_) {
            area& a = areas_.emplace_back();
            for (gpu::device_memory* memory : {&a.source, &a.target}) {
                auto taken = gpu::device_memory::allocate(d, size_);
                if (!taken) return taken.error();
                *memory = std::move(*taken);
            }
            if (auto filled = fill(d, a.source); !filled) return filled;
        }
        for (std::uint32_t from = 0; from < devices_.size(); ++from)
            for (std::uint32_t to = 0; to < devices_.size(); ++to)
                direct_.push_back(from != to && gpu::reach(devices_[from], devices_[to]));
        return {};
    }

    /// Whether a copy from one GPU to another goes straight, by NVLink or PCIe; if not, the driver takes it
    /// through memory of the host. After open().
    [[nodiscard]] bool direct(std::uint32_t from, std::uint32_t to) const {
        return direct_[from * devices_.size() + to];
    }

    /// Ends early when `stop` becomes true. The first error of the driver ends it too, once nothing is in
    /// flight any more.
    [[nodiscard]] result<copy_result> measure(const copy_case& c, const std::atomic<bool>& stop) {
        if (auto possible = check(c); !possible) return possible.error();
        const std::uint32_t target = c.way == copy_way::peer ? c.to : c.gpu;
        copy_loop loop(c, devices_[c.gpu], areas_[c.gpu].source.address(), devices_[target],
                       areas_[target].target.address(), size_);
        if (auto ready = loop.prepare(++measured_); !ready) return ready.error();
        return loop.run(stop);
    }

    /// Of 1, 2, 4 and 8 streams up to the depth the number that copies fastest in a trial of 50 ms, so that
    /// the loop is compared at its best.
    [[nodiscard]] result<std::uint32_t> quickest_streams(copy_case c, const std::atomic<bool>& stop) {
        std::uint32_t best = 1;
        double best_rate = 0;
        c.warm_up = nanoseconds(10'000'000);
        c.duration = nanoseconds(50'000'000);
        for (c.streams = 1; c.streams <= c.depth && c.streams <= 8 && !stop; c.streams *= 2) {
            const auto tried = measure(c, stop);
            if (!tried) return tried.error();
            if (tried->bytes_per_second() <= best_rate) continue;
            best = c.streams;
            best_rate = tried->bytes_per_second();
        }
        return best;
    }

private:
    struct area {
        gpu::device_memory source, target;
    };

    [[nodiscard]] KVMARK_COLD static result<void> fill(const gpu::device& d,
                                                       const gpu::device_memory& memory) {
        const huge_page_buffer part(bytes(8 * mib_bytes));
        if (part.empty()) return copies::no_buffers();
        for (bytes at{}; at < memory.size(); at += bytes(part.span().size())) {
            const bytes left = memory.size() - at;
            const auto words = part.span().first(std::min<std::size_t>(left.count, part.span().size()));
            copies::write_words(words, at.count);
            auto copied = gpu::do_at_once(d, "copying", [&](gpu::stream s) {
                return d.api().copy_to_device(memory.address() + at.count, words.data(), words.size(), s);
            });
            if (!copied) return copied;
        }
        return {};
    }

    [[nodiscard]] KVMARK_COLD result<void> check(const copy_case& c) const {
        const auto refused = [](const std::string& what) {
            return error{error_kind::invalid_argument, what};
        };
        if (c.block.count == 0 || c.block.count % 8 != 0)
            return refused("a block of " + std::to_string(c.block.count) + " bytes: must be a multiple of 8");
        if (c.depth == 0 || size_.count / c.block.count < c.depth)
            return refused(std::to_string(c.depth) + " copies of " + std::to_string(c.block.count) +
                           " bytes in flight: must be 1 or more, and fit into " +
                           std::to_string(size_.count) + " bytes");
        if (c.streams == 0 || c.streams > c.depth)
            return refused(std::to_string(c.streams) + " streams: must be 1 to " + std::to_string(c.depth) +
                           ", the copies in flight");
        const std::size_t known = areas_.size();
        if (c.gpu >= known || (c.way == copy_way::peer && (c.to >= known || c.to == c.gpu)))
            return refused("GPU " + std::to_string(c.gpu) +
                           (c.way == copy_way::peer ? " to GPU " + std::to_string(c.to) : "") +
                           ": there are " + std::to_string(known) + ", numbered from 0");
        return {};
    }

    std::span<const gpu::device> devices_;
    bytes size_;
    std::vector<area> areas_;
    std::vector<bool> direct_;
    std::uint64_t measured_ = 0;
};

} // namespace kvmark
