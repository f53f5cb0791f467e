// The guard before a block device is overwritten.
#pragma once

#include <kvmark/core/buffer.hpp>
#include <kvmark/core/result.hpp>
#include <kvmark/tier/transfer.hpp>

#include <cstring>
#include <fcntl.h>
#include <linux/fs.h>
#include <string>
#include <sys/ioctl.h>
#include <sys/stat.h>

namespace kvmark::tier {

/// A whole block device, opened for a slab. It is refused unless its user named it twice, nothing else holds
/// it (a mount, LVM, RAID), and its first and last MiB are empty but for kvmark's own mark: there a file
/// system, a partition table or a volume manager keeps what makes it one. Those two MiB are never used.
class raw_device {
public:
    static constexpr bytes margin{mib_bytes};

    [[nodiscard]] KVMARK_COLD static bool is_block_device(const std::string& path) {
        struct stat info {};
        return ::stat(path.c_str(), &info) == 0 && S_ISBLK(info.st_mode);
    }

    /// Bytes between the margins; 0 when it cannot be asked.
    [[nodiscard]] KVMARK_COLD static bytes usable(const std::string& path) {
        const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
        if (fd < 0) return {};
        const bytes size = size_of(fd);
        ::close(fd);
        return size > margin * 2 ? size - margin * 2 : bytes();
    }

    /// A descriptor for reading and writing, with O_DIRECT; the device then carries kvmark's mark.
    [[nodiscard]] KVMARK_COLD static result<int> open(const std::string& path, const std::string& again) {
        struct stat named {};
        struct stat repeated {};
        if (::stat(path.c_str(), &named) != 0) return refused(path, std::strerror(errno));
        if (again.empty() || ::stat(again.c_str(), &repeated) != 0 || repeated.st_rdev != named.st_rdev)
            return refused(path, "a block device is overwritten only when it is named twice: give "
                                 "--raw-device " +
                                     path + " too");
        const int fd = ::open(path.c_str(), O_RDWR | O_DIRECT | O_EXCL | O_CLOEXEC);
        if (fd < 0)
            return refused(path, errno == EBUSY ? "it is mounted, or held by a volume manager"
                                                : std::strerror(errno));
        if (auto marked = check_and_mark(fd, path); !marked) {
            ::close(fd);
            return marked.error();
        }
        return fd;
    }

private:
    static constexpr std::string_view mark = "kvmark: the slab of a storage benchmark, free to overwrite\n";

    static error refused(const std::string& path, const std::string& why) {
        return {error_kind::invalid_argument, "raw device " + path + ": " + why};
    }

    static bytes size_of(int fd) {
        std::uint64_t size = 0;
        return bytes(::ioctl(fd, BLKGETSIZE64, &size) == 0 ? size : 0);
    }

    static result<void> check_and_mark(int fd, const std::string& path) {
        const bytes size = size_of(fd);
        if (size < margin * 3) return refused(path, "it is smaller than 3 MiB");
        const huge_page_buffer buffer(margin);
        if (buffer.empty()) return refused(path, std::strerror(ENOMEM));
        for (const bytes at : {bytes(), size - margin}) {
            if (const io_status read = read_all(fd, at.count, buffer.span()); !read.good())
                return refused(path, std::strerror(read.error_number));
            const bool marked = at == bytes() && std::memcmp(buffer.data(), mark.data(), mark.size()) == 0;
            if (!is_zero(buffer.span().subspan(marked ? mark.size() : 0)))
                return refused(path, "it holds data in its first or last MiB, a file system or a partition "
                                     "table perhaps; if it may be lost: wipefs -a " +
                                         path + " && blkdiscard -z " + path);
        }
        std::memset(buffer.data(), 0, sector_size.count);
        std::memcpy(buffer.data(), mark.data(), mark.size());
        const io_status written = write_all(fd, 0, buffer.span().first(sector_size.count));
        if (!written.good()) return refused(path, std::strerror(written.error_number));
        return {};
    }

    static bool is_zero(std::span<const std::byte> part) {
        for (const std::byte b : part)
            if (b != std::byte{}) return false;
        return true;
    }
};

} // namespace kvmark::tier
