#include "compared_trials.hpp"

#include "document_figures.hpp"

#include <kvmark/report/json_members.hpp>

#include <algorithm>
#include <filesystem>
#include <map>

namespace kvmark::cli {

namespace {

namespace json = boost::json;
using report::better_when;
using report::number_at;
using report::weighted_value;

/// What ranks that ran together come to: rates add up; of percentiles the highest is the reference's, and no
/// rank was slower.
enum class over_ranks : std::uint8_t { sum, highest, mean };

/// Where a figure's course stands in a row of kvmark.timeline.
struct course_keys {
    std::string_view key;        ///< empty: it has none
    std::string_view percentile; ///< of a latency; empty: `key` is a rate, or bytes
    double per_second = 0;       ///< not 0: `key` counts since the row before, in that unit
};

struct metric_definition {
    std::string_view headline; ///< its name among headline_figures()
    better_when better;
    over_ranks ranks;
    course_keys course{};
};

constexpr double one_gib = 1.0 / static_cast<double>(gib_bytes);

constexpr metric_definition definitions[]{
    {"tokens", better_when::higher, over_ranks::sum, {"tokens_per_s", "", 0}},
    {"requests", better_when::higher, over_ranks::sum, {"end_to_end_ms", "count", 1}},
    {"hit rate", better_when::higher, over_ranks::mean},
    {"gpu read", better_when::neither, over_ranks::sum},
    {"gpu write", better_when::neither, over_ranks::sum},
    {"cpu read", better_when::neither, over_ranks::sum},
    {"cpu write", better_when::neither, over_ranks::sum},
    {"peer read", better_when::neither, over_ranks::sum},
    {"peer write", better_when::neither, over_ranks::sum},
    {"storage read", better_when::higher, over_ranks::sum, {"storage_read_bytes", "", one_gib}},
    {"storage write", better_when::higher, over_ranks::sum, {"storage_write_bytes", "", one_gib}},
    {"cached tokens", better_when::higher, over_ranks::sum},
    {"TTFT P50", better_when::lower, over_ranks::highest, {"ttft_ms", "p50", 0}},
    {"TTFT P95", better_when::lower, over_ranks::highest, {"ttft_ms", "p95", 0}},
    {"TTFT P99", better_when::lower, over_ranks::highest, {"ttft_ms", "p99", 0}},
    {"end to end P50", better_when::lower, over_ranks::highest, {"end_to_end_ms", "p50", 0}},
    {"end to end P95", better_when::lower, over_ranks::highest, {"end_to_end_ms", "p95", 0}},
    {"end to end P99", better_when::lower, over_ranks::highest, {"end_to_end_ms", "p99", 0}},
    {"storage read device P50", better_when::lower, over_ranks::highest, {"storage_read_ms", "p50", 0}},
    {"storage read device P95", better_when::lower, over_ranks::highest, {"storage_read_ms", "p95", 0}},
    {"storage read device P99", better_when::lower, over_ranks::highest, {"storage_read_ms", "p99", 0}},
    {"storage write device P50", better_when::lower, over_ranks::highest, {"storage_write_ms", "p50", 0}},
    {"storage write device P95", better_when::lower, over_ranks::highest, {"storage_write_ms", "p95", 0}},
    {"storage write device P99", better_when::lower, over_ranks::highest, {"storage_write_ms", "p99", 0}},
};

const headline_figure& headline(std::string_view name) {
    const auto all = headline_figures();
    return *std::find_if(all.begin(), all.end(), [&](const headline_figure& f) { return f.name == name; });
}

std::vector<weighted_value> course_of(const result_document& d, const course_keys& keys) {
    std::vector<weighted_value> course;
    const json::object* ours = d.kvmark();
    if (keys.key.empty() || ours == nullptr) return course;
    double before = 0;
    bool counted = false; // some row has it
    report::for_each_object(report::array_at(*ours, {"timeline"}), [&](const json::object& row) {
        const double at = number_at(row, {"at_s"}).value_or(before), seconds = at - before;
        before = at;
        const auto value = keys.percentile.empty() ? number_at(row, {keys.key})
                                                   : number_at(row, {keys.key, keys.percentile});
        counted = counted || value;
        if (keys.per_second != 0 || keys.percentile.empty()) {
            if (seconds <= 0) return;
            const double scale = keys.per_second != 0 ? keys.per_second / seconds : 1;
            course.push_back({value.value_or(0) * scale, seconds}); // a second without any is a second of 0
        } else if (value) {
            course.push_back({*value, number_at(row, {keys.key, "count"}).value_or(1)});
        }
    });
    return counted ? course : std::vector<weighted_value>();
}

std::optional<report::trial_figure> figure_of(const trial_files& trial, const metric_definition& m) {
    report::trial_figure figure;
    const headline_figure& source = headline(m.headline);
    std::size_t found = 0;
    for (const result_document* d : trial) {
        const auto value = source.value(*d);
        if (!value || *value < 0) continue;
        figure.value =
            m.ranks == over_ranks::highest ? std::max(figure.value, *value) : figure.value + *value;
        ++found;
    }
    if (found == 0) return std::nullopt;
    if (m.ranks == over_ranks::mean) figure.value /= static_cast<double>(found);
    if (trial.size() == 1) figure.course = course_of(*trial.front(), m.course);
    return figure;
}

/// rank_R as the reference and `kvmark mlperf` name the folder of a rank.
bool is_rank_folder(const std::string& name) {
    return name.starts_with("rank_") && name.size() > 5 &&
           name.find_first_not_of("0123456789", 5) == std::string::npos;
}

} // namespace

std::vector<trial_files> trial_set::trials() const {
    std::vector<trial_files> all;
    std::map<std::string, std::size_t> by_folder;
    for (const result_document& d : documents) {
        const std::filesystem::path folder = std::filesystem::path(d.path).parent_path();
        if (is_rank_folder(folder.filename().string())) {
            const auto [place, fresh] = by_folder.emplace(folder.parent_path().string(), all.size());
            if (!fresh) {
                all[place->second].push_back(&d);
                continue;
            }
        }
        all.push_back({&d});
    }
    return all;
}

result<trial_set> load_trials(const std::string& what) {
    auto documents = load_documents(what);
    if (!documents) return documents.error();
    trial_set set{what, {}};
    std::string others;
    for (result_document& d : *documents) {
        if (d.is_run())
            set.documents.push_back(std::move(d));
        else if (others.find(d.kind_name()) == others.npos)
            (others += others.empty() ? "" : ", ") += d.kind_name();
    }
    if (set.documents.empty())
        return error{error_kind::invalid_argument,
                     what + ": no run in it to compare" + (others.empty() ? "" : ", but " + others)};
    return set;
}

std::vector<report::compared_metric> compared_metrics(const trial_set& a, const trial_set& b) {
    std::vector<report::compared_metric> all;
    const auto collect = [](const trial_set& set, const metric_definition& m) {
        std::vector<report::trial_figure> figures;
        for (const trial_files& trial : set.trials())
            if (auto figure = figure_of(trial, m)) figures.push_back(*std::move(figure));
        return figures;
    };
    for (const metric_definition& m : definitions) {
        const headline_figure& source = headline(m.headline);
        report::compared_metric metric{std::string(source.name), std::string(source.unit), m.better,
                                       collect(a, m), collect(b, m)};
        const auto moves = [](const report::trial_figure& f) { return f.value > 0; };
        if (std::any_of(metric.a.begin(), metric.a.end(), moves) ||
            std::any_of(metric.b.begin(), metric.b.end(), moves))
            all.push_back(std::move(metric));
    }
    return all;
}

} // namespace kvmark::cli
