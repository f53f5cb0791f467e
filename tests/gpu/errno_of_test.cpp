// What the driver's errors mean to a tier.
#include <kvmark/gpu/errno_of.hpp>

#include "support/catch.hpp"

using kvmark::gpu::errno_of;
using kvmark::gpu::status;

TEST_CASE("errno of: memory, misuse and a lost GPU are told apart") {
    CHECK(errno_of(status::success) == 0);
    CHECK(errno_of(status::out_of_memory) == ENOMEM);
    CHECK(errno_of(status::invalid_value) == EINVAL);
    CHECK(errno_of(status::invalid_context) == EINVAL);
    for (const int fatal : {700, 702, 714, 719}) CHECK(errno_of(status{fatal}) == ENODEV);
}
