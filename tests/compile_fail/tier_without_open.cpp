// expect: kvmark: a storage tier needs `result<void> open(const tier_setup&)`
#include <kvmark/kvmark.hpp>

struct mine {
    static constexpr std::string_view name = "mine";
    static constexpr kvmark::tier::tier_role role = kvmark::tier::tier_role::storage;
    kvmark::tier::io_status create(kvmark::tier::entry_id, kvmark::bytes) { return {}; }
    kvmark::tier::io_status write(kvmark::tier::entry_id, kvmark::bytes, std::span<const std::byte>) {
        return {};
    }
    kvmark::tier::io_status read(kvmark::tier::entry_id, kvmark::bytes, std::span<std::byte>) { return {}; }
    kvmark::tier::io_status erase(kvmark::tier::entry_id) { return {}; }
};

kvmark::tier::stack<mine> stack;
