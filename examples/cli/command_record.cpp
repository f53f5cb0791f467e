// The line of a command, and when there is none.
#include "command_record.hpp"

#include "history.hpp"
#include "run_command.hpp"

#include <kvmark/exec/job_order.hpp>
#include <kvmark/report/context.hpp>
#include <kvmark/report/json_storage.hpp>

#include <boost/json/value_from.hpp>

#include <cstdio>
#include <filesystem>

namespace kvmark::cli {

namespace {

boost::json::value absolute_or_null(const std::string& path) {
    std::error_code failed;
    if (path.empty() || path == "-") return nullptr;
    const auto whole = std::filesystem::absolute(path, failed);
    return boost::json::value(failed ? path : whole.lexically_normal().string());
}

} // namespace

command_record::command_record(std::string_view command) {
    char host[256] = "";
    ::gethostname(host, sizeof host - 1);
    std::error_code failed;
    entry_ = {{"number", 0},
              {"started", report::utc_now()},
              {"finished", nullptr},
              {"cwd", std::filesystem::current_path(failed).string()},
              {"argv", boost::json::value_from(exec::this_command())},
              {"command", command},
              {"exit_code", 0},
              {"version", KVMARK_VERSION},
              {"host", host},
              {"result", nullptr},
              {"figures", nullptr}};
}

void command_record::add(const measure::run_report& r, const std::string& result_file) {
    const report::storage_metrics m = report::storage_metrics_of(r);
    const double window = to_seconds(r.elapsed);
    boost::json::array limits;
    for (const report::storage_limit& l : m.limited_by) limits.emplace_back(l.name);
    entry_["result"] = absolute_or_null(result_file);
    entry_["figures"] = {
        {"window_s", window},
        {"seed", r.seed},
        {"requests_per_s", report::ratio(static_cast<double>(r.requests_completed), window)},
        {"tokens_per_s", report::ratio(static_cast<double>(r.tokens_generated.count), window)},
        {"read_gib_per_s", m.read_gib_per_s},
        {"write_gib_per_s", m.write_gib_per_s},
        {"cached_tokens_per_s", m.cached_tokens_per_s},
        {"end_to_end_p95_ms", r.end_to_end.empty()
                                  ? boost::json::value(nullptr)
                                  : boost::json::value(to_milliseconds(r.end_to_end.quantile(0.95)))},
        {"ranks_storage", m.ranks_storage()},
        {"limited_by", std::move(limits)}};
}

void command_record::add_file(const settings& s) {
    for (const std::string* file : {&s.options.output, &s.tiers.json_file, &s.csv, &s.results_dir})
        if (entry_["result"].is_null()) entry_["result"] = absolute_or_null(*file);
}

int command_record::finish(int exit_code) {
    const std::string path = history_path();
    if (path.empty() || exit_code == exit_bad_arguments) return exit_code;
    entry_["finished"] = report::utc_now();
    entry_["exit_code"] = exit_code;
    if (const auto number = append_history(path, std::move(entry_)); !number)
        std::fprintf(stderr,
                     "kvmark: warning: no history of this command: %s; KVMARK_HISTORY=off keeps none\n",
                     number.error().message.c_str());
    return exit_code;
}

} // namespace kvmark::cli
