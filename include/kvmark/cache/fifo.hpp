// First in, first out.
#pragma once

#include <kvmark/cache/lru.hpp>

namespace kvmark::cache {

/// The list of lru without its touches: 8 bytes for each number.
class fifo {
public:
    static constexpr std::string_view name = "fifo";

    void reserve(std::uint64_t numbers) { order_.reserve(numbers); }
    void insert(entry_id e) { order_.insert(e); }
    void touch(entry_id) {}
    void remove(entry_id e) { order_.remove(e); }
    [[nodiscard]] entry_id victim() { return order_.victim(); }

private:
    lru order_;
};

} // namespace kvmark::cache
