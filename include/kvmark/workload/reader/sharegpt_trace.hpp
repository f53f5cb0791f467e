// Recorded ShareGPT conversations as a trace of blocks. Opt-in; uses Boost.JSON.
#pragma once

#include <kvmark/workload/reader/sharegpt_file.hpp>
#include <kvmark/workload/trace_builder.hpp>

namespace kvmark::workload {

/// A conversation is a session; a turn's input is all the turns before it and its own question, and it waits
/// for the turn before. The full blocks of a context are shared by its turns; the last one, if it is not
/// full, is the turn's own. There are no times: every request arrives at 0, conversation by conversation.
/// Memory grows with the turns, 16 bytes each, not with the text.
class sharegpt_trace {
public:
    /// Reads the file. Errors: those of read_sharegpt(); a document cannot be read past a fault in it, so
    /// that skip_bad does nothing.
    static result<sharegpt_trace> open(std::string path, const trace_options& o, std::uint64_t total,
                                       progress_ref progress) {
        result<recorded_conversations> r = read_sharegpt(std::move(path), {}, 0, total, progress);
        if (!r) return r.error();
        return sharegpt_trace(*std::move(r), o);
    }

    /// The blocks are valid until the next call. False at the end.
    bool next(trace_row& row) {
        if (turn_ == recorded_turns()) {
            if (conversation_ + 1 >= recorded_.size()) return false;
            ++conversation_;
            turn_ = 0;
            blocks_.clear();
            full_ = 0;
            context_ = {};
        }
        const recorded_turn sizes = recorded_.turn(conversation_, turn_);
        row = {};
        if (turn_ > 0) row.after = requests_ - 1;
        row.session = static_cast<std::uint32_t>(conversation_);
        row.input = context_ + sizes.input;
        row.output = sizes.output;
        blocks_.resize(full_);
        full_ = static_cast<std::size_t>(row.input.count / block_tokens_.count);
        while (blocks_.size() < blocks_of(row.input, block_tokens_)) blocks_.push_back(numbers_.fresh());
        row.blocks = blocks_;
        context_ = row.input + sizes.output;
        ++turn_;
        ++requests_;
        return true;
    }

    [[nodiscard]] tokens block_tokens() const { return block_tokens_; }

private:
    sharegpt_trace(recorded_conversations recorded, const trace_options& o)
        : recorded_(std::move(recorded)),
          block_tokens_(o.block_tokens.count > 0 ? o.block_tokens : tokens(512)) {}

    [[nodiscard]] std::size_t recorded_turns() const { return recorded_.turns(conversation_); }

    recorded_conversations recorded_;
    tokens block_tokens_;
    std::size_t conversation_ = 0;
    std::size_t turn_ = 0;
    std::uint64_t requests_ = 0;
    block_numbering numbers_;
    std::vector<block_number> blocks_; ///< of the conversation so far
    std::size_t full_ = 0;             ///< how many of them the next turn shares
    tokens context_{};                 ///< of the conversation so far, with its answers
};

} // namespace kvmark::workload
