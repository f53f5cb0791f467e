// The order of bytes: which operation may run when, so that the tiers end up as the index decided.
#pragma once

#include <kvmark/cache/waterfall.hpp>
#include <kvmark/engine/io_path.hpp>
#include <kvmark/engine/task.hpp>

namespace kvmark::engine {

/// Runs operations decided in order, side by side where that changes nothing:
///  - on one entry, reads go together, and anything else alone and in order;
///  - room in a tier is given in the order of the decisions, as earlier displacements free it;
///  - at most `max_writers` writes of requests are under way (0: no bound).
/// An operation waits for earlier decisions alone, so nothing can wait in a circle.
///
/// `Host` is the engine: now(), at(nanoseconds, task&) for modelled completions, submit(lane, task&) for real
/// ones, and finished(task&).
template <class Stack, class Host>
class op_scheduler {
public:
    op_scheduler(Host& host, io_path<Stack>& path, const io_settings& settings,
                 const std::vector<cache::tier_bounds>& bounds, std::uint64_t max_writers)
        : host_(host), path_(path), worker_({.chunk = tier::sector_size, .salt = settings.salt}, Stack::size),
          max_writers_(max_writers) {
        for (const auto& b : bounds) rooms_.push_back({b.limit, b.granule, {}, {}});
    }

    [[nodiscard]] task& new_task() { return pool_.take(); }

    /// Queues a decided operation. `its_turn` is false while a request's earlier operations are ahead of it:
    /// turn() then says when they are done.
    void decide(task& t, bool its_turn) {
        ++undone_;
        if (!its_turn) ++t.waits;
        wait_for_entry(t);
        if (t.kind == op_kind::write || t.kind == op_kind::move) wait_for_room(t);
        if (its_turn) t.wanted = host_.now();
        if (t.waits == 0) start(t);
    }

    void turn(task& t) {
        t.wanted = host_.now();
        resolve(t);
    }

    /// The lanes, or the model, are done with the task's present leg.
    void leg_done(task& t) {
        const bool good = !t.abandoned && !failed(t);
        if (t.kind == op_kind::read && good && t.times > 1) {
            --t.times;
            host_.repeated(t);
            t.leg = task_leg::modelled_read;
            t.wanted = t.running = host_.now();
            t.forget_times();
        } else {
            t.leg = static_cast<task_leg>(static_cast<int>(t.leg) + 1);
        }
        proceed(t);
    }

    [[nodiscard]] std::uint64_t undone() const { return undone_; }
    /// The engine thread's own faults, those of instant create and erase.
    [[nodiscard]] const io_worker& worker() const { return worker_; }

private:
    struct room {
        bytes limit{};
        bytes granule{1};
        bytes taken{};
        task_list waiting; ///< in the order of decision
    };
    struct entry_state {
        task* first = nullptr;
        task* last = nullptr;
        std::uint32_t exclusives = 0;
        bool broken = false; ///< its content was never wholly written
    };

    // --- conditions ---

    void wait_for_entry(task& t) {
        if (t.entry >= entries_.size()) entries_.resize(std::size_t{t.entry} + 1 + t.entry / 2);
        entry_state& e = entries_[t.entry];
        t.has_entry = t.exclusive() ? e.first == nullptr : e.exclusives == 0;
        if (!t.has_entry) ++t.waits;
        (e.last ? e.last->next_on_entry : e.first) = &t;
        e.last = &t;
        if (t.exclusive()) ++e.exclusives;
        if (t.kind == op_kind::write) e.broken = false;
    }

    void leave_entry(task& t) {
        entry_state& e = entries_[t.entry];
        task* before = nullptr;
        for (task* at = e.first; at != &t; at = at->next_on_entry) before = at;
        (before ? before->next_on_entry : e.first) = t.next_on_entry;
        if (e.last == &t) e.last = before;
        if (t.exclusive()) --e.exclusives;
        const std::uint32_t entry = t.entry;
        for (task* at = e.first; at;) {
            if (at->exclusive() && at != entries_[entry].first) break;
            task* following = at->next_on_entry;
            const bool last = at->exclusive();
            if (!at->has_entry) {
                at->has_entry = true;
                resolve(*at);
            }
            if (last) break;
            at = following;
        }
    }

    [[nodiscard]] static bytes footprint(const room& r, const task& t) { return round_up(t.size, r.granule); }

    void wait_for_room(task& t) {
        room& r = rooms_[t.tier];
        if (r.waiting.empty() && r.taken + footprint(r, t) <= r.limit) {
            r.taken += footprint(r, t);
        } else {
            ++t.waits;
            r.waiting.push(t);
        }
    }

    void give_room_back(std::uint8_t tier, const task& t) {
        room& r = rooms_[tier];
        r.taken -= footprint(r, t);
        while (task* waiter = r.waiting.front()) {
            if (r.taken + footprint(r, *waiter) > r.limit) break;
            r.waiting.pop();
            r.taken += footprint(r, *waiter);
            resolve(*waiter);
        }
    }

