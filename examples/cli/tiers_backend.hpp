// The backends that `kvmark tiers` can measure. Each is compiled by itself, from tiers_backend.cpp.in.
#pragma once

#include <kvmark/benchmark/block_benchmark.hpp>

#include <memory>

namespace kvmark::cli {

/// block_benchmark of some tier. The calls through here are those between measurements, not within one.
class tiers_backend {
public:
    virtual ~tiers_backend() = default;
    [[nodiscard]] virtual result<void> open() = 0;
    [[nodiscard]] virtual result<block_result> measure(const block_case&, const std::atomic<bool>& stop) = 0;
    [[nodiscard]] virtual std::string note() const = 0;
};

using make_backend = std::unique_ptr<tiers_backend> (*)(const tier::tier_setup&, bytes size, verify_mode);

[[nodiscard]] std::unique_ptr<tiers_backend> make_uring_file(const tier::tier_setup&, bytes, verify_mode);
[[nodiscard]] std::unique_ptr<tiers_backend> make_asio_file(const tier::tier_setup&, bytes, verify_mode);
[[nodiscard]] std::unique_ptr<tiers_backend> make_direct_file(const tier::tier_setup&, bytes, verify_mode);
[[nodiscard]] std::unique_ptr<tiers_backend> make_mapped_file(const tier::tier_setup&, bytes, verify_mode);
[[nodiscard]] std::unique_ptr<tiers_backend> make_file(const tier::tier_setup&, bytes, verify_mode);
[[nodiscard]] std::unique_ptr<tiers_backend> make_gds_file(const tier::tier_setup&, bytes, verify_mode);
[[nodiscard]] std::unique_ptr<tiers_backend> make_host(const tier::tier_setup&, bytes, verify_mode);

struct named_backend {
    std::string_view name; ///< as in --engines
    make_backend make = nullptr;
};
/// Those that this tool was built with, the default first.
[[nodiscard]] std::span<const named_backend> all_backends();

} // namespace kvmark::cli
