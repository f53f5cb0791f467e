// Rows of GPUs: which there are, and one round of one of them.
#include "tiers_gpu.hpp"

#include <kvmark/benchmark/copy_benchmark.hpp>
#include <kvmark/gpu/read_gpu.hpp>
#include <kvmark/report/numbers.hpp>
#include <kvmark/tier/cuda.hpp>

#include <algorithm>

namespace kvmark::cli {

namespace {

/// Plain copies under the names of a backend's result.
block_result as_block_result(copy_result&& r, const gpu_row& row) {
    block_result b;
    b.elapsed = r.elapsed;
    const bool reads = row.way == copy_way::device_to_host;
    (reads ? b.read : b.written) = r.copied;
    (reads ? b.read_latency : b.write_latency) = std::move(r.latency);
    b.processor = r.processor;
    b.corrupt_sectors = r.wrong_blocks * (row.block.count / tier::sector_size.count);
    return b;
}

} // namespace

struct gpu_measurement::state {
    /// One object for cases that write no stamps, and one for those that do: what the first writes would not
    /// pass as what the second wrote.
    struct tiers {
        std::unique_ptr<block_benchmark<tier::cuda>> bare, checked;
    };

    const tiers_request& request;
    std::vector<size_and_depth> cases;
    bytes chunk;
    std::vector<gpu::device> devices{};
    std::unique_ptr<copy_benchmark> copies{};
    std::vector<tiers> cuda{}; ///< by device
    gpu_figures figures{};

    [[nodiscard]] bool moves(int read_percent) const {
        return std::find(request.read_percents.begin(), request.read_percents.end(), read_percent) !=
               request.read_percents.end();
    }

    /// Plain copies take memory to copy from and to copy to, the tier as much for each of its two objects.
    result<void> has_room(const gpu::device& d) const {
        const std::uint64_t times = request.verify == verify_mode::none ? 3 : 4;
        std::size_t free = 0, total = 0;
        if (const gpu::status s = d.memory_info(free, total); s != gpu::status::success)
            return d.failure("cannot be asked for its memory", s);
        if (request.size * times <= bytes(free)) return {};
        return error{error_kind::system, "GPU " + std::to_string(d.ordinal()) + ": " + std::to_string(times) +
                                             " x --size " + report::size_text(request.size) +
                                             " are measured with, and " + report::size_text(bytes(free)) +
                                             " are free; give a smaller --size"};
    }

    result<void> open_devices() {
        const auto& driver = gpu::driver::get();
        if (!driver) return driver.error();
        std::vector<std::uint32_t> numbers = request.gpus;
        if (numbers.empty()) {
            int seen = 0;
            driver->device_count(&seen);
            for (std::uint32_t i = 0; i < static_cast<std::uint32_t>(seen); ++i) numbers.push_back(i);
        }
        for (const std::uint32_t number : numbers) {
            auto opened = gpu::device::open(*driver, number);
            if (!opened) return opened.error();
            if (auto enough = has_room(*opened); !enough) return enough;
            devices.push_back(std::move(*opened));
            figures.devices.push_back(gpu::read_gpu(devices.back()));
        }
        return {};
    }

    result<std::unique_ptr<block_benchmark<tier::cuda>>> open_tier(std::uint32_t number, verify_mode verify) {
        const tier::tier_setup setup{.limit = request.size, .io_chunk = chunk, .queue_depth = 1};
        auto made = std::make_unique<block_benchmark<tier::cuda>>(
            setup, request.size, verify, tier::cuda_config{.first_device = number, .devices = 1});
        if (auto opened = made->open(); !opened) return opened.error();
        return made;
    }

    void add_rows(std::uint32_t place) {
        for (const auto& [block, depth] : cases) {
            gpu_row row{.gpu = devices[place].ordinal(), .block = block, .depth = depth};
            const auto add = [&](auto&& change) { change(figures.rows.emplace_back(row)); };
            for (const copy_way way : {copy_way::host_to_device, copy_way::device_to_host}) {
                if (!moves(way == copy_way::device_to_host ? 100 : 0)) continue;
                row.way = way;
                add([](gpu_row&) {});
                add([](gpu_row& r) { r.by_tier = true; });
                if (request.verify != verify_mode::none)
                    add([](gpu_row& r) { r.by_tier = r.checked = true; });
                add([](gpu_row& r) { r.pinned = false; });
            }
            row.way = copy_way::device_to_device;
            add([](gpu_row&) {});
            row.way = copy_way::peer;
            for (std::uint32_t other = 0; other < devices.size(); ++other)
                if (other != place)
                    add([&](gpu_row& r) {
                        r.to = devices[other].ordinal();
                        r.direct = copies->direct(place, other);
                    });
        }
    }

