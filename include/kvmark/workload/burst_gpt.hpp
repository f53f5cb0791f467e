// Reader of BurstGPT traces (csv; Wang et al., "BurstGPT", KDD 2025), replayed as a source. Opt-in.
#pragma once

#include <kvmark/workload/reader/line_reader.hpp>
#include <kvmark/workload/request_rules.hpp>
#include <kvmark/workload/source.hpp>

#include <charconv>
#include <cmath>

namespace kvmark::workload {

struct trace_replay {
    double speedup = 1.0;     ///< gaps are divided by it; 0: no gaps, every request arrives at time 0
    std::uint64_t cycles = 0; ///< how often the trace is played; 0: for ever
};

/// Each row is a request of its own, by a user of its own, outside any conversation: what the trace does not
/// record (class of service, system prompt) is drawn by the rules of the reference from the seed and the
/// request's number. Two cycles are joined by the trace's mean gap, so that replaying keeps its rate. The
/// file is read as it is played, in bounded memory.
class burst_gpt {
public:
    /// Opens a trace and reads its first row. Errors: a file that cannot be read; a header without the
    /// columns `Timestamp` (seconds; also `Timestamp (s)`), `Request tokens` and `Response tokens`; no rows;
    /// a replay that cannot be. Other columns, `Total tokens` among them, are not used.
    static result<burst_gpt> open(std::string path, const source_config& c, trace_replay replay = {}) {
        if (!(replay.speedup >= 0) || std::isinf(replay.speedup))
            return error{error_kind::invalid_argument, "trace-speedup is " + std::to_string(replay.speedup) +
                                                           "; it must be 0 (no gaps) or more"};
        result<line_reader> lines = line_reader::open(std::move(path));
        if (!lines) return lines.error();
        burst_gpt trace(*std::move(lines), c, replay);
        if (result<void> r = trace.read_header(); !r) return r.error();
        trace.upcoming_ = trace.read_row();
        if (trace.failure_) return *trace.failure_;
        if (!trace.upcoming_)
            return trace.lines_.error_at(1, "the trace has no rows below its header; give one that has");
        return trace;
    }

    /// Empty after the last cycle, and when a row cannot be understood: see failure().
    std::optional<request> next() {
        if (!upcoming_) return {};
        const row current = *upcoming_;
        if (rows_ > 0 && current.seconds > previous_seconds_)
            trace_seconds_ += current.seconds - previous_seconds_;
        previous_seconds_ = current.seconds;
        ++rows_;
        std::optional<request> out(to_request(current));
        upcoming_ = read_row();
        if (!upcoming_ && !failure_) start_next_cycle();
        return out;
    }

    /// Why next() ended early: a malformed row as `file:line:column: reason`, or an I/O error.
    [[nodiscard]] const std::optional<error>& failure() const { return failure_; }

private:
    struct row {
        double seconds = 0;
        std::uint32_t request_tokens = 0;
        std::uint32_t response_tokens = 0;
    };
    static constexpr std::uint64_t salt = 0x62757273; // "burs"
    static constexpr std::size_t no_column = ~std::size_t{0};

    burst_gpt(line_reader lines, const source_config& c, trace_replay replay)
        : lines_(std::move(lines)), config_(c), replay_(replay) {}

    request to_request(const row& w) {
        request r;
        r.id = r.user = next_id_++;
        r.arrival = arrival_time();
        // A row of no request tokens (a failed request) still names an entry.
        r.input = tokens(w.request_tokens > 0 ? w.request_tokens : 1);
        r.output = tokens(w.response_tokens);
        r.phase = choose_phase(config_, r.input);
        random_stream draw(config_.seed, salt, r.id);
        r.service = draw_service(draw, config_.parameters);
        draw_system_prompt(draw, config_, r);
        return r;
    }

    [[nodiscard]] nanoseconds arrival_time() const {
        if (replay_.speedup == 0) return {};
        constexpr double end_of_time = 9e18; // 285 years in nanoseconds
        const double ns = (cycle_start_ + trace_seconds_) / replay_.speedup * 1e9;
        return nanoseconds(std::llrint(ns < end_of_time ? ns : end_of_time));
    }

