// What a command leaves in the history.
#pragma once

#include "settings.hpp"

#include <kvmark/measure/run_report.hpp>

#include <boost/json/object.hpp>

namespace kvmark::cli {

/// From the start of a command that measures something to its end.
class command_record {
public:
    /// `command` is its first word: run, tiers, ...
    explicit command_record(std::string_view command);

    /// Headline figures of a run, and where its result was written.
    void add(const measure::run_report& report, const std::string& result_file);
    /// The file that the settings ask the result of another command into.
    void add_file(const settings& s);
    /// Appends to the history; nothing where the arguments were wrong or a launcher started this process. A
    /// history that cannot be written is one warning on stderr. Returns `exit_code`.
    int finish(int exit_code);

private:
    boost::json::object entry_;
};

} // namespace kvmark::cli
