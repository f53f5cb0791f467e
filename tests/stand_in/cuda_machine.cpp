// What the stand-in for the CUDA driver has, and how a test sees and changes it.
#include "stand_in/cuda_objects.hpp"

#include <algorithm>

namespace kvmark::stand_in {
namespace {

std::atomic<machine*> the_machine{nullptr};
thread_local gpu::context current = nullptr;

/// As the driver does: the numbers up to the first that is none.
std::vector<int> visible_of(int devices) {
    std::vector<int> visible;
    const char* asked = std::getenv("CUDA_VISIBLE_DEVICES");
    if (asked == nullptr) {
        for (int i = 0; i < devices; ++i) visible.push_back(i);
        return visible;
    }
    std::istringstream numbers(asked);
    for (std::string number; std::getline(numbers, number, ',');) {
        std::istringstream text(number);
        int i = -1;
        if (!(text >> i) || i < 0 || i >= devices || std::count(visible.begin(), visible.end(), i) != 0)
            break;
        visible.push_back(i);
    }
    return visible;
}

} // namespace

machine::machine(const settings& s) : asked(s) {
    for (const int physical : visible_of(s.devices)) {
        gpus.push_back(
            std::make_unique<gpu::context_of_driver>(static_cast<int>(gpus.size()), physical, s.memory));
        for (const settings::loss& l : s.losses)
            if (l.device == gpus.back()->number)
                gpus.back()->copies_to_loss = static_cast<std::int64_t>(l.copy);
    }
}

machine& machine::get() {
    static std::once_flag once;
    std::call_once(once, [] {
        if (the_machine == nullptr)
            the_machine = new machine(settings::parse(std::getenv("KVMARK_STAND_IN")));
    });
    return *the_machine;
}

void machine::replace(const settings& s) {
    machine& old = get();
    for (const auto& g : old.gpus)
        if (g->references != 0) {
            std::fprintf(stderr, "stand-in: reset while GPU %d is open\n", g->number);
            std::abort();
        }
    const bool started = old.started;
    the_machine = new machine(s);
    get().started = started;
    current = nullptr;
    delete &old;
}

gpu::status current_context(gpu::context& c) {
    c = machine::get().gpu(current);
    if (c == nullptr) return gpu::status::invalid_context;
    if (c->references == 0) return cuda_status::context_is_destroyed;
    return c->error;
}

void set_current_context(gpu::context c) { current = c; }

pinned_ranges::answer pinned_ranges::add(std::uintptr_t begin, std::size_t bytes) {
    const std::lock_guard mine(turn_);
    const auto after = ranges_.lower_bound(begin + bytes);
    if (after != ranges_.begin()) {
        const auto& [at, length] = *std::prev(after);
        if (at + length > begin) return answer::already;
    }
    ranges_[begin] = bytes;
    return answer::done;
}

pinned_ranges::answer pinned_ranges::remove(std::uintptr_t begin) {
    const std::lock_guard mine(turn_);
    return ranges_.erase(begin) != 0 ? answer::done : answer::never;
}

bool pinned_ranges::covers(std::uintptr_t begin, std::size_t bytes) {
    const std::lock_guard mine(turn_);
    const auto after = ranges_.upper_bound(begin);
    if (after == ranges_.begin()) return false;
    const auto& [at, length] = *std::prev(after);
    return begin + bytes <= at + length;
}

std::size_t pinned_ranges::count() {
    const std::lock_guard mine(turn_);
    return ranges_.size();
}

} // namespace kvmark::stand_in

// What stand_in.hpp calls.
using kvmark::stand_in::machine;

KVMARK_STAND_IN_CALL_CONTROLS();

KVMARK_CUDA void kvmark_stand_in_reset(const char* words) {
    const auto asked = kvmark::stand_in::settings::parse(words);
    kvmark::stand_in::call_log::get().reset(asked);
    machine::replace(asked);
}
KVMARK_CUDA void kvmark_stand_in_lose(int device, std::uint64_t after_copies) {
    const kvmark::gpu::context lost = machine::get().gpu(device);
    if (lost == nullptr) std::abort();
    if (after_copies == 0)
        lost->fail(kvmark::cuda_status::launch_failed);
    else
        lost->copies_to_loss = static_cast<std::int64_t>(after_copies) + 1;
}
KVMARK_CUDA std::uint64_t kvmark_stand_in_pageable_copies() { return machine::get().pageable_copies; }
KVMARK_CUDA std::uint64_t kvmark_stand_in_live_allocations() {
    std::uint64_t all = 0;
    for (const auto& g : machine::get().gpus) all += g->memory.allocations();
    return all;
}
KVMARK_CUDA std::uint64_t kvmark_stand_in_live_streams() { return machine::get().streams.count(); }
KVMARK_CUDA std::uint64_t kvmark_stand_in_live_events() { return machine::get().events.count(); }
KVMARK_CUDA std::uint64_t kvmark_stand_in_pinned_ranges() { return machine::get().pinned.count(); }
KVMARK_CUDA void* kvmark_stand_in_host_pointer(std::uint64_t address, std::size_t bytes) {
    for (const auto& g : machine::get().gpus)
        if (void* at = g->memory.host_pointer(address, bytes); at != nullptr) return at;
    return nullptr;
}
