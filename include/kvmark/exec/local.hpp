// The executor of one machine: worker threads for each tier, signals and timers, on Boost.Asio.
#pragma once

#include <kvmark/exec/executor.hpp>
#include <kvmark/exec/unit_dispenser.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>

#include <csignal>
#include <memory>
#include <sys/eventfd.h>
#include <vector>

namespace kvmark::exec {

/// Each tier that holds bytes has a lane: a queue and as many workers as the tier wants I/Os in flight. A
/// worker takes the next unit of the lane's oldest operation by one compare-and-swap and goes to sleep only
/// when the lane is empty; the engine is woken once per operation, not once per I/O. SIGINT and SIGTERM end
/// the run: I/Os under way finish, no other begins.
template <class Stack>
class local_crew {
public:
    KVMARK_COLD explicit local_crew(const crew_setup<Stack>& setup)
        : path_(setup.path), signals_(context_, SIGINT, SIGTERM), timer_(context_),
          doorbell_(context_, ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
        for (std::size_t t = 0; t < Stack::size; ++t)
            for (std::uint32_t i = 0; i < setup.depths[t]; ++i)
                workers_.push_back(std::make_unique<worker>(setup.io, t));
    }
    local_crew(const local_crew&) = delete;
    local_crew& operator=(const local_crew&) = delete;
    KVMARK_COLD ~local_crew() { halt(); }

    [[nodiscard]] KVMARK_COLD result<void> start() {
        for (const auto& w : workers_)
            if (!w->io.has_buffers())
                return error{error_kind::system,
                             "cannot map the I/O buffers; give a smaller --io-chunk or --queue-depth"};
        signals_.async_wait([this](const boost::system::error_code& failed, int number) {
            if (!failed) signal_ = number;
        });
        listen();
        pool_ = std::make_unique<boost::asio::thread_pool>(workers_.size());
        for (const auto& w : workers_) boost::asio::post(*pool_, [this, w = w.get()] { work(*w); });
        return {};
    }

    void submit(std::uint8_t index, engine::io_op& op) {
        lane& l = lanes_[index];
        op.next = nullptr;
        if (l.first || !l.ready.offer(op)) {
            (l.first ? l.last->next : l.first) = &op;
            l.last = &op;
            return;
        }
        ring(l, op.units);
    }

    [[nodiscard]] engine::io_op* reap() {
        if (!reaped_) {
            // The stack of completions, turned over so that the oldest comes first.
            for (auto* op = completed_.exchange(nullptr, std::memory_order_acquire); op;) {
                auto* following = op->next;
                op->next = reaped_;
                reaped_ = op;
                op = following;
            }
            refill();
        }
        if (!reaped_) return nullptr;
        return std::exchange(reaped_, reaped_->next);
    }

    void wait(nanoseconds at_most) {
        if (at_most.count <= 0) {
            context_.poll();
            return;
        }
        asleep_.store(true);
        if (completed_.load() == nullptr) {
            timer_.expires_after(std::chrono::nanoseconds(at_most.count));
            timer_.async_wait([](const boost::system::error_code&) {});
            context_.run_one();
            timer_.cancel();
        }
        asleep_.store(false);
        context_.poll();
    }

    [[nodiscard]] bool stop_requested() const { return signal_ != 0; }
    /// SIGINT, SIGTERM or 0.
    [[nodiscard]] int stop_signal() const { return signal_; }

    KVMARK_COLD void halt() {
        if (!pool_) return;
        halted_.store(true);
        for (lane& l : lanes_) {
            l.bell.fetch_add(1);
            l.bell.notify_all();
        }
        pool_->join();
        pool_.reset();
    }

    template <class F>
    void for_each_worker(F&& f) {
        for (const auto& w : workers_) f(w->io);
    }

private:
    struct lane {
        unit_dispenser ready;
        alignas(64) std::atomic<int> bell{0}; ///< rung when there is more to do
        engine::io_op* first = nullptr;       ///< what the ring had no place for
        engine::io_op* last = nullptr;
    };
    struct worker {
        worker(const engine::io_settings& settings, std::size_t tier)
            : io(settings, Stack::size), lane(tier) {}
        engine::io_worker io;
        std::size_t lane;
    };

    void work(worker& w) {
        lane& l = lanes_[w.lane];
        while (!halted_.load(std::memory_order_relaxed)) {
            const int bell = l.bell.load(std::memory_order_acquire);
            const auto unit = l.ready.take();
            if (!unit.op) {
                if (!halted_.load()) l.bell.wait(bell, std::memory_order_acquire);
                continue;
            }
            path_.perform(*unit.op, unit.index, w.io);
            if (unit.op->unfinished.fetch_sub(1, std::memory_order_acq_rel) == 1) complete(*unit.op);
        }
    }

    void complete(engine::io_op& op) {
        auto* top = completed_.load(std::memory_order_relaxed);
        do {
            op.next = top;
        } while (!completed_.compare_exchange_weak(top, &op));
        if (!asleep_.exchange(false)) return;
        const std::uint64_t one = 1;
        static_cast<void>(!::write(doorbell_.native_handle(), &one, sizeof one));
    }

    void ring(lane& l, std::uint32_t units) {
        l.bell.fetch_add(1, std::memory_order_release);
        if (units == 1)
            l.bell.notify_one();
        else
            l.bell.notify_all();
    }

    void refill() {
        for (lane& l : lanes_)
            while (l.first) {
                engine::io_op& op = *l.first;
                engine::io_op* following = op.next;
                if (!l.ready.offer(op)) break;
                ring(l, op.units);
                l.first = following;
            }
    }

    void listen() {
        doorbell_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                             [this](const boost::system::error_code& failed) {
                                 if (failed) return;
                                 std::uint64_t rings;
                                 static_cast<void>(!::read(doorbell_.native_handle(), &rings, sizeof rings));
                                 listen();
                             });
    }

    engine::io_path<Stack>& path_;
    boost::asio::io_context context_{1};
    boost::asio::signal_set signals_;
    boost::asio::steady_timer timer_;
    boost::asio::posix::stream_descriptor doorbell_;
    std::array<lane, Stack::size> lanes_;
    std::vector<std::unique_ptr<worker>> workers_;
    std::unique_ptr<boost::asio::thread_pool> pool_;
    std::atomic<engine::io_op*> completed_{nullptr};
    engine::io_op* reaped_ = nullptr;
    std::atomic<bool> asleep_{false};
    std::atomic<bool> halted_{false};
    int signal_ = 0;
};

template <class Stack>
struct crew_of<local, Stack> {
    using type = local_crew<Stack>;
};

} // namespace kvmark::exec
