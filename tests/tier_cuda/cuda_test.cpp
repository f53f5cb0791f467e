#include <kvmark/kvmark.hpp>
#include <kvmark/tier/cuda.hpp>

#include "stand_in/stand_in.hpp"

#include <cstring>

using namespace kvmark;
using tier::io_status;

namespace {

constexpr bytes chunk(64 * kib_bytes);

tier::tier_setup setup_of(bytes limit) { return {.limit = limit, .io_chunk = chunk}; }

/// Sectors that differ from each other and from those of another seed.
std::vector<std::byte> noise(std::size_t size, std::uint64_t seed) {
    std::vector<std::byte> all(size);
    random_stream draw(seed);
    for (std::size_t at = 0; at < size; at += 8) {
        const std::uint64_t value = draw.next();
        std::memcpy(all.data() + at, &value, 8);
    }
    return all;
}

/// Writes an entry chunk by chunk.
void put(tier::cuda& t, tier::entry_id e, const std::vector<std::byte>& content) {
    REQUIRE(t.create(e, bytes(content.size())).good());
    for (std::size_t at = 0; at < content.size(); at += chunk.count) {
        const std::size_t n = std::min<std::size_t>(chunk.count, content.size() - at);
        REQUIRE(t.write(e, bytes(at), {content.data() + at, n}).good());
    }
}
std::vector<std::byte> get(tier::cuda& t, tier::entry_id e, std::size_t size) {
    std::vector<std::byte> all(size);
    for (std::size_t at = 0; at < size; at += chunk.count) {
        const std::size_t n = std::min<std::size_t>(chunk.count, size - at);
        REQUIRE(t.read(e, bytes(at), {all.data() + at, n}).good());
    }
    return all;
}

} // namespace

TEST_CASE("cuda tier: entries come back as they were written, from one GPU and from three") {
    const int gpus = GENERATE(1, 3);
    const test::stand_in_cuda machine(("devices=" + std::to_string(gpus)).c_str());
    {
        tier::cuda t({.devices = static_cast<std::uint32_t>(gpus)});
        REQUIRE(t.open(setup_of(chunk * 30)).has_value());
        CHECK(machine.live_allocations() == static_cast<std::uint64_t>(gpus));
        for (tier::entry_id e = 0; e < 5; ++e) put(t, e, noise(5 * chunk.count + 4096 * e, e));
        for (tier::entry_id e = 0; e < 5; ++e)
            CHECK(get(t, e, 5 * chunk.count + 4096 * e) == noise(5 * chunk.count + 4096 * e, e));

        std::vector<std::byte> middle(8192);
        REQUIRE(t.read(3, chunk * 2 + bytes(4096), middle).good());
        const auto all = noise(5 * chunk.count + 4096 * 3, 3);
        CHECK(std::memcmp(middle.data(), all.data() + 2 * chunk.count + 4096, middle.size()) == 0);
    }
    CHECK(machine.live_allocations() == 0);
    CHECK(machine.live_streams() == 0);
}

TEST_CASE("cuda tier: the blocks of an entry lie on all GPUs in turns") {
    const test::stand_in_cuda machine("devices=2");
    tier::cuda t({.devices = 2});
    REQUIRE(t.open(setup_of(chunk * 8)).has_value());
    REQUIRE(t.create(0, chunk * 4).good());
    std::array<int, 2> blocks{};
    for (std::uint64_t i = 0; i < 4; ++i) ++blocks[t.device_of(0, chunk * i).ordinal()];
    CHECK(blocks == std::array<int, 2>{2, 2});
}

TEST_CASE("cuda tier: room that an erased entry gave back serves another, and no more than the limit") {
    const test::stand_in_cuda machine;
    tier::cuda t;
    REQUIRE(t.open(setup_of(chunk * 4)).has_value());
    CHECK(t.create(0, chunk * 3).good());
    CHECK(t.create(1, chunk * 2).error_number == ENOMEM);
    CHECK(t.erase(0).good());
    CHECK(t.create(1, chunk * 4).good());
    CHECK(t.erase(7).good());
}

TEST_CASE("cuda tier: says how much memory the GPU has left where it has not enough") {
    const test::stand_in_cuda machine("memory=64M");
    tier::cuda t;
    const auto opened = t.open(setup_of(bytes(65 * mib_bytes)));
    REQUIRE(!opened.has_value());
    CHECK(opened.error().kind == error_kind::system);
    CHECK(opened.error().message.starts_with("cuda tier: GPU 0: no memory for 0.063477 GiB (0.062500 of "
                                             "0.062500 GiB are free): CUDA_ERROR_OUT_OF_MEMORY (2)"));
}

TEST_CASE("cuda tier: more GPUs than there are is refused") {
    const test::stand_in_cuda machine("devices=2");
    tier::cuda t({.devices = 3});
    const auto opened = t.open(setup_of(chunk));
    REQUIRE(!opened.has_value());
    CHECK(opened.error().message == "cuda tier: --num-gpus 3: this process sees 2 (CUDA_VISIBLE_DEVICES)");
}

