// io_uring as one would write it by hand: the peer that uring_file's cost is held against.
#pragma once

#include <cstdint>
#include <liburing.h>
#include <sys/uio.h>

namespace raw {

/// Reads `count` blocks at places that `next()` gives, `depth` at once, with a registered file and buffers.
/// Nanoseconds are the caller's to take. False on any failure.
template <class Next>
bool read_blocks(int fd, char* buffers, unsigned block, unsigned depth, std::uint64_t count, Next&& next) {
    io_uring ring{};
    if (io_uring_queue_init(depth, &ring, IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN) != 0)
        return false;
    iovec memory{buffers, std::size_t{block} * depth};
    bool good =
        io_uring_register_buffers(&ring, &memory, 1) == 0 && io_uring_register_files(&ring, &fd, 1) == 0;
    const auto prepare = [&](std::uint64_t slot) {
        io_uring_sqe* entry = io_uring_get_sqe(&ring);
        io_uring_prep_read_fixed(entry, 0, buffers + slot * block, block, next(), 0);
        entry->flags |= IOSQE_FIXED_FILE;
        entry->user_data = slot;
    };
    std::uint64_t begun = 0, done = 0;
    for (; begun < depth && begun < count; ++begun) prepare(begun);
    while (good && done < count) {
        io_uring_submit_and_wait(&ring, 1);
        unsigned head = 0, seen = 0;
        io_uring_cqe* completion = nullptr;
        io_uring_for_each_cqe(&ring, head, completion) {
            ++seen;
            good = good && completion->res == static_cast<int>(block);
            if (begun < count) {
                prepare(completion->user_data);
                ++begun;
            }
        }
        io_uring_cq_advance(&ring, seen);
        done += seen;
    }
    io_uring_queue_exit(&ring);
    return good;
}

} // namespace raw
