// Reader of BurstGPT traces (csv; Wang et al., "BurstGPT", KDD 2025), replayed as a source. Opt-in.
#pragma once

#include <kvmark/workload/reader/burst_gpt_row.hpp>
#include <kvmark/workload/request_rules.hpp>
#include <kvmark/workload/source.hpp>

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
        result<csv_rows<burst_gpt_row>> rows = csv_rows<burst_gpt_row>::open(std::move(path));
        if (!rows) return rows.error();
        burst_gpt trace(*std::move(rows), c, replay);
        trace.upcoming_ = trace.rows_of_file_.next();
        if (trace.failure()) return *trace.failure();
        if (!trace.upcoming_)
            return trace.rows_of_file_.error_at(1,
                                                "the trace has no rows below its header; give one that has");
        return trace;
    }

    /// Empty after the last cycle, and when a row cannot be understood: see failure().
    std::optional<request> next() {
        if (!upcoming_) return {};
        const burst_gpt_row current = *upcoming_;
        if (rows_ > 0 && current.seconds > previous_seconds_)
            trace_seconds_ += current.seconds - previous_seconds_;
        previous_seconds_ = current.seconds;
        ++rows_;
        std::optional<request> out(to_request(current));
        upcoming_ = rows_of_file_.next();
        if (!upcoming_ && !failure()) start_next_cycle();
        return out;
    }

    /// Why next() ended early: a malformed row as `file:line:column: reason`, or an I/O error.
    [[nodiscard]] const std::optional<error>& failure() const { return rows_of_file_.failure(); }

private:
    static constexpr std::uint64_t salt = 0x62757273; // "burs"

    burst_gpt(csv_rows<burst_gpt_row> rows, const source_config& c, trace_replay replay)
        : rows_of_file_(std::move(rows)), config_(c), replay_(replay) {}

    request to_request(const burst_gpt_row& w) {
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
        if (!rows_of_file_.rewind()) return;
        upcoming_ = rows_of_file_.next();
    }

    csv_rows<burst_gpt_row> rows_of_file_;
    source_config config_;
    trace_replay replay_;

    std::optional<burst_gpt_row> upcoming_;
    std::uint64_t next_id_ = 0;
    std::uint64_t cycle_ = 0;
    std::uint64_t rows_ = 0;      // played in this cycle
    double previous_seconds_ = 0; // the timestamp of the last row
    double trace_seconds_ = 0;    // from the first row of this cycle to the last one played
    double cycle_start_ = 0;      // trace time of this cycle's first row
};

static_assert(source<burst_gpt>);

} // namespace kvmark::workload
