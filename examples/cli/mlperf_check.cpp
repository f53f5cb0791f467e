// What the rules and the tree's own summary say of each file.
#include "mlperf_check.hpp"

#include "console.hpp"
#include "file_hash.hpp"
#include "mlperf_summary.hpp"
#include "run_command.hpp"

#include <kvmark/report/json_options.hpp>

#include <boost/json/parse.hpp>
#include <boost/json/value_from.hpp>

#include <algorithm>
#include <filesystem>

namespace kvmark::cli {

namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using report::number_at;
using report::value_at;

constexpr std::string_view summary_start = "kvcache_run_summary_";

/// As it reads back from a file: numbers go through the same reader on both sides of a comparison.
json::value through_text(const json::value& v) { return json::parse(report::json_text(v)); }

std::string shown(const json::value* v) {
    if (v == nullptr) return "not there";
    std::string text = report::json_text(*v);
    text.pop_back();
    return text.size() > 80 ? text.substr(0, 77) + "..." : text;
}

/// Equal, numbers up to the rounding of their text.
bool alike(const json::value* a, const json::value* b) {
    if (a == nullptr || b == nullptr) return a == b;
    if (a->is_number() && b->is_number()) {
        const double x = a->to_number<double>(), y = b->to_number<double>();
        return std::abs(x - y) <= 1e-9 * std::max(std::abs(x), std::abs(y));
    }
    return *a == *b;
}

/// Set for each rank, or by where the run took place.
bool varies(std::string_view key) {
    for (const std::string_view name : {"cache_dir", "seed", "output", "hosts", "num_processes"})
        if (key == name) return true;
    return false;
}

class sequence_checker {
public:
    explicit sequence_checker(const std::string& directory) { v_.directory = directory; }

    mlperf_verdict check() && {
        if (!read_summary()) return std::move(v_);
        check_head();
        check_metadata();
        for (const mlperf::option_rules& rules : mlperf::option_table) check_option(rules);
        check_files();
        return std::move(v_);
    }

private:
    void add(const std::string& path, std::string place, std::string text) {
        v_.findings.push_back({path, std::move(place), std::move(text)});
    }
    [[nodiscard]] std::string in(const std::string& name) const { return v_.directory + "/" + name; }

    /// The one file whose name begins and ends so; empty where there is none, or more than one.
    std::string only_file(std::string_view start, std::string_view end, const std::string& what) {
        std::vector<std::string> names;
        std::error_code failure;
        for (const fs::directory_entry& entry : fs::directory_iterator(v_.directory, failure))
            if (const std::string name = entry.path().filename().string();
                name.starts_with(start) && name.ends_with(end))
                names.push_back(name);
        if (names.size() == 1) return names.front();
        add(std::string(start) + "*" + std::string(end), "",
            names.empty() ? "there is no " + what : "there is more than one " + what);
        return "";
    }

    std::optional<json::value> read(const std::string& name) {
        auto v = read_json_file(in(name));
        if (v) return *std::move(v);
        add(name, "", "cannot be read: " + v.error().message);
        return std::nullopt;
    }

    bool read_summary() {
        summary_name_ = only_file(summary_start, ".json", "run summary");
        if (summary_name_.empty()) return false;
        auto v = read(summary_name_);
        if (!v) return false;
        summary_ = *std::move(v);
        for (const char* needed : {"/options", "/kvmark/options", "/kvmark/sequence", "/kvmark/files"})
            if (value_at(summary_, needed) == nullptr) {
                add(summary_name_, needed, "it is not there");
                return false;
            }
        const auto whole = [&](const char* pointer) {
            return static_cast<std::int64_t>(number_at(summary_, pointer).value_or(0));
        };
        ranks_ = whole("/total_ranks");
        trials_ = whole("/trials_per_option");
        seed_ = whole("/kvmark/sequence/seed");
        closed_ = shown(value_at(summary_, "/kvmark/mode")) == "\"closed\"";
        if (const json::value* notes = value_at(summary_, "/kvmark/notes");
            notes != nullptr && notes->is_array())
            for (const json::value& note : notes->get_array())
                if (note.is_string()) v_.notes.emplace_back(note.get_string());
        return true;
    }

