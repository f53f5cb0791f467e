// Everything that is wrong with a command line or a configuration, gathered so that it is said at once.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kvmark::cli {

class fault_list {
public:
    void add(std::string message) { all_.push_back(std::move(message)); }
    [[nodiscard]] bool empty() const { return all_.empty(); }
    [[nodiscard]] const std::vector<std::string>& all() const { return all_; }

private:
    std::vector<std::string> all_;
};

/// The name that `typed` was probably meant to be: the one with the fewest single-character changes, when
/// those are at most a third of its length; empty otherwise.
[[nodiscard]] std::string_view nearest_name(std::string_view typed, std::span<const std::string_view> names);

/// `; did you mean X?`, or nothing.
[[nodiscard]] std::string suggestion(std::string_view typed, std::span<const std::string_view> names);

/// `a, b or c`.
[[nodiscard]] std::string listed(std::span<const std::string_view> names);

} // namespace kvmark::cli
