// The named models of the reference benchmark, under its keys.
#pragma once

#include <kvmark/model/geometry.hpp>

#include <array>

namespace kvmark::models {

using model::geometry;

inline constexpr geometry tiny_1b{.name = "tiny-1b", .layers = 12, .hidden = 1024, .heads = 8, .kv_heads = 4};
inline constexpr geometry mistral_7b{
    .name = "mistral-7b", .layers = 32, .hidden = 4096, .heads = 32, .kv_heads = 8};
inline constexpr geometry llama2_7b{
    .name = "llama2-7b", .layers = 32, .hidden = 4096, .heads = 32, .kv_heads = 32};
inline constexpr geometry llama3_1_8b{
    .name = "llama3.1-8b", .layers = 32, .hidden = 4096, .heads = 32, .kv_heads = 8};
inline constexpr geometry llama3_1_70b_instruct{
    .name = "llama3.1-70b-instruct", .layers = 80, .hidden = 8192, .heads = 64, .kv_heads = 8};
inline constexpr geometry deepseek_v3{.name = "deepseek-v3",
                                      .layers = 61,
                                      .hidden = 7168,
                                      .heads = 128,
                                      .kv_lora_rank = 512,
                                      .qk_rope_head_dim = 64};
inline constexpr geometry qwen3_32b{
    .name = "qwen3-32b", .layers = 64, .hidden = 5120, .heads = 64, .kv_heads = 8, .head_dim = 128};
inline constexpr geometry gpt_oss_120b{
    .name = "gpt-oss-120b", .layers = 36, .hidden = 2880, .heads = 64, .kv_heads = 8, .head_dim = 64};
inline constexpr geometry gpt_oss_20b{
    .name = "gpt-oss-20b", .layers = 24, .hidden = 2880, .heads = 64, .kv_heads = 8, .head_dim = 64};

inline constexpr std::array all{tiny_1b,     mistral_7b, llama2_7b,    llama3_1_8b, llama3_1_70b_instruct,
                                deepseek_v3, qwen3_32b,  gpt_oss_120b, gpt_oss_20b};

/// The preset of that name, or a null pointer.
[[nodiscard]] constexpr const geometry* find(std::string_view name) {
    for (const geometry& m : all)
        if (m.name == name) return &m;
    return nullptr;
}

} // namespace kvmark::models
