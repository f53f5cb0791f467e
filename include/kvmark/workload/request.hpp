// A request: what one user asks of the service, drawn before anything is known of the cache.
#pragma once

#include <kvmark/core/units.hpp>

#include <array>
#include <string_view>

namespace kvmark::workload {

enum class service_class : std::uint8_t { interactive, responsive, batch };
inline constexpr std::array<std::string_view, 3> service_class_names{"interactive", "responsive", "batch"};

enum class phase : std::uint8_t { prefill, decode, prefill_decode };

/// What kind of thing an entry's key names.
enum class object_kind : std::uint8_t { turn, single, system_prompt, document_chunk, prepared, block };

/// The 64-bit name of a cache entry: kind (4 bits), owner (40 bits), part (20 bits). It holds no text and can
/// be turned back into the reference's key for a report.
struct object_key {
    std::uint64_t packed = 0;

    constexpr object_key() = default;
    constexpr object_key(object_kind kind, std::uint64_t owner, std::uint32_t part = 0)
        : packed(std::uint64_t{static_cast<std::uint8_t>(kind)} << 60 | (owner & 0xff'ffff'ffff) << 20 |
                 (part & 0xf'ffff)) {}

    [[nodiscard]] constexpr object_kind kind() const { return static_cast<object_kind>(packed >> 60); }
    [[nodiscard]] constexpr std::uint64_t owner() const { return packed >> 20 & 0xff'ffff'ffff; }
    [[nodiscard]] constexpr std::uint32_t part() const { return packed & 0xf'ffff; }
    friend constexpr bool operator==(object_key, object_key) = default;
};

/// One chunk of a document that the request retrieves.
struct chunk_ref {
    std::uint32_t document = 0;
    std::uint32_t chunk = 0;
    tokens size{};
};

struct request {
    static constexpr std::size_t max_chunks = 16;
    static constexpr std::uint8_t no_system_prompt = 0xff;

    std::uint64_t id = 0;
    std::uint64_t user = 0;
    std::uint64_t conversation = 0; ///< unused when `turn` is 0
    std::uint32_t turn = 0;         ///< counted from 1; 0: a single request outside any conversation
    nanoseconds arrival{};          ///< intended, from the start of the run
    service_class service = service_class::batch;
    workload::phase phase = workload::phase::prefill_decode;
    tokens input{};
    tokens output{};
    std::uint8_t system_prompt = no_system_prompt; ///< index of the shared system prompt that opens the input
    tokens system_prompt_tokens{};
    std::uint8_t chunk_count = 0;               ///< document chunks read by this request
    std::array<chunk_ref, max_chunks> chunks{}; ///< the first `chunk_count` hold

    /// Higher is served first.
    [[nodiscard]] constexpr int priority() const { return 3 - static_cast<int>(service); }
    /// The key of the entry this request writes at prefill and reads at decode.
    [[nodiscard]] constexpr object_key key() const {
        return turn == 0 ? object_key(object_kind::single, id)
                         : object_key(object_kind::turn, conversation, turn);
    }
};

} // namespace kvmark::workload
