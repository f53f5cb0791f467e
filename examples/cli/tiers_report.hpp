// What `kvmark tiers` found, as a table, as JSON and as CSV.
#pragma once

#include "tiers_fio.hpp"
#include "tiers_totals.hpp"

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

/// Of the rows of backends and of GPUs: what failed, came back changed, or differs much from round to round.
void add_row_warnings(std::vector<std::string>& lines, const std::string& name, const tiers_totals&);
/// A line of tiers_csv(). `compared`: with the ratio.
[[nodiscard]] std::string csv_line(std::string_view backend, bytes block, std::uint32_t depth,
                                   std::string_view read_percent, std::size_t rounds, const tiers_totals&,
                                   std::optional<double> fio_gib_per_s, bool compared);

/// Everything that a reader should doubt, a line each.
[[nodiscard]] std::vector<std::string> tiers_warnings(const std::vector<tiers_row>& rows);

[[nodiscard]] std::string tiers_table(const std::vector<tiers_row>& rows);
[[nodiscard]] std::string tiers_csv(const std::vector<tiers_row>& rows);
[[nodiscard]] boost::json::object tiers_json(const std::vector<tiers_row>& rows,
                                             const std::vector<std::string>& warnings, bool interrupted);

} // namespace kvmark::cli
