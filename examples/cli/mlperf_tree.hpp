// The directory of one sequence: its names, its lock, and what is left of an interrupted one.
#pragma once

#include "console.hpp"
#include "mlperf_plan.hpp"

#include <kvmark/core/result.hpp>

#include <boost/json/value.hpp>

namespace kvmark::cli {

/// The names below `<parent>/<datetime>`, those of the reference where it has them.
struct mlperf_paths {
    std::string directory, datetime;

    [[nodiscard]] std::string summary() const { return in("kvcache_run_summary_" + datetime + ".json"); }
    [[nodiscard]] std::string metadata() const { return in("kv_cache_" + datetime + "_metadata.json"); }
    [[nodiscard]] std::string cluster() const { return in("kv_cache_cluster_info.json"); }
    [[nodiscard]] std::string sequence() const { return in("kvmark_sequence.json"); }
    [[nodiscard]] std::string lock() const { return in("kvmark_sequence.lock"); }
    [[nodiscard]] std::string log(std::int64_t option, std::int64_t trial, const char* stream) const {
        return in("kvcache_opt" + std::to_string(option) + "_trial" + std::to_string(trial) + "_" + datetime +
                  "." + stream + ".log");
    }
    /// Of a trial that has ended; while it runs, `.partial` stands behind it.
    [[nodiscard]] std::string trial(std::int64_t option, std::int64_t number) const {
        return in(trial_name(option, number));
    }
    [[nodiscard]] static std::string trial_name(std::int64_t option, std::int64_t number) {
        return "option_" + std::to_string(option) + "/trial_" + std::to_string(number);
    }
    [[nodiscard]] std::string in(const std::string& name) const { return directory + "/" + name; }
};

inline constexpr const char* merged_name = "kvmark_merged.json";
inline constexpr const char* trial_record_name = "kvmark_trial.json";

/// How far a sequence came.
inline constexpr const char* sequence_running = "running"; ///< also of one that was killed
inline constexpr const char* sequence_interrupted = "interrupted";
inline constexpr const char* sequence_finished = "finished";

/// A sequence that this process holds: no other can take it up.
class held_sequence {
public:
    /// An unfinished sequence of the same command, or a new one; with `fresh` always that. Errors: the
    /// directory cannot be made, or another process runs this sequence.
    [[nodiscard]] static result<held_sequence> take(const mlperf_plan& plan, bool fresh);

    held_sequence(held_sequence&& other) noexcept;
    held_sequence& operator=(held_sequence&&) = delete;
    ~held_sequence();

    [[nodiscard]] const mlperf_paths& paths() const { return paths_; }
    [[nodiscard]] bool is_resumed() const { return resumed_; }
    [[nodiscard]] const boost::json::object& record() const { return record_; }
    /// Writes the record with `state`, and what else has changed.
    [[nodiscard]] result<void> save(const char* state, const boost::json::object& more = {});

private:
    held_sequence(mlperf_paths paths, int fd) : paths_(std::move(paths)), fd_(fd) {}

    mlperf_paths paths_;
    int fd_ = -1;
    bool resumed_ = false;
    boost::json::object record_;
};

/// The JSON in a file. Errors: it cannot be read, or is none.
[[nodiscard]] result<boost::json::value> read_json_file(const std::string& path);

} // namespace kvmark::cli
