// Arrivals at a given rate: how their gaps are drawn.
#pragma once

#include <kvmark/core/distributions.hpp>
#include <kvmark/core/units.hpp>

namespace kvmark::workload {

/// How a given rate spaces its arrivals. poisson: gaps drawn from an exponential distribution. fixed: all
/// equal. gamma and weibull have a shape: 1 is poisson, below 1 arrivals come in bursts, above 1 they are
/// more even. Source: both fit recorded LLM services better than poisson in many cases (ServeGen, arXiv
/// 2505.09999).
enum class arrival_process : std::uint8_t { poisson, fixed, gamma, weibull };

/// Within it the mean of a Weibull distribution can be held in floating point.
inline constexpr double min_arrival_shape = 0.01;
inline constexpr double max_arrival_shape = 1000;

/// Draws gaps with a given mean.
class gap_sampler {
public:
    /// `mean_ns` > 0, in nanoseconds. `shape` is gamma's and Weibull's, min_arrival_shape..max_arrival_shape.
    gap_sampler(arrival_process kind, double mean_ns, double shape) : kind_(kind), shape_(shape) {
        set_mean(mean_ns);
    }

    void set_mean(double mean_ns) {
        mean_ns_ = mean_ns;
        if (kind_ == arrival_process::gamma) scale_ns_ = mean_ns / shape_;
        if (kind_ == arrival_process::weibull) scale_ns_ = mean_ns / __builtin_tgamma(1 + 1 / shape_);
    }
    [[nodiscard]] double mean_ns() const { return mean_ns_; }

    /// The next gap, in nanoseconds.
    double operator()(random_stream& draw) const {
        switch (kind_) {
        case arrival_process::poisson:
            return draw.exponential(mean_ns_);
        case arrival_process::fixed:
            return mean_ns_;
        case arrival_process::gamma:
            return scale_ns_ * draw_gamma(draw, shape_);
        case arrival_process::weibull:
            return scale_ns_ * draw_weibull(draw, shape_);
        }
        __builtin_unreachable();
    }

private:
    arrival_process kind_;
    double shape_;
    double mean_ns_ = 0;
    double scale_ns_ = 0;
};

/// Arrivals at a given rate, whatever becomes of the requests: an open loop. The first gap starts at time 0.
class rate_process {
public:
    /// `per_second` > 0; `shape` as gap_sampler takes it.
    rate_process(std::uint64_t seed, arrival_process kind, double per_second, double shape = 1)
        : draw_(seed, salt), kind_(kind), gap_(kind, 1e9 / per_second, shape) {}

    nanoseconds next() {
        // A fixed arrival is computed from its number, so that rounding to nanoseconds adds up to no drift.
        ++since_epoch_;
        last_ = kind_ == arrival_process::fixed
                    ? epoch_ + rounded(static_cast<double>(since_epoch_) * gap_.mean_ns())
                    : last_ + rounded(gap_(draw_));
        return last_;
    }

    /// Gaps of the new rate follow, the first one from `from`, which is not before the last arrival.
    void set_rate(double per_second, nanoseconds from) {
        gap_.set_mean(1e9 / per_second);
        epoch_ = last_ = from;
        since_epoch_ = 0;
    }

private:
    static constexpr std::uint64_t salt = 0x72617465; // "rate"
    static nanoseconds rounded(double ns) { return nanoseconds(__builtin_llrint(ns)); }

    random_stream draw_;
    arrival_process kind_;
    gap_sampler gap_;
    nanoseconds epoch_{};
    nanoseconds last_{};
    std::uint64_t since_epoch_ = 0;
};

} // namespace kvmark::workload
