// A tier that fails on purpose: errors, torn transfers, flipped bits and delays, the same ones for a seed.
#pragma once

#include <kvmark/core/random.hpp>
#include <kvmark/tier/decorated.hpp>

#include <atomic>
#include <cerrno>
#include <cstring>

namespace kvmark::tier {

/// What may go wrong with one kind of call; each a probability, 0 to 1. A call has at most one of the first
/// three, so their sum is 1 or less. Torn and corrupt are for reads and writes alone.
struct fault_odds {
    double error = 0;   ///< nothing happens but an error
    double torn = 0;    ///< the first half of the sectors is moved, then EIO
    double corrupt = 0; ///< all is moved and the call is good, but one bit is another
    double delay = 0;   ///< the call takes longer; what else happens to it is drawn apart
};

/// What was injected into calls of one kind.
struct fault_tally {
    std::atomic<std::uint64_t> errors{0};
    std::atomic<std::uint64_t> torn{0};
    std::atomic<std::uint64_t> corrupt{0};
    std::atomic<std::uint64_t> delays{0};

    /// The calls that told their caller of a failure.
    [[nodiscard]] std::uint64_t failures() const { return errors + torn; }
};
struct fault_counts : by_call<fault_tally> {
    [[nodiscard]] std::uint64_t failures() const {
        return create.failures() + write.failures() + read.failures() + erase.failures() + commit.failures();
    }
};

/// Decides the fate of each call of one kind from the seed and the call's number alone, whichever thread
/// makes it.
class fault_source {
public:
    enum class fault : std::uint8_t { none, error, torn, corrupt };
    struct fate {
        fault what = fault::none;
        bool delayed = false;
        std::uint64_t place = 0; ///< of a flipped bit: any number
    };

    fault_source(const fault_odds& odds, std::uint64_t seed, std::uint64_t kind, fault_tally& tally)
        : odds_(odds), seed_(seed), kind_(kind), tally_(tally) {}

    [[nodiscard]] const fault_odds& odds() const { return odds_; }

    [[nodiscard]] KVMARK_INLINE fate next() {
        random_stream draw(seed_, kind_, calls_.fetch_add(1, std::memory_order_relaxed));
        const double u = draw.uniform();
        fate f{.delayed = draw.chance(odds_.delay)};
        if (!KVMARK_LIKELY(u >= odds_.error + odds_.torn + odds_.corrupt)) {
            f.what = u < odds_.error                ? fault::error
                     : u < odds_.error + odds_.torn ? fault::torn
                                                    : fault::corrupt;
            f.place = draw.next();
        }
        if (!KVMARK_LIKELY(f.what == fault::none && !f.delayed)) count(f);
        return f;
    }

private:
    KVMARK_COLD void count(const fate& f) {
        if (f.delayed) ++tally_.delays;
        if (f.what == fault::error) ++tally_.errors;
        if (f.what == fault::torn) ++tally_.torn;
        if (f.what == fault::corrupt) ++tally_.corrupt;
    }

    fault_odds odds_;
    std::uint64_t seed_;
    std::uint64_t kind_;
    fault_tally& tally_;
    alignas(64) std::atomic<std::uint64_t> calls_{0};
};

/// A test of whoever uses a tier: what it injected is in the counts, and must be what its user reports.
template <blocking_tier T>
class faulty : public decorated<T, "faulty"> {
public:
    struct config {
        by_call<fault_odds> odds{};
        int error_number = EIO; ///< of `error`
        nanoseconds delay{1'000'000};
        std::uint64_t seed = 0;
        fault_counts* counts = nullptr; ///< the caller's, which outlives the tier; null: the tier's own
        config_of<T> inner{};
    };

    faulty() : faulty(config{}) {}
    explicit faulty(const config& c)
        : faulty::decorated(c.inner), counts_(c.counts ? *c.counts : own_counts_),
          create_(c.odds.create, c.seed, 0, counts_.create), write_(c.odds.write, c.seed, 1, counts_.write),
          read_(c.odds.read, c.seed, 2, counts_.read), erase_(c.odds.erase, c.seed, 3, counts_.erase),
          commit_(c.odds.commit, c.seed, 4, counts_.commit), error_number_(c.error_number), delay_(c.delay) {}

    [[nodiscard]] const fault_counts& counts() const { return counts_; }

