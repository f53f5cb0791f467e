// A tier that counts what is asked of it.
#pragma once

#include <kvmark/tier/decorated.hpp>

#include <atomic>

namespace kvmark::tier {

/// Calls of one kind. On a cache line of its own, so that counting reads does not slow writes down.
struct alignas(64) call_counter {
    std::atomic<std::uint64_t> calls{0};
    std::atomic<std::uint64_t> bytes{0}; ///< of the good reads and writes; the sizes given to good creates
    std::atomic<std::uint64_t> errors{0};
};
using call_counts = by_call<call_counter>;

/// Counts the calls, bytes and errors of the tier inside. May be read at any time; a call is counted once it
/// is over.
template <blocking_tier T>
class counted : public decorated<T, "counted"> {
public:
    struct config {
        call_counts* counts = nullptr; ///< the caller's, which outlives the tier; null: the tier's own
        config_of<T> inner{};
    };

    counted() : counted(config{}) {}
    explicit counted(const config& c)
        : counted::decorated(c.inner), counts_(c.counts ? *c.counts : own_counts_) {}

    [[nodiscard]] const call_counts& counts() const { return counts_; }

    [[nodiscard]] KVMARK_INLINE io_status create(entry_id e, bytes size) {
        return count(counts_.create, size.count, this->inner().create(e, size));
    }
    [[nodiscard]] KVMARK_INLINE io_status write(entry_id e, bytes offset, std::span<const std::byte> from) {
        return count(counts_.write, from.size(), this->inner().write(e, offset, from));
    }
    [[nodiscard]] KVMARK_INLINE io_status read(entry_id e, bytes offset, std::span<std::byte> into) {
        return count(counts_.read, into.size(), this->inner().read(e, offset, into));
    }
    [[nodiscard]] KVMARK_INLINE io_status erase(entry_id e) {
        return count(counts_.erase, 0, this->inner().erase(e));
    }
    [[nodiscard]] KVMARK_INLINE io_status commit(entry_id e) requires has_commit<T> {
        return count(counts_.commit, 0, this->inner().commit(e));
    }

private:
    KVMARK_INLINE static io_status count(call_counter& c, std::uint64_t size, io_status status) {
        c.calls.fetch_add(1, std::memory_order_relaxed);
        if (KVMARK_LIKELY(status.good()))
            c.bytes.fetch_add(size, std::memory_order_relaxed);
        else
            c.errors.fetch_add(1, std::memory_order_relaxed);
        return status;
    }

    call_counts own_counts_;
    call_counts& counts_;
};

} // namespace kvmark::tier
