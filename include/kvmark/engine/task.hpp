// An operation with what it waits for, as the scheduler sees it.
#pragma once

#include <kvmark/engine/access_model.hpp>
#include <kvmark/engine/io_op.hpp>

#include <new>
#include <vector>

namespace kvmark::engine {

/// Whose operation a task is; an engine derives its requests from it.
struct task_owner {};

/// The legs of an operation, in order; each kind of operation and each kind of tier skips some.
enum class task_leg : std::uint8_t {
    modelled_read,
    create,
    data,
    modelled_write,
    commit,
    leave_source,
    done
};

struct task : io_op {
    task_leg leg = task_leg::modelled_read;
    purpose why = purpose::prefill;
    std::uint8_t waits = 0;      ///< conditions not yet met: its turn, its entry, room in the tier
    bool has_entry = false;      ///< its entry's earlier operations are out of the way
    bool holds_writer = false;   ///< it counts against max_concurrent_allocs
    bool abandoned = false;      ///< its entry has no bytes: an earlier write failed
    std::uint32_t times = 1;     ///< how often the entry is still to be read
    nanoseconds wanted{};        ///< engine clock, when its turn came
    nanoseconds running{};       ///< engine clock, when its first leg began
    task_owner* owner = nullptr; ///< null: a displacement or a preparation, which no request waits for
    task* next_on_entry = nullptr;

    [[nodiscard]] bool exclusive() const { return kind != op_kind::read; }
};

/// Tasks in blocks that never move, reused through a free list.
class task_pool {
public:
    task_pool() = default;
    task_pool(const task_pool&) = delete;
    task_pool& operator=(const task_pool&) = delete;
    ~task_pool() {
        for (task* block : blocks_) delete[] block;
    }

    task& take() {
        if (!free_) {
            blocks_.push_back(new task[block_size]);
            for (std::size_t i = block_size; i-- > 0;) put_back(blocks_.back()[i]);
        }
        task& t = *free_;
        free_ = static_cast<task*>(t.next);
        t.~task();
        return *new (&t) task;
    }
    void put_back(task& t) {
        t.next = free_;
        free_ = &t;
    }

private:
    static constexpr std::size_t block_size = 256;
    std::vector<task*> blocks_;
    task* free_ = nullptr;
};

/// First in, first out, through io_op::next.
class task_list {
public:
    void push(task& t) {
        t.next = nullptr;
        (last_ ? last_->next : first_) = &t;
        last_ = &t;
    }
    [[nodiscard]] task* front() const { return static_cast<task*>(first_); }
    task* pop() {
        task* t = front();
        if (!t) return nullptr;
        first_ = t->next;
        if (!first_) last_ = nullptr;
        return t;
    }
    [[nodiscard]] bool empty() const { return !first_; }

private:
    io_op* first_ = nullptr;
    io_op* last_ = nullptr;
};

} // namespace kvmark::engine
