// A ring of io_uring for one thread, with what the machine grants of its faster ways.
#pragma once

#include <kvmark/core/path.hpp>
#include <kvmark/core/result.hpp>

#include <cerrno>
#include <cstring>
#include <liburing.h>
#include <linux/magic.h>
#include <span>
#include <sys/statfs.h>

namespace kvmark::tier {

/// Owns a ring. `single_issuer` and `defer_taskrun` (Linux 6.1) let the kernel complete I/Os without
/// interrupting the thread that waits for them; an older kernel runs without.
class io_uring_ring {
public:
    io_uring_ring() = default;
    io_uring_ring(const io_uring_ring&) = delete;
    io_uring_ring& operator=(const io_uring_ring&) = delete;
    KVMARK_COLD ~io_uring_ring() {
        if (open_) ::io_uring_queue_exit(&ring_);
    }

    /// By the thread that will use it. 0 or an errno.
    [[nodiscard]] KVMARK_COLD int open(unsigned entries) {
        int failed = 0;
        for (const unsigned flags : {IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN, 0u}) {
            failed = -::io_uring_queue_init(entries, &ring_, flags | IORING_SETUP_CLAMP);
            if (failed != EINVAL) break;
        }
        open_ = failed == 0;
        return failed;
    }

    [[nodiscard]] KVMARK_INLINE ::io_uring& get() { return ring_; }

    /// Why a file system at `path` gains nothing from a ring, or why this process gets none; empty if it
    /// does.
    [[nodiscard]] KVMARK_COLD static std::string refusal(const std::string& path) {
        io_uring_ring probe;
        if (const int failed = probe.open(1); failed != 0)
            return std::string("io_uring is refused (") + std::strerror(failed) + hint(failed) + ")";
        struct statfs fs {};
        if (::statfs(nearest_existing(path).c_str(), &fs) == 0 &&
            (fs.f_type == TMPFS_MAGIC || fs.f_type == RAMFS_MAGIC))
            return "io_uring hands each I/O on a file system in memory to a kernel thread, at fifty times "
                   "the cost";
        return {};
    }

private:
    static const char* hint(int failed) {
        switch (failed) {
        case EPERM:
            return "; see sysctl kernel.io_uring_disabled and the container's seccomp profile";
        case ENOMEM:
            return "; raise `ulimit -l`";
        case ENOSYS:
            return "; this kernel has none";
        default:
            return "";
        }
    }

    ::io_uring ring_{};
    bool open_ = false;
};

} // namespace kvmark::tier
