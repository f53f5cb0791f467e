// Keys of cache entries: distinct by kind, owner and part, and readable back.
#include <kvmark/workload/request.hpp>

#include "support/catch.hpp"

using namespace kvmark::workload;

constexpr object_key key(object_kind::document_chunk, 0xab'cdef'0123, 0xf'fffe);
static_assert(key.kind() == object_kind::document_chunk);
static_assert(key.owner() == 0xab'cdef'0123 && key.part() == 0xf'fffe);
static_assert(object_key(object_kind::turn, 1, 2) != object_key(object_kind::turn, 2, 1));
static_assert(object_key(object_kind::turn, 1, 0) != object_key(object_kind::single, 1, 0));

TEST_CASE("a request names its turn, or itself outside a conversation") {
    request r;
    r.id = 9;
    r.conversation = 4;
    r.turn = 3;
    CHECK(r.key() == object_key(object_kind::turn, 4, 3));
    r.turn = 0;
    CHECK(r.key() == object_key(object_kind::single, 9));
}

TEST_CASE("interactive goes before responsive before batch") {
    request r;
    CHECK(r.priority() == 1);
    r.service = service_class::responsive;
    CHECK(r.priority() == 2);
    r.service = service_class::interactive;
    CHECK(r.priority() == 3);
}
