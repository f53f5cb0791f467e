// Reads the sizes of recorded conversations from a ShareGPT file (JSON), as a stream. Opt-in; uses
// Boost.JSON.
#pragma once

#include <kvmark/workload/parameters.hpp>
#include <kvmark/workload/reader/text_file.hpp>

#include <boost/json/basic_parser_impl.hpp>

#include <vector>

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
class sharegpt_handler {
public:
    static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);
    using code = boost::json::error_code;
    using text = boost::json::string_view;

    sharegpt_handler(const parameters& p, std::size_t wanted) : parameters_(p), wanted_(wanted) {}

    recorded_conversations recorded;
    /// The document is JSON, but not of this shape.
    [[nodiscard]] bool misshapen() const { return misshapen_; }
    /// Every conversation asked for is in: the rest of the file need not be read.
    [[nodiscard]] bool done() const { return recorded.size() >= wanted_; }

    bool on_document_begin(code&) { return true; }
    bool on_document_end(code&) { return true; }

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

    bool on_key_part(text s, std::size_t, code&) { return collect(s); }
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

    bool on_number_part(text, code&) { return true; }
    bool on_int64(std::int64_t, text, code& e) { return other_value(e, 0); }
    bool on_uint64(std::uint64_t, text, code& e) { return other_value(e, 0); }
    bool on_double(double, text, code& e) { return other_value(e, 0); }
    bool on_bool(bool, code& e) { return other_value(e, 0); }
    bool on_null(code& e) { return other_value(e, 0); }
    bool on_comment_part(text, code&) { return true; }
    bool on_comment(text, code&) { return true; }

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
        misshapen_ = skipped_ == 0 && (level_ == outside || level_ == list || level_ == messages ||
                                       (level_ == conversation && key_ == key::conversations) ||
                                       (level_ == message && key_ != key::other));
        skipped_ += depth;
        return misshapen_ ? stop(e) : true;
    }
    static bool stop(code& e) {
        e = boost::json::error::exception;
        return false;
    }

    /// Keeps what is needed to tell the few words we know from all others.
    bool collect(text s) {
        constexpr std::size_t enough = 16;
        word_.append(s.data(), s.size() < enough ? s.size() : enough);
        if (word_.size() > enough) word_.resize(enough);
        return true;
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
    std::string word_;
    speaker from_ = speaker::other;
    std::uint64_t characters_ = 0;
    std::uint64_t question_characters_ = 0;
    bool question_open_ = false;
    bool misshapen_ = false;
};

} // namespace detail

/// Reads the first `max_conversations` (0: all) conversations that have a turn, and no further. A turn is a
/// message from `human` with the one from `gpt` that follows it. Tokens are Unicode characters /
/// sharegpt_chars_per_token, at least 1, clipped to sharegpt_max_context and sharegpt_max_generation. Memory
/// grows with the turns, not with the text. Errors: an unreadable file, `file:line:column: reason` for one
/// that is not JSON of this shape, and a file without a turn.
[[nodiscard]] inline result<recorded_conversations> read_sharegpt(std::string path, const parameters& p,
                                                                  std::size_t max_conversations) {
    result<text_file> file = text_file::open(std::move(path));
    if (!file) return file.error();
    boost::json::basic_parser<detail::sharegpt_handler> parser(
        boost::json::parse_options{}, p,
        max_conversations > 0 ? max_conversations : static_cast<std::size_t>(-1));
    std::vector<char> buffer(std::size_t{1} << 16);
    std::size_t line = 1, column = 1;
    for (bool more = true; more;) {
        const result<std::size_t> got = file->read(buffer);
        if (!got) return got.error();
        more = *got > 0;
        boost::json::error_code e;
        const std::size_t used = parser.write_some(more, buffer.data(), *got, e);
        if (parser.handler().done()) break;
        for (std::size_t i = 0; i < used; ++i) {
            column = buffer[i] == '\n' ? 1 : column + 1;
            line += buffer[i] == '\n';
        }
        if (parser.handler().misshapen())
            return file->error_at(line, column,
                                  "expected [{\"conversations\": [{\"from\": text, \"value\": text}]}]");
        if (e) return file->error_at(line, column, "not valid JSON: " + e.message());
        if (used < *got) return file->error_at(line, column, "text after the end of the JSON document");
    }
    if (parser.handler().recorded.size() == 0)
        return file->error_at(line, column, "no human message is followed by one from gpt; nothing to play");
    return std::move(parser.handler().recorded);
}

} // namespace kvmark::workload
