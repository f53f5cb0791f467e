#include "support/catch.hpp"

#include <kvmark/workload/key_text.hpp>

using namespace kvmark;
using workload::object_key;
using workload::object_kind;

TEST_CASE("keys read as the reference writes them") {
    CHECK(workload::key_text({object_kind::turn, 12, 3}) == "conv_12_turn_3");
    CHECK(workload::key_text({object_kind::single, 77}) == "req_77");
    CHECK(workload::key_text({object_kind::system_prompt, 2}) == "system_prompt_2");
    CHECK(workload::key_text({object_kind::document_chunk, 4, 9}) == "doc_4_chunk_9");
    CHECK(workload::key_text({object_kind::prepared, 5}) == "prepared_5");
}
