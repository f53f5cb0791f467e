// The executor of one machine: workers for each tier, signals and timers, on Boost.Asio.
#pragma once

#include <kvmark/engine/adopted_memory.hpp>
#include <kvmark/exec/executor.hpp>
#include <kvmark/exec/queue_driver.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>

#include <csignal>
#include <latch>
#include <memory>
#include <sys/eventfd.h>
#include <thread>
#include <vector>

namespace kvmark::exec {

/// Each tier that holds bytes has a lane, which workers serve: of a tier with a queue, a few threads that
/// keep its I/Os in flight, and two for what a queue does not do (create, commit, erase); of another tier, a
/// thread for each I/O in flight. A worker takes the next unit of the lane's oldest operation by one
/// compare-and-swap and goes to sleep only when the lane is empty; the engine is woken once per operation,
/// not once per I/O. SIGINT and SIGTERM end the run: I/Os under way finish, no other begins.
template <class Stack>
class local_crew {
public:
    KVMARK_COLD explicit local_crew(const crew_setup<Stack>& setup)
        : path_(setup.path), signals_(context_, SIGINT, SIGTERM), timer_(context_),
          doorbell_(context_, ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
        for (std::size_t t = 0; t < Stack::size; ++t) hire(setup, t);
        signals_.async_wait([this](const boost::system::error_code& failed, int number) {
            if (!failed) signal_ = number;
        });
    }
    local_crew(const local_crew&) = delete;
    local_crew& operator=(const local_crew&) = delete;
    KVMARK_COLD ~local_crew() { halt(); }

    [[nodiscard]] KVMARK_COLD result<void> start() {
        for (const auto& w : workers_)
            if (!w->io.has_buffers())
                return error{error_kind::system,
                             "cannot map the I/O buffers; give a smaller --io-chunk or --queue-depth"};
        listen();
        pool_ = std::make_unique<boost::asio::thread_pool>(workers_.size());
        std::latch opened(static_cast<std::ptrdiff_t>(workers_.size()));
        for (const auto& w : workers_)
            boost::asio::post(*pool_, [this, w = w.get(), &opened] { work(*w, opened); });
        opened.wait();
        for (const auto& w : workers_)
            if (!w->opened) return w->opened;
        return {};
    }

