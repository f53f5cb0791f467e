// What `kvmark tiers` found, as a table, as JSON and as CSV.
#pragma once

#include "tiers_fio.hpp"

#include <boost/json/object.hpp>

namespace kvmark::cli {

/// One backend on one case, round by round.
struct tiers_row {
    std::string backend;
    block_case what{};
    std::vector<block_result> rounds;
    std::vector<double> fio; ///< bytes per second in the same rounds; empty: not asked, or it failed
    std::string note;
};

/// Everything that a reader should doubt, a line each.
[[nodiscard]] std::vector<std::string> tiers_warnings(const std::vector<tiers_row>& rows);

[[nodiscard]] std::string tiers_table(const std::vector<tiers_row>& rows);
[[nodiscard]] std::string tiers_csv(const std::vector<tiers_row>& rows);
[[nodiscard]] boost::json::object tiers_json(const std::vector<tiers_row>& rows,
                                             const std::vector<std::string>& warnings, bool interrupted);

} // namespace kvmark::cli
