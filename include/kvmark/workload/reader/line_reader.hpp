// Lines of a text file in bounded memory, with their numbers, for the trace readers.
#pragma once

#include <kvmark/workload/reader/text_file.hpp>

#include <vector>

namespace kvmark::workload {

/// Reads a file line by line through one buffer, which starts at 64 KiB and grows with the lines.
class line_reader {
public:
    /// `longest`: bytes of the longest line it takes, a power of two from 64 KiB on.
    static result<line_reader> open(std::string path, std::size_t longest = first_capacity) {
        result<text_file> file = text_file::open(std::move(path));
        if (!file) return file.error();
        return line_reader(*std::move(file), longest);
    }

    /// The next line without its end (\n or \r\n), valid until the next call. Empty at the end of the file,
    /// or when reading failed; failure() tells which.
    std::optional<std::string_view> next() {
        for (;;) {
            const std::string_view pending(buffer_.data() + begin_, end_ - begin_);
            if (const std::size_t length = pending.find('\n'); length != std::string_view::npos) {
                begin_ += length + 1;
                return numbered(pending.substr(0, length));
            }
            if (at_end_) {
                begin_ = end_;
                if (pending.empty() || failure_) return {};
                return numbered(pending);
            }
            fill();
        }
    }

    /// Back to the first line.
    result<void> rewind() {
        begin_ = end_ = line_ = 0;
        at_end_ = false;
        return file_.rewind();
    }

    [[nodiscard]] const std::optional<error>& failure() const { return failure_; }
    [[nodiscard]] std::uint64_t bytes_read() const { return file_.bytes_read(); }
    /// An error in the line read last.
    [[nodiscard]] error error_at(std::size_t column, std::string_view reason) const {
        return file_.error_at(line_, column, reason);
    }

private:
    static constexpr std::size_t first_capacity = std::size_t{1} << 16;

    line_reader(text_file file, std::size_t longest)
        : file_(std::move(file)), longest_(longest), buffer_(first_capacity) {}

    std::string_view numbered(std::string_view line) {
        ++line_;
        if (line.ends_with('\r')) line.remove_suffix(1);
        constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
        if (line_ == 1 && line.starts_with(byte_order_mark)) line.remove_prefix(byte_order_mark.size());
        return line;
    }

    void fill() {
        std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
        end_ -= begin_;
        begin_ = 0;
        if (end_ == longest_) {
            ++line_;
            const std::string most =
                longest_ == first_capacity ? "65,536 bytes" : std::to_string(longest_ >> 20) + " MiB";
            return fail(error_at(1, "the line is longer than " + most + "; is this a text file?"));
        }
        if (end_ == buffer_.size()) buffer_.resize(2 * end_);
        const result<std::size_t> got = file_.read(std::span(buffer_).subspan(end_));
        if (!got) return fail(got.error());
        end_ += *got;
        at_end_ = *got == 0;
    }

    void fail(error e) {
        failure_ = std::move(e);
        at_end_ = true;
    }

    text_file file_;
    std::size_t longest_;
    std::vector<char> buffer_;
    std::size_t begin_ = 0; // what is read and not yet handed out lies in [begin_, end_)
    std::size_t end_ = 0;
    std::size_t line_ = 0;
    bool at_end_ = false;
    std::optional<error> failure_;
};

} // namespace kvmark::workload
