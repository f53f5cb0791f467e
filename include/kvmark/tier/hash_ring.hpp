// Consistent hashing: which of several members a key belongs to, so that few keys move when a member leaves.
#pragma once

#include <kvmark/core/random.hpp>

#include <cstdlib>
#include <span>
#include <vector>

namespace kvmark::tier {

/// A member stands at many points of a ring of 64-bit hashes, which follow from its number alone. A key
/// belongs to the member of the first point at or after it (Karger et al., STOC 1997). Without a member its
/// keys go to the others, and no other key moves.
class hash_ring {
public:
    /// Points of each member: shares then lie about 1/sqrt(128), 9 %, around the mean.
    static constexpr std::uint32_t points_per_member = 128;

    /// `members` are numbers of any kind, each once.
    KVMARK_COLD void open(std::span<const std::uint32_t> members) {
        points_.clear();
        points_.reserve(members.size() * points_per_member);
        for (const std::uint32_t member : members)
            for (std::uint32_t i = 0; i < points_per_member; ++i)
                points_.push_back({mix(mix(member) ^ i), member});
        // std::sort would cost every user of kvmark.hpp the time to compile <algorithm>.
        if (!points_.empty()) std::qsort(points_.data(), points_.size(), sizeof(point), in_order);
    }

    /// Calls take(member) for the owner of `key`, then for the owners of the points after it, until one takes
    /// it. False when none did. A member is asked again at each of its points.
    template <class Take>
    bool offer(std::uint64_t key, Take&& take) const {
        const std::size_t first = first_at_or_after(key);
        for (std::size_t i = 0; i < points_.size(); ++i) {
            const std::size_t at = first + i < points_.size() ? first + i : first + i - points_.size();
            if (take(points_[at].member)) return true;
        }
        return false;
    }

private:
    struct point {
        std::uint64_t hash;
        std::uint32_t member;
    };

    /// By member where hashes are equal, so that the order of `members` does not matter.
    static int in_order(const void* left, const void* right) {
        const auto& a = *static_cast<const point*>(left);
        const auto& b = *static_cast<const point*>(right);
        if (a.hash != b.hash) return a.hash < b.hash ? -1 : 1;
        return a.member < b.member ? -1 : a.member > b.member;
    }

    [[nodiscard]] std::size_t first_at_or_after(std::uint64_t key) const {
        std::size_t low = 0, high = points_.size();
        while (low < high) {
            const std::size_t middle = low + (high - low) / 2;
            if (points_[middle].hash < key)
                low = middle + 1;
            else
                high = middle;
        }
        return low;
    }

    std::vector<point> points_; ///< in order of hash
};

} // namespace kvmark::tier
