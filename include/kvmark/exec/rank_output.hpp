// The output of many ranks, as a launcher mixes it, taken apart into lines of one rank each.
#pragma once

#include <kvmark/core/config.hpp>
#include <kvmark/launch/dialect.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace kvmark::exec {

using launch::tag_form;

/// A line that no rank wrote: the launcher's own.
inline constexpr std::int64_t launcher_line = -1;

/// In front of a rank's line where it is shown to people; nothing for launcher_line.
[[nodiscard]] KVMARK_COLD std::string line_label(std::int64_t rank) {
    return rank == launcher_line ? "" : "[rank " + std::to_string(rank) + "] ";
}

/// Feeds on pieces of any size; gives whole lines, without their mark and their newline.
class rank_output {
public:
    explicit rank_output(tag_form mark) : mark_(mark) {}

    /// Calls line(rank, text) for each line that this piece completes.
    template <class Line>
    void feed(std::string_view piece, Line&& line) {
        pending_ += piece;
        std::size_t at = 0;
        while (at < pending_.size()) {
            const std::string_view rest = std::string_view(pending_).substr(at);
            if (may_hold_mark()) {
                const mark_match m = match(rest);
                if (m.needs_more && rest.size() < longest_mark) break;
                if (m.length != 0) {
                    rank_ = m.rank;
                    at += m.length;
                    continue;
                }
            }
            const char c = rest[0];
            ++at;
            std::string& open = open_[rank_];
            if (c != '\n') {
                open += c;
                continue;
            }
            line(rank_, std::string_view(open));
            open.clear();
            rank_ = launcher_line;
        }
        pending_.erase(0, at);
    }

    /// What is left at the end: lines without a newline.
    template <class Line>
    void finish(Line&& line) {
        open_[rank_] += pending_;
        pending_.clear();
        for (auto& [rank, text] : open_)
            if (!text.empty()) line(rank, std::string_view(text));
        open_.clear();
    }

private:
    static constexpr std::size_t longest_mark = 96;
    struct mark_match {
        std::size_t length = 0; ///< 0: no mark here
        std::int64_t rank = launcher_line;
        bool needs_more = false; ///< it may become one
    };

    /// Open MPI's may stand anywhere, the others at the start of a line.
    [[nodiscard]] bool may_hold_mark() {
        return mark_ == tag_form::open_mpi ||
               (mark_ != tag_form::none && rank_ == launcher_line && open_[launcher_line].empty());
    }

    [[nodiscard]] mark_match match(std::string_view s) const {
        switch (mark_) {
        case tag_form::open_mpi:
            return open_mpi_mark(s);
        case tag_form::bracketed:
            return s[0] == '[' ? number_mark(s, 1, "] ") : mark_match{};
        case tag_form::colon:
            return number_mark(s, 0, ": ");
        case tag_form::none:
            break;
        }
        return {};
    }

    /// `[<job>,<rank>]<stdout>:` or `<stderr>`.
    static mark_match open_mpi_mark(std::string_view s) {
        if (s[0] != '[') return {};
        const std::size_t close = s.find(']');
        if (close == std::string_view::npos) return {0, launcher_line, s.find('\n') == s.npos};
        const std::size_t comma = s.rfind(',', close);
        if (comma == std::string_view::npos || close - comma < 2) return {};
        std::int64_t rank = 0;
        for (const char c : s.substr(comma + 1, close - comma - 1)) {
            if (c < '0' || c > '9' || rank > 99'999'999) return {};
            rank = rank * 10 + (c - '0');
        }
        constexpr std::string_view out = "<stdout>:", err = "<stderr>:";
        const std::string_view stream = s.substr(close + 1, out.size());
        if (stream == out || stream == err) return {close + 1 + out.size(), rank, false};
        return {0, launcher_line,
                stream.size() < out.size() && (out.starts_with(stream) || err.starts_with(stream))};
    }

    static mark_match number_mark(std::string_view s, std::size_t begin, std::string_view end) {
        std::int64_t rank = 0;
        std::size_t at = begin;
        for (; at < s.size() && s[at] >= '0' && s[at] <= '9' && rank < 99'999'999; ++at)
            rank = rank * 10 + (s[at] - '0');
        const std::string_view rest = s.substr(at, end.size());
        if (at > begin && rest == end) return {at + end.size(), rank, false};
        return {0, launcher_line, rest.size() < end.size() && end.starts_with(rest)};
    }

    tag_form mark_;
    std::string pending_;
    std::int64_t rank_ = launcher_line;
    std::map<std::int64_t, std::string> open_; ///< lines that go on
};

} // namespace kvmark::exec
