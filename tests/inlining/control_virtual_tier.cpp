// allow: allowed_io_path.txt
// expect: indirect
#include <kvmark/kvmark.hpp>

using namespace kvmark;

struct any_device {
    virtual ~any_device() = default;
    virtual tier::io_status read(tier::entry_id, bytes, std::span<std::byte>) = 0;
};

struct virtual_tier {
    static constexpr std::string_view name = "virtual";
    static constexpr tier::tier_role role = tier::tier_role::storage;
    any_device* device = nullptr;
    result<void> open(const tier::tier_setup&) { return {}; }
    tier::io_status create(tier::entry_id, bytes) { return {}; }
    tier::io_status erase(tier::entry_id) { return {}; }
    tier::io_status write(tier::entry_id, bytes, std::span<const std::byte>) { return {}; }
    KVMARK_INLINE tier::io_status read(tier::entry_id e, bytes offset, std::span<std::byte> into) {
        return device->read(e, offset, into);
    }
};

extern "C" void probe_virtual_tier(engine::io_path<tier::stack<virtual_tier>>& path, engine::io_op& op,
                                   engine::io_worker& worker) {
    path.perform(op, 0, worker);
}
