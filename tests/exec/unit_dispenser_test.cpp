// The dispenser of units: order, capacity, and every unit exactly once under many threads.
#include <kvmark/core/random.hpp>
#include <kvmark/exec/unit_dispenser.hpp>

#include "support/catch.hpp"

#include <deque>
#include <memory>
#include <thread>
#include <vector>

using namespace kvmark;
using exec::unit_dispenser;

TEST_CASE("units come out in the order of the operations and of their numbers") {
    unit_dispenser ready;
    CHECK(ready.take().op == nullptr);
    std::array<engine::io_op, 3> ops;
    for (std::uint32_t i = 0; i < ops.size(); ++i) {
        ops[i].units = i + 1;
        REQUIRE(ready.offer(ops[i]));
    }
    for (auto& op : ops)
        for (std::uint32_t index = 0; index < op.units; ++index) {
            const auto unit = ready.take();
            CHECK(unit.op == &op);
            CHECK(unit.index == index);
        }
    CHECK(ready.take().op == nullptr);
}

TEST_CASE("a full ring refuses, and takes again once an operation has been handed out") {
    unit_dispenser ready;
    std::array<engine::io_op, 200> ops;
    std::size_t offered = 0;
    while (offered < ops.size() && ready.offer(ops[offered])) ++offered;
    REQUIRE(offered >= 2);
    REQUIRE(offered < ops.size());
    CHECK_FALSE(ready.offer(ops[offered]));
    CHECK(ready.take().op == &ops[0]);
    CHECK(ready.take().op == &ops[1]);
    CHECK(ready.offer(ops[offered]));
    for (std::size_t i = 2; i <= offered; ++i) CHECK(ready.take().op == &ops[i]);
    CHECK(ready.take().op == nullptr);
}

namespace {

struct counted_op : engine::io_op {
    std::atomic<std::uint32_t> seen{0}; ///< bit by bit, the units handed out
};

/// Operations in a stack of completions, as the executor keeps them.
struct completions {
    std::atomic<engine::io_op*> top{nullptr};
    void push(engine::io_op& op) {
        auto* old = top.load();
        do {
            op.next = old;
        } while (!top.compare_exchange_weak(old, &op));
    }
    engine::io_op* take_all() { return top.exchange(nullptr); }
};

} // namespace

TEST_CASE("eight threads take each of a million units exactly once, from operations used again and again") {
    constexpr std::uint64_t total_units = 1'000'000;
    unit_dispenser ready;
    completions done;
    std::atomic<bool> stop{false};
    std::atomic<std::uint64_t> taken{0}, twice{0};

    std::vector<std::thread> consumers;
    for (int i = 0; i < 8; ++i)
        consumers.emplace_back([&] {
            while (!stop.load(std::memory_order_relaxed)) {
                const auto unit = ready.take();
                if (!unit.op) {
                    std::this_thread::yield();
                    continue;
                }
                auto& op = static_cast<counted_op&>(*unit.op);
                const std::uint32_t bit = 1u << unit.index;
                twice += (op.seen.fetch_or(bit, std::memory_order_relaxed) & bit) != 0;
                taken.fetch_add(1, std::memory_order_relaxed);
                if (op.unfinished.fetch_sub(1, std::memory_order_acq_rel) == 1) done.push(op);
            }
        });

    // As the executor does: what the ring refuses waits in order, and completed operations are used again.
    const auto ops = std::make_unique<counted_op[]>(150);
    std::vector<counted_op*> free;
    for (int i = 0; i < 150; ++i) free.push_back(&ops[static_cast<std::size_t>(i)]);
    std::deque<counted_op*> waiting;
    random_stream draw(3);
    std::uint64_t decided = 0, incomplete = 0;
    const auto reap = [&] {
        for (auto* op = done.take_all(); op;) {
            auto* following = op->next;
            auto& finished = static_cast<counted_op&>(*op);
            incomplete += finished.seen.load() != (1u << finished.units) - 1;
            free.push_back(&finished);
            op = following;
        }
        while (!waiting.empty() && ready.offer(*waiting.front())) waiting.pop_front();
    };
    while (decided < total_units) {
        reap();
        if (free.empty()) {
            std::this_thread::yield();
            continue;
        }
        counted_op& op = *free.back();
        free.pop_back();
        // Mostly single units, now and then many: a place of the ring is used again at once.
        op.units = draw.chance(0.8) ? 1 : static_cast<std::uint32_t>(draw.uniform_int(2, 20));
        op.unfinished = op.units;
        op.seen = 0;
        decided += op.units;
        waiting.push_back(&op);
    }
    while (free.size() < 150) {
        reap();
        std::this_thread::yield();
    }
    stop = true;
    for (auto& t : consumers) t.join();
    CHECK(taken == decided);
    CHECK(twice == 0);
    CHECK(incomplete == 0);
}