TEST_CASE("cuda tier: processes of a host take GPUs in turns, and their part of one that they share") {
    const test::stand_in_cuda machine("devices=2 memory=100M");
    tier::cuda t;
    tier::tier_setup setup = setup_of(chunk * 4);
    setup.local_rank = 1;
    setup.local_ranks = 2;
    CHECK(t.capacity(setup) == bytes(100 * mib_bytes / 100 * 95));
    setup.local_ranks = 4;
    CHECK(t.capacity(setup) == bytes(100 * mib_bytes / 100 * 95 / 2));
    REQUIRE(t.open(setup).has_value());
    REQUIRE(t.create(0, chunk).good());
    CHECK(t.device_of(0, {}).ordinal() == 1);
}

TEST_CASE("cuda tier: memory of workers is pinned, so that no copy blocks its thread") {
    const test::stand_in_cuda machine;
    tier::cuda t;
    REQUIRE(t.open(setup_of(chunk * 4)).has_value());
    huge_page_buffer memory(chunk);
    memory.touch(chunk);
    REQUIRE(t.create(0, chunk).good());
    REQUIRE(t.write(0, {}, memory.span()).good());
    CHECK(machine.pageable_copies() == 1);
    t.adopt(memory.span());
    CHECK(machine.pinned_ranges() == 1);
    REQUIRE(t.write(0, {}, memory.span()).good());
    REQUIRE(t.read(0, {}, memory.span()).good());
    CHECK(machine.pageable_copies() == 1);
    t.release(memory.span());
    CHECK(machine.pinned_ranges() == 0);
}

TEST_CASE("cuda tier: where memory cannot be pinned it works all the same, and says so") {
    const test::stand_in_cuda machine;
    tier::cuda t;
    REQUIRE(t.open(setup_of(chunk * 4)).has_value());
    machine.fail("cuMemHostRegister_v2", 2);
    huge_page_buffer memory(chunk);
    t.adopt(memory.span());
    CHECK(t.note().find("cannot pin") != std::string::npos);
    REQUIRE(t.create(0, chunk).good());
    CHECK(t.write(0, {}, memory.span()).good());
    t.release(memory.span());

    tier::cuda::queue queue;
    REQUIRE(queue.open(t, 1, memory.span()).has_value());
    queue.read(0, 0, {}, memory.span());
    queue.wait();
    int error_number = -1;
    queue.reap([&](std::uint32_t, io_status s) { error_number = s.error_number; });
    CHECK(error_number == 0);
}

TEST_CASE("cuda tier: a lost GPU fails each call at once, and is named") {
    const test::stand_in_cuda machine;
    tier::cuda t;
    REQUIRE(t.open(setup_of(chunk * 4)).has_value());
    put(t, 0, noise(chunk.count, 1));
    CHECK(!t.is_lost());
    CHECK(t.note().empty());
    machine.lose(0);
    std::vector<std::byte> into(chunk.count);
    CHECK(t.read(0, {}, into).error_number == ENODEV);
    CHECK(t.is_lost());
    CHECK(t.note() ==
          "GPU 0: lost during the run: CUDA_ERROR_LAUNCH_FAILED (719): unspecified launch failure");
    const std::uint64_t copies = machine.calls("cuMemcpyDtoHAsync_v2");
    CHECK(t.read(0, {}, into).error_number == ENODEV);
    CHECK(t.create(1, chunk).error_number == ENODEV);
    CHECK(machine.calls("cuMemcpyDtoHAsync_v2") == copies);
    CHECK(t.erase(0).good());
}

TEST_CASE("cuda tier: a copy that finds no memory is an error of its own, not the loss of the GPU") {
    const test::stand_in_cuda machine;
    tier::cuda t;
    REQUIRE(t.open(setup_of(chunk * 4)).has_value());
    REQUIRE(t.create(0, chunk).good());
    machine.fail("cuMemcpyHtoDAsync_v2", 2, 1, true);
    const auto content = noise(chunk.count, 1);
    CHECK(t.write(0, {}, content).error_number == ENOMEM);
    CHECK(!t.is_lost());
    CHECK(t.write(0, {}, content).good());
}

TEST_CASE("cuda tier: takes an entry over from another GPU without the host") {
    const test::stand_in_cuda machine("devices=2");
    tier::cuda near({.first_device = 0}), far({.first_device = 1});
    REQUIRE(near.open(setup_of(chunk * 4)).has_value());
    REQUIRE(far.open(setup_of(chunk * 4)).has_value());
    const auto content = noise(2 * chunk.count, 9);
    put(far, 0, content);
    REQUIRE(near.create(0, chunk * 2).good());
    const std::uint64_t to_host = machine.calls("cuMemcpyDtoHAsync_v2");
    CHECK(near.take(far, 0, {}, chunk).good());
    CHECK(near.take(far, 0, chunk, chunk).good());
    CHECK(machine.calls("cuMemcpyPeerAsync") == 2);
    CHECK(machine.calls("cuCtxEnablePeerAccess") == 1);
    CHECK(machine.calls("cuMemcpyDtoHAsync_v2") == to_host);
    CHECK(get(near, 0, content.size()) == content);
}

