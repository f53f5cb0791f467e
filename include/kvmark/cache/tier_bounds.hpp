// How much a tier holds, and how far it is filled.
#pragma once

#include <kvmark/core/units.hpp>

namespace kvmark::cache {

/// The bounds of one tier.
struct tier_bounds {
    bytes limit{};        ///< 0: the tier takes nothing
    bytes granule{1};     ///< room is given out in multiples of it
    double target = 1.0;  ///< share of the limit up to which it is filled
    double largest = 1.0; ///< an entry above this share of the limit skips the tier
};

} // namespace kvmark::cache
