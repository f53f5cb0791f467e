// Run directories, result files and metadata.
#include "result_files.hpp"

#include "command_line.hpp"
#include "resolve.hpp"
#include "run_fio.hpp"
#include "xlsx.hpp"

#include <kvmark/launch/hosts.hpp>
#include <kvmark/launch/quote.hpp>
#include <kvmark/report/csv.hpp>
#include <kvmark/report/file.hpp>
#include <kvmark/report/json.hpp>
#include <kvmark/report/metadata.hpp>

#include <filesystem>

namespace kvmark::cli {

namespace fs = std::filesystem;

result<reserved_directory> reserve_directory(const std::string& parent) {
    std::error_code failure;
    fs::create_directories(parent, failure);
    if (failure) return error{error_kind::system, "cannot create " + parent + ": " + failure.message()};
    for (int attempt = 0; attempt < 10; ++attempt) {
        const std::string datetime = datetime_now(attempt);
        const std::string path = (fs::path(parent) / datetime).string();
        if (::mkdir(path.c_str(), 0777) == 0) return reserved_directory{path, datetime};
        if (errno != EEXIST)
            return error{error_kind::system, "cannot create " + path + ": " + std::strerror(errno)};
    }
    return error{error_kind::system, "ten run directories from this second on exist in " + parent +
                                         ": try again later, or give another --results-dir"};
}

result<void> reserve_run_directory(settings& s) {
    auto reserved = reserve_directory((fs::path(s.results_dir) / "kv_cache" / "run").string());
    if (!reserved) return reserved.error();
    s.options.run_datetime = std::move(reserved->datetime);
    s.options.run_directory = std::move(reserved->path);
    return {};
}

run_files::run_files(const options& o)
    : metadata(o.run_directory + "/kv_cache_" + o.run_datetime + "_metadata.json"),
      stdout_log(o.run_directory + "/kvcache_" + o.run_datetime + ".stdout.log"),
      stderr_log(o.run_directory + "/kvcache_" + o.run_datetime + ".stderr.log") {}

result<written_files> write_results(const settings& s, const measure::run_report& report,
                                    const report::run_context& context) {
    written_files written;
    if (!s.options.output.empty()) {
        const std::string text = report::json_text(report::result_json(report, s.options, context));
        if (auto done = report::write_file(s.options.output, text); !done) return done.error();
        written.result = s.options.output;
    }
    if (!s.csv.empty()) {
        if (auto done = report::write_file(s.csv, report::csv_text(report)); !done) return done.error();
        written.others.push_back(s.csv);
    }
    if (!s.emit_fio.empty()) {
        const auto job = fio_job_of_run(s, report);
        if (!job) return job.error();
        if (auto done = report::write_file(s.emit_fio, *job); !done) return done.error();
        written.others.push_back(s.emit_fio);
    }
    if (!s.xlsx.empty()) {
        if (auto done = write_xlsx(s.xlsx, report); !done) return done.error();
        written.others.push_back(s.xlsx);
    }
    return written;
}

result<void> write_metadata(const settings& s, double runtime_s, const measure::run_report* report) {
    const options& o = s.options;
    if (o.run_directory.empty()) return {};
    const bool launches = s.executor == executor_kind::mpi;
    const argv command = executed_command(s);
    const run_files files(o);
    const report::run_record record{
        .exec_type = std::string(executor_names[static_cast<std::size_t>(s.executor)]),
        .num_processes = launches ? launch::host_plan(o.hosts, o.num_processes).processes() : 1,
        .result_dir = o.run_directory,
        .argv = words_of(command),
        .display = display(command),
        .stdout_log = files.stdout_log,
        .stderr_log = files.stderr_log,
        .runtime_s = runtime_s};
    return report::write_file(files.metadata, report::json_text(report::metadata_json(o, record, report)));
}

} // namespace kvmark::cli