namespace {

/// A queue with its memory, and what it said.
struct queued_io {
    explicit queued_io(tier::cuda& t, std::uint32_t slots) : memory(chunk * slots) {
        memory.touch(chunk * slots);
        REQUIRE(queue.open(t, slots, memory.span()).has_value());
    }
    [[nodiscard]] std::span<std::byte> buffer(std::uint32_t slot) const {
        return memory.span().subspan(slot * chunk.count, chunk.count);
    }
    std::size_t reap() {
        const std::size_t before = ended.size();
        queue.reap([&](std::uint32_t slot, io_status s) { ended.emplace_back(slot, s.error_number); });
        return ended.size() - before;
    }
    void wait_for(std::size_t count) {
        while (ended.size() < count) {
            queue.wait();
            reap();
        }
    }

    huge_page_buffer memory;
    std::vector<std::pair<std::uint32_t, int>> ended;
    tier::cuda::queue queue;
};

} // namespace

TEST_CASE("cuda queue: copies are in flight together, and only asked for") {
    const test::stand_in_cuda machine("devices=2 latency_us=100000");
    tier::cuda t({.devices = 2});
    REQUIRE(t.open(setup_of(chunk * 8)).has_value());
    REQUIRE(t.create(0, chunk * 8).good());
    queued_io io(t, 8);
    for (std::uint32_t slot = 0; slot < 8; ++slot) {
        const auto content = noise(chunk.count, slot);
        std::memcpy(io.buffer(slot).data(), content.data(), content.size());
        io.queue.write(slot, 0, chunk * slot, io.buffer(slot));
    }
    CHECK(machine.calls("cuMemcpyHtoDAsync_v2") == 0); // nothing is begun before submit()
    io.queue.submit();
    CHECK(machine.calls("cuMemcpyHtoDAsync_v2") == 8);
    io.queue.poll();
    CHECK(io.reap() == 0); // each takes 0.1 s, and nobody waited
    io.wait_for(8);
    CHECK(machine.pageable_copies() == 0);

    for (std::uint32_t slot = 0; slot < 8; ++slot) {
        std::memset(io.buffer(slot).data(), 0, chunk.count);
        io.queue.read(slot, 0, chunk * slot, io.buffer(slot));
    }
    io.wait_for(16);
    for (std::uint32_t slot = 0; slot < 8; ++slot) {
        const auto content = noise(chunk.count, slot);
        CHECK(std::memcmp(io.buffer(slot).data(), content.data(), content.size()) == 0);
    }
    for (const auto& [slot, error_number] : io.ended) CHECK(error_number == 0);
}

TEST_CASE("cuda queue: a GPU lost with copies in flight ends each of them") {
    const test::stand_in_cuda machine("latency_us=1000");
    tier::cuda t;
    REQUIRE(t.open(setup_of(chunk * 8)).has_value());
    REQUIRE(t.create(0, chunk * 8).good());
    queued_io io(t, 8);
    machine.lose(0, 3);
    for (std::uint32_t slot = 0; slot < 8; ++slot) io.queue.write(slot, 0, chunk * slot, io.buffer(slot));
    io.wait_for(8);
    std::size_t failed = 0;
    for (const auto& [slot, error_number] : io.ended) failed += error_number == ENODEV;
    CHECK(failed >= 5);
    CHECK(t.is_lost());
    io.queue.read(0, 0, {}, io.buffer(0));
    io.wait_for(9);
    CHECK(io.ended.back() == std::pair<std::uint32_t, int>{0, ENODEV});
}

TEST_CASE("cuda queue: wake() from another thread ends a wait for nothing") {
    const test::stand_in_cuda machine;
    tier::cuda t;
    REQUIRE(t.open(setup_of(chunk)).has_value());
    queued_io io(t, 1);
    io.queue.wake();
    io.queue.wait();
    CHECK(io.reap() == 0);
}

TEST_CASE("cuda tier: tells what its GPUs are, and what they had free before it took memory") {
    const test::stand_in_cuda machine("devices=3 memory=128M");
    const test::stand_in_nvml nvml;
    tier::cuda t({.first_device = 1, .devices = 2});
    CHECK(t.gpus().empty());
    REQUIRE(t.open(setup_of(chunk * 20)).has_value());
    const auto gpus = t.gpus();
    REQUIRE(gpus.size() == 2);
    CHECK(gpus[1].index == 2);
    CHECK(gpus[1].name == "Stand-in GPU 2");
    CHECK(gpus[1].memory_free == bytes(128 * mib_bytes));
    CHECK(gpus[1].link_width_max == 16);
}

TEST_CASE("cuda queue: gives back what it made") {
    const test::stand_in_cuda machine;
    {
        tier::cuda t;
        REQUIRE(t.open(setup_of(chunk)).has_value());
        const queued_io io(t, 4);
        CHECK(machine.pinned_ranges() == 1);
    }
    CHECK(machine.live_streams() == 0);
    CHECK(machine.live_events() == 0);
    CHECK(machine.pinned_ranges() == 0);
}
