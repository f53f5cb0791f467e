// The reference's spelling of an entry's key.
#pragma once

#include <kvmark/workload/request.hpp>

#include <string>

namespace kvmark::workload {

/// `conv_<n>_turn_<n>`, `req_<id>`, `system_prompt_<n>`, `doc_<n>_chunk_<n>`, `prepared_<n>` or `block_<n>`.
/// The reference writes the wall clock and the user into its keys; ours are the same in every run of a seed.
[[nodiscard]] KVMARK_COLD std::string key_text(object_key key) {
    const std::string owner = std::to_string(key.owner());
    const std::string part = std::to_string(key.part());
    switch (key.kind()) {
    case object_kind::turn:
        return "conv_" + owner + "_turn_" + part;
    case object_kind::single:
        return "req_" + owner;
    case object_kind::system_prompt:
        return "system_prompt_" + owner;
    case object_kind::document_chunk:
        return "doc_" + owner + "_chunk_" + part;
    case object_kind::prepared:
        return "prepared_" + owner;
    case object_kind::block:
        return "block_" + owner;
    }
    return "key_" + std::to_string(key.packed);
}

} // namespace kvmark::workload
