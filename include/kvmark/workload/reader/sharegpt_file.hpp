// Reads the sizes of recorded conversations from a ShareGPT file (JSON), as a stream. Opt-in; uses
// Boost.JSON.
#pragma once

#include <kvmark/workload/parameters.hpp>
#include <kvmark/workload/reader/json_events.hpp>

namespace kvmark::workload {

/// One question and its answer.
struct recorded_turn {
    tokens input{};
    tokens output{};
    friend constexpr bool operator==(const recorded_turn&, const recorded_turn&) = default;
};

/// Conversations as the sizes of their turns; the text is not kept.
class recorded_conversations {
public:
    [[nodiscard]] std::size_t size() const { return first_turn_.size() - 1; }
    /// Both count from 0; preconditions: `conversation` < size(), `index` < turns(conversation).
    [[nodiscard]] std::size_t turns(std::size_t conversation) const {
        return first_turn_[conversation + 1] - first_turn_[conversation];
    }
    [[nodiscard]] recorded_turn turn(std::size_t conversation, std::size_t index) const {
        return turns_[first_turn_[conversation] + index];
    }

    void add_turn(recorded_turn t) { turns_.push_back(t); }
    /// Closes a conversation; one without turns leaves nothing.
    void end_conversation() {
        if (turns_.size() > first_turn_.back()) first_turn_.push_back(turns_.size());
    }

private:
    std::vector<recorded_turn> turns_;
    std::vector<std::size_t> first_turn_{0};
};

namespace detail {

/// Follows `[{"conversations": [{"from": text, "value": text}]}]` through the events of the parser. Members
/// of other names are skipped, however deep.
class sharegpt_handler : public json_events {
public:
    sharegpt_handler(const parameters& p, std::size_t wanted) : parameters_(p), wanted_(wanted) {}

    recorded_conversations recorded;
    /// Every conversation asked for is in: the rest of the file need not be read.
    [[nodiscard]] bool done() const { return recorded.size() >= wanted_; }

    bool on_array_begin(code& e) {
        if (skipped_ == 0 && level_ == outside) return descend(list);
        if (skipped_ == 0 && level_ == conversation && key_ == key::conversations) return descend(messages);
        return other_value(e, 1);
    }
    bool on_array_end(std::size_t, code&) { return ascend(); }

    bool on_object_begin(code& e) {
        if (skipped_ == 0 && level_ == list) {
            question_open_ = false;
            return descend(conversation);
        }
        if (skipped_ == 0 && level_ == messages) {
            from_ = speaker::other;
            characters_ = 0;
            return descend(message);
        }
        return other_value(e, 1);
    }
    bool on_object_end(std::size_t, code& e) {
        if (skipped_ == 0 && level_ == message) end_message();
        if (skipped_ == 0 && level_ == conversation) {
            recorded.end_conversation();
            if (done()) return stop(e);
        }
        return ascend();
    }

    bool on_key_part(text s, std::size_t, code&) {
        collect(s);
        return true;
    }
    bool on_key(text s, std::size_t, code&) {
        collect(s);
        if (skipped_ == 0)
            key_ = word_ == "conversations" ? key::conversations
                   : word_ == "from"        ? key::from
                   : word_ == "value"       ? key::value
                                            : key::other;
        word_.clear();
        return true;
    }

    bool on_string_part(text s, std::size_t, code& e) {
        if (skipped_ > 0 || level_ != message) return other_value(e, 0);
        if (key_ == key::from) collect(s);
        if (key_ == key::value)
            for (const char c : s) characters_ += (static_cast<unsigned char>(c) & 0xc0) != 0x80;
        return true;
    }
    bool on_string(text s, std::size_t n, code& e) {
        if (!on_string_part(s, n, e)) return false;
        if (skipped_ == 0 && level_ == message && key_ == key::from)
            from_ = word_ == "human" ? speaker::human : word_ == "gpt" ? speaker::gpt : speaker::other;
        word_.clear();
        return true;
    }

    bool on_int64(std::int64_t, text, code& e) { return other_value(e, 0); }
    bool on_uint64(std::uint64_t, text, code& e) { return other_value(e, 0); }
    bool on_double(double, text, code& e) { return other_value(e, 0); }
    bool on_bool(bool, code& e) { return other_value(e, 0); }
    bool on_null(code& e) { return other_value(e, 0); }

private:
    enum level { outside, list, conversation, messages, message };
    enum class key { other, conversations, from, value };
    enum class speaker { other, human, gpt };

    bool descend(level to) {
        level_ = to;
        return true;
    }
    bool ascend() {
        if (skipped_ > 0)
            --skipped_;
        else
            level_ = static_cast<level>(level_ - 1);
        return true;
    }

    /// A value that is not what its place calls for: wrong where the shape is given, of no interest
    /// elsewhere.
    bool other_value(code& e, int depth) {
        const bool misshapen = skipped_ == 0 && (level_ == outside || level_ == list || level_ == messages ||
                                                 (level_ == conversation && key_ == key::conversations) ||
                                                 (level_ == message && key_ != key::other));
        skipped_ += depth;
        return !misshapen || object(R"(expected [{"conversations": [{"from": text, "value": text}]}])", e);
    }

    /// A turn is a human's message with the answer that follows at once.
    void end_message() {
        if (from_ == speaker::gpt && question_open_)
            recorded.add_turn({to_tokens(question_characters_, parameters_.sharegpt_max_context),
                               to_tokens(characters_, parameters_.sharegpt_max_generation)});
        question_open_ = from_ == speaker::human;
        question_characters_ = characters_;
    }
    [[nodiscard]] tokens to_tokens(std::uint64_t characters, std::uint32_t most) const {
        const std::uint64_t n = characters / parameters_.sharegpt_chars_per_token;
        return tokens(n < 1 ? 1 : n > most ? most : n);
    }

    parameters parameters_;
    std::size_t wanted_;
    level level_ = outside;
    int skipped_ = 0; // how deep inside a value of no interest
    key key_ = key::other;
    speaker from_ = speaker::other;
    std::uint64_t characters_ = 0;
    std::uint64_t question_characters_ = 0;
    bool question_open_ = false;
};

} // namespace detail

/// Reads the first `max_conversations` (0: all) conversations that have a turn, and no further. A turn is a
/// message from `human` with the one from `gpt` that follows it. Tokens are Unicode characters /
/// sharegpt_chars_per_token, at least 1, clipped to sharegpt_max_context and sharegpt_max_generation. Memory
/// grows with the turns, not with the text. Errors: an unreadable file, `file:line:column: reason` for one
/// that is not JSON of this shape, and a file without a turn. `total` is the size of the file, for
/// `progress`.
[[nodiscard]] inline result<recorded_conversations> read_sharegpt(std::string path, const parameters& p,
                                                                  std::size_t max_conversations,
                                                                  std::uint64_t total = 0,
                                                                  progress_ref progress = no_progress) {
    result<text_file> file = text_file::open(std::move(path));
    if (!file) return file.error();
    boost::json::basic_parser<detail::sharegpt_handler> parser(
        boost::json::parse_options{}, p,
        max_conversations > 0 ? max_conversations : static_cast<std::size_t>(-1));
    const result<detail::text_place> end = detail::parse_document(*file, parser, total, progress);
    if (!end) return end.error();
    if (parser.handler().recorded.size() == 0)
        return file->error_at(end->line, end->column,
                              "no human message is followed by one from gpt; nothing to play");
    return std::move(parser.handler().recorded);
}

} // namespace kvmark::workload
