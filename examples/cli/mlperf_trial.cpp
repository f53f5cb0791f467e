// From one launch to the directory of its trial.
#include "mlperf_trial.hpp"

#include "measured_run.hpp"
#include "resolve.hpp"

#include <kvmark/measure/job_report.hpp>
#include <kvmark/report/file.hpp>
#include <kvmark/report/json.hpp>

#include <boost/json/value_from.hpp>

#include <filesystem>

namespace kvmark::cli {

namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

/// The reports of the ranks and of the trial, from a launch or from a run in this process.
struct trial_reports {
    measure::run_report merged;
    std::vector<measure::run_report> own; ///< each with its row and its host
};

/// A run without a launch is a job of one: its row is made here.
trial_reports of_this_process(measure::run_report report, const options& o,
                              const measure::machine_facts& host) {
    trial_reports all;
    measure::run_report own = report;
    measure::job_stats& job = own.job.emplace();
    measure::rank_stats row = measure::summarize(report);
    row.cache_dir = o.cache_dir;
    row.users = static_cast<std::uint64_t>(o.num_users);
    job.hosts.push_back(host);
    job.ranks.push_back(std::move(row));
    all.own.push_back(std::move(own));
    all.merged = std::move(report);
    return all;
}

class trial_writer {
public:
    trial_writer(const settings& run, std::string folder, const report::run_context& context)
        : run_(run), folder_(std::move(folder)), context_(context) {}

    /// The files of all ranks and the merged one; the rows for the record.
    result<json::array> write(const trial_reports& reports, const std::string& datetime) {
        json::array rows;
        const bool of_job = reports.merged.job.has_value();
        const measure::job_stats& job = of_job ? *reports.merged.job : *reports.own.front().job;
        for (const measure::rank_stats& row : job.ranks) {
            const measure::run_report* own = report_of(row.rank, reports);
            std::string file;
            if (own != nullptr && own->elapsed.count > 0) {
                file = "rank_" + std::to_string(row.rank) + "/kvcache_results_" + datetime + ".json";
                if (auto written = write_rank(*own, file); !written) return written.error();
            }
            rows.push_back({{"rank", row.rank},
                            {"host", job.host_name(row.host)},
                            {"complete", row.complete() && !row.interrupted},
                            {"failure", row.complete() && row.interrupted
                                            ? json::value("its window was cut short")
                                            : report::text_or_null(measure::missing_text(row))},
                            {"seed", row.delivered ? json::value(row.seed) : json::value(nullptr)},
                            {"cache_dir", report::text_or_null(row.cache_dir)},
                            {"file", report::text_or_null(file)}});
        }
        report::run_context of_merged = context_;
        if (!job.hosts.empty()) of_merged.host = job.hosts.front();
        const json::value merged = report::result_json(reports.merged, run_.options, of_merged);
        if (auto written = report::write_file(folder_ + "/" + merged_name, report::json_text(merged));
            !written)
            return written.error();
        return rows;
    }

private:
    static const measure::run_report* report_of(std::uint32_t rank, const trial_reports& reports) {
        for (const measure::run_report& own : reports.own)
            if (own.job->ranks.front().rank == rank) return &own;
        return nullptr;
    }

    /// As the rank itself would write it.
    result<void> write_rank(const measure::run_report& own, const std::string& file) {
        const measure::rank_stats& row = own.job->ranks.front();
        options o = run_.options;
        o.seed = static_cast<std::int64_t>(own.seed);
        o.cache_dir = row.cache_dir;
        o.output = file;
        report::run_context context = context_;
        context.host = own.job->hosts.front();
        measure::run_report alone = own;
        alone.job.reset();
        const std::string path = folder_ + "/" + file;
        std::error_code failure;
        fs::create_directories(fs::path(path).parent_path(), failure);
        return report::write_file(path, report::json_text(report::result_json(alone, o, context)));
    }

    const settings& run_;
    std::string folder_;
    const report::run_context& context_;
};

std::string status_of(const json::array& rows) {
    for (const json::value& row : rows)
        if (!row.at("complete").get_bool()) return "incomplete";
    return "complete";
}

} // namespace

result<trial_end> run_trial(const mlperf_plan& plan, const mlperf_paths& paths, std::size_t option,
                            std::int64_t trial, bool may_fail, stop_watch& watch, console& out) {
    const mlperf_option& planned = plan.options[option];
    const std::int64_t number = planned.rules.number;
    const std::string whole = paths.trial(number, trial), partial = whole + ".partial";
    std::error_code failure;
    fs::remove_all(partial, failure); // of the process that was killed here
    fs::create_directories(partial, failure);
    if (failure) return error{error_kind::system, "cannot create " + partial + ": " + failure.message()};
    if (auto logs = out.open_logs(paths.log(number, trial, "stdout"), paths.log(number, trial, "stderr"));
        !logs)
        return logs.error();

    settings run = planned.run;
    const std::string datetime = datetime_now();
    report::run_context context;
    context.argv = planned.argv;
    context.started = report::utc_now();
    if (!run.launches()) out.note(planned.display);
    std::vector<measure::run_report> own;
    auto report = measure_run(run, out, context, &own);
    context.finished = report::utc_now();
    out.end_progress();

    trial_end end;
    json::object record{{"schema", 1},
                        {"option", number},
                        {"trial", trial},
                        {"started", context.started},
                        {"finished", context.finished},
                        {"argv", json::value_from(planned.argv)},
                        {"duration_s", run.options.duration},
                        {"start_delay_s", to_seconds(plan.start_delay())},
                        {"end_delay_s", to_seconds(plan.end_delay())}};
    if (report) {
        end.interrupted = report->interrupted && watch.signal() != 0;
        end.cluster_from = report->job ? "mpi" : "local";
        trial_reports reports;
        if (report->job)
            reports = {*std::move(report), std::move(own)};
        else
            reports = of_this_process(*std::move(report), run.options, context.host);
        end.hosts = reports.merged.job ? reports.merged.job->hosts : reports.own.front().job->hosts;
        auto rows = trial_writer(run, partial, context).write(reports, datetime);
        if (!rows) return rows.error();
        record["status"] = end.interrupted ? "interrupted" : status_of(*rows);
        record["failure"] = nullptr;
        record["ranks"] = *std::move(rows);
    } else {
        end.failure = report.error().message;
        end.started = may_fail;
        record["status"] = "failed";
        record["failure"] = end.failure;
        record["ranks"] = json::array();
    }
    if (!end.started) {
        fs::remove_all(partial, failure);
        return end;
    }
    if (auto written = report::write_file(partial + "/" + trial_record_name, report::json_text(record));
        !written)
        return written.error();
    if (end.interrupted) return end;
    fs::rename(partial, whole, failure);
    if (failure) return error{error_kind::system, "cannot rename " + partial + ": " + failure.message()};
    return end;
}

} // namespace kvmark::cli
