// What queues have in common whose I/Os are begun one by one, and asked for until they are over.
#pragma once

#include <kvmark/tier/storage_tier.hpp>

#include <atomic>
#include <vector>

namespace kvmark::tier {

/// A tier's queue derives from it, and adds open(), submit(), which begins what was prepared, and wait().
class asked_queue {
public:
    asked_queue() = default;
    asked_queue(const asked_queue&) = delete;
    asked_queue& operator=(const asked_queue&) = delete;

    KVMARK_INLINE void read(std::uint32_t slot, entry_id e, bytes offset, std::span<std::byte> into) {
        prepared_.push_back({slot, e, offset, into.data(), into.size(), false});
    }
    KVMARK_INLINE void write(std::uint32_t slot, entry_id e, bytes offset, std::span<const std::byte> from) {
        prepared_.push_back({slot, e, offset, const_cast<std::byte*>(from.data()), from.size(), true});
    }

    template <class Done>
    KVMARK_INLINE void reap(Done&& done) {
        // By index: done() may begin an I/O that fails at once.
        for (std::size_t i = 0; i < ended_.size(); ++i) done(ended_[i].slot, ended_[i].status);
        ended_.clear();
    }

    void wake() {
        bell_.store(true);
        bell_.notify_one();
    }

protected:
    struct io {
        std::uint32_t slot;
        entry_id entry;
        bytes offset;
        std::byte* data;
        std::size_t size;
        bool writes;
    };

    KVMARK_COLD void reserve(std::uint32_t slots) {
        prepared_.reserve(slots);
        ended_.reserve(slots);
    }
    [[nodiscard]] KVMARK_INLINE std::vector<io>& prepared() { return prepared_; }

    KVMARK_INLINE void end(std::uint32_t slot, io_status status) { ended_.push_back({slot, status}); }
    /// Whether reap() has something to tell.
    [[nodiscard]] KVMARK_INLINE bool has_ended() const { return !ended_.empty(); }

    /// Whether wake() was called since the last time. exchange(), not store(): what the waker did is seen.
    [[nodiscard]] KVMARK_INLINE bool was_rung() { return bell_.exchange(false); }
    /// Until wake(): nothing is under way.
    void sleep() {
        bell_.wait(false);
        static_cast<void>(was_rung());
    }

private:
    struct ended_slot {
        std::uint32_t slot;
        io_status status;
    };

    std::vector<io> prepared_;
    std::vector<ended_slot> ended_;
    std::atomic<bool> bell_{false};
};

} // namespace kvmark::tier
