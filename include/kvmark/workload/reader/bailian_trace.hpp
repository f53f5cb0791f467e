// Reader of Bailian traces (jsonl; Alibaba's Qwen traces, Wang et al., "KVCache Cache in the Wild", ATC
// 2025). Opt-in; uses Boost.JSON.
#pragma once

#include <kvmark/workload/reader/json_row.hpp>
#include <kvmark/workload/trace_builder.hpp>

namespace kvmark::workload {

/// Lines of {"chat_id", "parent_chat_id", "timestamp": s, "input_length", "output_length", "type", "turn",
/// "hash_ids": [...]}, blocks of 16 tokens. A chat with a parent belongs to its parent's session and waits
/// for it; one whose parent is not in the file before it (-1, or cut off) starts a session. Pauses are not
/// known: think is 0. Besides the numbering, memory is about 30 bytes for each request.
class bailian_trace {
public:
    static constexpr std::string_view format = "bailian";

    static result<bailian_trace> open(std::string path, const trace_options& o) {
        result<detail::json_rows> rows = detail::json_rows::open(std::move(path), members, o.skip_bad);
        if (!rows) return rows.error();
        return bailian_trace(*std::move(rows), o.block_tokens);
    }

    /// The blocks are valid until the next call. False at the end, or with failure().
    bool next(trace_row& row) {
        while (rows_.next()) {
            std::span<const std::uint64_t> ids;
            row = {};
            if (take_chat() && rows_.take_time(2, 1'000'000'000, row.arrival) &&
                rows_.take_tokens(3, row.input) && rows_.take_tokens(4, row.output) && rows_.take_ids(ids)) {
                join_session(row);
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
    static constexpr std::array<std::string_view, 5> members{"chat_id", "parent_chat_id", "timestamp",
                                                             "input_length", "output_length"};

    bailian_trace(detail::json_rows rows, tokens block)
        : rows_(std::move(rows)), block_tokens_(block.count > 0 ? block : tokens(16)) {}

    bool take_chat() {
        if (rows_.number(0).whole && (rows_.number(1).whole || !rows_.number(1).present)) return true;
        rows_.refuse(rows_.number(0).whole ? "parent_chat_id is not an integer"
                                           : "chat_id is not an integer");
        return false;
    }

    void join_session(trace_row& row) {
        const std::uint64_t chat = rows_.number(0).bits;
        std::optional<std::uint32_t> parent;
        if (rows_.number(1).present) parent = requests_.find(rows_.number(1).bits);
        if (parent) row.after = *parent;
        row.session = parent ? session_of_[*parent] : sessions_++;
        if (requests_.find(chat)) requests_.erase(chat); // used again: the newer one counts
        requests_.insert(chat, static_cast<std::uint32_t>(session_of_.size()));
        session_of_.push_back(row.session);
    }

    detail::json_rows rows_;
    tokens block_tokens_;
    block_numbering numbers_;
    std::vector<block_number> blocks_;
    key_index requests_; ///< by chat_id
    std::vector<std::uint32_t> session_of_;
    std::uint32_t sessions_ = 0;
};

} // namespace kvmark::workload
