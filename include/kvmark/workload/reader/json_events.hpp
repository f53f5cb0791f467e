// What the JSON readers share: a handler's fixed part, and a file driven through the parser. Uses Boost.JSON.
#pragma once

#include <kvmark/workload/reader/text_file.hpp>
#include <kvmark/workload/reader/trace_options.hpp>

#include <boost/json/basic_parser_impl.hpp>

#include <vector>

namespace kvmark::workload::detail {

/// The parts of a handler of boost::json::basic_parser that are the same in all readers: nothing is limited
/// in size, and pieces are of no interest.
class json_events {
public:
    static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);
    using code = boost::json::error_code;
    using text = boost::json::string_view;

    bool on_document_begin(code&) { return true; }
    bool on_document_end(code&) { return true; }
    bool on_number_part(text, code&) { return true; }
    bool on_comment_part(text, code&) { return true; }
    bool on_comment(text, code&) { return true; }

    /// What the handler objected to; empty while it did not.
    [[nodiscard]] std::string_view objection() const { return objection_; }

protected:
    /// Ends the parsing. `reason` lives as long as the program.
    bool object(std::string_view reason, code& e) {
        objection_ = reason;
        return stop(e);
    }
    static bool stop(code& e) {
        e = boost::json::error::exception;
        return false;
    }

    /// Keeps what is needed to tell the few words that are known from all others.
    void collect(text s) {
        constexpr std::size_t enough = 16;
        word_.append(s.data(), s.size() < enough ? s.size() : enough);
        if (word_.size() > enough) word_.resize(enough);
    }

    std::string word_;
    std::string_view objection_;
};

/// Where in a file.
struct text_place {
    std::size_t line = 1;
    std::size_t column = 1;
};

/// Drives one JSON document of a file through `parser`, until its handler is done(). Errors:
/// `file:line:column: reason`, the handler's objection among them; the place is where parsing stopped.
template <class Handler>
result<text_place> parse_document(text_file& file, boost::json::basic_parser<Handler>& parser,
                                  std::uint64_t total, progress_ref progress) {
    std::vector<char> buffer(std::size_t{1} << 16);
    text_place at;
    for (bool more = true; more;) {
        const result<std::size_t> got = file.read(buffer);
        if (!got) return got.error();
        more = *got > 0;
        boost::json::error_code e;
        const std::size_t used = parser.write_some(more, buffer.data(), *got, e);
        if (parser.handler().done()) break;
        for (std::size_t i = 0; i < used; ++i) {
            at.column = buffer[i] == '\n' ? 1 : at.column + 1;
            at.line += buffer[i] == '\n';
        }
        if (!parser.handler().objection().empty())
            return file.error_at(at.line, at.column, parser.handler().objection());
        if (e) return file.error_at(at.line, at.column, "not valid JSON: " + e.message());
        if (used < *got) return file.error_at(at.line, at.column, "text after the end of the JSON document");
        if (!progress(file.bytes_read(), total)) return reading_stopped(file.path());
    }
    return at;
}

} // namespace kvmark::workload::detail
