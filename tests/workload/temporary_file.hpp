// A file of given text that lasts as long as the object.
#pragma once

#include "support/catch.hpp"

#include <cstdlib>
#include <string>
#include <string_view>
#include <unistd.h>

namespace kvmark::workload::testing {

class temporary_file {
public:
    explicit temporary_file(std::string_view text) {
        const int file = ::mkstemp(path_.data());
        REQUIRE(file >= 0);
        while (!text.empty()) {
            const ssize_t written = ::write(file, text.data(), text.size());
            REQUIRE(written > 0);
            text.remove_prefix(static_cast<std::size_t>(written));
        }
        ::close(file);
    }
    temporary_file(const temporary_file&) = delete;
    temporary_file& operator=(const temporary_file&) = delete;
    ~temporary_file() { ::unlink(path_.c_str()); }

    [[nodiscard]] const std::string& path() const { return path_; }

private:
    std::string path_ = "/tmp/kvmark-test-XXXXXX";
};

} // namespace kvmark::workload::testing
