// Reader of Mooncake traces (jsonl; Qin et al., "Mooncake", FAST 2025). Opt-in; uses Boost.JSON.
#pragma once

#include <kvmark/workload/reader/json_row.hpp>
#include <kvmark/workload/trace_builder.hpp>

namespace kvmark::workload {

/// Lines of {"timestamp": ms, "input_length", "output_length", "hash_ids": [...]}, blocks of 512 tokens. The
/// trace knows no conversations: each request is a session of its own. Read as it is played; memory is the
/// longest line's and the numbering's.
class mooncake_trace {
public:
    static constexpr std::string_view format = "mooncake";

    static result<mooncake_trace> open(std::string path, const trace_options& o) {
        result<detail::json_rows> rows = detail::json_rows::open(std::move(path), members, o.skip_bad);
        if (!rows) return rows.error();
        return mooncake_trace(*std::move(rows), o.block_tokens);
    }

    /// The blocks are valid until the next call. False at the end, or with failure().
    bool next(trace_row& row) {
        while (rows_.next()) {
            std::span<const std::uint64_t> ids;
            row = {};
            if (rows_.take_time(0, 1'000'000, row.arrival) && rows_.take_tokens(1, row.input) &&
                rows_.take_tokens(2, row.output) && rows_.take_ids(ids)) {
                row.session = session_++;
                row.blocks = numbers_.number_all(ids, blocks_);
                return true;
            }
            if (rows_.failure()) return false;
        }
        return false;
    }

    [[nodiscard]] tokens block_tokens() const { return block_tokens_; }
    [[nodiscard]] const std::optional<error>& failure() const { return rows_.failure(); }
    [[nodiscard]] const skipped_rows& skipped() const { return rows_.skipped(); }
    [[nodiscard]] std::uint64_t bytes_read() const { return rows_.bytes_read(); }

private:
    static constexpr std::array<std::string_view, 3> members{"timestamp", "input_length", "output_length"};

    mooncake_trace(detail::json_rows rows, tokens block)
        : rows_(std::move(rows)), block_tokens_(block.count > 0 ? block : tokens(512)) {}

    detail::json_rows rows_;
    tokens block_tokens_;
    std::uint32_t session_ = 0;
    block_numbering numbers_;
    std::vector<block_number> blocks_;
};

} // namespace kvmark::workload
