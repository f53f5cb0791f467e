// A model whose entries are small: 256 bytes a token, 32 KiB to 6.1 MiB an entry of the reference workload.
#pragma once

#include <kvmark/model/geometry.hpp>

namespace kvmark::test {

inline constexpr model::geometry toy_model{
    .name = "toy", .layers = 1, .hidden = 64, .heads = 1, .kv_heads = 1, .head_dim = 64};
static_assert(toy_model.per_token() == bytes(256));

} // namespace kvmark::test
