// Traces that know sizes and times but no blocks: BurstGPT and Azure LLM. Opt-in.
#pragma once

#include <kvmark/workload/reader/azure_row.hpp>
#include <kvmark/workload/reader/burst_gpt_row.hpp>
#include <kvmark/workload/reader/trace_options.hpp>
#include <kvmark/workload/trace_builder.hpp>

namespace kvmark::workload {

/// Each row is a request and a session of its own, and none of its blocks comes again. Read as it is played.
template <class Row>
class csv_trace {
public:
    static result<csv_trace> open(std::string path, const trace_options& o) {
        result<csv_rows<Row>> rows = csv_rows<Row>::open(std::move(path));
        if (!rows) return rows.error();
        return csv_trace(*std::move(rows), o);
    }

    /// The blocks are valid until the next call. False at the end, or with failure().
    bool next(trace_row& row) {
        for (;;) {
            const std::optional<Row> read = rows_.next();
            if (read) {
                if (read->request_tokens <= most_request_tokens &&
                    read->response_tokens <= most_request_tokens) {
                    fill(row, *read);
                    return true;
                }
                failure_ = rows_.error_at(1, "a request of more than " + std::to_string(most_request_tokens) +
                                                 " tokens");
            } else {
                failure_ = rows_.failure();
                if (!failure_ || !rows_.can_go_on()) return false;
            }
            if (!skip_bad_) return false;
            skipped_.add(std::exchange(failure_, {})->message);
        }
    }

    [[nodiscard]] tokens block_tokens() const { return block_tokens_; }
    [[nodiscard]] const std::optional<error>& failure() const { return failure_; }
    [[nodiscard]] const skipped_rows& skipped() const { return skipped_; }
    [[nodiscard]] std::uint64_t bytes_read() const { return rows_.bytes_read(); }

private:
    csv_trace(csv_rows<Row> rows, const trace_options& o)
        : rows_(std::move(rows)), block_tokens_(o.block_tokens.count > 0 ? o.block_tokens : tokens(512)),
          skip_bad_(o.skip_bad) {}

    void fill(trace_row& row, const Row& read) {
        row = {};
        row.arrival = read.arrival();
        row.session = session_++;
        row.input = tokens(read.request_tokens);
        row.output = tokens(read.response_tokens);
        blocks_.clear();
        for (std::size_t n = blocks_of(row.input, block_tokens_); n > 0; --n)
            blocks_.push_back(numbers_.fresh());
        row.blocks = blocks_;
    }

    csv_rows<Row> rows_;
    tokens block_tokens_;
    bool skip_bad_;
    std::uint32_t session_ = 0;
    block_numbering numbers_;
    std::vector<block_number> blocks_;
    std::optional<error> failure_;
    skipped_rows skipped_;
};

using burst_gpt_trace = csv_trace<burst_gpt_row>;
using azure_trace = csv_trace<azure_row>;

} // namespace kvmark::workload
