// The history: a file of JSON lines, one for each command that measured something.
#pragma once

#include <kvmark/core/result.hpp>

#include <boost/json/object.hpp>

#include <string>
#include <vector>

namespace kvmark::cli {

/// $KVMARK_HISTORY; without it $XDG_STATE_HOME/kvmark/history.jsonl, and without that
/// ~/.local/state/kvmark/history.jsonl. Empty where no history is kept: the variable is empty or `off`, or
/// there is no home.
[[nodiscard]] std::string history_path();

/// Gives `entry` the next number and appends it as one line, whole or not at all. The file and its directory
/// are made where they are missing. Several processes may do it at once: a lock on the file is waited for,
/// two seconds at most. A line that is no entry is skipped when the number is looked for.
[[nodiscard]] result<std::uint64_t> append_history(const std::string& path, boost::json::object entry);

struct history {
    std::vector<boost::json::object> entries; ///< in the order of the file
    std::size_t damaged = 0;                  ///< lines that are no entry
};

/// Empty where there is no file.
[[nodiscard]] result<history> read_history(const std::string& path);

/// Null where the entry lacks it or has something else there.
[[nodiscard]] std::uint64_t number_of(const boost::json::object& entry);
[[nodiscard]] std::vector<std::string> arguments_of(const boost::json::object& entry);

} // namespace kvmark::cli
