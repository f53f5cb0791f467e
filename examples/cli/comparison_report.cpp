#include "comparison_report.hpp"

#include "document_text.hpp"
#include "text_table.hpp"

#include <kvmark/report/csv.hpp>
#include <kvmark/report/json_text.hpp>
#include <kvmark/report/numbers.hpp>

#include <boost/json/value_from.hpp>

#include <algorithm>

namespace kvmark::cli {

namespace {

namespace json = boost::json;
using report::verdict;

std::string_view name_of(verdict v) { return report::verdict_names[static_cast<std::size_t>(v)]; }

/// Of all metrics together.
std::string_view overall(const comparison& c) {
    const bool better = c.count(verdict::better) > 0, worse = c.count(verdict::worse) > 0;
    if (better && worse) return "mixed";
    if (better || worse) return name_of(better ? verdict::better : verdict::worse);
    if (c.count(verdict::more) + c.count(verdict::less) > 0) return "differs";
    return name_of(c.count(verdict::no_difference) > 0 ? verdict::no_difference : verdict::not_judged);
}

json::object side_json(const report::median_and_spread& s, const std::vector<report::trial_figure>& trials) {
    json::array values;
    for (const report::trial_figure& t : trials) values.push_back(t.value);
    if (trials.empty()) return {{"median", nullptr}, {"min", nullptr}, {"max", nullptr}, {"trials", values}};
    return {{"median", s.median}, {"min", s.low}, {"max", s.high}, {"trials", std::move(values)}};
}

json::object set_json(const trial_set& set) {
    json::array files;
    for (const result_document& d : set.documents) files.emplace_back(d.path);
    return {{"name", set.name}, {"trials", set.trials().size()}, {"files", std::move(files)}};
}

json::value better_json(report::better_when b) {
    if (b == report::better_when::neither) return nullptr;
    return b == report::better_when::higher ? "higher" : "lower";
}

bool judged(const report::metric_comparison& m) { return m.what != verdict::not_judged; }

json::object metric_json(const report::compared_metric& metric, const report::metric_comparison& m) {
    const auto where = [](bool there, double d) { return there ? json::value(d) : json::value(nullptr); };
    const bool ratio = judged(m) && m.has_ratio, difference = judged(m) && !m.has_ratio;
    return {{"name", metric.name},
            {"unit", metric.unit},
            {"better", better_json(metric.better)},
            {"a", side_json(m.a, metric.a)},
            {"b", side_json(m.b, metric.b)},
            {"ratio", where(ratio, m.ratio)},
            {"low", where(ratio, m.low)},
            {"high", where(ratio, m.high)},
            {"difference", where(difference, m.ratio)},
            {"difference_low", where(difference, m.low)},
            {"difference_high", where(difference, m.high)},
            {"p", where(judged(m), m.p)},
            {"resolution", where(judged(m), m.resolution)},
            {"one_trial", m.one_trial},
            {"verdict", name_of(m.what)},
            {"reason", report::text_or_null(m.reason)}};
}

std::string spread_text(const report::median_and_spread& s, const std::vector<report::trial_figure>& trials,
                        std::string_view unit) {
    if (trials.empty()) return "-";
    const std::string median = figure_text(s.median, unit);
    if (trials.size() == 1) return median;
    return median + " (" + figure_text(s.low, unit) + ".." + figure_text(s.high, unit) + ")";
}

std::string ratio_text(const report::metric_comparison& m) {
    return m.has_ratio ? fmt::format("{:.3f}", m.ratio) : fmt::format("{:+.3f}*", m.ratio);
}

std::string interval_text(const report::metric_comparison& m) {
    if (!judged(m)) return "-";
    const auto text = [](double d) { return fmt::format("{:.{}f}", d, std::abs(d) < 9.995 ? 3 : 1); };
    return text(m.low) + ".." + text(m.high);
}

std::string resolution_text(const report::metric_comparison& m) {
    if (!judged(m)) return "-";
    return m.resolution >= 10 ? "> 999 %" : fmt::format("{:.0f} %", std::ceil(100 * m.resolution));
}

std::string colored(verdict v, const report::palette& colors) {
    const std::string name(name_of(v));
    return v == verdict::better ? colors.green(name) : v == verdict::worse ? colors.red(name) : name;
}

std::string conclusion(const comparison& c, const report::palette& colors) {
    const std::size_t better = c.count(verdict::better), worse = c.count(verdict::worse),
                      moved = c.count(verdict::more) + c.count(verdict::less),
                      not_judged = c.count(verdict::not_judged);
    const std::size_t all = c.found.size() - not_judged;
    std::string out;
    const std::size_t none = c.count(verdict::no_difference);
    if (all == 0)
        out = "Nothing could be judged";
    else if (none == all)
        out = colors.bold("No difference beyond noise") + " in any of " + std::to_string(all) + " metrics";
    else if (better + worse == 0)
        out = colors.bold(fmt::format("A and B differ in {} of {} metrics", moved, all));
    else
        out = colors.bold(fmt::format("B is worse in {}, better in {}", worse, better)) +
              fmt::format(" and without a difference beyond noise in {} of {} metrics", none, all) +
              (moved > 0 ? fmt::format("; {} moved with the load", moved) : "");
    if (not_judged > 0) out += fmt::format("; {} not judged", not_judged);
    return out + "\n";
}

} // namespace

std::size_t comparison::count(verdict v) const {
    return static_cast<std::size_t>(std::count_if(
        found.begin(), found.end(), [&](const report::metric_comparison& m) { return m.what == v; }));
}

comparison compare_sets(const trial_set& a, const trial_set& b, const report::comparison_rules& rules) {
    comparison c{a, b, rules, compared_metrics(a, b), {}, comparison_warnings(a, b)};
    c.found = report::compare(c.metrics, rules);
    return c;
}

json::object comparison_json(const comparison& c) {
    json::array metrics;
    for (std::size_t i = 0; i < c.metrics.size(); ++i)
        metrics.push_back(metric_json(c.metrics[i], c.found[i]));
    return {{"kind", "kvmark comparison"},
            {"a", set_json(c.a)},
            {"b", set_json(c.b)},
            {"confidence", c.rules.confidence},
            {"min_effect", c.rules.min_effect},
            {"verdict", overall(c)},
            {"warnings", json::value_from(c.warnings)},
            {"metrics", std::move(metrics)}};
}

std::string comparison_text(const comparison& c, const report::palette& colors) {
    const auto side = [](const char* name, const trial_set& set) {
        const std::size_t n = set.trials().size();
        return fmt::format("{}: {}, {} trial{}\n", name, set.name, n, n == 1 ? "" : "s");
    };
    std::vector<table_row> rows{
        {"", "", "A", "B", "B / A", fmt::format("{:g} % interval", 100 * c.rules.confidence), "sees", ""}};
    bool one_trial = false, differences = false;
    for (std::size_t i = 0; i < c.found.size(); ++i) {
        const report::compared_metric& metric = c.metrics[i];
        const report::metric_comparison& m = c.found[i];
        const bool both = !metric.a.empty() && !metric.b.empty();
        one_trial = one_trial || (m.one_trial && judged(m));
        differences = differences || (both && !m.has_ratio);
        rows.push_back({metric.name, metric.unit == "ratio" ? "" : metric.unit,
                        spread_text(m.a, metric.a, metric.unit), spread_text(m.b, metric.b, metric.unit),
                        both ? ratio_text(m) : "-", interval_text(m), resolution_text(m),
                        colored(m.what, colors) + (m.reason.empty() ? "" : ": " + m.reason)});
    }
    std::string out =
        side("A", c.a) + side("B", c.b) + "\n" + text_table(rows, 2, 7) +
        fmt::format("  medians (lowest..highest of the trials); B / A is the ratio of geometric means; "
                    "a change below \"sees\" would not have\n  been seen, one below {:g} % is none\n",
                    100 * c.rules.min_effect);
    if (differences) out += "  * 0 in some trial: the difference, in shares of the larger median\n";
    out += "\n" + conclusion(c, colors);
    if (one_trial)
        out += colors.yellow("warning:") + " one run a side: the intervals are those of these two runs. How "
                                           "much two runs of the same thing differ "
                                           "is not known: repeat them\n";
    for (const std::string& w : c.warnings) out += colors.yellow("warning:") + " " + w + "\n";
    return out;
}

std::string comparison_csv(const comparison& c) {
    std::string out =
        "metric,unit,better,a_median,a_min,a_max,b_median,b_min,b_max,scale,ratio,low,high,p,resolution,"
        "verdict\n";
    for (std::size_t i = 0; i < c.found.size(); ++i) {
        const report::compared_metric& metric = c.metrics[i];
        const report::metric_comparison& m = c.found[i];
        const json::value better = better_json(metric.better);
        (out += report::csv_field(metric.name)) += ',' + report::csv_field(metric.unit) + ',';
        if (better.is_string()) out += std::string_view(better.get_string());
        const auto add = [&](double d, bool there) {
            out += ',';
            if (there) out += std::string_view(launch::real_text(d));
        };
        for (const double d : {m.a.median, m.a.low, m.a.high}) add(d, !metric.a.empty());
        for (const double d : {m.b.median, m.b.low, m.b.high}) add(d, !metric.b.empty());
        out += m.has_ratio ? ",ratio" : ",difference";
        add(m.ratio, !metric.a.empty() && !metric.b.empty());
        for (const double d : {m.low, m.high, m.p, m.resolution}) add(d, judged(m));
        (out += ',') += std::string(name_of(m.what)) + "\n";
    }
    return out;
}

} // namespace kvmark::cli
