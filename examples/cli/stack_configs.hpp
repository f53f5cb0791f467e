// What the modelled tiers of the tool's stacks are like.
#pragma once

#include "settings.hpp"

#include <kvmark/tier/modelled.hpp>
#include <kvmark/tier/stack.hpp>

namespace kvmark::cli {

/// What stands for a tier that is modelled: orders of magnitude of an HBM3 GPU, of DDR5 read by one thread,
/// of memory behind a 100 Gbit/s network card, and of a data-center NVMe drive, which is modelled_config's
/// own default.
[[nodiscard]] inline tier::modelled_config modelled_device(tier::tier_role role) {
    switch (role) {
    case tier::tier_role::gpu:
        return {.read_latency = nanoseconds(2'000),
                .write_latency = nanoseconds(2'000),
                .read_bytes_per_second = 2e12,
                .write_bytes_per_second = 2e12,
                .queue_depth = 64};
    case tier::tier_role::cpu:
        return {.read_latency = nanoseconds(1'000),
                .write_latency = nanoseconds(1'000),
                .read_bytes_per_second = 2e10,
                .write_bytes_per_second = 2e10,
                .queue_depth = 16};
    case tier::tier_role::peer:
        return {.read_latency = nanoseconds(5'000),
                .write_latency = nanoseconds(5'000),
                .read_bytes_per_second = 1.2e10,
                .write_bytes_per_second = 1.2e10,
                .queue_depth = 16};
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
    static tier::config_of<T> make(const settings& s) {
        if constexpr (std::is_same_v<tier::config_of<T>, tier::modelled_config>) {
            const auto& calibrated = s.calibrated[static_cast<std::size_t>(T::role)];
            return calibrated ? *calibrated : modelled_device(T::role);
        } else if constexpr (requires(tier::config_of<T> c) { c.devices; }) {
            return {.devices = static_cast<std::uint32_t>(s.options.num_gpus)};
        } else {
            return {};
        }
    }
    static typename tier::stack<Tiers...>::configs all(const settings& s) { return {make<Tiers>(s)...}; }
};

} // namespace kvmark::cli
