// Least recently used.
#pragma once

#include <kvmark/cache/entry_links.hpp>

#include <string_view>

namespace kvmark::cache {

/// 8 bytes for each number.
class lru {
public:
    static constexpr std::string_view name = "lru";

    void reserve(std::uint64_t numbers) { links_.reserve(numbers); }
    void insert(entry_id e) { links_.push_newest(order_, e); }
    void touch(entry_id e) { links_.move_to_newest(order_, e); }
    void remove(entry_id e) { links_.remove(order_, e); }
    [[nodiscard]] entry_id victim() { return order_.oldest; }

private:
    entry_links links_;
    entry_links::list order_;
};

} // namespace kvmark::cache
