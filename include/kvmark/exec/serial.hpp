// The executor without threads: the calling thread does the I/O between two events.
#pragma once

#include <kvmark/engine/adopted_memory.hpp>
#include <kvmark/exec/executor.hpp>

namespace kvmark::exec {

/// Depends on nothing but the standard library. One I/O at a time: for a first run, for debugging, and for
/// virtual time, where there is no I/O.
struct serial {
    static constexpr std::string_view name = "serial";
    static constexpr std::string_view header = "<kvmark/exec/serial.hpp>";
    static constexpr bool uses_launcher = false;
};

template <class Stack>
class serial_crew {
public:
    KVMARK_COLD explicit serial_crew(const crew_setup<Stack>& setup)
        : path_(setup.path), worker_(setup.io, Stack::size) {}

    [[nodiscard]] result<void> start() {
        if (!worker_.has_buffers())
            return error{error_kind::system, "cannot map the I/O buffers; give a smaller --io-chunk"};
        known_.emplace(path_.tiers(), worker_.memory());
        return {};
    }

    void submit(std::uint8_t, engine::io_op& op) {
        op.next = nullptr;
        (last_ ? last_->next : first_) = &op;
        last_ = &op;
    }

    [[nodiscard]] engine::io_op* reap() { return std::exchange(done_, nullptr); }

    /// Does one unit of the oldest operation; sleeps where there is none.
    void wait(nanoseconds at_most) {
        if (!first_) return sleep(at_most);
        path_.perform(*first_, unit_++, worker_);
        if (unit_ < first_->units) return;
        unit_ = 0;
        done_ = first_;
        first_ = first_->next;
        if (!first_) last_ = nullptr;
    }

    [[nodiscard]] static constexpr bool stop_requested() { return false; }
    [[nodiscard]] static constexpr int stop_signal() { return 0; }
    void halt() { known_.reset(); }

    template <class F>
    void for_each_worker(F&& f) {
        f(worker_);
    }

private:
    static void sleep(nanoseconds t) {
        if (t.count <= 0) return;
        const timespec span{t.count / 1'000'000'000, t.count % 1'000'000'000};
        ::nanosleep(&span, nullptr);
    }

    engine::io_path<Stack>& path_;
    engine::io_worker worker_;
    std::optional<engine::adopted_memory<Stack>> known_;
    engine::io_op* first_ = nullptr;
    engine::io_op* last_ = nullptr;
    engine::io_op* done_ = nullptr;
    std::uint32_t unit_ = 0;
};

template <class Stack>
struct crew_of<serial, Stack> {
    using type = serial_crew<Stack>;
};

} // namespace kvmark::exec