    void expect(const std::string& file, const json::value& root, const std::string& pointer,
                const json::value& expected, const std::string& why) {
        const json::value* found = value_at(root, pointer);
        if (!alike(found, &expected))
            add(file, pointer, "is " + shown(found) + "; " + why + " " + shown(&expected));
    }

    void check_head() {
        const auto expect_head = [&](const char* pointer, const json::value& expected,
                                     const std::string& why) {
            expect(summary_name_, summary_, pointer, expected, why);
        };
        expect_head("/kvmark/state", sequence_finished, "a sequence that has ended is");
        const double scale = number_at(summary_, "/kvmark/time_scale").value_or(1);
        if (scale == 1 || (time_scale() && std::abs(*time_scale() - scale) < 1e-12))
            scale_ = scale;
        else
            expect_head("/kvmark/time_scale", 1,
                        "the rules' durations and delays are not cut short: it must be");
        if (closed_) {
            const mlperf::sequence_rules rules;
            const std::string why = "the rules have";
            expect_head("/kvmark/sequence/seed", rules.seed, why);
            expect_head("/kvmark/sequence/trials", rules.trials, why);
            expect_head("/kvmark/sequence/inter_option_delay_s", rules.inter_option_delay, why);
            expect_head("/kvmark/sequence/start_delay_s", rules.start_delay, why);
            expect_head("/kvmark/sequence/end_delay_s", rules.end_delay, why);
            expect_head("/trials_per_option", rules.trials, why);
        }
        const auto ranks =
            number_at(summary_, "/npernode").value_or(0) * number_at(summary_, "/host_count").value_or(0);
        if (ranks_ < 1 || static_cast<double>(ranks_) != ranks)
            add(summary_name_, "/total_ranks",
                "is " + std::to_string(ranks_) + ", not npernode x host_count");
        if (trials_ < 1) add(summary_name_, "/trials_per_option", "must be 1 or more");
        if (!fs::exists(in("kv_cache_cluster_info.json")))
            add("kv_cache_cluster_info.json", "", "there is no cluster information");
    }

    [[nodiscard]] const json::value* parameters_of_summary(const std::string& option) const {
        return value_at(summary_, "/kvmark/options/" + option + "/parameters");
    }

    void check_metadata() {
        const std::string name = only_file("kv_cache_", "_metadata.json", "metadata file");
        if (name.empty()) return;
        const auto metadata = read(name);
        if (!metadata) return;
        for (const char* key : {"/benchmark_type", "/run_datetime", "/num_processes"})
            if (value_at(*metadata, key) == nullptr) add(name, key, "it is not there");
        for (const mlperf::option_rules& rules : mlperf::option_table) {
            const std::string key = std::to_string(rules.number);
            compare_options(name, *metadata, "/parameters/" + key, parameters_of_summary(key),
                            "the summary has");
        }
    }

    /// Member by member, but for what varies from rank to rank.
    void compare_options(const std::string& file, const json::value& root, const std::string& pointer,
                         const json::value* expected, const std::string& why) {
        const json::value* found = value_at(root, pointer);
        if (found == nullptr || !found->is_object()) return add(file, pointer, "it is not there");
        if (expected == nullptr || !expected->is_object()) return;
        for (const auto& [key, value] : expected->get_object())
            if (!varies(key)) expect(file, root, pointer + "/" + std::string(key), value, why);
    }

    /// What the table mandates, or what the summary of an OPEN sequence says that was run.
    json::value expected_parameters(const mlperf::option_rules& rules) {
        const json::value* said = parameters_of_summary(std::to_string(rules.number));
        if (!closed_) return said != nullptr ? *said : json::value();
        options o = mlperf::effective_options(rules, mlperf::division::closed, {}, {});
        o.duration = scaled_duration(o.duration, scale_);
        return through_text(report::options_json(o));
    }

