// Requests written by hand, and a tier of one's own pace, for runs whose outcome can be computed.
#pragma once

#include <kvmark/tier/storage_tier.hpp>
#include <kvmark/workload/source.hpp>

#include <vector>

namespace kvmark::test {

/// Yields the requests given, numbered in order, and then nothing; or for ever the last one, at the same
/// instant.
class scripted_source {
public:
    scripted_source(std::vector<workload::request> requests, bool endless = false)
        : requests_(std::move(requests)), endless_(endless) {}

    std::optional<workload::request> next() {
        if (requests_.empty() || (!endless_ && next_ == requests_.size())) return std::nullopt;
        workload::request r = requests_[next_ < requests_.size() ? next_ : requests_.size() - 1];
        r.id = next_++;
        return r;
    }

private:
    std::vector<workload::request> requests_;
    bool endless_;
    std::size_t next_ = 0;
};

/// A request outside any conversation.
inline workload::request request_at(double seconds, std::uint64_t input = 16, std::uint64_t output = 32,
                                    workload::phase phase = workload::phase::prefill_decode) {
    return {
        .arrival = from_seconds(seconds), .phase = phase, .input = tokens(input), .output = tokens(output)};
}

struct paced_config {
    nanoseconds service{};                     ///< of each operation, however many are under way
    std::uint64_t stalled = ~std::uint64_t{0}; ///< the number of the operation that takes longer
    nanoseconds stall{};
};

class paced {
public:
    static constexpr std::string_view name = "paced";
    static constexpr tier::tier_role role = tier::tier_role::storage;
    using config = paced_config;

    paced() = default;
    explicit paced(config c) : config_(c) {}
    result<void> open(const tier::tier_setup&) { return {}; }
    nanoseconds schedule(tier::direction, bytes, nanoseconds now) {
        return now + (count_++ == config_.stalled ? config_.stall : config_.service);
    }

private:
    config config_{};
    std::uint64_t count_ = 0;
};

} // namespace kvmark::test
