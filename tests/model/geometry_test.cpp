// Bytes of KV cache per token: the reference's table, its two formulas, data types and tensor parallelism.
#include <kvmark/model/presets.hpp>

#include "support/catch.hpp"

using namespace kvmark;
using model::dtype;
using model::geometry;

static_assert(models::tiny_1b.per_token() == bytes(24'576));
static_assert(models::mistral_7b.per_token() == bytes(131'072));
static_assert(models::llama2_7b.per_token() == bytes(524'288));
static_assert(models::llama3_1_8b.per_token() == bytes(131'072));
static_assert(models::llama3_1_70b_instruct.per_token() == bytes(327'680));
static_assert(models::deepseek_v3.per_token() == bytes(70'272));
static_assert(models::qwen3_32b.per_token() == bytes(262'144));
static_assert(models::gpt_oss_120b.per_token() == bytes(73'728));
static_assert(models::gpt_oss_20b.per_token() == bytes(49'152));

// Latent attention stores one vector and one rotary key for keys and values alike: no factor of two.
static_assert(models::deepseek_v3.is_mla() && !models::llama3_1_8b.is_mla());
static_assert(geometry{.name = "own", .layers = 1, .kv_lora_rank = 512, .qk_rope_head_dim = 64}.per_token() ==
              bytes(576 * 2));

constexpr bytes with_type(geometry g, dtype t) {
    g.type = t;
    return g.per_token();
}
static_assert(with_type(models::llama3_1_8b, dtype::float32) == bytes(262'144));
static_assert(with_type(models::llama3_1_8b, dtype::bfloat16) == bytes(131'072));
static_assert(with_type(models::llama3_1_8b, dtype::int8) == bytes(65'536));
static_assert(with_type(models::deepseek_v3, dtype::int8) == bytes(35'136));

// Head dimension: given, or hidden / heads.
static_assert(geometry{.name = "own", .layers = 2, .hidden = 64, .heads = 4, .kv_heads = 1}.per_token() ==
              bytes(2 * 16 * 2 * 2));
static_assert(geometry{.name = "own", .layers = 2, .hidden = 64, .heads = 4, .kv_heads = 1, .head_dim = 8}
                  .per_token() == bytes(2 * 8 * 2 * 2));

static_assert(models::llama3_1_70b_instruct.is_large() && models::qwen3_32b.is_large());
static_assert(!models::llama3_1_8b.is_large() && !models::deepseek_v3.is_large());

TEST_CASE("every preset is found by its name, and splits evenly over 2, 4 and 8 ranks") {
    CHECK(models::all.size() == 9);
    for (const geometry& m : models::all) {
        INFO(m.name);
        REQUIRE(models::find(m.name) != nullptr);
        CHECK(*models::find(m.name) == m);
        for (const std::uint64_t ranks : {2u, 4u, 8u}) CHECK(m.per_token() / ranks * ranks == m.per_token());
    }
    CHECK(models::find("llama3.1-8B") == nullptr);
    CHECK(models::find("") == nullptr);
}
