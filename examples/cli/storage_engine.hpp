// Which storage tier --storage-tier and --io-engine mean, among those this tool was built with.
#pragma once

#include "faults.hpp"
#include "settings.hpp"

namespace kvmark::cli {

#ifdef KVMARK_WITH_URING
inline constexpr bool has_uring = true;
#else
inline constexpr bool has_uring = false;
#endif
#ifdef KVMARK_WITH_ASIO_FILE
inline constexpr bool has_asio_file = true;
#else
inline constexpr bool has_asio_file = false;
#endif

#ifdef KVMARK_WITH_MPI
inline constexpr bool has_mpi = true;
#else
inline constexpr bool has_mpi = false;
#endif

/// The tier's name, as the report gives it.
[[nodiscard]] constexpr std::string_view storage_tier_of(const settings& s) {
    if (s.storage_tier == storage_tier_kind::file) return "file";
    switch (s.io_engine) {
    case io_engine_kind::automatic:
        return has_uring ? "uring_file" : "direct_file";
    case io_engine_kind::uring:
        return "uring_file";
    case io_engine_kind::asio:
        return "asio_file";
    case io_engine_kind::mmap:
        return "mapped_file";
    case io_engine_kind::gds:
        return "gds_file";
    case io_engine_kind::pread:
        break;
    }
    return "direct_file";
}

/// Whether a stack with a peer tier was built for this storage tier.
[[nodiscard]] constexpr bool has_peer_stack(const settings& s) {
    return has_mpi && (storage_tier_of(s) == "uring_file" || storage_tier_of(s) == "direct_file");
}

/// Engines that this tool lacks, and choices that exclude each other.
void check_storage_tier(const settings& s, fault_list& faults);

} // namespace kvmark::cli
