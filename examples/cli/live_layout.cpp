// Sections of lines, each as tall as it would like, given rows in the order of what matters.
#include "live_layout.hpp"

#include <kvmark/measure/add.hpp>
#include <kvmark/report/numbers.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace kvmark::cli {

namespace {

struct piece {
    std::string text;
    ink look = ink::plain;
};
using line = std::vector<piece>;

struct section {
    unsigned priority; ///< 0 is given its rows first
    bool gap;          ///< a blank row before it, where there is room
    std::vector<line> lines;
};

std::size_t cells_in(std::string_view utf8) {
    return static_cast<std::size_t>(
        std::count_if(utf8.begin(), utf8.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

std::size_t cells_in(const line& l) {
    std::size_t n = 0;
    for (const piece& p : l) n += cells_in(p.text);
    return n;
}

std::string clock_text(double seconds) {
    const auto s = static_cast<std::uint64_t>(seconds + 0.5);
    if (s >= 3600) return fmt::format("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60);
    return fmt::format("{}:{:02}", s / 60, s % 60);
}

std::string repeated(std::string_view glyph, std::size_t n) {
    std::string text;
    for (std::size_t i = 0; i < n; ++i) text += glyph;
    return text;
}

class layout {
public:
    layout(const live_run& run, const live_look& look) : run_(run), look_(look) {}

    cell_grid drawn() {
        add(0, false, {title()});
        add(1, false, {time_bar()});
        if (look_.help) {
            add(2, true, help());
        } else {
            add(2, true, figures());
            add(4, false, latencies());
            add(3, true, tier_table());
            add(5, true, last_minute());
            add(7, true, host_table());
            add(8, true, notes());
        }
        add(6, false, {{{look_.help ? "any key: back" : "q stop   space freeze   ? help", ink::faint}}});
        return placed();
    }

private:
    void add(unsigned priority, bool gap, std::vector<line> lines) {
        if (!lines.empty()) sections_.push_back({priority, gap, std::move(lines)});
    }

    cell_grid placed() {
        std::vector<std::size_t> order(sections_.size());
        for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
        std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
            return sections_[a].priority < sections_[b].priority;
        });
        std::size_t room = look_.height;
        for (const std::size_t i : order) {
            std::vector<line>& lines = sections_[i].lines;
            if (lines.size() > room) lines.resize(room);
            room -= lines.size();
        }
        cell_grid grid(look_.width, look_.height);
        std::size_t y = 0;
        for (const section& s : sections_) {
            if (s.lines.empty()) continue;
            const bool last = &s == &sections_.back();
            if (last)
                y = look_.height - s.lines.size(); // the keys, at the bottom
            else if (s.gap && room > 0)
                ++y, --room;
            for (const line& l : s.lines) {
                std::size_t x = 0;
                for (const piece& p : l) x = grid.put(x, y, p.text, p.look);
                ++y;
            }
        }
        return grid;
    }

    line title() const {
        std::string state;
        const double left = run_.seconds_left();
        if (look_.stopping)
            state = "stopping";
        else if (run_.stage.empty())
            state = "starting";
        else if (!run_.is_running())
            state = fmt::format("{} {:.0f} %", run_.stage, 100 * run_.fraction);
        else if (left >= 0)
            state = (run_.window.count > 0 ? "" : "about ") + clock_text(left) + " left";
        else
            state = "running";
        if (look_.frozen) state = "FROZEN  " + state;
        const std::size_t taken = cells_in(state) + 2;
        std::string name = run_.title;
        const std::size_t room = look_.width > taken ? look_.width - taken : 0;
        while (cells_in(name) > room) name.pop_back();
        const std::size_t blanks = look_.width - std::min(look_.width, cells_in(name) + cells_in(state));
        return {{name, ink::strong},
                {std::string(blanks, ' ')},
                {state, look_.frozen || look_.stopping ? ink::warning : ink::strong}};
    }

    /// `cells` wide; share 0..1.
    void append_bar(line& to, double share, std::size_t cells) const {
        static constexpr std::array parts{"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
        const std::size_t steps = look_.unicode ? parts.size() : 1; // of one cell
        const auto at =
            static_cast<std::size_t>(std::clamp(share, 0.0, 1.0) * static_cast<double>(cells * steps) + 0.5);
        std::size_t full = at / steps;
        std::string done = repeated(look_.unicode ? "█" : "#", full);
        if (at % steps != 0) {
            done += parts[at % steps];
            ++full;
        }
        to.push_back({done, ink::good});
        to.push_back({repeated(look_.unicode ? "░" : ".", cells - full), ink::faint});
    }

    line time_bar() const {
        std::string text =
            fmt::format(" {:3.0f} %  {}", 100 * run_.fraction, clock_text(to_seconds(run_.elapsed)));
        if (run_.is_running() && run_.window.count > 0) text += " of " + clock_text(to_seconds(run_.window));
        line l;
        if (look_.width > text.size() + 4) append_bar(l, run_.fraction, look_.width - text.size());
        l.push_back({text});
        return l;
    }

    /// As many in a line as fit.
    std::vector<line> figures() const {
        std::vector<line> lines(1);
        const auto put = [&](const std::string& name, const std::string& value) {
            constexpr std::size_t between = 3;
            const std::size_t more = cells_in(name) + 1 + cells_in(value);
            if (!lines.back().empty() && cells_in(lines.back()) + between + more > look_.width)
                lines.emplace_back();
            if (!lines.back().empty()) lines.back().push_back({std::string(between, ' ')});
            lines.back().push_back({name + " ", ink::faint});
            lines.back().push_back({value, ink::strong});
        };
        put("requests/s", rate_text(run_.requests_per_s));
        put("tokens/s", rate_text(run_.tokens_per_s));
        put("hit rate", report::percent_text(run_.hit_rate));
        put("queue", report::grouped(run_.queued));
        put("users", report::grouped(run_.users));
        put("done", report::grouped(run_.completed));
        return lines;
    }

    static std::string rate_text(double r) {
        return r < 100 ? fmt::format("{:.1f}", r) : report::grouped(static_cast<std::uint64_t>(r + 0.5));
    }

    static std::string latency_text(const measure::recent_latency& l, nanoseconds d) {
        return l.count == 0 ? "-" : report::ms_text(d);
    }

    static std::string percentiles(const measure::recent_latency& l) {
        return fmt::format("{:>8} {:>8} {:>8}", latency_text(l, l.p50), latency_text(l, l.p95),
                           latency_text(l, l.p99));
    }

    std::vector<line> latencies() const {
        std::vector<line> lines;
        const auto put = [&](const char* what, const measure::recent_latency& l) {
            line& to = lines.emplace_back(line{{fmt::format("{:<14}", what), ink::faint}});
            for (const auto& [name, value] : {std::pair("P50", l.p50), {"P95", l.p95}, {"P99", l.p99}}) {
                to.push_back({fmt::format(" {} ", name), ink::faint});
                to.push_back({fmt::format("{:<8}", latency_text(l, value))});
            }
        };
        put("request ms", run_.end_to_end);
        if (run_.ttft.count != 0) put("first token ms", run_.ttft);
        return lines;
    }

    std::vector<line> tier_table() const {
        constexpr std::size_t bar = 14, wide = 92;
        const bool with_bar = look_.width >= wide;
        std::vector<line> lines{
            {{fmt::format("{:<12}", "tier") +
                  (with_bar ? fmt::format("{:<{}}", "used of limit", bar + 22)
                            : fmt::format("{:>6} ", "used")) +
                  fmt::format("{:<6}{:>6} {:>8} {:>8} {:>8}", "", "GiB/s", "P50 ms", "P95 ms", "P99 ms"),
              ink::faint}}};
        for (const live_tier& t : run_.tiers) {
            if (t.limit.count == 0 && t.used.count == 0) continue; // no such tier in this run
            const bool bounded = measure::is_bounded(t.limit) && t.limit.count != 0;
            const double share =
                bounded ? static_cast<double>(t.used.count) / static_cast<double>(t.limit.count) : 0;
            line reads{{fmt::format("{:<12}", t.name.substr(0, 11)), ink::strong}}, writes{{"            "}};
            if (with_bar) {
                if (bounded)
                    append_bar(reads, share, bar);
                else
                    reads.push_back({std::string(bar, ' ')});
                const std::string of = bounded ? " / " + report::size_text(t.limit) : "";
                reads.push_back({fmt::format(" {:<21}", report::size_text(t.used) + of)});
                writes.push_back(
                    {fmt::format("{:<{}}",
                                 report::grouped(t.entries) + (t.entries == 1 ? " entry" : " entries"),
                                 bar + 22),
                     ink::faint});
            } else {
                reads.push_back({bounded ? fmt::format("{:>4.0f} % ", 100 * share) : "     - "});
                writes.push_back({"       "});
            }
            append_direction(reads, "read", t.read);
            append_direction(writes, "write", t.write);
            lines.push_back(std::move(reads));
            lines.push_back(std::move(writes));
        }
        return lines.size() > 1 ? lines : std::vector<line>();
    }

    static void append_direction(line& to, const char* name, const live_direction& d) {
        to.push_back({fmt::format("{:<6}", name), ink::faint});
        to.push_back({fmt::format("{:>6.2f} {}", d.gib_per_s, percentiles(d.latency))});
    }

    std::vector<line> last_minute() const {
        if (run_.bandwidth.size() < 2) return {};
        return {series("storage GiB/s", run_.bandwidth, [](double v) { return fmt::format("{:.2f}", v); }),
                series("read P95 ms", run_.read_p95, [](double v) {
                    return report::ms_text(nanoseconds(static_cast<std::int64_t>(v * 1e6)));
                })};
    }

    template <class Text>
    line series(const char* name, const std::deque<double>& values, Text&& text) const {
        static constexpr std::array blocks{" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
        static constexpr std::array ascii{" ", ".", ":", "-", "=", "+", "*", "#", "@"};
        const double most = *std::max_element(values.begin(), values.end());
        const std::string rest = "  now " + text(values.back()) + ", most " + text(most);
        line l{{fmt::format("{:<14}", name), ink::faint}};
        const std::size_t used = 14 + rest.size();
        const std::size_t cells = std::min(live_run::history, look_.width > used ? look_.width - used : 0);
        const std::size_t shown = std::min(cells, values.size());
        std::string marks(cells - shown, ' ');
        for (std::size_t i = values.size() - shown; i < values.size(); ++i) {
            const auto height = most > 0 ? static_cast<std::size_t>(std::ceil(values[i] / most * 8)) : 0;
            marks += (look_.unicode ? blocks : ascii)[std::min<std::size_t>(height, 8)];
        }
        l.push_back({marks, ink::good});
        l.push_back({rest});
        return l;
    }

    std::vector<line> host_table() const {
        if (run_.hosts.empty()) return {};
        std::vector<line> lines{
            {{fmt::format("{:<24}{:>6} {:>12} {:>8}", "host", "ranks", "storage", "GiB/s"), ink::faint}}};
        for (const live_host& h : run_.hosts)
            lines.push_back({{fmt::format("{:<24}{:>6} {:>12} {:>8.2f}", h.name.substr(0, 23), h.ranks,
                                          report::size_text(h.moved), h.gib_per_s)}});
        return lines;
    }

    /// The last that fit below the rest, of ten at most.
    std::vector<line> notes() const {
        std::size_t room = 0;
        for (const section& s : sections_) room += s.lines.size();
        room = look_.height > room + 2 ? look_.height - room - 2 : 0; // the gap, and the row of keys
        const std::size_t shown = std::min({room, run_.lines.size(), std::size_t{10}});
        std::vector<line> lines;
        for (std::size_t i = run_.lines.size() - shown; i < run_.lines.size(); ++i) {
            const bool warns = run_.lines[i].find("warning:") != std::string::npos ||
                               run_.lines[i].find("error:") != std::string::npos;
            lines.push_back({{run_.lines[i], warns ? ink::warning : ink::faint}});
        }
        return lines;
    }

    static std::vector<line> help() {
        std::vector<line> lines;
        for (const char* text :
             {"q         stop as Ctrl-C does; the result is written",
              "space, p  hold the screen; the run goes on", "?         this help", "",
              "Rates and percentiles are those of the last second.", "Bars: what a tier holds of its limit.",
              "Tiers: whole entries, from ready to done.",
              "Requests: from intended arrival to the end of the answer.",
              "Of a job: the figures of rank 0, and all hosts' bytes."})
            lines.push_back({{text}});
        return lines;
    }

    const live_run& run_;
    const live_look& look_;
    std::vector<section> sections_;
};

/// The next code point of well-formed UTF-8; a question mark for a byte that is none.
char32_t next_glyph(std::string_view& text) {
    const auto lead = static_cast<unsigned char>(text[0]);
    const std::size_t size = lead < 0x80       ? 1
                             : lead >> 5 == 6  ? 2
                             : lead >> 4 == 14 ? 3
                             : lead >> 3 == 30 ? 4
                                               : 0;
    char32_t glyph = size == 1 ? lead : size == 0 ? 0 : lead & (0xffu >> (size + 1));
    bool good = size != 0 && size <= text.size();
    for (std::size_t i = 1; good && i < size; ++i) {
        good = (text[i] & 0xc0) == 0x80;
        glyph = glyph << 6 | (static_cast<unsigned char>(text[i]) & 0x3f);
    }
    text.remove_prefix(good ? size : 1);
    const bool shows = good && glyph >= 0x20 && !(glyph >= 0x7f && glyph < 0xa0);
    return shows ? glyph : U'?';
}

void append_utf8(std::string& to, char32_t c) {
    const auto put = [&](char32_t byte) { to += static_cast<char>(byte); };
    if (c < 0x80) return put(c);
    if (c >= 0x10000)
        put(0xf0 | c >> 18), put(0x80 | (c >> 12 & 0x3f));
    else if (c >= 0x800)
        put(0xe0 | c >> 12);
    else
        put(0xc0 | c >> 6);
    if (c >= 0x800) put(0x80 | (c >> 6 & 0x3f));
    put(0x80 | (c & 0x3f));
}

} // namespace

cell_grid::cell_grid(std::size_t width, std::size_t height)
    : width_(width), height_(height), cells_(width * height) {}

std::size_t cell_grid::put(std::size_t x, std::size_t y, std::string_view text, ink look) {
    while (!text.empty()) {
        const char32_t glyph = next_glyph(text);
        if (x < width_ && y < height_) cells_[y * width_ + x] = {glyph, look};
        ++x;
    }
    return x;
}

std::string cell_grid::row(std::size_t y) const {
    std::string text;
    for (std::size_t x = 0; x < width_; ++x) append_utf8(text, at(x, y).glyph);
    text.erase(text.find_last_not_of(' ') + 1);
    return text;
}

cell_grid draw(const live_run& run, const live_look& look) { return layout(run, look).drawn(); }

} // namespace kvmark::cli
