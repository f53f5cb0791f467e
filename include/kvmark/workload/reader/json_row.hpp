// One JSON object of numbers on a line, as the jsonl traces have it. Uses Boost.JSON.
#pragma once

#include <kvmark/workload/reader/json_events.hpp>
#include <kvmark/workload/reader/line_reader.hpp>

#include <cmath>

namespace kvmark::workload::detail {

/// A number as it stands in the text.
struct json_number {
    bool present = false;
    bool whole = false; ///< an integer that 64 bits hold; `bits` are it
    std::uint64_t bits = 0;
    double value = 0;
};

/// Follows an object through the events of the parser: keeps the numbers of the members that it was told, and
/// the integers of `hash_ids`. All other members are skipped, however deep.
class json_row_events : public json_events {
public:
    static constexpr std::size_t most_members = 6;

    explicit json_row_events(std::span<const std::string_view> members) : members_(members) {}

    void start() {
        numbers.fill({});
        ids.clear();
        has_ids = false;
        level_ = outside;
        skipped_ = 0;
        member_ = other;
        word_.clear();
        objection_ = {};
    }

    std::array<json_number, most_members> numbers{}; ///< in the order of the members
    std::vector<std::uint64_t> ids;                  ///< negative ones as their bits
    bool has_ids = false;

    bool on_object_begin(code& e) {
        if (level_ != outside) return other_value(e, 1);
        level_ = row;
        return true;
    }
    bool on_object_end(std::size_t, code&) { return ascend(); }
    bool on_array_begin(code& e) {
        if (level_ != row || skipped_ > 0 || member_ != hash_ids) return other_value(e, 1);
        level_ = list;
        has_ids = true;
        return true;
    }
    bool on_array_end(std::size_t, code&) {
        if (skipped_ == 0 && level_ == list) {
            level_ = row;
            return true;
        }
        return ascend();
    }

    bool on_key_part(text s, std::size_t, code&) {
        if (skipped_ == 0) collect(s);
        return true;
    }
    bool on_key(text s, std::size_t, code&) {
        if (skipped_ > 0) return true;
        collect(s);
        member_ = word_ == "hash_ids" ? hash_ids : other;
        for (std::size_t i = 0; i < members_.size(); ++i)
            if (word_ == members_[i]) member_ = static_cast<int>(i);
        word_.clear();
        return true;
    }

    bool on_string_part(text, std::size_t, code& e) { return other_value(e, 0); }
    bool on_string(text, std::size_t, code& e) { return other_value(e, 0); }
    bool on_int64(std::int64_t n, text, code& e) {
        return on_integer(static_cast<std::uint64_t>(n), static_cast<double>(n), e);
    }
    bool on_uint64(std::uint64_t n, text, code& e) { return on_integer(n, static_cast<double>(n), e); }
    bool on_double(double d, text, code& e) {
        if (level_ == row && skipped_ == 0 && member_ >= 0) return keep({true, false, 0, d});
        return other_value(e, 0);
    }
    bool on_bool(bool, code& e) { return other_value(e, 0); }
    bool on_null(code& e) { return other_value(e, 0); }

private:
    enum level { outside, row, list };
    static constexpr int other = -1;
    static constexpr int hash_ids = -2;

    bool on_integer(std::uint64_t bits, double value, code& e) {
        if (KVMARK_LIKELY(level_ == list && skipped_ == 0)) {
            ids.push_back(bits);
            return true;
        }
        if (level_ == row && skipped_ == 0 && member_ >= 0) return keep({true, true, bits, value});
        return other_value(e, 0);
    }
    bool keep(const json_number& n) {
        numbers[static_cast<std::size_t>(member_)] = n;
        return true;
    }
    bool ascend() {
        if (skipped_ > 0) --skipped_;
        return true;
    }
    bool other_value(code& e, int depth) {
        if (skipped_ == 0 && level_ == outside) return object("expected an object {...}", e);
        if (skipped_ == 0 && level_ == list) return object("a block of hash_ids is not an integer", e);
        if (skipped_ == 0 && member_ == hash_ids) return object("hash_ids is not an array of integers", e);
        if (skipped_ == 0 && member_ >= 0) return object("this member must be a number", e);
        skipped_ += depth;
        return true;
    }

