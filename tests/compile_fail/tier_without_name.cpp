// expect: kvmark: a storage tier needs a static member `name`
#include <kvmark/kvmark.hpp>

struct mine {
    static constexpr kvmark::tier::tier_role role = kvmark::tier::tier_role::storage;
    kvmark::result<void> open(const kvmark::tier::tier_setup&) { return {}; }
    kvmark::tier::io_status create(kvmark::tier::entry_id, kvmark::bytes) { return {}; }
    kvmark::tier::io_status write(kvmark::tier::entry_id, kvmark::bytes, std::span<const std::byte>) {
        return {};
    }
    kvmark::tier::io_status read(kvmark::tier::entry_id, kvmark::bytes, std::span<std::byte>) { return {}; }
    kvmark::tier::io_status erase(kvmark::tier::entry_id) { return {}; }
};

kvmark::tier::stack<mine> stack;
