// What the ranks of a job sampled as they ran, made one series each.
#pragma once

#include <kvmark/measure/run_report.hpp>

namespace kvmark::measure {

/// Time series on a common grid of whole seconds. The sample that a rank took at about k seconds belongs to
/// cell k; one that covers several seconds counts in each of them, its bytes and its counts in equal parts.
/// After its last sample a rank contributes nothing. Latencies are those of the slowest rank in that second:
/// see add(recent_latency&, ...).
class timeline_sum {
public:
    KVMARK_COLD void add(const std::vector<throughput_sample>& part) {
        std::size_t before = 0;
        for (const throughput_sample& s : part) {
            const auto nearest = static_cast<std::size_t>((s.at.count + second / 2) / second);
            const std::size_t cell = nearest > before ? nearest : before + 1;
            if (cells_.size() < cell) cells_.resize(cell);
            for (std::size_t c = before + 1; c <= cell; ++c) {
                throughput_sample& to = cells_[c - 1];
                to.tokens_per_second += s.tokens_per_second;
                to.read += part_of(s.read, c - before, cell - before);
                to.written += part_of(s.written, c - before, cell - before);
                to.users += s.users;
                const auto add_part = [&](recent_latency& into, recent_latency r) {
                    r.count = part_of(r.count, c - before, cell - before);
                    if (r.count != 0) measure::add(into, r);
                };
                add_part(to.storage_read, s.storage_read);
                add_part(to.storage_write, s.storage_write);
                add_part(to.end_to_end, s.end_to_end);
                add_part(to.ttft, s.ttft);
            }
            before = cell;
        }
    }

    /// `elapsed` ends the last cell where that is shorter.
    [[nodiscard]] KVMARK_COLD std::vector<throughput_sample> take(nanoseconds elapsed) && {
        for (std::size_t i = 0; i < cells_.size(); ++i) {
            const nanoseconds end(static_cast<std::int64_t>(i + 1) * second);
            cells_[i].at = end < elapsed ? end : elapsed;
        }
        return std::move(cells_);
    }

private:
    static constexpr std::int64_t second = 1'000'000'000;

    /// The i-th of n parts that add up to x, a count or bytes.
    template <class T>
    static T part_of(T x, std::size_t i, std::size_t n) {
        return i == n ? x - x / n * (n - 1) : x / n;
    }

    std::vector<throughput_sample> cells_; ///< cell k at k - 1
};

/// Rows per request, the first of each rank before the second of any, up to a cap. It never holds much more
/// than twice the cap.
class sample_shares {
public:
    explicit sample_shares(std::uint64_t cap) : cap_(cap) {}

    KVMARK_COLD void add(std::vector<request_sample> part) {
        offered_ += part.size();
        held_ += part.size();
        parts_.push_back(std::move(part));
        if (held_ / 2 > cap_) drop_excess();
    }

    [[nodiscard]] bool capped() const { return offered_ > cap_; }

    [[nodiscard]] KVMARK_COLD std::vector<request_sample> take() && {
        std::vector<request_sample> all;
        all.reserve(held_ < cap_ ? held_ : cap_);
        for (std::size_t i = 0; all.size() < cap_; ++i) {
            const std::size_t before = all.size();
            for (const auto& part : parts_)
                if (i < part.size() && all.size() < cap_) all.push_back(part[i]);
            if (all.size() == before) break;
        }
        return all;
    }

private:
    /// More ranks can only make the shares smaller, so what is beyond them now is never used.
    void drop_excess() {
        std::uint64_t low = 0, high = cap_; // the share lies here: so many of each rank fit
        while (low < high) {
            const std::uint64_t share = low + (high - low + 1) / 2;
            std::uint64_t taken = 0;
            for (const auto& part : parts_) taken += part.size() < share ? part.size() : share;
            if (taken <= cap_)
                low = share;
            else
                high = share - 1;
        }
        held_ = 0;
        for (auto& part : parts_) {
            if (part.size() > low + 1) {
                part.resize(low + 1);
                part.shrink_to_fit();
            }
            held_ += part.size();
        }
    }

    std::uint64_t cap_;
    std::uint64_t offered_ = 0;
    std::uint64_t held_ = 0;
    std::vector<std::vector<request_sample>> parts_;
};

/// The samples of the ranks' autoscalers, which decide at the same times: users and rates added up, the
/// highest saturation and P95. Where the ranks did not do the same, the action is what became of the users.
class autoscaling_sum {
public:
    KVMARK_COLD void add(const std::vector<autoscale_event>& part) {
        for (std::size_t i = 0; i < part.size(); ++i) {
            const autoscale_event& e = part[i];
            if (i == events_.size()) {
                events_.push_back(e);
                continue;
            }
            autoscale_event& to = events_[i];
            to.at = to.at < e.at ? e.at : to.at;
            to.users += e.users;
            to.saturation = to.saturation < e.saturation ? e.saturation : to.saturation;
            to.read_p95_ms = to.read_p95_ms < e.read_p95_ms ? e.read_p95_ms : to.read_p95_ms;
            to.tokens_per_second += e.tokens_per_second;
            if (to.action != e.action) to.action.clear();
        }
    }

    [[nodiscard]] KVMARK_COLD std::vector<autoscale_event> take() && {
        for (std::size_t i = 0; i < events_.size(); ++i) {
            const std::uint64_t now = events_[i].users, before = i == 0 ? now : events_[i - 1].users;
            if (events_[i].action.empty())
                events_[i].action = now > before ? "scale_up" : now < before ? "scale_down" : "hold";
        }
        return std::move(events_);
    }

private:
    std::vector<autoscale_event> events_;
};

} // namespace kvmark::measure
