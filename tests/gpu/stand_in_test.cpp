// The stand-in is held to what the driver's reference says, since the other tests of GPUs believe it.
#include "stand_in/stand_in.hpp"

#include <kvmark/gpu/memory.hpp>
#include <kvmark/gpu/stream.hpp>

#include "support/child_process.hpp"

#include <cstring>
#include <thread>
#include <vector>

using namespace kvmark;
using gpu::status;
using test::stand_in_cuda;

namespace {

/// A GPU with a stream, an event and host memory to copy to and from.
struct bench {
    explicit bench(const char* words = "") : gpus(words), api(*gpu::driver::get()), card(open(api)) {}

    static gpu::device open(const gpu::driver& d, std::uint32_t ordinal = 0) {
        auto opened = gpu::device::open(d, ordinal);
        REQUIRE(opened);
        return std::move(*opened);
    }
    gpu::device_memory memory(bytes size) const {
        auto made = gpu::device_memory::allocate(card, size);
        REQUIRE(made);
        return std::move(*made);
    }
    status finish(gpu::stream s) const {
        for (;;)
            if (const status now = api.query_stream(s); now != status::not_ready) return now;
    }

    stand_in_cuda gpus;
    const gpu::driver& api;
    gpu::device card;
    gpu::owned_stream work = std::move(*gpu::make_stream(card));
};

} // namespace

TEST_CASE("stand-in: bytes go to the GPU, within it, and back") {
    const bench b;
    std::vector<std::byte> there(10'000, std::byte{7}), back(10'000);
    const auto to = gpu::pinned_memory::pin(b.card, there), from = gpu::pinned_memory::pin(b.card, back);
    const auto first = b.memory(bytes(10'000)), second = b.memory(bytes(10'000));
    REQUIRE(b.api.copy_to_device(first.address(), there.data(), there.size(), b.work.get()) ==
            status::success);
    REQUIRE(b.api.copy_on_device(second.address(), first.address(), there.size(), b.work.get()) ==
            status::success);
    REQUIRE(b.api.copy_to_host(back.data(), second.address(), back.size(), b.work.get()) == status::success);
    CHECK(b.finish(b.work.get()) == status::success);
    CHECK(back == there);
    CHECK(b.gpus.pageable_copies() == 0);
    CHECK(b.gpus.calls("cuMemcpyHtoDAsync_v2") == 1);
}

TEST_CASE("stand-in: memory of the GPU cannot be touched by the CPU") {
    const bench b;
    const auto memory = b.memory(bytes(4096));
    const auto touch = [&] {
        ::signal(SIGSEGV, SIG_DFL);
        return static_cast<int>(*reinterpret_cast<volatile char*>(memory.address()));
    };
    CHECK(test::exit_status_of(touch) == 128 + SIGSEGV);
}

TEST_CASE(
    "stand-in: a copy of pinned memory is under way when the call returns, one of other memory is done") {
    const bench b("latency_us=50000");
    std::vector<std::byte> host(4096);
    const auto memory = b.memory(bytes(4096));
    REQUIRE(b.api.copy_to_device(memory.address(), host.data(), host.size(), b.work.get()) ==
            status::success);
    CHECK(b.api.query_stream(b.work.get()) == status::success);
    CHECK(b.gpus.pageable_copies() == 1);

    const auto pinned = gpu::pinned_memory::pin(b.card, host);
    REQUIRE(pinned);
    const auto event = gpu::make_event(b.card);
    REQUIRE(b.api.copy_to_device(memory.address(), host.data(), host.size(), b.work.get()) ==
            status::success);
    REQUIRE(b.api.record_event(event->get(), b.work.get()) == status::success);
    CHECK(b.api.query_stream(b.work.get()) == status::not_ready);
    CHECK(b.api.query_event(event->get()) == status::not_ready);
    CHECK(b.finish(b.work.get()) == status::success);
    CHECK(b.api.query_event(event->get()) == status::success);
    CHECK(b.gpus.pageable_copies() == 1);
}

TEST_CASE("stand-in: a copy takes the time that was asked for") {
    const bench b("latency_us=1000 gib_per_s=1");
    std::vector<std::byte> host(1 << 24);
    const auto pinned = gpu::pinned_memory::pin(b.card, host);
    const auto memory = b.memory(bytes(host.size()));
    const auto begin = gpu::make_event(b.card, 0), end = gpu::make_event(b.card, 0);
    REQUIRE(b.api.record_event(begin->get(), b.work.get()) == status::success);
    REQUIRE(b.api.copy_to_device(memory.address(), host.data(), host.size(), b.work.get()) ==
            status::success);
    REQUIRE(b.api.record_event(end->get(), b.work.get()) == status::success);
    REQUIRE(b.finish(b.work.get()) == status::success);
    float milliseconds = 0;
    REQUIRE(b.api.elapsed_ms(&milliseconds, begin->get(), end->get()) == status::success);
    CHECK(milliseconds >= 1 + 1000. / 64);
}

TEST_CASE("stand-in: a thread has no context until it sets one, and none of a GPU that was closed") {
    bench b;
    gpu::device_address made = 0;
    status elsewhere{};
    std::thread([&] { elsewhere = b.api.allocate(&made, 4096); }).join();
    CHECK(elsewhere == status::invalid_context);
    CHECK(b.card.make_current() == status::success);
    b.work = {};
    b.card = {};
    CHECK(b.api.allocate(&made, 4096) == status{709});
}

