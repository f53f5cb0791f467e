// Collects what is wrong with a set of options, one sentence each.
#pragma once

#include <kvmark/core/result.hpp>
#include <kvmark/launch/text_writer.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace kvmark::validation {

/// The largest memory size: the bytes of 2^33 GiB fit into 64 bits with room for a sum of two.
inline constexpr double max_gib = 8'589'934'592.0;

/// Collects faults; each check names the option, its value, and the range.
class fault_list {
public:
    KVMARK_COLD void add(std::string message) {
        faults_.push_back({error_kind::invalid_argument, std::move(message)});
    }
    KVMARK_COLD void integer(const char* option, std::int64_t value, std::int64_t low, std::int64_t high) {
        if (value >= low && value <= high) return;
        add(option + (" " + std::to_string(value)) + ": must be " + std::to_string(low) +
            (high == INT64_MAX ? " or more" : ".." + std::to_string(high)));
    }
    KVMARK_COLD void real(const char* option, double value, double high, const char* range) {
        if (value >= 0 && value <= high) return; // false for a NaN
        add(option + (" " + std::string(launch::real_text(value))) + ": must be " + range);
    }
    KVMARK_COLD void gib(const char* option, double value) {
        real(option, value, max_gib, "0..8589934592 GiB (8 EiB)");
    }
    KVMARK_COLD void text(const char* option, std::string_view value) {
        if (value.find('\0') != std::string_view::npos)
            add(option + std::string(": it holds a NUL character, which no argument or path can"));
    }
    [[nodiscard]] std::vector<error> take() { return std::move(faults_); }

private:
    std::vector<error> faults_;
};

} // namespace kvmark::validation
