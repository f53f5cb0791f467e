// Files through Boost.Asio on io_uring: what a server built on Asio gets.
#pragma once

#if !defined(BOOST_ASIO_HAS_IO_URING)
#error                                                                                                       \
    "kvmark: <kvmark/tier/asio_file.hpp> needs BOOST_ASIO_HAS_IO_URING in every source file: link kvmark::asio_file"
#endif

#include <kvmark/tier/uring_file.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/random_access_file.hpp>

#include <array>
#include <memory>
#include <new>

namespace kvmark::tier {

/// direct_file with a queue that is an io_context. An object of Asio 1.81 runs one read and one write at a
/// time, so each slot has one of its own, over dup(fd): for good where the layout has but one file, else for
/// each I/O.
template <file_layout Layout>
class basic_asio_file : public basic_uring_file<Layout> {
public:
    static constexpr std::string_view name = "asio_file";
    class queue;
};
using asio_file = basic_asio_file<file_per_entry>;

template <file_layout Layout>
class basic_asio_file<Layout>::queue {
public:
    queue() = default;
    queue(const queue&) = delete;
    queue& operator=(const queue&) = delete;
    KVMARK_COLD ~queue() {
        while (in_flight_ > 0) context_->run_one();
    }

    KVMARK_COLD result<void> open(basic_asio_file& t, std::uint32_t depth, std::span<std::byte>) {
        layout_ = &t.layout();
        keeps_files_ = only_fd_of(*layout_) >= 0;
        try {
            context_ = std::make_unique<boost::asio::io_context>(1);
            slots_ = std::vector<slot_state>(depth);
            for (slot_state& s : slots_) {
                s.file = std::make_unique<boost::asio::random_access_file>(*context_);
                if (keeps_files_) s.file->assign(::dup(only_fd_of(*layout_)));
            }
            bell_ = std::make_unique<boost::asio::posix::stream_descriptor>(
                *context_, ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
        } catch (const boost::system::system_error& e) {
            return error{error_kind::system, std::string("Asio: ") + e.what() + "; give --io-engine pread"};
        }
        ended_.reserve(depth);
        listen();
        return {};
    }

    /// Asio begins an I/O at once.
    void read(std::uint32_t slot, entry_id e, bytes offset, std::span<std::byte> into) {
        begin(slot, e, offset, into.data(), into.size(), false);
    }
    void write(std::uint32_t slot, entry_id e, bytes offset, std::span<const std::byte> from) {
        begin(slot, e, offset, const_cast<std::byte*>(from.data()), from.size(), true);
    }
    void submit() { context_->poll(); }
    void wait() {
        while (ended_.empty() && !std::exchange(rung_, false)) context_->run_one();
    }
    template <class Done>
    void reap(Done&& done) {
        context_->poll();
        // By index: done() may begin an I/O that fails at once.
        for (std::size_t i = 0; i < ended_.size(); ++i) done(ended_[i].slot, ended_[i].status);
        ended_.clear();
    }
    void wake() {
        const std::uint64_t one = 1;
        static_cast<void>(!::write(bell_->native_handle(), &one, sizeof one));
    }

private:
    /// Room for the one operation of Asio's that a slot has at a time.
    struct operation_memory {
        static constexpr std::size_t size = 1024;
        alignas(std::max_align_t) std::array<std::byte, size> room;
    };
    template <class T>
    struct operation_allocator {
        using value_type = T;
        operation_memory* memory;

        explicit operation_allocator(operation_memory* m) : memory(m) {}
        template <class U>
        operation_allocator(const operation_allocator<U>& other) : memory(other.memory) {}
        T* allocate(std::size_t n) {
            if (n * sizeof(T) > operation_memory::size) throw std::bad_alloc();
            return reinterpret_cast<T*>(memory->room.data());
        }
        void deallocate(T*, std::size_t) {}
        template <class U>
        bool operator==(const operation_allocator<U>& other) const {
            return memory == other.memory;
        }
    };

    struct slot_state {
        std::unique_ptr<boost::asio::random_access_file> file;
        file_part part;
        std::byte* data = nullptr;
        std::size_t left = 0;
        bool writes = false;
        operation_memory memory;
    };
    struct ended_slot {
        std::uint32_t slot;
        io_status status;
    };
    struct on_moved {
        queue* owner;
        std::uint32_t slot;

        using allocator_type = operation_allocator<void*>;
        [[nodiscard]] allocator_type get_allocator() const {
            return allocator_type(&owner->slots_[slot].memory);
        }
        void operator()(const boost::system::error_code& failed, std::size_t moved) const {
            owner->moved(slot, failed, moved);
        }
    };

    void begin(std::uint32_t slot, entry_id e, bytes offset, std::byte* data, std::size_t size, bool writes) {
        slot_state& s = slots_[slot];
        s.part = layout_->borrow(e, offset);
        s.data = data;
        s.left = size;
        s.writes = writes;
        if (s.part.fd < 0) return ended_.push_back({slot, {s.part.error_number}});
        if (!keeps_files_) {
            boost::system::error_code refused;
            const int own = ::dup(s.part.fd);
            const int failed = own < 0 ? errno : 0;
            if (own >= 0) s.file->assign(own, refused);
            if (own < 0 || refused) {
                layout_->give_back(s.part);
                return ended_.push_back({slot, {failed != 0 ? failed : refused.value()}});
            }
        }
        ++in_flight_;
        move(slot);
    }

    void move(std::uint32_t slot) {
        slot_state& s = slots_[slot];
        if (s.writes)
            s.file->async_write_some_at(s.part.at, boost::asio::const_buffer(s.data, s.left),
                                        on_moved{this, slot});
        else
            s.file->async_read_some_at(s.part.at, boost::asio::mutable_buffer(s.data, s.left),
                                       on_moved{this, slot});
    }

    /// A short count is carried on; 0 bytes where some are due is EIO: the file is shorter than the entry.
    void moved(std::uint32_t slot, const boost::system::error_code& failed, std::size_t n) {
        slot_state& s = slots_[slot];
        s.data += n;
        s.part.at += n;
        s.left -= n;
        if (!failed && n > 0 && s.left > 0) return move(slot);
        --in_flight_;
        boost::system::error_code ignored;
        if (!keeps_files_) s.file->close(ignored);
        layout_->give_back(s.part);
        const bool short_file = failed == boost::asio::error::eof || (!failed && n == 0);
        ended_.push_back({slot, {s.left == 0 ? 0 : short_file ? EIO : failed.value()}});
    }

    void listen() {
        bell_->async_wait(boost::asio::posix::stream_descriptor::wait_read,
                          [this](const boost::system::error_code& failed) {
                              if (failed) return;
                              std::uint64_t rings;
                              static_cast<void>(!::read(bell_->native_handle(), &rings, sizeof rings));
                              rung_ = true;
                              listen();
                          });
    }

    Layout* layout_ = nullptr;
    std::unique_ptr<boost::asio::io_context> context_;
    std::vector<slot_state> slots_;
    std::vector<ended_slot> ended_;
    std::unique_ptr<boost::asio::posix::stream_descriptor> bell_;
    std::uint32_t in_flight_ = 0;
    bool keeps_files_ = false;
    bool rung_ = false;
};

} // namespace kvmark::tier
