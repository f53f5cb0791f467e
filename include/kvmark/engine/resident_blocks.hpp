// The tiers' entry numbers of the blocks that are resident somewhere.
#pragma once

#include <kvmark/tier/stamp.hpp>
#include <kvmark/workload/request.hpp>

#include <vector>

namespace kvmark::engine {

using tier::entry_id;

/// Tiers want small, dense numbers that are used again; the numbers of blocks are neither. A block that left
/// every tier and comes back is a new entry, with a generation of its own, so that its old bytes can go in
/// their own time.
class resident_blocks {
public:
    explicit resident_blocks(std::uint64_t blocks) : entry_of_(blocks, tier::no_entry) {}

    /// The entry of a block, made if it has none.
    [[nodiscard]] entry_id entry(std::uint32_t block) {
        entry_id& e = entry_of_[block];
        if (e != tier::no_entry) return e;
        if (free_.empty()) {
            e = static_cast<entry_id>(residences_.size());
            residences_.emplace_back();
        } else {
            e = free_.back();
            free_.pop_back();
        }
        residences_[e] = {block, ++generation_, 0, false};
        return e;
    }

    /// What stands in the entry's sectors.
    [[nodiscard]] tier::content_id content(entry_id e) const {
        const workload::object_key key(workload::object_kind::block, residences_[e].block);
        return {key.packed, residences_[e].generation};
    }
    [[nodiscard]] std::uint32_t block(entry_id e) const { return residences_[e].block; }
    /// Whether it is the present entry of its block.
    [[nodiscard]] bool is_present(entry_id e) const { return !residences_[e].left; }

    /// An erase of a copy was decided; `last`: the block is in no tier any more.
    void erase_decided(entry_id e, bool last) {
        ++residences_[e].erases;
        if (!last) return;
        residences_[e].left = true;
        entry_of_[residences_[e].block] = tier::no_entry;
    }
    /// One of them is done. The number is free once the last copy is gone.
    void erased(entry_id e) {
        residence& r = residences_[e];
        if (--r.erases == 0 && r.left) free_.push_back(e);
    }

private:
    struct residence {
        std::uint32_t block = 0;
        std::uint32_t generation = 0;
        std::uint32_t erases = 0; // under way
        bool left = false;
    };

    std::vector<entry_id> entry_of_; // by block
    std::vector<residence> residences_;
    std::vector<entry_id> free_;
    std::uint32_t generation_ = 0;
};

} // namespace kvmark::engine