TEST_CASE("stand-in: an illegal address ends the work of its GPU for good") {
    const bench b("devices=2");
    const gpu::device other = bench::open(b.api, 1);
    std::vector<std::byte> host(4096);
    const auto pinned = gpu::pinned_memory::pin(b.card, host);
    auto memory = b.memory(bytes(4096)), beside = b.memory(bytes(4096));
    const auto theirs = gpu::device_memory::allocate(other, bytes(4096));
    REQUIRE(theirs);
    REQUIRE(b.card.make_current() == status::success);
    const auto which = static_cast<std::size_t>(GENERATE(0, 1, 2));
    const gpu::device_address wrong =
        std::vector{memory.address() + 1, theirs->address(), gpu::device_address{0}}[which];
    REQUIRE(b.api.copy_to_device(wrong, host.data(), host.size(), b.work.get()) == status::success);
    CHECK(b.finish(b.work.get()) == status{700});
    std::size_t free = 0, total = 0;
    CHECK(b.api.memory_info(&free, &total) == status{700});
    REQUIRE(other.make_current() == status::success);
    CHECK(b.api.memory_info(&free, &total) == status::success);
}

TEST_CASE("stand-in: bytes go from one GPU to another") {
    const bench b("devices=2");
    const gpu::device other = bench::open(b.api, 1);
    const auto memory = b.memory(bytes(4096));
    const auto theirs = gpu::device_memory::allocate(other, bytes(4096));
    std::memset(b.gpus.host_pointer(memory.address(), 4096), 9, 4096);
    REQUIRE(b.card.make_current() == status::success);
    CHECK(b.api.enable_peer_access(other.context(), 0) == status::success);
    CHECK(b.api.enable_peer_access(other.context(), 0) == gpu::peer_access_already_enabled);
    REQUIRE(b.api.copy_to_peer(theirs->address(), other.context(), memory.address(), b.card.context(), 4096,
                               b.work.get()) == status::success);
    CHECK(b.finish(b.work.get()) == status::success);
    CHECK(b.gpus.host_pointer(theirs->address(), 4096)[4095] == std::byte{9});
}

TEST_CASE("stand-in: a lost GPU fails what it has under way, and all that comes") {
    const char* words = GENERATE("lost=0@2", "");
    const bench b(words);
    if (*words == 0) b.gpus.lose(0, 1);
    std::vector<std::byte> host(4096);
    const auto pinned = gpu::pinned_memory::pin(b.card, host);
    auto memory = b.memory(bytes(4096));
    const auto event = gpu::make_event(b.card);
    const auto copy = [&] {
        return b.api.copy_to_device(memory.address(), host.data(), host.size(), b.work.get());
    };
    REQUIRE(copy() == status::success);
    REQUIRE(b.finish(b.work.get()) == status::success);
    REQUIRE(copy() == status::success);
    CHECK(b.finish(b.work.get()) == status{719});
    CHECK(copy() == status{719});
    CHECK(b.api.record_event(event->get(), b.work.get()) == status{719});
    CHECK(b.api.query_event(event->get()) == status{719});
    CHECK(b.api.free(memory.address()) == status{719});
    CHECK(b.card.make_current() == status{719});
}

TEST_CASE("stand-in: a function fails from the call on that was asked for, or in that one alone") {
    const bool words = GENERATE(true, false), only_once = GENERATE(true, false);
    const bench b(!words ? "" : only_once ? "fail=cuMemGetInfo_v2:2@2+1" : "fail=cuMemGetInfo_v2:2@2");
    if (!words) b.gpus.fail("cuMemGetInfo_v2", 2, 2, only_once);
    std::size_t free = 0, total = 0;
    const auto ask = [&] { return b.api.memory_info(&free, &total); };
    CHECK(ask() == status::success);
    CHECK(ask() == status::out_of_memory);
    CHECK(ask() == (only_once ? status::success : status::out_of_memory));
    CHECK(b.gpus.calls("cuMemGetInfo_v2") == 3);
}

TEST_CASE("stand-in: a kernel runs in its stream, with its arguments") {
    const bench b;
    const auto memory = b.memory(bytes(4096));
    gpu::module module = nullptr;
    gpu::kernel kernel = nullptr;
    const char* ptx =
        "// made by hand\n.version 7.0\n.target sm_70\n.visible .entry fill(.param .u64 at)\n{ ret; }\n";
    CHECK(b.api.load_module(&module, "no PTX") == status{218});
    REQUIRE(b.api.load_module(&module, ptx) == status::success);
    CHECK(b.api.find_kernel(&kernel, module, "fil") == status{500});
    REQUIRE(b.api.find_kernel(&kernel, module, "fill") == status::success);
    std::uint64_t to = memory.address(), size = 4096;
    std::uint32_t value = 5;
    void* arguments[] = {&to, &size, &value};
    const auto launch = [&] {
        return b.api.launch(kernel, 1, 1, 1, 32, 1, 1, 0, b.work.get(), arguments, nullptr);
    };
    REQUIRE(launch() == status::success);
    CHECK(b.finish(b.work.get()) == status::success);
    CHECK(b.gpus.host_pointer(to, size)[4095] == std::byte{5});
    size = 4097;
    REQUIRE(launch() == status::success);
    CHECK(b.finish(b.work.get()) == status{700});
    CHECK(b.api.unload_module(module) == status{700});
}

TEST_CASE("stand-in: CUDA_VISIBLE_DEVICES chooses and orders the GPUs") {
    ::setenv("CUDA_VISIBLE_DEVICES", "2,0,9,1", 1);
    const stand_in_cuda gpus("devices=4");
    ::unsetenv("CUDA_VISIBLE_DEVICES");
    const gpu::driver& api = *gpu::driver::get();
    int count = 0;
    REQUIRE(api.device_count(&count) == status::success);
    CHECK(count == 2);
    char address[16] = "";
    REQUIRE(api.device_pci_address(address, sizeof address, 0) == status::success);
    CHECK(std::string(address) == "0000:03:00.0");
}
