// A directory that lasts as long as the object, on a real file system.
#pragma once

#include "support/catch.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace kvmark::test {

class temporary_directory {
public:
    /// Below `parent`; empty: $TMPDIR, or /var/tmp, which unlike /tmp is seldom made of memory.
    explicit temporary_directory(std::string parent = {}) {
        const char* chosen = std::getenv("TMPDIR");
        if (parent.empty()) parent = chosen && *chosen ? chosen : "/var/tmp";
        path_ = parent + "/kvmark-test-XXXXXX";
        REQUIRE(::mkdtemp(path_.data()));
    }
    temporary_directory(const temporary_directory&) = delete;
    temporary_directory& operator=(const temporary_directory&) = delete;
    ~temporary_directory() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }

    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] std::string operator/(const std::string& name) const { return path_ + "/" + name; }

private:
    std::string path_;
};

/// The files below `directory`, at any depth.
inline std::vector<std::string> files_below(const std::string& directory) {
    std::vector<std::string> files;
    std::error_code gone;
    for (std::filesystem::recursive_directory_iterator at(directory, gone), end; !gone && at != end;
         at.increment(gone))
        if (at->is_regular_file(gone)) files.push_back(at->path().string());
    return files;
}

inline void write_file(const std::string& path, const std::string& text) { std::ofstream(path) << text; }

} // namespace kvmark::test
