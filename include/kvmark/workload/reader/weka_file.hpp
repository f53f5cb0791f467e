// One conversation of a WEKA / kv-cache-tester trace (json). Opt-in; uses Boost.JSON.
#pragma once

#include <kvmark/workload/reader/json_events.hpp>

#include <cmath>

namespace kvmark::workload {

/// An entry of `requests`: an API call, or a sub-agent with entries of its own, which follow it.
struct weka_entry {
    static constexpr std::uint32_t none = ~std::uint32_t{0};

    std::uint32_t parent = none; ///< the sub-agent that it belongs to
    bool agent = false;
    double t = -1; ///< seconds, as the file has it; below 0: missing
    double think = 0;
    std::uint64_t input = 0;
    std::uint64_t output = 0;
    std::size_t first_id = 0; ///< its block ids, in weka_file::ids
    std::size_t ids = 0;
};

struct weka_file {
    tokens block_tokens{};
    std::vector<weka_entry> entries; ///< in the order of the file
    std::vector<std::uint64_t> ids;
};

namespace detail {

/// Follows {"block_size", "hash_id_scope": "local", "requests": [{"t", "type", "in", "out", "hash_ids",
/// "think_time"}, {"t", "type": "subagent", "requests": [...]}]} through the events of the parser. Members of
/// other names are skipped, however deep.
class weka_events : public json_events {
public:
    weka_file file;

    [[nodiscard]] static bool done() { return false; }

    bool on_object_begin(code& e) {
        if (skipped_ > 0) return skip(1);
        if (levels_.empty()) return descend(level::document);
        if (levels_.back() != level::requests) return other_value(e, 1);
        weka_entry entry;
        if (!agents_.empty()) entry.parent = agents_.back();
        entry.first_id = file.ids.size();
        agents_.push_back(static_cast<std::uint32_t>(file.entries.size()));
        file.entries.push_back(entry);
        calls_.push_back({});
        return descend(level::entry);
    }
    bool on_object_end(std::size_t, code& e) {
        if (skipped_ > 0) return ascend();
        if (levels_.back() == level::document)
            return file.block_tokens.count > 0 && has_requests_ ? ascend() : lacks(e);
        const weka_entry& entry = current();
        const call_parts parts = calls_.back();
        if (entry.t < 0) return object("this request lacks t", e);
        if (!entry.agent && !(parts.in && parts.out && parts.ids))
            return object("this request lacks in, out or hash_ids", e);
        agents_.pop_back();
        calls_.pop_back();
        return ascend();
    }
    bool on_array_begin(code& e) {
        if (skipped_ > 0) return skip(1);
        if (levels_.empty()) return object(shape, e);
        if (levels_.back() == level::document && key_ == key::requests) {
            has_requests_ = true;
            return descend(level::requests);
        }
        if (levels_.back() == level::entry && key_ == key::requests) {
            current().agent = true;
            return descend(level::requests);
        }
        if (levels_.back() == level::entry && key_ == key::hash_ids) {
            calls_.back().ids = true;
            current().first_id = file.ids.size();
            return descend(level::ids);
        }
        return other_value(e, 1);
    }
    bool on_array_end(std::size_t, code&) {
        if (skipped_ == 0 && levels_.back() == level::ids)
            current().ids = file.ids.size() - current().first_id;
        return ascend();
    }

    bool on_key_part(text s, std::size_t, code&) {
        if (skipped_ == 0) collect(s);
        return true;
    }
    bool on_key(text s, std::size_t, code&) {
        if (skipped_ > 0) return true;
        collect(s);
        constexpr std::array<std::string_view, 9> names{
            "block_size", "hash_id_scope", "requests", "t", "type", "in", "out", "hash_ids", "think_time"};
        key_ = key::other;
        for (std::size_t i = 0; i < names.size(); ++i)
            if (word_ == names[i]) key_ = static_cast<key>(i);
        word_.clear();
        return true;
    }

    bool on_string_part(text s, std::size_t, code& e) {
        if (skipped_ > 0) return true;
        if (!is_word()) return other_value(e, 0);
        collect(s);
        return true;
    }
    bool on_string(text s, std::size_t n, code& e) {
        if (!on_string_part(s, n, e)) return false;
        if (skipped_ == 0 && is_word()) {
            if (key_ == key::scope && word_ != "local")
                return object("hash_id_scope must be \"local\", the only one that is known", e);
            if (key_ == key::type && word_ == "subagent") current().agent = true;
        }
        word_.clear();
        return true;
    }

