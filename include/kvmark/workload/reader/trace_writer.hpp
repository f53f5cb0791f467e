// A trace that is written to a file as it is made. Opt-in.
#pragma once

#include <kvmark/core/whole_file.hpp>
#include <kvmark/workload/reader/trace_check.hpp>
#include <kvmark/workload/trace_builder.hpp>

namespace kvmark::workload {

/// What a trace_builder collects, in a file. Memory: a buffer, and four bytes for each distinct block.
/// Without finish() nothing is left behind.
class trace_writer {
public:
    /// Errors: those of whole_file.
    static result<trace_writer> create(const std::string& path, tokens block_tokens,
                                       std::string_view format) {
        result<whole_file> file = whole_file::create(path);
        if (!file) return file.error();
        trace_writer w(*std::move(file), block_tokens, format);
        if (result<void> r = w.file_.append(w.header_bytes()); !r) return r.error();
        return w;
    }

    /// Appends a request, as trace_builder::add().
    result<void> add(const trace_row& row) {
        encoder_.append(row, buffer_);
        return buffer_.size() < buffer_size ? result<void>() : flush();
    }

    /// Completes the header and gives the file its name.
    result<void> finish() {
        if (result<void> r = flush(); !r) return r;
        header_ = encoder_.header();
        header_.checksum = checksum_.with_header(header_);
        if (result<void> r = file_.overwrite_start(header_bytes()); !r) return r;
        return file_.commit();
    }

private:
    static constexpr std::size_t buffer_size = std::size_t{1} << 20;

    trace_writer(whole_file file, tokens block_tokens, std::string_view format)
        : file_(std::move(file)), encoder_(block_tokens, format) {}

    [[nodiscard]] std::span<const std::byte> header_bytes() const {
        return std::as_bytes(std::span(&header_, 1));
    }
    result<void> flush() {
        checksum_.add(buffer_);
        result<void> r = file_.append(buffer_);
        buffer_.clear();
        return r;
    }

    whole_file file_;
    trace_encoder encoder_;
    trace_header header_{};
    std::vector<std::byte> buffer_;
    trace_checksum checksum_;
};

} // namespace kvmark::workload
