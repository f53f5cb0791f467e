// allow: allowed_io_path.txt
// expect: out of line: noinline_tier::read
#include <kvmark/kvmark.hpp>

using namespace kvmark;

struct noinline_tier {
    static constexpr std::string_view name = "noinline";
    static constexpr tier::tier_role role = tier::tier_role::storage;
    result<void> open(const tier::tier_setup&) { return {}; }
    tier::io_status create(tier::entry_id, bytes) { return {}; }
    tier::io_status erase(tier::entry_id) { return {}; }
    tier::io_status write(tier::entry_id, bytes, std::span<const std::byte>) { return {}; }
    [[gnu::noinline]] tier::io_status read(tier::entry_id e, bytes offset, std::span<std::byte> into) {
        into[0] = static_cast<std::byte>(e + offset.count);
        return {};
    }
};

extern "C" void probe_noinline_tier(engine::io_path<tier::stack<noinline_tier>>& path, engine::io_op& op,
                                    engine::io_worker& worker) {
    path.perform(op, 0, worker);
}