    void check_option(const mlperf::option_rules& rules) {
        const std::string key = std::to_string(rules.number), folder = "option_" + key;
        const json::value expected = expected_parameters(rules);
        if (closed_)
            compare_options(summary_name_, summary_, "/kvmark/options/" + key + "/parameters", &expected,
                            "the rules have");
        check_names(folder, "trial_", trials_);
        std::vector<report::trial_figures> figures;
        for (std::int64_t trial = 0; trial < trials_; ++trial) {
            if (!fs::is_directory(in(mlperf_paths::trial_name(rules.number, trial))))
                continue; // named already
            check_trial(rules.number, trial, expected);
            figures.push_back(read_trial(v_.directory, rules.number, trial, ranks_));
        }
        compare_summary(rules.number,
                        report::figures_of_option(figures, static_cast<std::size_t>(trials_), closed_));
    }

    /// Folders `<start>0` to `<start>n-1`, and no other.
    void check_names(const std::string& folder, const std::string& start, std::int64_t count) {
        for (std::int64_t i = 0; i < count; ++i)
            if (!fs::is_directory(in(folder + "/" + start + std::to_string(i))))
                add(folder + "/" + start + std::to_string(i), "", "it is missing");
        std::error_code failure;
        for (const fs::directory_entry& entry : fs::directory_iterator(in(folder), failure)) {
            const std::string name = entry.path().filename().string();
            if (!entry.is_directory(failure)) continue;
            bool planned = false;
            for (std::int64_t i = 0; i < count && !planned; ++i) planned = name == start + std::to_string(i);
            if (!planned) add(folder + "/" + name, "", "nothing of this name belongs there");
        }
    }

    void check_trial(std::int64_t option, std::int64_t trial, const json::value& expected) {
        const std::string folder = mlperf_paths::trial_name(option, trial);
        check_names(folder, "rank_", ranks_);
        double completed = 0;
        std::vector<std::pair<std::string, std::string>> places; // host and cache directory
        for (std::int64_t rank = 0; rank < ranks_; ++rank) {
            const std::vector<std::string> names = rank_files(v_.directory, option, trial, rank);
            if (names.empty()) {
                add(folder + "/rank_" + std::to_string(rank), "", "there is no kvcache_results_*.json");
                continue;
            }
            if (names.size() > 1)
                add(folder + "/rank_" + std::to_string(rank), "",
                    "there is more than one kvcache_results_*.json");
            const auto file = read(names.back());
            if (!file) continue;
            ++v_.rank_files;
            check_rank(names.back(), *file, rank, expected);
            completed += number_at(*file, "/requests_completed").value_or(0);
            places.emplace_back(shown(value_at(*file, "/kvmark/host/hostname")),
                                shown(value_at(*file, "/kvmark/options/cache_dir")));
            for (std::size_t i = 0; i + 1 < places.size(); ++i)
                if (places[i] == places.back())
                    add(names.back(), "/kvmark/options/cache_dir",
                        "is " + places.back().second + ", that of another rank of this host too");
        }
        const std::string merged_file = folder + "/" + merged_name;
        if (const auto merged = read(merged_file))
            expect(merged_file, *merged, "/requests_completed", completed, "the ranks completed");
    }