    void start_next_cycle() {
        if (replay_.cycles != 0 && ++cycle_ >= replay_.cycles) return;
        if (rows_ > 1) cycle_start_ += trace_seconds_ * (1.0 + 1.0 / static_cast<double>(rows_ - 1));
        rows_ = 0;
        trace_seconds_ = 0;
        if (result<void> r = lines_.rewind(); !r) {
            failure_ = r.error();
            return;
        }
        lines_.next();
        upcoming_ = read_row();
    }

    /// The field that starts at `at`, which moves behind its comma; a field in quotes may hold commas.
    static std::string_view take_field(std::string_view line, std::size_t& at) {
        const bool quoted = at < line.size() && line[at] == '"';
        std::size_t end = quoted ? line.find('"', at + 1) : line.find(',', at);
        if (end == std::string_view::npos) end = line.size();
        const std::size_t begin = at + (quoted ? 1 : 0);
        const std::string_view field = line.substr(begin, end - begin);
        const std::size_t comma = line.find(',', end);
        at = comma == std::string_view::npos ? line.size() + 1 : comma + 1;
        return field;
    }

    result<void> read_header() {
        const std::optional<std::string_view> line = lines_.next();
        if (lines_.failure()) return *lines_.failure();
        if (!line) return lines_.error_at(1, "the file is empty; expected a BurstGPT csv");
        for (std::size_t at = 0; at <= line->size(); ++columns_) {
            const std::string_view name = take_field(*line, at);
            if (name == "Timestamp" || name == "Timestamp (s)") timestamp_column_ = columns_;
            if (name == "Request tokens") request_column_ = columns_;
            if (name == "Response tokens") response_column_ = columns_;
        }
        std::string missing;
        const auto need = [&missing](std::size_t column, std::string_view name) {
            if (column == no_column) missing.append(missing.empty() ? "" : ", ").append(name);
        };
        need(timestamp_column_, "Timestamp");
        need(request_column_, "Request tokens");
        need(response_column_, "Response tokens");
        if (!missing.empty()) return lines_.error_at(1, "the header lacks the columns: " + missing);
        return {};
    }

    /// The next row; empty at the end of the file, or with failure_ set.
    std::optional<row> read_row() {
        std::optional<std::string_view> line;
        do line = lines_.next();
        while (line && line->empty());
        if (!line) {
            failure_ = lines_.failure();
            return {};
        }
        row out;
        std::size_t column = 0;
        for (std::size_t at = 0; at <= line->size(); ++column) {
            const std::size_t begin = at;
            const std::string_view field = take_field(*line, at);
            const bool parsed = column == timestamp_column_  ? parse_seconds(field, out.seconds)
                                : column == request_column_  ? parse_number(field, out.request_tokens)
                                : column == response_column_ ? parse_number(field, out.response_tokens)
                                                             : true;
            if (parsed) continue;
            fail(begin + 1, "'" + std::string(field) + "' is not " +
                                (column == timestamp_column_ ? "a time in seconds" : "a count of tokens"));
            return {};
        }
        if (column == columns_) return out;
        fail(line->size() + 1,
             "the row has " + std::to_string(column) + " fields, the header " + std::to_string(columns_));
        return {};
    }

    static bool parse_seconds(std::string_view field, double& value) {
        return parse_number(field, value) && value >= 0 && std::isfinite(value);
    }
    template <class T>
    static bool parse_number(std::string_view field, T& value) {
        const char* end = field.data() + field.size();
        const auto [stop, e] = std::from_chars(field.data(), end, value);
        return e == std::errc{} && stop == end;
    }

    void fail(std::size_t column, std::string_view reason) { failure_ = lines_.error_at(column, reason); }

    line_reader lines_;
    source_config config_;
    trace_replay replay_;
    std::size_t columns_ = 0;
    std::size_t timestamp_column_ = no_column;
    std::size_t request_column_ = no_column;
    std::size_t response_column_ = no_column;

    std::optional<row> upcoming_;
    std::optional<error> failure_;
    std::uint64_t next_id_ = 0;
    std::uint64_t cycle_ = 0;
    std::uint64_t rows_ = 0;      // played in this cycle
    double previous_seconds_ = 0; // the timestamp of the last row
    double trace_seconds_ = 0;    // from the first row of this cycle to the last one played
    double cycle_start_ = 0;      // trace time of this cycle's first row
};

static_assert(source<burst_gpt>);

} // namespace kvmark::workload
