// From settings to the plan of a sequence: what is refused, what each option runs, what has room.
#include "mlperf_plan.hpp"

#include "command_line.hpp"
#include "plan.hpp"
#include "resolve.hpp"

#include <kvmark/benchmark/plan_run.hpp>
#include <kvmark/core/path.hpp>
#include <kvmark/exec/job_environment.hpp>
#include <kvmark/launch/quote.hpp>
#include <kvmark/report/json_options.hpp>
#include <kvmark/report/numbers.hpp>

#include <boost/json/value_from.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <iterator>

namespace kvmark::cli {

namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

/// Tokens, of what a chatbot's user asks: without room for it nothing can be measured.
constexpr std::uint64_t smallest_context = 512;

std::string counted(std::int64_t n, const char* one) {
    return std::to_string(n) + " " + one + (n == 1 ? "" : "s");
}

/// What a CLOSED sequence takes beside closed_may_vary: where its files go, how ranks are launched (their
/// number and places are the rules' affair), and how the tool behaves.
constexpr std::array<std::string_view, 16> not_of_the_rules{
    "mode", "orgname", "fresh", "launcher", "mpi-bin",  "job-timeout", "oversubscribe", "allow-run-as-root",
    "json", "dry-run", "live",  "quiet",    "no-color", "log-level",   "help",          "check"};

/// An option that asks for what the rules have anyway overrides nothing.
bool asks_for_the_rules_value(const settings& s, std::string_view name) {
    const mlperf::sequence_rules rules;
    if (name == "seed") return s.options.seed == rules.seed;
    if (name == "trials") return s.mlperf.trials == rules.trials;
    if (name == "inter-option-delay") return s.mlperf.inter_option_delay == rules.inter_option_delay;
    if (name == "start-delay") return s.mlperf.start_delay == rules.start_delay;
    if (name == "end-delay") return s.mlperf.end_delay == rules.end_delay;
    if (name == "storage-tier") return s.storage_tier == storage_tier_kind::file;
    return false;
}

void refuse_overrides(const settings& s, fault_list& faults) {
    std::string all;
    for (const std::string_view name : s.given) {
        const auto among = [&](const auto& names) {
            return std::find(names.begin(), names.end(), name) != names.end();
        };
        if (among(mlperf::closed_may_vary) || among(not_of_the_rules) || asks_for_the_rules_value(s, name))
            continue;
        const std::string option = "--" + std::string(name) + ":";
        if (all.find(option) == std::string::npos)
            faults.add(option + " a CLOSED sequence has the rules' own");
        all += option;
    }
    if (!all.empty()) faults.add("--mode closed takes none of these; leave them out, or give --mode open");
}

/// Letters, digits, dot, underscore and dash, and neither . nor ..
void check_component(const char* option, const std::string& name, fault_list& faults) {
    constexpr std::string_view allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    if (!name.empty() && name != "." && name != ".." && name.find_first_not_of(allowed) == std::string::npos)
        return;
    faults.add(std::string(option) + " " + quote(name) +
               ": must be letters, digits, dots, underscores and dashes, as it names a folder");
}

std::string host_name() {
    char name[256] = "";
    ::gethostname(name, sizeof name - 1);
    return name;
}

void plan_sequence(const settings& s, mlperf_plan& plan, fault_list& faults) {
    const mlperf_request& m = s.mlperf;
    mlperf::sequence_rules& q = plan.sequence;
    q.seed = s.options.seed.value_or(q.seed);
    q.trials = m.trials.value_or(q.trials);
    q.inter_option_delay = m.inter_option_delay.value_or(q.inter_option_delay);
    q.start_delay = m.start_delay.value_or(q.start_delay);
    q.end_delay = m.end_delay.value_or(q.end_delay);
    const auto within = [&](const char* option, std::int64_t n, std::int64_t least, std::int64_t most) {
        if (n < least || n > most)
            faults.add(std::string(option) + " " + std::to_string(n) + ": must be " + std::to_string(least) +
                       ".." + std::to_string(most));
    };
    within("--trials", q.trials, 1, 1000);
    within("--seed", q.seed, 0, INT64_MAX / 2);
    within("--inter-option-delay", q.inter_option_delay, 0, 86'400);
    within("--start-delay", q.start_delay, 0, 86'400);
    within("--end-delay", q.end_delay, 0, 86'400);
    if (const auto scale = time_scale())
        plan.scale = *scale;
    else
        faults.add(std::string(time_scale_variable) + "=" + quote(std::getenv(time_scale_variable)) +
                   ": must be a number above 0, 1 at most");
    const char* text = std::getenv(time_scale_variable);
    plan.scale_text = text != nullptr ? text : "1";
}

void plan_ranks(const settings& s, mlperf_plan& plan, fault_list& faults) {
    const launch::host_plan hosts(s.options.hosts, {});
    // validate() names what is wrong with an entry; whether slots suffice depends on what is worked out here.
    if (hosts.fault() != launch::launch_fault::none && hosts.fault() <= launch::launch_fault::no_host_named)
        return;
    const auto layout =
        mlperf::lay_out(std::max<std::int64_t>(1, static_cast<std::int64_t>(hosts.hosts().size())),
                        s.options.num_processes, s.mlperf.npernode);
    if (!layout) return faults.add(layout.error().message);
    plan.layout = *layout;
    if (s.options.hosts.empty() && plan.layout.ranks > 1)
        faults.add("--num-processes, --npernode: more than one rank needs --hosts; give --hosts localhost "
                   "for ranks on this machine alone");
}

void plan_places(const settings& s, mlperf_plan& plan, fault_list& faults) {
    plan.orgname = s.mlperf.orgname.empty() ? "local" : s.mlperf.orgname;
    plan.systemname = s.mlperf.systemname.empty() ? host_name() : s.mlperf.systemname;
    check_component("--orgname", plan.orgname, faults);
    check_component("--systemname", plan.systemname, faults);
    if (s.options.cache_dir.empty())
        faults.add("--cache-dir: must name a directory on the storage that is to be measured");
    if (!s.options.cache_dir.empty())
        plan.cache_dir = fs::absolute(s.options.cache_dir).lexically_normal().string();
    while (plan.cache_dir.size() > 1 && plan.cache_dir.ends_with('/')) plan.cache_dir.pop_back();
    if (s.results_dir.empty()) {
        if (!is_what_if(s))
            faults.add(
                "--results-dir: must name the root of the results, on another file system than --cache-dir");
        return;
    }
    // In CLOSED it is always this model, although option 3 runs a larger one.
    const std::string_view model =
        plan.is_closed() || !s.was_given("model") ? models::llama3_1_8b.name : std::string_view(s.model_name);
    check_component("--model", std::string(model), faults);
    plan.parent = (fs::path(s.results_dir) / mlperf_mode_names[static_cast<std::size_t>(plan.mode)] /
                   plan.orgname / "results" / plan.systemname / "kv_cache" / model / "run")
                      .string();
}

/// The settings of all trials of an option, not yet resolved.
settings settings_of_option(const settings& s, const mlperf_plan& plan, const mlperf::option_rules& rules) {
    const bool closed = plan.is_closed();
    settings run = s;
    run.options = mlperf::effective_options(rules, closed ? mlperf::division::closed : mlperf::division::open,
                                            s.options, s.given);
    options& o = run.options;
    if (closed || !s.was_given("model")) run.model_name = rules.model.name;
    if (closed || !s.was_given("storage-tier")) run.storage_tier = storage_tier_kind::file;
    run.results_dir.clear();
    run.dry_run = dry_run_form::off;
    o.duration = scaled_duration(o.duration, plan.scale);
    o.seed = plan.sequence.seed;
    // Entries of GiBs are still in flight when the window closes, and slow storage takes minutes for them.
    if (o.job_timeout == 0) o.job_timeout = o.duration + 600;
    run.executor = o.hosts.empty() ? executor_kind::local : executor_kind::mpi;
    run.own_reports = !o.hosts.empty();
    o.num_processes.reset();
    if (!o.hosts.empty()) o.num_processes = plan.layout.ranks;
    o.cache_dir = plan.cache_dir;
    if (plan.layout.ranks == 1 && !o.cache_dir.empty()) o.cache_dir += "/rank_0"; // as with more of them
    return run;
}

/// What differs from the rules by the user's wish.
json::object overrides_of(const settings& s) {
    const options& o = s.options;
    json::object all;
    const json::object values = report::options_json(o);
    for (const std::string_view name : s.given) {
        std::string key(name);
        std::replace(key.begin(), key.end(), '-', '_');
        if (name == "model")
            all[key] = s.model_name;
        else if (name == "storage-tier")
            all[key] = storage_tier_names[static_cast<std::size_t>(s.storage_tier)];
        else if (name == "io-engine")
            all[key] = io_engine_names[static_cast<std::size_t>(s.io_engine)];
        else if (name == "config")
            all[key] = s.config;
        else if (name == "trials")
            all[key] = *s.mlperf.trials;
        else if (name == "inter-option-delay")
            all[key] = *s.mlperf.inter_option_delay;
        else if (name == "start-delay")
            all[key] = *s.mlperf.start_delay;
        else if (name == "end-delay")
            all[key] = *s.mlperf.end_delay;
        else if (const json::value* v = values.if_contains(key);
                 v != nullptr && key != "cache_dir" && key != "hosts" && key != "num_processes")
            all[key] = *v;
    }
    return all;
}

/// Room for what the ranks write. Of other hosts this machine knows nothing: where there are any, a
/// directory of the same path here may be theirs too or not, and each rank looks for itself.
void check_room(const settings& s, mlperf_plan& plan, fault_list& faults) {
    const bool here_alone = s.options.hosts.empty();
    std::error_code ignored;
    if (!here_alone && !fs::exists(plan.cache_dir, ignored)) return;
    const bytes room = free_space(plan.cache_dir);
    for (const mlperf_option& option : plan.options) {
        const auto ranks = static_cast<std::uint64_t>(plan.layout.npernode);
        const bytes all = make_plan(option.run).load.all_users * ranks;
        const bytes least = per_token_of(option.run.options) * smallest_context * ranks;
        const std::string what = "option " + std::to_string(option.rules.number) + ": " +
                                 report::size_text(room) + " are free in " + plan.cache_dir + " on " +
                                 host_name() + ", and ";
        const std::string of = counted(plan.layout.npernode, "rank");
        if (room < least && here_alone)
            faults.add("--cache-dir " + quote(plan.cache_dir) + ": " + what + "a small entry is " +
                       report::size_text(least) + "; make room, or give another directory");
        else if (room < all)
            plan.warnings.push_back(what + "the conversations of all users of " + of + " are " +
                                    report::size_text(all) + ": a part of them will be evicted");
    }
}

/// Rule 6.4.1. What is mounted on other hosts is not seen from here.
void note_file_systems(const settings& s, mlperf_plan& plan) {
    if (s.results_dir.empty() || plan.cache_dir.empty()) return;
    struct stat cache {
    }, results{};
    if (::stat(nearest_existing(plan.cache_dir).c_str(), &cache) != 0 ||
        ::stat(nearest_existing(s.results_dir).c_str(), &results) != 0 || cache.st_dev != results.st_dev)
        return;
    plan.notes.push_back("--cache-dir and --results-dir are on the same file system, as seen from " +
                         host_name() + "; rule 6.4.1 wants two");
}

} // namespace

std::optional<double> time_scale() {
    const char* text = std::getenv(time_scale_variable);
    if (text == nullptr) return 1.0;
    double scale = 0;
    const char* const end = text + std::strlen(text);
    const auto [stop, failure] = std::from_chars(text, end, scale);
    if (failure != std::errc{} || stop != end || !(scale > 0 && scale <= 1)) return std::nullopt;
    return scale;
}

std::string duration_text(nanoseconds d) {
    const std::int64_t seconds = (d.count + 500'000'000) / 1'000'000'000, minutes = (seconds + 30) / 60;
    if (seconds < 120) return std::to_string(seconds) + " s";
    if (minutes < 120) return std::to_string(minutes) + " min";
    return std::to_string(minutes / 60) + " h " + std::to_string(minutes % 60) + " min";
}

std::int64_t scaled_duration(std::int64_t seconds, double scale) {
    if (scale == 1) return seconds;
    return std::max<std::int64_t>(1, std::llround(static_cast<double>(seconds) * scale));
}

nanoseconds mlperf_plan::left(std::size_t option, std::int64_t trial) const {
    nanoseconds sum{};
    for (std::size_t i = option; i < options.size(); ++i) {
        const std::int64_t trials = sequence.trials - (i == option ? trial : 0);
        const nanoseconds one =
            start_delay() + end_delay() + from_seconds(static_cast<double>(options[i].run.options.duration));
        sum = sum + nanoseconds(one.count * trials);
        if (i + 1 < options.size()) sum = sum + inter_option_delay();
    }
    return sum;
}

mlperf_plan make_mlperf_plan(const settings& s, fault_list& faults) {
    mlperf_plan plan;
    plan.mode = s.mlperf.mode;
    if (exec::inside_job())
        faults.add(
            "kvmark mlperf: this process is a rank of a job; start it without the launcher, it launches the "
            "ranks itself");
    if (plan.is_closed()) refuse_overrides(s, faults);
    plan_sequence(s, plan, faults);
    plan_ranks(s, plan, faults);
    plan_places(s, plan, faults);
    if (!plan.is_closed()) plan.overrides = overrides_of(s);
    fault_list of_options; // mostly the same for all
    for (const mlperf::option_rules& rules : mlperf::option_table) {
        mlperf_option& option = plan.options.emplace_back();
        option.rules = rules;
        option.run = settings_of_option(s, plan, rules);
        resolve(option.run, "", of_options);
    }
    std::vector<std::string> said;
    for (const std::string& fault : of_options.all()) {
        if (std::find(said.begin(), said.end(), fault) != said.end()) continue;
        said.push_back(fault);
        faults.add(fault);
    }
    if (!faults.empty()) return plan;
    if (!plan.cache_dir.empty()) check_room(s, plan, faults);
    note_file_systems(s, plan);
    if (plan.scale != 1)
        plan.notes.push_back(std::string(time_scale_variable) + "=" + plan.scale_text +
                             ": durations and delays are cut short; the results are no submission");
    return plan;
}

void settle_commands(mlperf_plan& plan) {
    for (mlperf_option& option : plan.options) {
        if (&option == &plan.options.front())
            ask_launcher(option.run);
        else
            option.run.words = plan.options.front().run.words;
        const argv command = executed_command(option.run);
        option.argv = words_of(command);
        option.display = display(command);
    }
}

std::string mlperf_plan_text(const mlperf_plan& plan) {
    std::string out;
    const auto line = [&]<class... Args>(fmt::format_string<Args...> format, Args&&... args) {
        fmt::format_to(std::back_inserter(out), format, std::forward<Args>(args)...);
        out += '\n';
    };
    const mlperf::sequence_rules& q = plan.sequence;
    const options& first = plan.options.front().run.options;
    line("MLPerf Storage, KV cache, {}: {} trials of each option, seed {}",
         mlperf_mode_names[static_cast<std::size_t>(plan.mode)], q.trials, q.seed);
    line("");
    line("{:<24} {:<22} {:>6} {:>7} {:>8} {:>8} {:>7}  {}", "Option", "Model", "Users", "Seconds", "GPU GiB",
         "CPU GiB", "Writers", "Generation");
    for (const mlperf_option& option : plan.options) {
        const options& o = option.run.options;
        line("{:<24} {:<22} {:>6} {:>7} {:>8} {:>8} {:>7}  {}",
             fmt::format("{} {}", option.rules.number, option.rules.title), o.model.name, o.num_users,
             o.duration, o.gpu_mem_gb.value, o.cpu_mem_gb.value, o.max_concurrent_allocs,
             name_of(o.generation_mode));
    }
    line("");
    line("Ranks    {}{}", counted(plan.layout.ranks, "rank"),
         first.hosts.empty() ? std::string(" on this machine, without a launcher")
                             : fmt::format(" on {}, {} on each, all users on every rank",
                                           counted(plan.layout.hosts, "host"), plan.layout.npernode));
    line("Cache    {}/rank_R, storage tier {}, {}", plan.cache_dir,
         storage_tier_names[static_cast<std::size_t>(plan.options.front().run.storage_tier)],
         name_of(first.layout));
    if (!plan.parent.empty()) line("Results  {}/<datetime>", plan.parent);
    line("Time     {:.4g} s before and {:.4g} s behind each trial, {:.4g} s between options: about {} in all",
         to_seconds(plan.start_delay()), to_seconds(plan.end_delay()), to_seconds(plan.inter_option_delay()),
         duration_text(plan.left(0, 0)));
    return out;
}

json::object mlperf_plan_json(const mlperf_plan& plan) {
    json::array launches;
    for (const mlperf_option& option : plan.options)
        for (std::int64_t trial = 0; trial < plan.sequence.trials; ++trial)
            launches.push_back({{"option", option.rules.number},
                                {"trial", trial},
                                {"argv", json::value_from(option.argv)},
                                {"display", option.display}});
    return {{"mode", mlperf_mode_names[static_cast<std::size_t>(plan.mode)]},
            {"ranks", plan.layout.ranks},
            {"hosts", plan.layout.hosts},
            {"npernode", plan.layout.npernode},
            {"trials", plan.sequence.trials},
            {"seed", plan.sequence.seed},
            {"start_delay_s", to_seconds(plan.start_delay())},
            {"end_delay_s", to_seconds(plan.end_delay())},
            {"inter_option_delay_s", to_seconds(plan.inter_option_delay())},
            {"seconds", to_seconds(plan.left(0, 0))},
            {"results", report::text_or_null(plan.parent)},
            {"cache_dir", plan.cache_dir},
            {"override_parameters", plan.overrides},
            {"warnings", json::value_from(plan.warnings)},
            {"notes", json::value_from(plan.notes)},
            {"launches", std::move(launches)}};
}

} // namespace kvmark::cli