    void submit(std::uint8_t index, engine::io_op& op) {
        feed& f = feed_of(index, op);
        op.next = nullptr;
        if (f.first || !f.ready.offer(op)) {
            (f.first ? f.last->next : f.first) = &op;
            f.last = &op;
            return;
        }
        call(f, index, op.units);
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
    /// SIGINT, SIGTERM, another that was listened for, or 0.
    [[nodiscard]] int stop_signal() const { return signal_; }

    KVMARK_COLD void halt() {
        if (!pool_) return;
        halted_.store(true);
        for (std::size_t t = 0; t < Stack::size; ++t)
            for (feed* f : {&lanes_[t].data, &lanes_[t].metadata}) {
                f->bell.fetch_add(1);
                f->bell.notify_all();
            }
        for (const auto& w : workers_)
            if (w->duty == duty_kind::queue && w->driver) wake(*w);
        pool_->join();
        pool_.reset();
    }

    template <class F>
    void for_each_worker(F&& f) {
        for (const auto& w : workers_) f(w->io);
    }

protected:
    /// Another signal that ends the run, as SIGINT does.
    KVMARK_COLD void listen_for(int signal) { signals_.add(signal); }

private:
    /// Operations of one kind for one group of workers.
    struct feed {
        unit_dispenser ready;
        alignas(64) std::atomic<int> bell{0}; ///< rung when there is more to do
        engine::io_op* first = nullptr;       ///< what the ring had no place for
        engine::io_op* last = nullptr;
    };
    enum class duty_kind : std::uint8_t { calls, queue, metadata };
    struct worker {
        worker(const engine::io_settings& settings, engine::io_buffers buffers, std::size_t tier, duty_kind d,
               std::uint32_t depth = 0)
            : io(settings, Stack::size, buffers), lane(tier), duty(d), queue_depth(depth) {}
        engine::io_worker io;
        std::size_t lane;
        duty_kind duty;
        std::uint32_t queue_depth; ///< I/Os that a queue keeps in flight
        result<void> opened;
        std::shared_ptr<void> driver; ///< a queue_driver of the lane's tier; outlives the thread that runs it
        alignas(64) std::atomic<bool> dozing{false};
    };
    struct lane {
        feed data;
        feed metadata;
        std::vector<worker*> queue_workers;
    };
    static constexpr int metadata_workers = 2;

    // --- workers ---

    KVMARK_COLD void hire(const crew_setup<Stack>& setup, std::size_t t) {
        const std::uint32_t depth = setup.depths[t];
        if (depth == 0) return;
        const auto add = [&](auto&&... what) -> worker& {
            return *workers_.emplace_back(std::make_unique<worker>(what...));
        };
        if (!setup.queued[t]) {
            for (std::uint32_t i = 0; i < depth; ++i)
                add(setup.io, engine::io_buffers{}, t, duty_kind::calls);
            return;
        }
        const std::uint32_t workers = queue_workers(setup.queue_workers, depth);
        for (std::uint32_t i = 0; i < workers; ++i) {
            const std::uint32_t share = depth / workers + (i < depth % workers);
            lanes_[t].queue_workers.push_back(
                &add(setup.io, queue_buffers(share), t, duty_kind::queue, share));
        }
        engine::io_settings without_data = setup.io;
        without_data.chunk = tier::sector_size;
        for (int i = 0; i < metadata_workers; ++i)
            add(without_data, engine::io_buffers{}, t, duty_kind::metadata);
    }

    /// Half the processors, and no more than have eight I/Os each: one thread verifies several GiB/s.
    [[nodiscard]] static std::uint32_t queue_workers(std::uint32_t asked, std::uint32_t depth) {
        const std::uint32_t half = std::thread::hardware_concurrency() / 2;
        const std::uint32_t suited = std::max(1u, std::min(half, depth / 8));
        return std::min(asked == 0 ? suited : asked, depth);
    }

    void work(worker& w, std::latch& opened) {
        const engine::adopted_memory<Stack> known(path_.tiers(), w.io.memory());
        if (w.duty != duty_kind::queue) {
            opened.count_down();
            feed& f = w.duty == duty_kind::metadata ? lanes_[w.lane].metadata : lanes_[w.lane].data;
            return make_calls(w, f);
        }
        path_.tiers().at(w.lane, [&]<class Tier>(Tier& t) {
            if constexpr (tier::queued_tier<Tier>) {
                auto driver = std::make_shared<queue_driver<Stack, Tier>>(path_, w.io, w.queue_depth);
                w.opened = driver->open(t);
                w.driver = driver;
                const bool good = w.opened.has_value();
                opened.count_down();
                if (!good) return;
                driver->run([&] { return lanes_[w.lane].data.ready.take(); },
                            [&](engine::io_op& op) { unit_done(op); }, halted_, w.dozing);
            }
        });
    }

    void make_calls(worker& w, feed& f) {
        while (!halted_.load(std::memory_order_relaxed)) {
            const int bell = f.bell.load(std::memory_order_acquire);
            const auto unit = f.ready.take();
            if (!unit.op) {
                if (!halted_.load()) f.bell.wait(bell, std::memory_order_acquire);
                continue;
            }
            path_.perform(*unit.op, unit.index, w.io);
            unit_done(*unit.op);
        }
    }

    void unit_done(engine::io_op& op) {
        if (op.unfinished.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
        auto* top = completed_.load(std::memory_order_relaxed);
        do {
            op.next = top;
        } while (!completed_.compare_exchange_weak(top, &op));
        if (!asleep_.exchange(false)) return;
        const std::uint64_t one = 1;
        static_cast<void>(!::write(doorbell_.native_handle(), &one, sizeof one));
    }

    // --- feeding them ---

    [[nodiscard]] feed& feed_of(std::size_t index, const engine::io_op& op) {
        lane& l = lanes_[index];
        const bool queue_does_it = op.stage == engine::op_stage::data || l.queue_workers.empty();
        return queue_does_it ? l.data : l.metadata;
    }

    /// Tells the feed's workers that there are `units` more.
    void call(feed& f, std::size_t index, std::uint32_t units) {
        lane& l = lanes_[index];
        if (&f == &l.data && !l.queue_workers.empty()) {
            for (worker* w : l.queue_workers) {
                if (!w->dozing.exchange(false)) continue;
                wake(*w);
                if (--units == 0) return;
            }
            return;
        }
        f.bell.fetch_add(1, std::memory_order_release);
        if (units == 1)
            f.bell.notify_one();
        else
            f.bell.notify_all();
    }

    void wake(worker& w) {
        path_.tiers().at(w.lane, [&]<class Tier>(Tier&) {
            if constexpr (tier::queued_tier<Tier>)
                static_cast<queue_driver<Stack, Tier>*>(w.driver.get())->wake();
        });
    }

    void refill() {
        for (std::size_t t = 0; t < Stack::size; ++t)
            for (feed* f : {&lanes_[t].data, &lanes_[t].metadata})
                while (f->first) {
                    engine::io_op& op = *f->first;
                    engine::io_op* following = op.next;
                    if (!f->ready.offer(op)) break;
                    call(*f, t, op.units);
                    f->first = following;
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
