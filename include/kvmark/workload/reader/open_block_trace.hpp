// The front door to traces in any format. Opt-in; uses Boost.JSON.
#pragma once

#include <kvmark/workload/reader/bailian_trace.hpp>
#include <kvmark/workload/reader/csv_trace.hpp>
#include <kvmark/workload/reader/detect_format.hpp>
#include <kvmark/workload/reader/mooncake_trace.hpp>
#include <kvmark/workload/reader/sharegpt_trace.hpp>
#include <kvmark/workload/reader/trace_file.hpp>
#include <kvmark/workload/reader/trace_writer.hpp>
#include <kvmark/workload/reader/weka_trace.hpp>

namespace kvmark::workload {

namespace detail {

/// Bytes of a file, or of the files in a directory; 0 if nobody knows.
[[nodiscard]] inline std::uint64_t bytes_at(const std::string& path) {
    std::error_code e;
    if (!std::filesystem::is_directory(path, e)) {
        const auto size = std::filesystem::file_size(path, e);
        return e ? 0 : size;
    }
    std::uint64_t sum = 0;
    for (std::filesystem::directory_iterator at(path, e), end; !e && at != end; at.increment(e))
        if (const auto size = at->file_size(e); !e) sum += size;
    return sum;
}

/// What becomes of the rows, opened once the length of a block is known.
class rows_in_memory {
public:
    result<void> open(tokens block, std::string_view format) {
        builder_.emplace(block, format);
        return {};
    }
    result<void> add(const trace_row& row) {
        builder_->add(row);
        return {};
    }
    result<block_trace> finish() { return builder_->finish(); }

private:
    std::optional<trace_builder> builder_;
};

class rows_in_file {
public:
    explicit rows_in_file(std::string path) : path_(std::move(path)) {}

    result<void> open(tokens block, std::string_view format) {
        result<trace_writer> w = trace_writer::create(path_, block, format);
        if (!w) return w.error();
        writer_.emplace(*std::move(w));
        return {};
    }
    result<void> add(const trace_row& row) { return writer_->add(row); }
    /// The header alone.
    result<block_trace> finish() {
        if (result<void> r = writer_->finish(); !r) return r.error();
        return block_trace(writer_->header(), {}, {});
    }

private:
    std::string path_;
    std::optional<trace_writer> writer_;
};

template <class Reader, class Rows>
result<loaded_trace> read_all(const std::string& path, std::string_view format, const trace_options& o,
                              Rows& rows, progress_ref progress) {
    const std::uint64_t total = bytes_at(path);
    result<Reader> reader = [&] {
        if constexpr (requires { Reader::open(path, o, total, progress); })
            return Reader::open(path, o, total, progress);
        else
            return Reader::open(path, o);
    }();
    if (!reader) return reader.error();
    if (result<void> r = rows.open(reader->block_tokens(), format); !r) return r.error();
    trace_row row;
    std::uint64_t requests = 0, blocks = 0;
    while (reader->next(row)) {
        for (const block_number b : row.blocks)
            if (b >= blocks) ++blocks;
        if (blocks > most_blocks)
            return error{error_kind::invalid_argument, path + ": more than " + std::to_string(most_blocks) +
                                                           " distinct blocks; longer blocks are fewer"};
        if (result<void> r = rows.add(row); !r) return r.error();
        if (++requests % 64 != 0) continue;
        std::uint64_t done = total;
        if constexpr (requires { reader->bytes_read(); }) done = reader->bytes_read();
        if (!progress(done, total)) return reading_stopped(path);
    }
    if constexpr (requires { reader->failure(); })
        if (reader->failure()) return *reader->failure();
    result<block_trace> trace = rows.finish();
    if (!trace) return trace.error();
    loaded_trace loaded{*std::move(trace)};
    if constexpr (requires { reader->skipped(); }) {
        loaded.skipped = reader->skipped().count;
        loaded.first_skipped = reader->skipped().first;
    }
    return loaded;
}

template <class Rows>
result<loaded_trace> read_any(const std::string& path, std::string_view format, const trace_options& o,
                              Rows& rows, progress_ref progress) {
    if (format == "mooncake") return read_all<mooncake_trace>(path, format, o, rows, progress);
    if (format == "bailian") return read_all<bailian_trace>(path, format, o, rows, progress);
    if (format == "weka") return read_all<weka_trace>(path, format, o, rows, progress);
    if (format == "burstgpt") return read_all<burst_gpt_trace>(path, format, o, rows, progress);
    if (format == "azure") return read_all<azure_trace>(path, format, o, rows, progress);
    if (format == "sharegpt") return read_all<sharegpt_trace>(path, format, o, rows, progress);
    return error{error_kind::invalid_argument, "'" + std::string(format) + "' is no format of traces"};
}

} // namespace detail

/// A trace in any format: read into memory, or mapped if it is in the compact form. Errors: those of
/// detect_format() and of the format's reader, malformed rows as `file:line:column: reason` unless
/// `skip_bad`, and reading_stopped().
[[nodiscard]] inline result<loaded_trace> load_block_trace(const std::string& path, const trace_options& o,
                                                           progress_ref progress = no_progress) {
    result<std::string_view> format = o.format.empty() ? detect_format(path) : std::string_view(o.format);
    if (!format) return format.error();
    if (*format == "kvmark") {
        result<block_trace> trace = open_trace(path);
        if (!trace) return trace.error();
        return loaded_trace{*std::move(trace)};
    }
    detail::rows_in_memory rows;
    return detail::read_any(path, *format, o, rows, progress);
}

/// Writes a trace in any format to `to` in the compact form, row by row, whole or not at all. The answer has
/// its header and no requests. Errors: those of load_block_trace() and of whole_file.
[[nodiscard]] inline result<loaded_trace> convert_block_trace(const std::string& path, const std::string& to,
                                                              const trace_options& o,
                                                              progress_ref progress = no_progress) {
    result<std::string_view> format = o.format.empty() ? detect_format(path) : std::string_view(o.format);
    if (!format) return format.error();
    if (*format == "kvmark") {
        const result<block_trace> trace = open_trace(path);
        if (!trace) return trace.error();
        if (result<void> r = write_trace(*trace, to); !r) return r.error();
        return loaded_trace{block_trace(trace->header(), {}, {})};
    }
    detail::rows_in_file rows(to);
    return detail::read_any(path, *format, o, rows, progress);
}

} // namespace kvmark::workload
