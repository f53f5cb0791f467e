// `kvmark mlperf --check DIR`: is what lies there a sequence by the rules?
#pragma once

#include "settings.hpp"

#include <string>
#include <vector>

namespace kvmark::cli {

/// One thing that is wrong.
struct mlperf_finding {
    std::string path;  ///< of the file or folder, below the run directory
    std::string place; ///< in the file, as a JSON pointer; empty: the whole
    std::string text;
};

/// One run directory.
struct mlperf_verdict {
    std::string directory;
    std::vector<mlperf_finding> findings;
    std::vector<std::string> notes; ///< what the run itself noted
    std::size_t rank_files = 0;     ///< that were read
};

/// All run directories at or below `directory`, by name.
[[nodiscard]] std::vector<std::string> find_sequences(const std::string& directory);

/// Reads every file of a sequence: parameters against the rules' table (in OPEN: against those of the
/// summary), ranks, trials and seeds, figures, the summary against a new one, hashes, cache directories.
[[nodiscard]] mlperf_verdict check_sequence(const std::string& directory);

/// The whole command: prints, and returns the exit code.
[[nodiscard]] int check_mlperf(const settings& s);

} // namespace kvmark::cli