    bool on_int64(std::int64_t n, text, code& e) {
        if (KVMARK_LIKELY(skipped_ == 0 && !levels_.empty() && levels_.back() == level::ids)) {
            file.ids.push_back(static_cast<std::uint64_t>(n));
            return true;
        }
        return n < 0 ? negative(e) : on_count(static_cast<std::uint64_t>(n), e);
    }
    bool on_uint64(std::uint64_t n, text, code& e) {
        if (skipped_ > 0 || levels_.empty() || levels_.back() != level::ids) return on_count(n, e);
        file.ids.push_back(n);
        return true;
    }
    bool on_double(double d, text, code& e) {
        if (!is_time()) return other_value(e, 0);
        if (!(d >= 0 && d < end_of_time)) return negative(e);
        (key_ == key::t ? current().t : current().think) = d;
        return true;
    }
    bool on_bool(bool, code& e) { return other_value(e, 0); }
    bool on_null(code& e) {
        if (skipped_ == 0 && is_time() && key_ == key::think) return true; // not recorded
        return other_value(e, 0);
    }

private:
    enum class level { document, requests, entry, ids };
    enum class key { block_size, scope, requests, t, type, in, out, hash_ids, think, other };
    struct call_parts {
        bool in = false, out = false, ids = false;
    };
    static constexpr std::string_view shape =
        R"(expected {"block_size": tokens, "requests": [{"t", "type", "in", "out", "hash_ids"}]})";
    static constexpr double end_of_time = 9e9; // 285 years in seconds

    [[nodiscard]] weka_entry& current() { return file.entries[agents_.back()]; }
    [[nodiscard]] bool at(level l) const { return skipped_ == 0 && !levels_.empty() && levels_.back() == l; }
    /// A text that means something here.
    [[nodiscard]] bool is_word() const {
        return (at(level::document) && key_ == key::scope) || (at(level::entry) && key_ == key::type);
    }
    [[nodiscard]] bool is_time() const { return at(level::entry) && (key_ == key::t || key_ == key::think); }

    bool on_count(std::uint64_t n, code& e) {
        if (is_time()) return on_double(static_cast<double>(n), {}, e);
        if (at(level::document) && key_ == key::block_size) {
            if (n == 0 || n > most_request_tokens) return object("block_size must be a number of tokens", e);
            file.block_tokens = tokens(n);
            return true;
        }
        const bool in = at(level::entry) && key_ == key::in, out = at(level::entry) && key_ == key::out;
        if (!in && !out) return other_value(e, 0);
        if (n > most_request_tokens) return object("a request of more than 134217728 tokens", e);
        (in ? current().input : current().output) = n;
        (in ? calls_.back().in : calls_.back().out) = true;
        return true;
    }
    bool negative(code& e) {
        const bool matters = is_time() || (at(level::document) && key_ == key::block_size) ||
                             (at(level::entry) && (key_ == key::in || key_ == key::out));
        return matters ? object("this number must be 0 or more", e) : other_value(e, 0);
    }
    bool lacks(code& e) {
        return object(has_requests_ ? "the conversation lacks block_size" : "the conversation lacks requests",
                      e);
    }

    bool descend(level to) {
        levels_.push_back(to);
        return true;
    }
    bool ascend() {
        if (skipped_ > 0)
            --skipped_;
        else
            levels_.pop_back();
        return true;
    }
    bool skip(int depth) {
        skipped_ += depth;
        return true;
    }
    /// A value that is not what its place calls for, or of no interest there.
    bool other_value(code& e, int depth) {
        if (skipped_ > 0) return skip(depth);
        if (levels_.empty()) return object(shape, e);
        if (levels_.back() == level::requests) return object("a request is not an object", e);
        if (levels_.back() == level::ids) return object("a block of hash_ids is not an integer", e);
        if (levels_.back() == level::entry && key_ != key::other && key_ != key::block_size &&
            key_ != key::scope)
            return object("this member has the wrong type", e);
        if (levels_.back() == level::document && key_ <= key::requests)
            return object("this member has the wrong type", e);
        return skip(depth);
    }

    std::vector<level> levels_;
    std::vector<std::uint32_t> agents_; ///< the entries that are open, the innermost last
    std::vector<call_parts> calls_;     ///< of each of them
    int skipped_ = 0;                   ///< how deep inside a value of no interest
    key key_ = key::other;
    bool has_requests_ = false;
};

} // namespace detail

/// Errors: an unreadable file, and `file:line:column: reason` for one that is not JSON of this shape.
[[nodiscard]] inline result<weka_file> read_weka_file(const std::string& path, std::uint64_t before,
                                                      std::uint64_t total, progress_ref progress) {
    result<text_file> file = text_file::open(path);
    if (!file) return file.error();
    boost::json::basic_parser<detail::weka_events> parser(boost::json::parse_options{});
    const auto shifted = [&](std::uint64_t done, std::uint64_t) { return progress(before + done, total); };
    const result<detail::text_place> end = detail::parse_document(*file, parser, total, shifted);
    if (!end) return end.error();
    return std::move(parser.handler().file);
}

} // namespace kvmark::workload