    KVMARK_COLD result<void> open(const tier_setup& setup) {
        for (const fault_source* s : {&create_, &write_, &read_, &erase_, &commit_}) {
            const fault_odds& o = s->odds();
            if (!is_chance(o.error) || !is_chance(o.torn) || !is_chance(o.corrupt) || !is_chance(o.delay) ||
                !is_chance(o.error + o.torn + o.corrupt))
                return refusal("probabilities are 0 to 1, and so is the sum of error, torn and corrupt");
            if (s != &read_ && s != &write_ && o.torn + o.corrupt > 0)
                return refusal("only reads and writes can be torn or corrupt");
        }
        if (error_number_ <= 0) return refusal("error_number is an errno, above 0");
        return faulty::decorated::open(setup);
    }

    [[nodiscard]] KVMARK_INLINE io_status create(entry_id e, bytes size) {
        return fails(create_) ? io_status{error_number_} : this->inner().create(e, size);
    }
    /// A failed one has erased all the same: the number of the entry is used again, and the tier inside must
    /// not have two entries of it.
    [[nodiscard]] KVMARK_INLINE io_status erase(entry_id e) {
        const bool failed = fails(erase_);
        const io_status status = this->inner().erase(e);
        return failed ? io_status{error_number_} : status;
    }
    [[nodiscard]] KVMARK_INLINE io_status commit(entry_id e) requires has_commit<T> {
        return fails(commit_) ? io_status{error_number_} : this->inner().commit(e);
    }

    [[nodiscard]] KVMARK_INLINE io_status write(entry_id e, bytes offset, std::span<const std::byte> from) {
        const fate f = next(write_);
        if (KVMARK_LIKELY(f.what == fault::none)) return this->inner().write(e, offset, from);
        return write_badly(f, e, offset, from);
    }
    [[nodiscard]] KVMARK_INLINE io_status read(entry_id e, bytes offset, std::span<std::byte> into) {
        const fate f = next(read_);
        if (KVMARK_LIKELY(f.what == fault::none)) return this->inner().read(e, offset, into);
        return read_badly(f, e, offset, into);
    }

private:
    using fault = fault_source::fault;
    using fate = fault_source::fate;

    static bool is_chance(double p) { return p >= 0 && p <= 1; }
    static error refusal(const char* why) {
        return {error_kind::invalid_argument, std::string("faulty tier: ") + why};
    }

    [[nodiscard]] KVMARK_INLINE fate next(fault_source& calls) {
        const fate f = calls.next();
        if (!KVMARK_LIKELY(!f.delayed)) wait_until(clocks::monotonic_now() + delay_);
        return f;
    }
    [[nodiscard]] KVMARK_INLINE bool fails(fault_source& calls) { return next(calls).what != fault::none; }

    /// What arrives of a torn transfer: whole sectors, perhaps none.
    static std::size_t half(std::size_t size) { return size / sector_size.count / 2 * sector_size.count; }
    static io_status torn(io_status of_the_half) { return of_the_half.good() ? io_status{EIO} : of_the_half; }

    KVMARK_COLD io_status read_badly(const fate& f, entry_id e, bytes offset, std::span<std::byte> into) {
        if (f.what == fault::error) return {error_number_};
        if (f.what == fault::torn) {
            const auto part = into.first(half(into.size()));
            return torn(part.empty() ? io_status{} : this->inner().read(e, offset, part));
        }
        const io_status status = this->inner().read(e, offset, into);
        flip_bit(into[f.place % into.size()], f);
        return status;
    }

    /// A corrupt write is one good write, and another of the sector that is to be bad.
    KVMARK_COLD io_status write_badly(const fate& f, entry_id e, bytes offset,
                                      std::span<const std::byte> from) {
        if (f.what == fault::error) return {error_number_};
        if (f.what == fault::torn) {
            const auto part = from.first(half(from.size()));
            return torn(part.empty() ? io_status{} : this->inner().write(e, offset, part));
        }
        if (const io_status status = this->inner().write(e, offset, from); !status.good()) return status;
        alignas(sector_size.count) std::byte sector[sector_size.count];
        const std::size_t place = f.place % from.size();
        const std::size_t start = place / sizeof sector * sizeof sector;
        std::memcpy(sector, from.data() + start, sizeof sector);
        flip_bit(sector[place - start], f);
        return this->inner().write(e, offset + bytes(start), sector);
    }

    static void flip_bit(std::byte& byte, const fate& f) { byte ^= std::byte{1} << (f.place >> 61); }

    fault_counts own_counts_;
    fault_counts& counts_;
    fault_source create_, write_, read_, erase_, commit_;
    int error_number_;
    nanoseconds delay_;
};

} // namespace kvmark::tier
