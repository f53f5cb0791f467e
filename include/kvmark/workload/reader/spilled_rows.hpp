// Requests of many conversations, set aside in a temporary file until their turn comes. Opt-in.
#pragma once

#include <kvmark/workload/trace_builder.hpp>

#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <string>
#include <unistd.h>

namespace kvmark::workload::detail {

/// Records, each followed by the numbers of its blocks. The file has no name and goes with the object.
class spilled_rows {
public:
    /// In $TMPDIR, or else in /var/tmp. Errors: system.
    static result<spilled_rows> create() {
        const char* const folder = std::getenv("TMPDIR");
        std::string path =
            std::string(folder != nullptr && *folder != '\0' ? folder : "/var/tmp") + "/kvmark-XXXXXX";
        spilled_rows rows;
        rows.fd_ = ::mkostemp(path.data(), O_CLOEXEC);
        if (rows.fd_ < 0) return failed("cannot create " + path);
        ::unlink(path.c_str());
        return rows;
    }

    spilled_rows(spilled_rows&& other) noexcept
        : fd_(std::exchange(other.fd_, -1)), size_(other.size_), buffer_(std::move(other.buffer_)) {}
    spilled_rows& operator=(spilled_rows&&) = delete;
    ~spilled_rows() {
        if (fd_ >= 0) ::close(fd_);
    }

    /// Where the next one will lie.
    [[nodiscard]] std::uint64_t size() const { return size_ + buffer_.size(); }

    result<void> append(const trace_record& record, std::span<const block_number> blocks) {
        for (const std::span<const std::byte> part :
             {std::as_bytes(std::span(&record, 1)), std::as_bytes(blocks)})
            buffer_.insert(buffer_.end(), part.begin(), part.end());
        return buffer_.size() < (std::size_t{1} << 20) ? result<void>() : flush();
    }
    result<void> flush() {
        for (std::size_t done = 0; done < buffer_.size();) {
            const ssize_t n = ::write(fd_, buffer_.data() + done, buffer_.size() - done);
            if (n < 0 && errno == EINTR) continue;
            if (n < 0) return failed("cannot write a temporary file");
            done += static_cast<std::size_t>(n);
        }
        size_ += buffer_.size();
        buffer_.clear();
        return {};
    }

    /// Reads what lies at `at`, after a flush().
    result<void> read(std::uint64_t at, std::span<std::byte> to) const {
        while (!to.empty()) {
            const ssize_t n = ::pread(fd_, to.data(), to.size(), static_cast<off_t>(at));
            if (n < 0 && errno == EINTR) continue;
            if (n <= 0) return failed("cannot read a temporary file");
            at += static_cast<std::uint64_t>(n);
            to = to.subspan(static_cast<std::size_t>(n));
        }
        return {};
    }

private:
    spilled_rows() = default;
    static error failed(const std::string& what) {
        return {error_kind::system, what + ": " + std::strerror(errno)};
    }

    int fd_ = -1;
    std::uint64_t size_ = 0; ///< in the file
    std::vector<std::byte> buffer_;
};

} // namespace kvmark::workload::detail
