// The thread of a stream, and what it does.
#include "stand_in/cuda_objects.hpp"

#include <cstring>
#include <sys/prctl.h>

namespace kvmark::gpu {
namespace {

constexpr std::size_t queue_length = 512;

std::byte* place(context c, std::uint64_t address, std::size_t bytes) {
    return c == nullptr ? reinterpret_cast<std::byte*>(address) : c->memory.host_pointer(address, bytes);
}

/// Whether this is the copy that the GPU is lost in.
bool is_lost_with(context_of_driver& c) {
    return c.copies_to_loss >= 0 && c.copies_to_loss.fetch_sub(1) == 1;
}

} // namespace

stream_of_driver::stream_of_driver(context c)
    : owner(*c), queue_(queue_length), thread_([this] { work(); }) {}

stream_of_driver::~stream_of_driver() {
    {
        const std::lock_guard mine(turn_);
        ends_ = true;
    }
    changed_.notify_all();
    thread_.join();
}

std::uint64_t stream_of_driver::push(const task& t) {
    std::unique_lock mine(turn_);
    changed_.wait(mine, [&] { return pushed_ - done_ < queue_.size(); });
    queue_[pushed_ % queue_.size()] = t;
    const std::uint64_t tasks = ++pushed_;
    mine.unlock();
    changed_.notify_all();
    return tasks;
}

void stream_of_driver::wait(std::uint64_t tasks) {
    std::unique_lock mine(turn_);
    changed_.wait(mine, [&] { return done_ >= tasks; });
}

void stream_of_driver::wait_for_all() {
    std::unique_lock mine(turn_);
    changed_.wait(mine, [&] { return done_ == pushed_; });
}

bool stream_of_driver::idle() {
    const std::lock_guard mine(turn_);
    return done_ == pushed_;
}

void stream_of_driver::work() {
    ::prctl(PR_SET_TIMERSLACK, 1000UL); // a sleep of some microseconds is one
    std::unique_lock mine(turn_);
    for (;;) {
        changed_.wait(mine, [&] { return ends_ || done_ != pushed_; });
        if (done_ == pushed_) return;
        const task& next = queue_[done_ % queue_.size()]; // stays while it is not counted as done
        mine.unlock();
        run(next);
        mine.lock();
        ++done_;
        changed_.notify_all();
    }
}

void stream_of_driver::run(const task& t) {
    // After an error nothing is done any more, but all of it ends.
    const bool works = owner.error == status::success;
    if (t.what == task::kind::record) {
        const std::lock_guard mine(t.reached->turn);
        if (t.record > t.reached->reached) {
            t.reached->reached = t.record;
            t.reached->at = std::chrono::steady_clock::now();
        }
        t.reached->changed.notify_all();
    } else if (works && t.what == task::kind::copy) {
        copy(t);
    } else if (works) {
        launch(t);
    }
}

void stream_of_driver::copy(const task& t) {
    using namespace std::chrono;
    const auto begin = steady_clock::now();
    if (is_lost_with(owner)) return owner.fail(cuda_status::launch_failed);
    std::byte* to = place(t.to_gpu, t.to, t.bytes);
    const std::byte* from = place(t.from_gpu, t.from, t.bytes);
    if (to == nullptr || from == nullptr) return owner.fail(cuda_status::illegal_address);
    std::memmove(to, from, t.bytes);
    const stand_in::settings& asked = stand_in::machine::get().asked;
    double seconds = asked.latency_us / 1e6;
    if (asked.gib_per_s > 0) seconds += static_cast<double>(t.bytes) / (asked.gib_per_s * (1 << 30));
    if (seconds > 0)
        std::this_thread::sleep_until(begin + duration_cast<nanoseconds>(duration<double>(seconds)));
}

void stream_of_driver::launch(const task& t) {
    std::array<void*, 16> arguments{};
    auto values = t.arguments;
    for (std::size_t i = 0; i < arguments.size(); ++i) arguments[i] = values[i].bytes;
    if (!t.code->run({t.grid, t.block, t.shared_bytes, arguments.data(), owner}))
        owner.fail(cuda_status::illegal_address);
}

} // namespace kvmark::gpu

namespace kvmark::stand_in {

std::byte* kernel_launch::memory(std::uint64_t address, std::size_t bytes) const {
    if (device_memory::is_device(address)) return gpu.memory.host_pointer(address, bytes);
    return machine::get().pinned.covers(address, bytes) ? reinterpret_cast<std::byte*>(address) : nullptr;
}

} // namespace kvmark::stand_in