    void check_rank(const std::string& name, const json::value& file, std::int64_t rank,
                    const json::value& expected) {
        const report::rank_figures_read figures = report::read_rank_figures(file, 0);
        if (!figures.problem.empty()) add(name, figures.place, figures.problem);
        const std::string seed = "rank " + std::to_string(rank) + " has seed";
        expect(name, file, "/seed", seed_ + rank, seed);
        expect(name, file, "/kvmark/options/seed", seed_ + rank, seed);
        compare_options(name, file, "/kvmark/options", &expected,
                        closed_ ? "the rules have" : "the summary has");
        expect(name, file, "/kvmark/integrity/corrupt_sectors", 0, "without a fault it is");
        expect(name, file, "/kvmark/integrity/failed_operations", 0, "without a fault it is");
        expect(name, file, "/kvmark/virtual_time", false, "what was measured has");
        if (closed_) {
            expect(name, file, "/kvmark/options/enable_autoscaling", false, "the rules forbid it (6.3.2.2):");
            check_storage_tier(name, file);
        }
        if (const json::value* summary = value_at(file, "/summary"))
            check_numbers(name, *summary, "/summary");
    }

    /// Rule 6.4.2.
    void check_storage_tier(const std::string& name, const json::value& file) {
        const json::value* tiers = value_at(file, "/kvmark/tiers");
        if (tiers == nullptr || !tiers->is_array()) return add(name, "/kvmark/tiers", "it is not there");
        for (std::size_t i = 0; i < tiers->get_array().size(); ++i) {
            const json::value& tier = tiers->get_array()[i];
            if (shown(value_at(tier, "/role")) != "\"storage\"") continue;
            const json::value* found = value_at(tier, "/name");
            if (shown(found) != '"' + std::string(mlperf::storage_tier) + '"')
                add(name, "/kvmark/tiers/" + std::to_string(i) + "/name",
                    "is " + shown(found) + "; the rules have files with fsync (6.4.2), the tier \"file\"");
        }
    }

    void check_numbers(const std::string& file, const json::value& v, const std::string& place) {
        if (v.is_object()) {
            for (const auto& [key, member] : v.get_object())
                check_numbers(file, member, place + "/" + std::string(key));
        } else if (v.is_array()) {
            for (std::size_t i = 0; i < v.get_array().size(); ++i)
                check_numbers(file, v.get_array()[i], place + "/" + std::to_string(i));
        } else if (v.is_number()) {
            const double x = v.to_number<double>();
            if (!std::isfinite(x) || x < 0)
                add(file, place, "is " + shown(&v) + "; must be finite and not negative");
        }
    }

    void compare_summary(std::int64_t option, const report::option_figures& f) {
        const std::string key = std::to_string(option);
        const std::string why = "the files of the ranks come to";
        const json::value again = through_text(report::option_summary_json(option, f.sums));
        for (const auto& [name, value] : again.get_object())
            expect(summary_name_, summary_, "/options/" + key + "/" + std::string(name), value, why);
        using report::detail::number_or_null;
        const json::value ours =
            through_text({{"status", report::option_status_names[static_cast<std::size_t>(f.status)]},
                          {"complete_trials", f.sums.complete_trials},
                          {"read_gib_per_s", number_or_null(f.sums.read_gib_per_s)},
                          {"write_gib_per_s", number_or_null(f.sums.write_gib_per_s)},
                          {"storage_tokens_per_s", number_or_null(f.sums.storage_tokens_per_s)},
                          {"max_of_rank_p95_read_device_ms", number_or_null(f.read_p95_ms)},
                          {"max_of_rank_p95_write_device_ms", number_or_null(f.write_p95_ms)}});
        const std::string place = "/kvmark/options/" + key;
        for (const auto& [name, value] : ours.get_object())
            expect(summary_name_, summary_, place + "/" + std::string(name), value, why);
        if (f.status != report::option_status::ok)
            add("option_" + key, "",
                "it is " + std::string(report::option_status_names[static_cast<std::size_t>(f.status)]) +
                    ": " + f.reason);
    }

