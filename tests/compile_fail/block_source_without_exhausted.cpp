// expect: kvmark: a block source needs `bool exhausted() const`
#include <kvmark/workload/block_source.hpp>

using kvmark::workload::block_request;

struct mine {
    std::optional<block_request> next() { return {}; }
    std::optional<kvmark::nanoseconds> next_arrival() const { return {}; }
    void completed(std::uint64_t, kvmark::nanoseconds) {}
    kvmark::tokens block_tokens() const { return kvmark::tokens(64); }
    std::uint64_t distinct_blocks() const { return 0; }
    std::uint64_t requests() const { return 0; }
};

int main() { kvmark::workload::check_block_source<mine>(); }