    [[nodiscard]] std::uint32_t place_of(std::uint32_t number) const {
        std::uint32_t place = 0;
        while (devices[place].ordinal() != number) ++place;
        return place;
    }

    result<block_result> measure_plain(gpu_row& row, const std::atomic<bool>& stop) {
        copy_case c{.way = row.way,
                    .gpu = place_of(row.gpu),
                    .to = row.way == copy_way::peer ? place_of(row.to) : 0,
                    .block = row.block,
                    .depth = row.depth,
                    .pinned = row.pinned,
                    .duration = from_seconds(request.seconds)};
        if (row.streams == 0) {
            auto best = copies->quickest_streams(c, stop);
            if (!best) return best.error();
            row.streams = *best;
        }
        c.streams = row.streams;
        auto r = copies->measure(c, stop);
        if (!r) return r.error();
        return as_block_result(std::move(*r), row);
    }

    result<block_result> measure_tier(gpu_row& row, const std::atomic<bool>& stop) {
        tiers& t = cuda[place_of(row.gpu)];
        auto& bench = row.checked ? *t.checked : *t.bare;
        auto r = bench.measure({.block = row.block,
                                .depth = row.depth,
                                .read_percent = row.way == copy_way::device_to_host ? 100 : 0,
                                .duration = from_seconds(request.seconds),
                                .stamped = row.checked},
                               stop);
        row.note = bench.note();
        return r;
    }

    /// The pinned plain copies that a row of the tier is held against: the last of them above it.
    const gpu_row& plain_of(std::size_t row) const {
        while (figures.rows[row].by_tier) --row;
        return figures.rows[row];
    }
};

gpu_measurement::gpu_measurement(const tiers_request& request, std::vector<size_and_depth> cases, bytes chunk)
    : state_(new state{.request = request, .cases = std::move(cases), .chunk = chunk}) {}
gpu_measurement::~gpu_measurement() = default;

result<void> gpu_measurement::open(const std::atomic<bool>& stop) {
    state& s = *state_;
    if (auto opened = s.open_devices(); !opened) return opened;
    s.copies = std::make_unique<copy_benchmark>(s.devices, s.request.size);
    if (auto opened = s.copies->open(); !opened) return opened;
    for (const gpu::device& d : s.devices) {
        if (stop) return {};
        state::tiers& t = s.cuda.emplace_back();
        auto bare = s.open_tier(d.ordinal(), verify_mode::none);
        if (!bare) return bare.error();
        t.bare = std::move(*bare);
        if (s.request.verify == verify_mode::none) continue;
        auto checked = s.open_tier(d.ordinal(), s.request.verify);
        if (!checked) return checked.error();
        t.checked = std::move(*checked);
    }
    for (std::uint32_t place = 0; place < s.devices.size(); ++place) s.add_rows(place);
    return {};
}

std::size_t gpu_measurement::row_count() const { return state_->figures.rows.size(); }

result<void> gpu_measurement::measure(std::size_t number, const std::atomic<bool>& stop) {
    state& s = *state_;
    gpu_row& row = s.figures.rows[number];
    auto found = row.by_tier ? s.measure_tier(row, stop) : s.measure_plain(row, stop);
    if (!found) return found.error();
    if (stop && found->operations() == 0) return {};
    row.rounds.push_back(std::move(*found));
    if (row.by_tier) row.plain.push_back(s.plain_of(number).rounds.back().bytes_per_second());
    return {};
}

std::string gpu_measurement::name_of(std::size_t row) const {
    return gpu_row_name(state_->figures.rows[row]);
}

gpu_figures gpu_measurement::figures() const {
    gpu_figures measured = state_->figures;
    std::erase_if(measured.rows, [](const gpu_row& row) { return row.rounds.empty(); });
    return measured;
}

} // namespace kvmark::cli
