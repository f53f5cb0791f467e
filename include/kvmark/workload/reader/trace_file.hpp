// The compact form of a trace as a file. Opt-in.
#pragma once

#include <kvmark/core/whole_file.hpp>
#include <kvmark/workload/reader/trace_check.hpp>

#include <sys/mman.h>

namespace kvmark::workload {

/// Writes it whole or not at all; with a checksum. Errors: those of whole_file.
[[nodiscard]] inline result<void> write_trace(const block_trace& trace, const std::string& path) {
    trace_header header = trace.header();
    trace_checksum sum;
    sum.add(trace.body());
    header.checksum = sum.with_header(header);
    result<whole_file> file = whole_file::create(path);
    if (!file) return file.error();
    if (result<void> r = file->append(std::as_bytes(std::span(&header, 1))); !r) return r;
    if (result<void> r = file->append(trace.body()); !r) return r;
    return file->commit();
}

namespace detail {

/// A file's bytes for as long as it lives. The file may be replaced meanwhile, but must not be cut off.
struct mapped_bytes {
    explicit mapped_bytes(std::span<const std::byte> b) : bytes(b) {}
    mapped_bytes(mapped_bytes&& m) noexcept : bytes(std::exchange(m.bytes, {})) {}
    mapped_bytes& operator=(mapped_bytes&&) = delete;
    ~mapped_bytes() {
        if (!bytes.empty()) ::munmap(const_cast<std::byte*>(bytes.data()), bytes.size());
    }

    std::span<const std::byte> bytes;
};

[[nodiscard]] inline result<mapped_bytes> map_file(const std::string& path) {
    const auto failed = [&](const char* what) {
        return error{error_kind::system, path + ": " + what + ": " + std::strerror(errno)};
    };
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return failed("cannot be opened");
    struct stat info {};
    if (::fstat(fd, &info) != 0 || info.st_size == 0) {
        const bool empty = info.st_size == 0;
        const error e = failed("cannot be read");
        ::close(fd);
        if (empty) return error{error_kind::invalid_argument, path + ":byte 0: the file is empty"};
        return e;
    }
    const std::size_t size = static_cast<std::size_t>(info.st_size);
    void* const at = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
    const error e = failed("cannot be mapped");
    ::close(fd);
    if (at == MAP_FAILED) return e;
    ::madvise(at, size, MADV_SEQUENTIAL);
    return mapped_bytes(std::span(static_cast<const std::byte*>(at), size));
}

} // namespace detail

/// Maps the file, checks all of it once, and hands it out; copies share the mapping. Errors:
/// `file:byte N: reason`, see trace_checker, and what the operating system says.
[[nodiscard]] inline result<block_trace> open_trace(const std::string& path) {
    result<detail::mapped_bytes> mapped = detail::map_file(path);
    if (!mapped) return mapped.error();
    const std::span<const std::byte> bytes = mapped->bytes;
    const result<trace_header> header = trace_checker(path, bytes).check();
    if (!header) return header.error();
    const detail::mapped_bytes* kept = nullptr;
    return block_trace(*header, bytes.subspan(sizeof *header), shared_owner::of(*std::move(mapped), kept));
}

} // namespace kvmark::workload
