// A file read front to back, for the trace readers.
#pragma once

#include <kvmark/core/result.hpp>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>

namespace kvmark::workload {

class text_file {
public:
    static result<text_file> open(std::string path) {
        text_file f(std::move(path));
        f.file_.reset(std::fopen(f.path_.c_str(), "rb"));
        if (!f.file_) return f.system_error("cannot be opened");
        return f;
    }

    /// Fills as much of `to` as there is; 0 at the end of the file.
    result<std::size_t> read(std::span<char> to) {
        const std::size_t got = std::fread(to.data(), 1, to.size(), file_.get());
        if (std::ferror(file_.get())) return system_error("cannot be read");
        bytes_read_ += got;
        return got;
    }
    /// All that read() gave, rewound or not.
    [[nodiscard]] std::uint64_t bytes_read() const { return bytes_read_; }

    result<void> rewind() {
        if (std::fseek(file_.get(), 0, SEEK_SET) != 0)
            return system_error("cannot be read twice; play it once, or copy it to a plain file");
        return {};
    }

    [[nodiscard]] const std::string& path() const { return path_; }
    /// `file:line:column: reason`; both count from 1, columns in bytes.
    [[nodiscard]] error error_at(std::size_t line, std::size_t column, std::string_view reason) const {
        return {error_kind::invalid_argument, path_ + ':' + std::to_string(line) + ':' +
                                                  std::to_string(column) + ": " + std::string(reason)};
    }

private:
    struct closer {
        void operator()(std::FILE* f) const { std::fclose(f); }
    };

    explicit text_file(std::string path) : path_(std::move(path)) {}

    [[nodiscard]] error system_error(std::string_view what) const {
        return {error_kind::system, path_ + ": " + std::string(what) + ": " + std::strerror(errno)};
    }

    std::string path_;
    std::unique_ptr<std::FILE, closer> file_;
    std::uint64_t bytes_read_ = 0;
};

} // namespace kvmark::workload
