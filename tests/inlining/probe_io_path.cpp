// allow: allowed_io_path.txt
// The path of a block, from an operation's unit to the tier's read or write, for three stacks, each from two
// sites that differ.
#include <kvmark/kvmark.hpp>

namespace {
using namespace kvmark;
template <class... Tiers>
using path_of = engine::io_path<tier::stack<Tiers...>>;
using memory = path_of<tier::host>;
using disk = path_of<tier::host, tier::direct_file>;
using three = path_of<tier::modelled<tier::tier_role::gpu>, tier::host, tier::file>;
using engine::io_op;
using engine::io_worker;
} // namespace

extern "C" {
void probe_memory(memory& path, io_op& op, io_worker& worker) { path.perform(op, 0, worker); }
void probe_memory_again(memory& path, io_op& op, std::uint32_t unit, io_worker& worker) {
    path.perform(op, unit, worker);
}
void probe_disk(disk& path, io_op& op, io_worker& worker) { path.perform(op, 0, worker); }
void probe_disk_again(disk& path, io_op& op, std::uint32_t unit, io_worker& worker) {
    path.perform(op, unit, worker);
}
void probe_three(three& path, io_op& op, io_worker& worker) { path.perform(op, 0, worker); }
void probe_three_again(three& path, io_op& op, std::uint32_t unit, io_worker& worker) {
    path.perform(op, unit, worker);
}
}
