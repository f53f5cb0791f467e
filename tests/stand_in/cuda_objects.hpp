// What the handles of the stand-in for the CUDA driver stand for.
#pragma once

#include "stand_in/call_log.hpp"
#include "stand_in/device_memory.hpp"
#include "stand_in/host_kernel.hpp"

#include <kvmark/gpu/driver.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

/// CUresult: what kvmark does not tell apart.
namespace kvmark::cuda_status {
inline constexpr gpu::status invalid_device{101}, invalid_image{200}, invalid_ptx{218}, invalid_handle{400},
    not_found{500}, illegal_address{700}, peer_access_already_enabled{704}, context_is_destroyed{709},
    host_memory_already_registered{712}, host_memory_not_registered{713}, launch_failed{719};
}

namespace kvmark::gpu {

/// A GPU and its primary context.
struct context_of_driver {
    context_of_driver(int number_, int physical_, std::size_t bytes)
        : number(number_), physical(physical_), memory(physical_, bytes) {}

    /// What every call ends with from the first such error on.
    std::atomic<status> error{status::success};
    /// The first error stays.
    void fail(status s) {
        status none = status::success;
        error.compare_exchange_strong(none, s);
    }
    /// Counts down to the copy that the GPU is lost in; negative: none.
    std::atomic<std::int64_t> copies_to_loss{-1};

    const int number;   ///< CUdevice
    const int physical; ///< the same whatever CUDA_VISIBLE_DEVICES says
    std::atomic<int> references{0};
    std::mutex turn;
    std::set<context> peers{};
    std::unique_ptr<stream_of_driver> null_stream{};
    stand_in::device_memory memory;
};

struct event_of_driver {
    event_of_driver(context c, unsigned f) : owner(*c), flags(f) {}

    context_of_driver& owner;
    const unsigned flags;
    std::mutex turn;
    std::condition_variable changed;
    std::uint64_t recorded = 0, reached = 0;
    std::chrono::steady_clock::time_point at{}; ///< when it was reached
};

struct module_of_driver {
    std::string ptx{}; ///< empty: machine code
    std::vector<std::unique_ptr<kernel_of_driver>> kernels{};
};

struct kernel_of_driver {
    const stand_in::host_kernel& code;
};

/// Work of a stream.
struct task {
    enum class kind { copy, record, launch } what = kind::copy;
    // copy; a null context: host memory
    std::uint64_t to = 0, from = 0;
    context to_gpu = nullptr, from_gpu = nullptr;
    std::size_t bytes = 0;
    // record
    event reached = nullptr;
    std::uint64_t record = 0;
    // launch
    const stand_in::host_kernel* code = nullptr;
    stand_in::dim3 grid{}, block{};
    std::size_t shared_bytes = 0;
    struct alignas(16) argument {
        std::byte bytes[16];
    };
    std::array<argument, 16> arguments{};
};

/// Does its tasks in order, on a thread of its own.
struct stream_of_driver {
    explicit stream_of_driver(context c);
    ~stream_of_driver(); ///< when all is done

    context_of_driver& owner;

    /// How many tasks there were with this one. Waits while the queue is full, as the driver does.
    std::uint64_t push(const task&);
    void wait(std::uint64_t tasks);
    void wait_for_all();
    bool idle();

private:
    void work();
    void run(const task&);
    void copy(const task&);
    void launch(const task&);

    std::mutex turn_;
    std::condition_variable changed_;
    std::vector<task> queue_; ///< a ring, so that a call allocates nothing
    std::uint64_t pushed_ = 0, done_ = 0;
    bool ends_ = false;
    std::thread thread_;
};

} // namespace kvmark::gpu

namespace kvmark::stand_in {

/// Owns what handles point to.
template <class Object>
class live {
public:
    template <class... Arguments>
    Object* make(Arguments&&... arguments) {
        auto made = std::make_unique<Object>(std::forward<Arguments>(arguments)...);
        const std::lock_guard mine(turn_);
        Object* handle = made.get();
        all_[handle] = std::move(made);
        return handle;
    }
    bool has(Object* handle) {
        const std::lock_guard mine(turn_);
        return all_.count(handle) != 0;
    }
    /// Null: it is none. To be destroyed by the caller.
    std::unique_ptr<Object> take(Object* handle) {
        const std::lock_guard mine(turn_);
        const auto found = all_.find(handle);
        if (found == all_.end()) return nullptr;
        auto taken = std::move(found->second);
        all_.erase(found);
        return taken;
    }
    std::size_t count() {
        const std::lock_guard mine(turn_);
        return all_.size();
    }
    template <class Body>
    void each(Body&& body) {
        const std::lock_guard mine(turn_);
        for (auto& [handle, object] : all_) body(*object);
    }

private:
    std::mutex turn_;
    std::map<Object*, std::unique_ptr<Object>> all_{};
};

/// The host memory that is pinned.
class pinned_ranges {
public:
    enum class answer { done, already, never };
    answer add(std::uintptr_t begin, std::size_t bytes);
    answer remove(std::uintptr_t begin);
    bool covers(std::uintptr_t begin, std::size_t bytes);
    std::size_t count();

private:
    std::mutex turn_;
    std::map<std::uintptr_t, std::size_t> ranges_{};
};

/// All of it, for as long as the process lives, or until the next reset.
struct machine {
    explicit machine(const settings&);

    static machine& get();
    /// Nothing may be alive in the one before.
    static void replace(const settings&);

    /// That of the number or handle; null: there is none.
    gpu::context gpu(int number) {
        return number >= 0 && static_cast<std::size_t>(number) < gpus.size()
                   ? gpus[static_cast<std::size_t>(number)].get()
                   : nullptr;
    }
    gpu::context gpu(const gpu::context_of_driver* handle) {
        return handle != nullptr && gpu(handle->number) == handle ? gpu(handle->number) : nullptr;
    }
    gpu::context owner_of(gpu::device_address at) {
        for (const auto& g : gpus)
            if (g->memory.host_pointer(at, 0) != nullptr) return g.get();
        return nullptr;
    }

    const settings asked;
    std::atomic<bool> started{false};
    std::vector<std::unique_ptr<gpu::context_of_driver>> gpus{}; ///< those that are visible
    pinned_ranges pinned{};
    std::atomic<std::uint64_t> pageable_copies{0};
    live<gpu::module_of_driver> modules{};
    live<gpu::event_of_driver> events{};
    live<gpu::stream_of_driver> streams{}; ///< last: they work with all the others
};

/// The context of the calling thread, or why it has none to use.
gpu::status current_context(gpu::context&);
void set_current_context(gpu::context);

} // namespace kvmark::stand_in

#define KVMARK_CUDA extern "C" [[gnu::visibility("default")]]

/// What calls begin with: those that always work, those after cuInit, and those for the thread's context.
#define KVMARK_CUDA_CALL()                                                                                   \
    if (const int asked = KVMARK_STAND_IN_CALL(); asked != 0) return kvmark::gpu::status {                   \
            asked                                                                                            \
        }
#define KVMARK_CUDA_CALL_WHEN_STARTED()                                                                      \
    KVMARK_CUDA_CALL();                                                                                      \
    if (!kvmark::stand_in::machine::get().started) return kvmark::gpu::status::not_initialized
#define KVMARK_CUDA_CALL_IN(current)                                                                         \
    KVMARK_CUDA_CALL_WHEN_STARTED();                                                                         \
    kvmark::gpu::context current = nullptr;                                                                  \
    if (const auto state = kvmark::stand_in::current_context(current);                                       \
        state != kvmark::gpu::status::success)                                                               \
    return state
