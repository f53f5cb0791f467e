// The reference's autoscaling, made to drive the load.
#pragma once

#include <kvmark/workload/parameters.hpp>

#include <array>
#include <string_view>

namespace kvmark::engine {

enum class scaling_mode : std::uint8_t { off, qos, capacity };

struct scaling_decision {
    std::uint64_t users = 0;
    double saturation = 0; ///< 0..1; qos mode
    std::string_view action = "hold";
};

/// Decides every 10 s how many users there should be (kv_cache_engine.md, "Autoscaling"). qos holds a
/// saturation; capacity climbs until throughput no longer grows. What it is given are the figures of the last
/// interval, not a running average.
class autoscaler {
public:
    static constexpr nanoseconds interval{10'000'000'000};

    autoscaler(scaling_mode mode, double target, const workload::parameters& p, std::uint64_t users)
        : mode_(mode), target_(target), parameters_(&p), users_(users) {}

    [[nodiscard]] scaling_decision sample(double read_p95_ms, double tokens_per_second) {
        scaling_decision d = mode_ == scaling_mode::qos ? hold_saturation(read_p95_ms, tokens_per_second)
                                                        : climb(tokens_per_second);
        users_ = d.users;
        return d;
    }

private:
    struct point {
        double p95_ms = 0;
        double rate = 0;
    };

    [[nodiscard]] std::uint64_t bounded(double users) const {
        const auto low = static_cast<double>(parameters_->autoscale_min_users);
        const auto high = static_cast<double>(parameters_->autoscale_max_users);
        return static_cast<std::uint64_t>(users < low ? low : users > high ? high : users);
    }

    /// P95 over its threshold, halved unless throughput has gone flat while latency rises over the last
    /// samples.
    [[nodiscard]] double saturation(point now) {
        const double raw = now.p95_ms / parameters_->saturation_read_p95_ms;
        const double capped = raw < 1 ? raw : 1;
        const point before = history_[count_ < history_.size() ? 0 : count_ % history_.size()];
        const bool known = count_ > 0;
        history_[count_++ % history_.size()] = now;
        const bool flat = known && now.rate < before.rate * 1.05;
        const bool rising = known && now.p95_ms > before.p95_ms * 1.05;
        return flat && rising ? capped : capped / 2;
    }

    scaling_decision hold_saturation(double p95_ms, double rate) {
        const double s = saturation({p95_ms, rate});
        if (resting_ > 0) {
            --resting_;
            return {users_, s, "hold"};
        }
        if (s > target_ * 1.1) {
            if (++above_ < parameters_->autoscale_consecutive) return {users_, s, "hold"};
            above_ = 0;
            resting_ = 3;
            return {bounded(static_cast<double>(users_) * parameters_->autoscale_down), s, "scale_down"};
        }
        above_ = 0;
        if (s >= target_ * 0.9) return {users_, s, "hold"};
        const auto more = static_cast<double>(users_) * parameters_->autoscale_up;
        return {bounded(more < static_cast<double>(users_) + 1 ? static_cast<double>(users_) + 1 : more), s,
                "scale_up"};
    }

    /// +40 % first, then +20 % while the peak grows by more than 1 %; two samples without end the climb.
    scaling_decision climb(double rate) {
        if (stopped_) return {users_, 0, "stop"};
        const bool first = peak_ == 0;
        if (rate > peak_ * 1.01) {
            peak_ = rate;
            without_ = 0;
        } else if (++without_ >= 2) {
            stopped_ = true;
            return {users_, 0, "stop"};
        }
        const double wanted = static_cast<double>(users_) * (first ? 0.4 : 0.2);
        const double step = wanted < 5 ? 5 : wanted > 100 ? 100 : wanted;
        return {bounded(static_cast<double>(users_) + step), 0, "scale_up"};
    }

    scaling_mode mode_;
    double target_;
    const workload::parameters* parameters_;
    std::uint64_t users_;
    std::array<point, 10> history_{};
    std::uint64_t count_ = 0;
    std::uint32_t above_ = 0;
    std::uint32_t resting_ = 0;
    std::uint32_t without_ = 0;
    double peak_ = 0;
    bool stopped_ = false;
};

} // namespace kvmark::engine
