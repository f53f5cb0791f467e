// What the modelled tiers of the tool's stacks are like.
#pragma once

#include <kvmark/tier/modelled.hpp>
#include <kvmark/tier/stack.hpp>

namespace kvmark::cli {

/// What stands for a tier that is modelled: orders of magnitude of an HBM3 GPU, of DDR5 read by one thread,
/// of memory behind a 100 Gbit/s network card, and of a data-center NVMe drive, which is modelled_config's
/// own default.
[[nodiscard]] inline tier::modelled_config modelled_device(tier::tier_role role) {
    switch (role) {
    case tier::tier_role::gpu:
        return {nanoseconds(2'000), nanoseconds(2'000), 2e12, 2e12, 64, tier::sector_size};
    case tier::tier_role::cpu:
        return {nanoseconds(1'000), nanoseconds(1'000), 2e10, 2e10, 16, tier::sector_size};
    case tier::tier_role::peer:
        return {nanoseconds(5'000), nanoseconds(5'000), 1.2e10, 1.2e10, 16, tier::sector_size};
    case tier::tier_role::storage:
        break;
    }
    return {};
}

template <class Stack>
struct stack_configs;

template <class... Tiers>
struct stack_configs<tier::stack<Tiers...>> {
    template <class T>
    static tier::config_of<T> make() {
        if constexpr (std::is_same_v<tier::config_of<T>, tier::modelled_config>)
            return modelled_device(T::role);
        else
            return {};
    }
    static typename tier::stack<Tiers...>::configs all() { return {make<Tiers>()...}; }
};

} // namespace kvmark::cli