    void resolve(task& t) {
        if (--t.waits == 0) start(t);
    }

    void start(task& t) {
        if (t.kind == op_kind::write && t.owner && max_writers_ != 0) {
            if (writers_ == max_writers_) return writers_waiting_.push(t);
            ++writers_;
            t.holds_writer = true;
        }
        t.running = host_.now();
        t.abandoned = t.kind != op_kind::write && entries_[t.entry].broken;
        if (t.abandoned && t.kind == op_kind::read) {
            t.leg = task_leg::leave_source;
            return host_.at(t.running, t);
        }
        proceed(t);
    }

    // --- legs ---

    [[nodiscard]] static bool failed(const task& t) {
        return t.error_number.load(std::memory_order_relaxed) != 0;
    }

    [[nodiscard]] bool holds_bytes(std::uint8_t index) {
        bool holds = false;
        with_tier(index, [&]<class T>(T&) { holds = tier::blocking_tier<T>; });
        return holds;
    }
    template <class F>
    void with_tier(std::uint8_t index, F&& f) {
        path_.tiers().at(index, f);
    }

    void proceed(task& t) {
        for (; t.leg != task_leg::done; t.leg = static_cast<task_leg>(static_cast<int>(t.leg) + 1))
            if (begin_leg(t)) return;
        finish(t);
    }

    /// False when the leg does not apply or was done at once.
    bool begin_leg(task& t) {
        const bool reads = t.kind == op_kind::read || t.kind == op_kind::move;
        const bool writes = t.kind == op_kind::write || t.kind == op_kind::move;
        const std::uint8_t source = t.kind == op_kind::move ? t.from : t.tier;
        switch (t.leg) {
        case task_leg::modelled_read:
            return reads && !holds_bytes(source) && !t.abandoned && model(t, source, tier::direction::read);
        case task_leg::create:
            return writes && !t.abandoned && on_entry(t, op_stage::create, t.tier);
        case task_leg::data: {
            const std::uint8_t lane = writes && holds_bytes(t.tier) ? t.tier : source;
            if (t.kind == op_kind::erase || t.abandoned || !holds_bytes(lane)) return false;
            submit(t, op_stage::data, lane, path_.units_of(t.size));
            return true;
        }
        case task_leg::modelled_write:
            return writes && !holds_bytes(t.tier) && !t.abandoned && model(t, t.tier, tier::direction::write);
        case task_leg::commit: {
            bool commits = false;
            with_tier(t.tier, [&]<class T>(T&) { commits = tier::has_commit<T>; });
            if (!writes || !commits || t.abandoned || failed(t)) return false;
            submit(t, op_stage::commit, t.tier, 1);
            return true;
        }
        case task_leg::leave_source:
            return (t.kind == op_kind::move || t.kind == op_kind::erase) &&
                   on_entry(t, op_stage::erase, source);
        case task_leg::done:
            break;
        }
        return false;
    }

    bool model(task& t, std::uint8_t index, tier::direction d) {
        with_tier(index, [&]<class T>(T& modelled) {
            if constexpr (tier::timed_tier<T>) host_.at(modelled.schedule(d, t.size, host_.now()), t);
        });
        return true;
    }

    bool on_entry(task& t, op_stage stage, std::uint8_t index) {
        bool queued = false;
        with_tier(index, [&]<class T>(T&) {
            if constexpr (tier::blocking_tier<T>) {
                if constexpr (tier::has_instant_metadata<T>) {
                    t.stage = stage;
                    path_.perform(t, 0, worker_);
                    t.started = {};
                } else {
                    submit(t, stage, index, 1);
                    queued = true;
                }
            }
        });
        return queued;
    }

    void submit(task& t, op_stage stage, std::uint8_t lane, std::uint32_t units) {
        t.stage = stage;
        t.units = units;
        t.unfinished.store(units, std::memory_order_relaxed);
        host_.submit(lane, t);
    }

    void finish(task& t) {
        --undone_;
        if ((t.kind == op_kind::write || t.kind == op_kind::move) && failed(t))
            entries_[t.entry].broken = true;
        if (t.holds_writer) {
            --writers_;
            if (task* next = writers_waiting_.pop()) start(*next);
        }
        leave_entry(t);
        if (t.kind == op_kind::move) give_room_back(t.from, t);
        if (t.kind == op_kind::erase) give_room_back(t.tier, t);
        host_.finished(t);
        pool_.put_back(t);
    }

    Host& host_;
    io_path<Stack>& path_;
    io_worker worker_;
    task_pool pool_;
    std::vector<room> rooms_;
    std::vector<entry_state> entries_;
    std::uint64_t max_writers_;
    std::uint64_t writers_ = 0;
    task_list writers_waiting_;
    std::uint64_t undone_ = 0;
};

} // namespace kvmark::engine
