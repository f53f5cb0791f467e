// Files through io_uring: the storage tier that reaches a fast device's limit with one thread.
#pragma once

#include <kvmark/tier/direct_file.hpp>
#include <kvmark/tier/io_uring.hpp>

#include <sys/eventfd.h>
#include <vector>

namespace kvmark::tier {

/// direct_file with a queue: a ring for each thread, with its buffers registered, and its file too where the
/// layout has but one. Needs liburing (kvmark::uring). Where io_uring is refused it is direct_file, and says
/// so.
template <file_layout Layout>
class basic_uring_file : public basic_direct_file<Layout> {
public:
    static constexpr std::string_view name = "uring_file";
    class queue;

    [[nodiscard]] KVMARK_COLD bool can_queue(const tier_setup& setup) {
        refusal_ = io_uring_ring::refusal(setup.cache_dir);
        return refusal_.empty();
    }

    KVMARK_COLD result<void> open(const tier_setup& setup) {
        if (setup.strict && !can_queue(setup)) return error{error_kind::unsupported, "--strict: " + refusal_};
        return basic_direct_file<Layout>::open(setup);
    }

    [[nodiscard]] std::string note() const {
        std::string all = basic_direct_file<Layout>::note();
        if (!refusal_.empty())
            all += (all.empty() ? "" : "; ") + refusal_ +
                   ": pread and pwrite in its place, by a thread for each I/O";
        if (const int failed = unregistered_.load())
            all += std::string(all.empty() ? "" : "; ") + "I/O buffers are not registered (" +
                   std::strerror(failed) + "; see `ulimit -l`): each I/O costs a little more";
        return all;
    }

private:
    std::string refusal_;
    std::atomic<int> unregistered_{0};
};
using uring_file = basic_uring_file<file_per_entry>;

template <file_layout Layout>
class basic_uring_file<Layout>::queue {
public:
    queue() = default;
    queue(const queue&) = delete;
    queue& operator=(const queue&) = delete;
    KVMARK_COLD ~queue() {
        while (in_flight_ > 0) {
            wait();
            reap([](std::uint32_t, io_status) {});
        }
        if (bell_ >= 0) ::close(bell_);
    }

    KVMARK_COLD result<void> open(basic_uring_file& t, std::uint32_t depth, std::span<std::byte> memory) {
        layout_ = &t.layout();
        slots_.resize(depth);
        // One entry more, for the bell.
        if (const int failed = ring_.open(depth + 1); failed != 0)
            return error{error_kind::system, std::string("io_uring: ") + std::strerror(failed) +
                                                 "; give a smaller --queue-depth, or --io-engine pread"};
        iovec all{memory.data(), memory.size()};
        if (const int failed = -::io_uring_register_buffers(&ring_.get(), &all, 1); failed == 0)
            buffers_registered_ = true;
        else
            t.unregistered_ = failed;
        if (const int fd = only_fd_of(*layout_); fd >= 0)
            file_registered_ = ::io_uring_register_files(&ring_.get(), &fd, 1) == 0;
        bell_ = ::eventfd(0, EFD_CLOEXEC);
        if (bell_ < 0) return error{error_kind::system, std::string("eventfd: ") + std::strerror(errno)};
        listen();
        return {};
    }

    KVMARK_INLINE void read(std::uint32_t slot, entry_id e, bytes offset, std::span<std::byte> into) {
        prepare(slot, e, offset, into.data(), into.size(), false);
    }
    KVMARK_INLINE void write(std::uint32_t slot, entry_id e, bytes offset, std::span<const std::byte> from) {
        prepare(slot, e, offset, const_cast<std::byte*>(from.data()), from.size(), true);
    }

    KVMARK_INLINE void submit() { ::io_uring_submit(&ring_.get()); }

    /// An interrupted wait is one that ends early.
    KVMARK_INLINE void wait() {
        if (failed_.empty())
            ::io_uring_submit_and_wait(&ring_.get(), 1);
        else
            submit();
    }

    KVMARK_INLINE void poll() { ::io_uring_submit_and_get_events(&ring_.get()); }

