// Attention geometry -> bytes of KV cache per token.
#pragma once

#include <kvmark/core/units.hpp>

#include <string_view>

namespace kvmark::model {

enum class dtype { float32, float16, bfloat16, int8 };

[[nodiscard]] constexpr std::uint64_t bytes_of(dtype d) {
    return d == dtype::float32 ? 4 : d == dtype::int8 ? 1 : 2;
}

/// What decides the size of a token's keys and values. Multi-head and grouped-query attention store
/// layers x kv_heads x head_dim keys and as many values; multi-head latent attention (MLA, `kv_lora_rank` >
/// 0) stores one compressed vector and one rotary key per layer.
struct geometry {
    std::string_view name{};
    std::uint32_t layers = 0;
    std::uint32_t hidden = 0;
    std::uint32_t heads = 0;
    std::uint32_t kv_heads = 0;
    std::uint32_t head_dim = 0;         ///< 0: hidden / heads
    std::uint32_t kv_lora_rank = 0;     ///< above 0: MLA
    std::uint32_t qk_rope_head_dim = 0; ///< MLA only
    dtype type = dtype::float16;

    [[nodiscard]] constexpr bool is_mla() const { return kv_lora_rank > 0; }

    /// Bytes of KV cache for one token over all layers.
    [[nodiscard]] constexpr bytes per_token() const {
        const std::uint64_t elements =
            is_mla() ? std::uint64_t{kv_lora_rank} + qk_rope_head_dim
                     : std::uint64_t{2} * kv_heads * (head_dim != 0 ? head_dim : hidden / heads);
        return bytes(layers * elements * bytes_of(type));
    }

    /// Large models get shorter documents in the reference workload.
    [[nodiscard]] constexpr bool is_large() const { return hidden >= 8192 || layers >= 64; }

    friend constexpr bool operator==(const geometry&, const geometry&) = default;
};

} // namespace kvmark::model
