// A mergeable log-linear histogram of durations.
#pragma once

#include <kvmark/core/units.hpp>

#include <array>
#include <bit>
#include <cstring>
#include <limits>
#include <vector>

namespace kvmark::measure {

/// Counts durations of 0 ns to 292 years in buckets that are exact below 128 ns and at most 1/128 (0.8 %)
/// wide above, as HdrHistogram's with two significant digits are. Two histograms add up to the histogram of
/// both, bucket by bucket, so percentiles over threads and over hosts are as exact as those of one.
class histogram {
public:
    static constexpr unsigned linear_bits = 7;
    static constexpr std::size_t bucket_count = (64 - linear_bits + 1) << linear_bits;

    struct bucket {
        nanoseconds low;  ///< smallest duration counted here
        nanoseconds high; ///< largest
        std::uint64_t count;

        /// The duration at rank `r` (0..count) of those counted here, taken as spread evenly.
        [[nodiscard]] nanoseconds at(double r) const {
            const double width = static_cast<double>((high - low).count);
            return low +
                   nanoseconds(static_cast<std::int64_t>(width * (r + 0.5) / static_cast<double>(count)));
        }
    };

    histogram() : counts_(bucket_count) {}

    KVMARK_INLINE void record(nanoseconds d) {
        const std::uint64_t v = d.count < 0 ? 0 : static_cast<std::uint64_t>(d.count);
        ++counts_[index_of(v)];
        ++total_;
        sum_ += static_cast<double>(v);
        if (v > max_) max_ = v;
    }

    void merge(const histogram& o) {
        for (std::size_t i = 0; i < bucket_count; ++i) counts_[i] += o.counts_[i];
        total_ += o.total_;
        sum_ += o.sum_;
        if (o.max_ > max_) max_ = o.max_;
    }

    void clear() { *this = histogram(); }

    [[nodiscard]] std::uint64_t count() const { return total_; }
    [[nodiscard]] bool empty() const { return total_ == 0; }
    [[nodiscard]] nanoseconds max() const { return nanoseconds(static_cast<std::int64_t>(max_)); }
    /// In nanoseconds, exact; 0 when empty.
    [[nodiscard]] double mean() const { return total_ ? sum_ / static_cast<double>(total_) : 0.0; }

    /// The duration at rank q (0..1), linear within its bucket, so within 0.8 % of the sample's own quantile.
    /// 0 when empty.
    [[nodiscard]] nanoseconds quantile(double q) const {
        if (total_ == 0 || q >= 1.0) return max();
        // A whole rank: a fraction of one would reach past the bucket that holds it.
        const auto rank =
            static_cast<double>(static_cast<std::uint64_t>(q * static_cast<double>(total_ - 1)));
        double before = 0;
        for (std::size_t i = 0; i < bucket_count; ++i) {
            if (counts_[i] == 0) continue;
            const auto n = static_cast<double>(counts_[i]);
            if (rank < before + n) {
                const std::uint64_t high = high_of(i) < max_ ? high_of(i) : max_;
                return bucket{signed_ns(low_of(i)), signed_ns(high), counts_[i]}.at(rank - before);
            }
            before += n;
        }
        return max();
    }

    /// The buckets that hold anything, in order.
    [[nodiscard]] std::vector<bucket> buckets() const {
        std::vector<bucket> filled;
        for (std::size_t i = 0; i < bucket_count; ++i)
            if (counts_[i] != 0) filled.push_back({signed_ns(low_of(i)), signed_ns(high_of(i)), counts_[i]});
        return filled;
    }

    /// f(bucket) of what was recorded since this histogram was as `earlier` is, in order.
    template <class F>
    void for_each_added(const histogram& earlier, F&& f) const {
        for (std::size_t row = 0; row < bucket_count; row += linear) { // most rows are as they were
            const std::uint64_t *now = counts_.data() + row, *then = earlier.counts_.data() + row;
            if (std::memcmp(now, then, linear * sizeof *now) == 0) continue;
            for (std::size_t i = 0; i < linear; ++i) {
                if (now[i] == then[i]) continue;
                const std::uint64_t high = high_of(row + i) < max_ ? high_of(row + i) : max_;
                f(bucket{signed_ns(low_of(row + i)), signed_ns(high), now[i] - then[i]});
            }
        }
    }

    /// f(index, count) of each bucket that holds anything, in order: with sum() and max() all that a
    /// histogram is.
    template <class F>
    void for_each_filled(F&& f) const {
        for (std::size_t i = 0; i < bucket_count; ++i)
            if (counts_[i] != 0) f(i, counts_[i]);
    }
    /// In nanoseconds.
    [[nodiscard]] double sum() const { return sum_; }

    /// Builds an empty histogram again from what for_each_filled() told. False, and nothing is added, where
    /// there is no such bucket or the count would overflow.
    [[nodiscard]] bool restore_bucket(std::size_t index, std::uint64_t count) {
        if (index >= bucket_count || total_ + count < total_) return false;
        counts_[index] += count;
        total_ += count;
        return true;
    }
    /// After the last bucket. False where no durations in these buckets have that sum or longest one.
    [[nodiscard]] bool restore_sum(double sum, nanoseconds max) {
        if (!(sum >= 0) || sum > std::numeric_limits<double>::max() || max.count < 0 || total_ == 0)
            return false;
        max_ = static_cast<std::uint64_t>(max.count);
        sum_ = sum;
        if (counts_[index_of(max_)] == 0) return false;
        for (std::size_t i = index_of(max_) + 1; i < bucket_count; ++i)
            if (counts_[i] != 0) return false;
        return true;
    }

private:
    static constexpr std::uint64_t linear = std::uint64_t{1} << linear_bits;

    // Below 2 * linear a bucket holds one value; above, each power of two is split into `linear` buckets.
    KVMARK_INLINE static constexpr std::size_t index_of(std::uint64_t v) {
        if (v < linear) return v;
        const unsigned shift = static_cast<unsigned>(std::bit_width(v)) - 1 - linear_bits;
        return (std::size_t{shift} << linear_bits) + (v >> shift);
    }
    static constexpr unsigned shift_of(std::size_t i) {
        return i < 2 * linear ? 0 : static_cast<unsigned>(i >> linear_bits) - 1;
    }
    static constexpr std::uint64_t low_of(std::size_t i) {
        const unsigned shift = shift_of(i);
        return (std::uint64_t{i} - (std::uint64_t{shift} << linear_bits)) << shift;
    }
    static constexpr std::uint64_t high_of(std::size_t i) {
        return low_of(i) + (std::uint64_t{1} << shift_of(i)) - 1;
    }
    static constexpr nanoseconds signed_ns(std::uint64_t v) {
        return nanoseconds(static_cast<std::int64_t>(v));
    }

    std::vector<std::uint64_t> counts_;
    std::uint64_t total_ = 0;
    std::uint64_t max_ = 0;
    double sum_ = 0;
};

} // namespace kvmark::measure
