// What a run would do, worked out without doing it.
#pragma once

#include "settings.hpp"

#include <kvmark/tier/storage_tier.hpp>

#include <boost/json/object.hpp>

namespace kvmark::cli {

struct planned_tier {
    std::string name;
    tier::tier_role role = tier::tier_role::storage;
    bytes limit{};
    std::string note; ///< why the limit is what it is
};

/// Sizes of the simulated users' data; a trace decides its own.
struct planned_load {
    double mean_entry_tokens = 0; ///< of a request's context
    bytes mean_entry{};
    bytes largest_entry{};
    double entries_per_conversation = 1;
    bytes per_user{}; ///< the entries of one conversation, on average
    bytes all_users{};
};

struct run_plan {
    std::vector<planned_tier> tiers; ///< those in use, fastest first
    planned_load load;
    std::int64_t processes = 1;
    std::string hosts;  ///< host:slots, by comma; empty: this machine
    std::string source; ///< of the requests
    std::string cache_dir;
    std::string output; ///< empty: no file
    std::vector<std::string> notes;
};

/// The entries of a conversation on average: it ends after each turn with a fixed probability, and after
/// max_turns at the latest.
[[nodiscard]] double mean_turns(const options& o);

/// Precondition: resolve() found no fault. Reads the free space of the cache directory's file system.
[[nodiscard]] run_plan make_plan(const settings& s);

[[nodiscard]] boost::json::object plan_json(const run_plan& plan, const settings& s);
[[nodiscard]] std::string plan_text(const run_plan& plan, const settings& s);

} // namespace kvmark::cli
