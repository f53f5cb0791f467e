// Finding, locking and recording sequences.
#include "mlperf_tree.hpp"

#include "result_files.hpp"

#include <kvmark/exec/job_order.hpp>
#include <kvmark/report/context.hpp>
#include <kvmark/report/file.hpp>
#include <kvmark/report/json_text.hpp>

#include <boost/json/parse.hpp>
#include <boost/json/value_from.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sys/file.h>

namespace kvmark::cli {

namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

/// What makes two commands the same sequence, in whole numbers and texts that read back as they are.
json::object identity_of(const mlperf_plan& plan) {
    json::array launches;
    for (const mlperf_option& option : plan.options) launches.push_back(json::value_from(option.argv));
    const mlperf::sequence_rules& q = plan.sequence;
    return {{"mode", mlperf_mode_names[static_cast<std::size_t>(plan.mode)]},
            {"seed", q.seed},
            {"trials", q.trials},
            {"inter_option_delay_s", q.inter_option_delay},
            {"start_delay_s", q.start_delay},
            {"end_delay_s", q.end_delay},
            {"time_scale", plan.scale_text},
            {"launches", std::move(launches)}};
}

/// The file descriptor of the lock; -1 where another process has it.
int lock(const mlperf_paths& paths) {
    const int fd = ::open(paths.lock().c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0) return -1;
    if (::flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
        return fd; // some file systems have no locks
    ::close(fd);
    return -1;
}

/// Unfinished sequences of the same command, the latest first.
std::vector<mlperf_paths> unfinished(const std::string& parent, const json::object& identity) {
    std::vector<mlperf_paths> found;
    std::error_code failure;
    for (const fs::directory_entry& entry : fs::directory_iterator(parent, failure)) {
        mlperf_paths paths{entry.path().string(), entry.path().filename().string()};
        const auto record = read_json_file(paths.sequence());
        if (!record || !record->is_object()) continue;
        const json::object& o = record->get_object();
        const json::value *state = o.if_contains("state"), *same = o.if_contains("identity");
        if (state != nullptr && same != nullptr && *state != sequence_finished && *same == identity)
            found.push_back(std::move(paths));
    }
    std::sort(found.begin(), found.end(),
              [](const auto& a, const auto& b) { return a.datetime > b.datetime; });
    return found;
}

} // namespace

result<json::value> read_json_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) return error{error_kind::system, "cannot read " + path + ": " + std::strerror(errno)};
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    json::error_code failure;
    json::value v = json::parse(text, failure);
    if (failure) return error{error_kind::system, path + ": " + failure.message()};
    return v;
}

result<held_sequence> held_sequence::take(const mlperf_plan& plan, bool fresh) {
    const json::object identity = identity_of(plan);
    if (!fresh)
        for (const mlperf_paths& paths : unfinished(plan.parent, identity)) {
            const int fd = lock(paths);
            if (fd < 0)
                return error{error_kind::system,
                             "this sequence is being run by another process, in " + paths.directory +
                                 ": wait for it, or give --fresh to begin another beside it"};
            // Until the lock was had, it may have been finished.
            auto record = read_json_file(paths.sequence());
            held_sequence held(paths, fd);
            if (!record || record->at("state") == sequence_finished) continue;
            held.record_ = std::move(record->get_object());
            held.record_["interruptions"] = held.record_.at("interruptions").to_number<std::int64_t>() + 1;
            held.resumed_ = true;
            return held;
        }
    auto reserved = reserve_directory(plan.parent);
    if (!reserved) return reserved.error();
    mlperf_paths paths{std::move(reserved->path), std::move(reserved->datetime)};
    const int fd = lock(paths);
    if (fd < 0) return error{error_kind::system, "cannot lock " + paths.lock() + ": " + std::strerror(errno)};
    held_sequence held(std::move(paths), fd);
    held.record_ = {{"schema", 1},
                    {"version", KVMARK_VERSION},
                    {"state", sequence_running},
                    {"run_datetime", held.paths_.datetime},
                    {"started", report::utc_now()},
                    {"argv", json::value_from(exec::this_command())},
                    {"interruptions", 0},
                    {"runtime_s", 0.0},
                    {"identity", identity}};
    return held;
}

held_sequence::held_sequence(held_sequence&& other) noexcept
    : paths_(std::move(other.paths_)), fd_(std::exchange(other.fd_, -1)), resumed_(other.resumed_),
      record_(std::move(other.record_)) {}

held_sequence::~held_sequence() {
    if (fd_ >= 0) ::close(fd_);
}

result<void> held_sequence::save(const char* state, const json::object& more) {
    record_["state"] = state;
    for (const auto& [key, value] : more) record_[key] = value;
    return report::write_file(paths_.sequence(), report::json_text(record_));
}

} // namespace kvmark::cli