    std::span<const std::string_view> members_;
    level level_ = outside;
    int skipped_ = 0; ///< how deep inside a value of no interest
    int member_ = other;
};

/// The rows of a jsonl file one by one. `members` lives as long as the program.
class json_rows {
public:
    static constexpr std::size_t longest_line = std::size_t{64} << 20;

    static result<json_rows> open(std::string path, std::span<const std::string_view> members,
                                  bool skip_bad) {
        result<line_reader> lines = line_reader::open(std::move(path), longest_line);
        if (!lines) return lines.error();
        return json_rows(*std::move(lines), members, skip_bad);
    }

    /// The next line that is an object; false at the end, or with failure().
    bool next() {
        while (const std::optional<std::string_view> line = lines_.next()) {
            if (line->find_first_not_of(" \t") == std::string_view::npos) continue;
            length_ = line->size();
            if (parse(*line)) return true;
            if (failure_) return false;
        }
        if (!failure_) failure_ = lines_.failure();
        return false;
    }

    [[nodiscard]] const json_number& number(std::size_t member) const {
        return parser_->handler().numbers[member];
    }
    [[nodiscard]] std::span<const std::uint64_t> ids() const { return parser_->handler().ids; }

    /// The row is malformed after all: true if it is skipped, else failure() is set.
    bool refuse(const std::string& reason) { return refuse_at(length_ + 1, reason); }
    /// `member` as a count of tokens in `to`; without an answer the row was refused.
    bool take_tokens(std::size_t member, tokens& to) {
        const json_number& n = number(member);
        if (n.present && n.whole && n.bits <= most_request_tokens) {
            to = tokens(n.bits);
            return true;
        }
        refuse(name(member) + (n.present
                                   ? " is not a count of tokens, 0.." + std::to_string(most_request_tokens)
                                   : " is missing"));
        return false;
    }
    /// `member` as a time of `unit` nanoseconds each.
    bool take_time(std::size_t member, std::int64_t unit, nanoseconds& to) {
        const json_number& n = number(member);
        const double ns = n.value * static_cast<double>(unit);
        constexpr double end_of_time = 9e18; // 285 years
        if (n.present && ns >= 0 && ns < end_of_time) {
            to = nanoseconds(n.whole ? static_cast<std::int64_t>(n.bits) * unit : std::llrint(ns));
            return true;
        }
        refuse(name(member) + (n.present ? " is not a time, 0 or later" : " is missing"));
        return false;
    }
    bool take_ids(std::span<const std::uint64_t>& to) {
        to = ids();
        if (parser_->handler().has_ids) return true;
        refuse("hash_ids is missing");
        return false;
    }

    [[nodiscard]] const std::optional<error>& failure() const { return failure_; }
    [[nodiscard]] const skipped_rows& skipped() const { return skipped_; }
    [[nodiscard]] std::uint64_t bytes_read() const { return lines_.bytes_read(); }

private:
    using parser = boost::json::basic_parser<json_row_events>;

    json_rows(line_reader lines, std::span<const std::string_view> members, bool skip_bad)
        : lines_(std::move(lines)), members_(members), skip_bad_(skip_bad),
          parser_(std::make_unique<parser>(boost::json::parse_options{}, members)) {}

    bool parse(std::string_view line) {
        parser_->reset();
        parser_->handler().start();
        boost::json::error_code e;
        const std::size_t used = parser_->write_some(false, line.data(), line.size(), e);
        const std::string_view objection = parser_->handler().objection();
        if (!objection.empty()) return refuse_at(used + 1, objection), false;
        if (e) return refuse_at(used + 1, "not valid JSON: " + e.message()), false;
        if (used < line.size()) return refuse_at(used + 1, "text after the end of the object"), false;
        return true;
    }

    bool refuse_at(std::size_t column, std::string_view reason) {
        error e = lines_.error_at(column, reason);
        if (skip_bad_)
            skipped_.add(std::move(e.message));
        else
            failure_ = std::move(e);
        return skip_bad_;
    }

    [[nodiscard]] std::string name(std::size_t member) const { return std::string(members_[member]); }

    line_reader lines_;
    std::span<const std::string_view> members_;
    bool skip_bad_;
    std::unique_ptr<parser> parser_; ///< it cannot be moved
    std::size_t length_ = 0;         ///< of the line
    std::optional<error> failure_;
    skipped_rows skipped_;
};

} // namespace kvmark::workload::detail
