// The users of the service: who they are, and which of them asks when.
#pragma once

#include <kvmark/workload/arrivals.hpp>
#include <kvmark/workload/request_rules.hpp>

#include <optional>
#include <utility>

namespace kvmark::workload {

/// One user, drawn once per run from a stream of its own.
struct user {
    random_stream draw;
    std::uint64_t think_us = 0;
    std::uint32_t context_tokens = 0; ///< the longest context this user sends
    std::uint32_t generated_tokens = 0;
    std::uint8_t persona = 0; ///< index into parameters::personas
    service_class service = service_class::batch;
};

/// User number `index` of a run. Precondition: ranges with low <= high, think times of 0 to 3,000 s.
[[nodiscard]] inline user draw_user(const source_config& c, std::uint64_t index) {
    constexpr std::uint64_t salt = 0x75736572; // "user"
    user u{.draw = random_stream(c.seed, salt, index)};
    u.persona = static_cast<std::uint8_t>(u.draw.uniform_int(0, c.parameters.personas.size() - 1));
    const persona& p = c.parameters.personas[u.persona];
    const auto draw_length = [&u](range<std::uint32_t> r) {
        return static_cast<std::uint32_t>(u.draw.uniform_int(r.low, r.high));
    };
    u.context_tokens = draw_length(p.context_tokens);
    u.generated_tokens = draw_length(p.generated_tokens);
    u.think_us = u.draw.uniform_int(static_cast<std::uint64_t>(p.think_seconds.low * 1e6 + 0.5),
                                    static_cast<std::uint64_t>(p.think_seconds.high * 1e6 + 0.5));
    u.service = draw_service(u.draw, c.parameters);
    return u;
}

/// The users of a run as a sequence of arrivals: each after its own pause, or all together at the configured
/// rate. A pause starts at the user's last intended arrival, since users do not wait for their answer; so
/// arrivals depend on the seed and on set_users() alone.
class user_population {
public:
    explicit user_population(const source_config& c)
        : config_(c), rate_(c.seed, c.arrivals, c.request_rate > 0 ? c.request_rate : 1, c.arrival_shape),
          pick_(c.seed, pick_salt) {
        set_users(c.users, {});
    }

    [[nodiscard]] const source_config& config() const { return config_; }
    [[nodiscard]] std::uint64_t users() const { return active_; }
    [[nodiscard]] const user& operator[](std::uint32_t index) const { return users_[index]; }

    /// The stream of the user's next request. One number of the user's own stream seeds it, so that what one
    /// request draws, and how often, shifts nothing in the next.
    [[nodiscard]] random_stream request_stream(std::uint32_t index) {
        return random_stream(users_[index].draw.next());
    }

    /// Who asks next, and when; empty while there is no user.
    std::optional<arrival> next() {
        if (active_ == 0) return {};
        arrival a;
        if (config_.request_rate > 0) {
            a.at = rate_.next();
            a.user = static_cast<std::uint32_t>(pick_.uniform_int(0, active_ - 1));
        } else {
            a = queue_.top();
            queue_.replace_top({a.at + pause(a.user), a.user});
        }
        last_ = a.at;
        return a;
    }

    /// Users `count` and above ask no more; those added start a pause at `now`, or at the last arrival
    /// already handed out if that is later. A user who comes back draws on from where it stopped. A
    /// configured rate is taken per user: it grows and shrinks with them.
    void set_users(std::uint64_t count, nanoseconds now) {
        if (count < active_) queue_.drop_from(count);
        users_.reserve(count);
        while (users_.size() < count) users_.push_back(draw_user(config_, users_.size()));
        const nanoseconds from = now < last_ ? last_ : now;
        if (config_.request_rate > 0) {
            if (count > 0)
                rate_.set_rate(config_.request_rate *
                                   (static_cast<double>(count) / static_cast<double>(config_.users)),
                               active_ == 0 ? from : last_);
        } else {
            queue_.reserve(count);
            for (std::uint64_t u = active_; u < count; ++u) {
                const auto index = static_cast<std::uint32_t>(u);
                queue_.push({from + pause(index), index});
            }
        }
        active_ = count;
    }

private:
    static constexpr std::uint64_t pick_salt = 0x7069636b; // "pick"

    /// Whole microseconds between two single products, which a fused multiply-add does not change: the same
    /// on every machine. At least one, so that a workload without think times still lets time pass.
    nanoseconds pause(std::uint32_t index) {
        user& u = users_[index];
        const auto think = static_cast<double>(u.think_us);
        const double jitter = config_.parameters.think_jitter;
        const std::uint64_t us = u.draw.uniform_int(static_cast<std::uint64_t>(think * (1.0 - jitter)),
                                                    static_cast<std::uint64_t>(think * (1.0 + jitter)));
        return nanoseconds(static_cast<std::int64_t>((us > 0 ? us : 1) * 1000));
    }

    source_config config_;
    std::vector<user> users_; // those removed keep their place and their stream
    std::uint64_t active_ = 0;
    think_queue queue_;
    rate_process rate_;
    random_stream pick_;
    nanoseconds last_{};
};

} // namespace kvmark::workload