    template <class Done>
    KVMARK_INLINE void reap(Done&& done) {
        // By index: done() may begin an I/O that fails at once.
        for (std::size_t i = 0; i < failed_.size(); ++i) done(failed_[i].slot, failed_[i].status);
        failed_.clear();
        unsigned head = 0, seen = 0;
        ::io_uring_cqe* completion = nullptr;
        io_uring_for_each_cqe(&ring_.get(), head, completion) {
            ++seen;
            if (KVMARK_LIKELY(completion->user_data != bell_rang))
                conclude(static_cast<std::uint32_t>(completion->user_data), completion->res, done);
            else
                listen();
        }
        ::io_uring_cq_advance(&ring_.get(), seen);
    }

    void wake() {
        const std::uint64_t one = 1;
        static_cast<void>(!::write(bell_, &one, sizeof one));
    }

private:
    static constexpr std::uint64_t bell_rang = ~std::uint64_t{0};

    struct slot_state {
        file_part part;
        std::byte* data = nullptr;
        std::size_t left = 0;
        bool writes = false;
    };
    struct failed_slot {
        std::uint32_t slot;
        io_status status;
    };

    KVMARK_INLINE void prepare(std::uint32_t slot, entry_id e, bytes offset, std::byte* data,
                               std::size_t size, bool writes) {
        slot_state& s = slots_[slot];
        s = {layout_->borrow(e, offset), data, size, writes};
        if (!KVMARK_LIKELY(s.part.fd >= 0)) return failed_.push_back({slot, {s.part.error_number}});
        ++in_flight_;
        enqueue(slot, s);
    }

    /// The ring has an entry for every slot, so there is always one to take.
    KVMARK_INLINE void enqueue(std::uint32_t slot, const slot_state& s) {
        ::io_uring_sqe* entry = ::io_uring_get_sqe(&ring_.get());
        const int fd = file_registered_ ? 0 : s.part.fd;
        const auto size = static_cast<unsigned>(s.left);
        if (buffers_registered_ && s.writes)
            ::io_uring_prep_write_fixed(entry, fd, s.data, size, s.part.at, 0);
        else if (buffers_registered_)
            ::io_uring_prep_read_fixed(entry, fd, s.data, size, s.part.at, 0);
        else if (s.writes)
            ::io_uring_prep_write(entry, fd, s.data, size, s.part.at);
        else
            ::io_uring_prep_read(entry, fd, s.data, size, s.part.at);
        if (file_registered_) entry->flags |= IOSQE_FIXED_FILE;
        entry->user_data = slot;
    }

    /// A short count is carried on; 0 bytes where some are due is EIO: the file is shorter than the entry.
    template <class Done>
    KVMARK_INLINE void conclude(std::uint32_t slot, std::int32_t moved, Done&& done) {
        slot_state& s = slots_[slot];
        const bool again = moved == -EINTR || moved == -EAGAIN;
        if (moved > 0) {
            s.data += moved;
            s.part.at += static_cast<std::uint64_t>(moved);
            s.left -= static_cast<std::size_t>(moved);
        }
        if (!KVMARK_LIKELY(s.left == 0 || (moved <= 0 && !again))) return enqueue(slot, s);
        --in_flight_;
        layout_->give_back(s.part);
        done(slot, io_status{s.left == 0 ? 0 : moved == 0 ? EIO : -moved});
    }

    void listen() {
        ::io_uring_sqe* entry = ::io_uring_get_sqe(&ring_.get());
        ::io_uring_prep_read(entry, bell_, &rings_, sizeof rings_, 0);
        entry->user_data = bell_rang;
    }

    Layout* layout_ = nullptr;
    io_uring_ring ring_;
    std::vector<slot_state> slots_;
    std::vector<failed_slot> failed_; ///< I/Os that had no file to begin on
    std::uint32_t in_flight_ = 0;
    std::uint64_t rings_ = 0;
    int bell_ = -1;
    bool buffers_registered_ = false;
    bool file_registered_ = false;
};

} // namespace kvmark::tier
