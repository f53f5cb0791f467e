// Result files of kvmark's commands, and of the reference, as they are read again.
#pragma once

#include <kvmark/core/result.hpp>

#include <boost/json/object.hpp>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kvmark::cli {

enum class document_kind : std::uint8_t {
    run, ///< `kvmark run`, or kv-cache.py: then without "kvmark", and without "summary" if nothing completed
    serving,    ///< `kvmark run --trace`: a run whose "kvmark" has "serving"
    simulation, ///< `kvmark simulate --json`
    sweep,      ///< the same with --sweep: "points"
    curve,      ///< `kvmark plan --json`: "points" and "marks", and "plan" if it was asked for one
    tiers,      ///< `kvmark tiers --json`: "results"
    mlperf,     ///< the summary of `kvmark mlperf`, or of the reference's wrapper: "options" by number
    search,     ///< `kvmark search --json`: "search"
};
inline constexpr std::array<std::string_view, 8> document_kind_names{
    "run", "serving", "simulation", "sweep", "curve", "tiers", "mlperf", "search"};

struct result_document {
    std::string path;
    document_kind kind = document_kind::run;
    boost::json::object json;

    [[nodiscard]] std::string_view kind_name() const {
        return document_kind_names[static_cast<std::size_t>(kind)];
    }
    /// One measured window: of kvmark, or of the reference.
    [[nodiscard]] bool is_run() const { return kind == document_kind::run || kind == document_kind::serving; }
    /// "kvmark", or null where it is not there.
    [[nodiscard]] const boost::json::object* kvmark() const;
};

/// One file, told by its keys. Errors: it cannot be read (system); it is no JSON, with the place, or no
/// result, with what it lacks (invalid_argument).
[[nodiscard]] result<result_document> load_document(const std::string& path);

/// A file; every result in a directory, in the order of their paths; or several of both between commas. A
/// directory that holds a result is not entered further, since what lies below a job's result are those of
/// its ranks; so the tree of `kvmark mlperf` gives its trials. JSON in a directory that is no result
/// (metadata) is passed over; a file named
/// *.json that is no JSON is an error. Errors: those of load_document(), and a directory without a result.
[[nodiscard]] result<std::vector<result_document>> load_documents(const std::string& what);

} // namespace kvmark::cli
