// The streaming copy copies: any size, any alignment, and nothing beside.
#include <kvmark/core/streaming_copy.hpp>

#include "support/catch.hpp"

#include <vector>

TEST_CASE("streaming copy: every byte arrives, and no other is touched") {
    std::vector<std::byte> from(5000), to(5200);
    for (std::size_t i = 0; i < from.size(); ++i) from[i] = static_cast<std::byte>(i * 7 % 251);
    std::size_t wrong = 0;
    for (const std::size_t size : {0, 1, 15, 16, 63, 64, 65, 127, 4096, 4999})
        for (const std::size_t to_shift : {0, 1, 16, 40})
            for (const std::size_t from_shift : {0, 1}) {
                std::fill(to.begin(), to.end(), std::byte{255});
                if (from_shift + size > from.size()) continue;
                kvmark::streaming_copy(to.data() + to_shift, from.data() + from_shift, size);
                for (std::size_t i = 0; i < to.size(); ++i) {
                    const bool inside = i >= to_shift && i < to_shift + size;
                    wrong += to[i] != (inside ? from[i - to_shift + from_shift] : std::byte{255});
                }
            }
    CHECK(wrong == 0);
}