    void check_files() {
        const json::value* listed = value_at(summary_, "/kvmark/files");
        if (!listed->is_array()) return add(summary_name_, "/kvmark/files", "is no list");
        std::vector<std::string> names;
        for (const json::value& entry : listed->get_array()) {
            const json::value* path = value_at(entry, "/path");
            if (path == nullptr || !path->is_string()) continue;
            const std::string name(path->get_string());
            names.push_back(name);
            std::error_code failure;
            if (!fs::is_regular_file(in(name), failure)) {
                add(name, "", "it is missing, and the summary lists it");
                continue;
            }
            const json::value* hash = value_at(entry, std::string("/") + file_hash_name);
            const std::string now = file_hash(in(name));
            if (hash != nullptr && hash->is_string() && !now.empty() &&
                now != std::string_view(hash->get_string()))
                add(name, "",
                    "its " + std::string(file_hash_name) + " is " + now +
                        ", not that of the summary: it was changed");
        }
        for (const std::string& name : hashed_files(v_.directory))
            if (std::find(names.begin(), names.end(), name) == names.end())
                add(name, "", "the summary does not list it");
    }

    mlperf_verdict v_;
    std::string summary_name_;
    json::value summary_;
    std::int64_t ranks_ = 0, trials_ = 0, seed_ = 0;
    double scale_ = 1;
    bool closed_ = true;
};

json::object verdict_json(const mlperf_verdict& v) {
    json::array findings;
    for (const mlperf_finding& f : v.findings)
        findings.push_back({{"path", f.path}, {"place", report::text_or_null(f.place)}, {"finding", f.text}});
    return {{"directory", v.directory},
            {"clean", v.findings.empty()},
            {"rank_files", v.rank_files},
            {"findings", std::move(findings)},
            {"notes", json::value_from(v.notes)}};
}

std::string verdict_text(const mlperf_verdict& v, const report::palette& colors) {
    std::string out = v.directory + "\n";
    for (const mlperf_finding& f : v.findings)
        out += "  " + colors.red("finding") + "  " + f.path + (f.place.empty() ? "" : " " + f.place) + ": " +
               f.text + "\n";
    for (const std::string& note : v.notes) out += "  note     " + note + "\n";
    const std::string count = std::to_string(v.findings.size());
    return out + (v.findings.empty()
                      ? "  " + colors.green("clean") + "    " + std::to_string(v.rank_files) +
                            " files of ranks and their summary were checked\n"
                      : "  " + count + (v.findings.size() == 1 ? " finding\n" : " findings\n"));
}

} // namespace

std::vector<std::string> find_sequences(const std::string& directory) {
    std::vector<std::string> all;
    const auto look = [&](const fs::path& file) {
        const std::string name = file.filename().string(), folder = file.parent_path().string();
        if ((name.starts_with(summary_start) || name == "kvmark_sequence.json") &&
            std::find(all.begin(), all.end(), folder) == all.end())
            all.push_back(folder);
    };
    std::error_code failure;
    for (fs::recursive_directory_iterator at(directory, failure), end; at != end; at.increment(failure))
        look(at->path());
    std::sort(all.begin(), all.end());
    return all;
}

mlperf_verdict check_sequence(const std::string& directory) { return sequence_checker(directory).check(); }

int check_mlperf(const settings& s) {
    console out(s);
    std::string directory = s.mlperf.check;
    while (directory.size() > 1 && directory.ends_with('/')) directory.pop_back();
    const std::vector<std::string> sequences = find_sequences(directory);
    if (sequences.empty()) {
        out.fail("there is no sequence of kvmark mlperf in " + directory);
        return exit_failed;
    }
    bool clean = true;
    json::array all;
    std::string text, plain;
    for (const std::string& sequence : sequences) {
        const mlperf_verdict v = check_sequence(sequence);
        clean &= v.findings.empty();
        all.push_back(verdict_json(v));
        text += verdict_text(v, report::palette(out.color()));
        plain += verdict_text(v, report::palette(false));
    }
    if (s.json) text = plain = report::json_text({{"clean", clean}, {"sequences", std::move(all)}});
    out.print(text, plain);
    return clean ? exit_ok : exit_failed;
}

} // namespace kvmark::cli
