// A tier of accounting alone: nothing is moved and nothing takes time.
#pragma once

#include <kvmark/tier/storage_tier.hpp>

namespace kvmark::tier {

/// What remains of a run when every device is infinitely fast: the cost of kvmark itself.
template <tier_role Role = tier_role::storage>
class null {
public:
    static constexpr std::string_view name = "null";
    static constexpr tier_role role = Role;

    result<void> open(const tier_setup&) { return {}; }
    [[nodiscard]] KVMARK_INLINE nanoseconds schedule(direction, bytes, nanoseconds now) { return now; }
};

} // namespace kvmark::tier
