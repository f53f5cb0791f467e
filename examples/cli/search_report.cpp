#include "search_report.hpp"

#include "command_line.hpp"

#include <kvmark/report/context.hpp>
#include <kvmark/report/json_options.hpp>
#include <kvmark/report/numbers.hpp>

#include <algorithm>
#include <iterator>

namespace kvmark::cli {

namespace {

namespace json = boost::json;

constexpr std::array<std::string_view, 6> end_names{"found",       "all_keep",    "none_keeps",
                                                    "out_of_time", "interrupted", "failed"};

bool of_plateau(const search_findings& f) { return f.targets.empty(); }

std::string number_text(double value) {
    const double size = std::fabs(value);
    return fmt::format("{:.{}f}", value,
                       size >= 1000 || size == 0 ? 0
                       : size >= 100             ? 1
                       : size >= 10              ? 2
                                                 : 3);
}

std::string unit_of(const search_findings& f, std::size_t target) {
    if (of_plateau(f)) return f.of_bytes ? "bytes/s" : "tokens/s";
    return f.targets[target].metric ? "ms" : "share";
}

std::string name_of(const search_findings& f, std::size_t target) {
    if (of_plateau(f)) return f.of_bytes ? "storage" : "tokens";
    return f.targets[target].name;
}

/// The value in the unit that people read.
std::string value_text(const search_findings& f, std::size_t target, double value) {
    if (of_plateau(f) && f.of_bytes) return number_text(value / mib_bytes) + " MiB/s";
    const std::string unit = unit_of(f, target);
    return number_text(value) + (unit == "share" ? "" : " " + unit);
}

std::string targets_text(const search_findings& f) {
    std::string text;
    for (std::size_t i = 0; i < f.targets.size(); ++i)
        text += (text.empty() ? "" : ", ") + f.targets[i].name +
                (f.targets[i].target.at_least ? " >= " : " <= ") +
                value_text(f, i, f.targets[i].target.limit);
    return text;
}

std::string interval_text(const search_findings& f, const load_point& p) {
    std::string text;
    for (std::size_t i = 0; i < p.intervals.size(); ++i) {
        const measure::interval& r = p.intervals[i];
        text += (i == 0 ? "" : ", ") + figure_text(f, i, r.mean);
        if (std::isfinite(r.high))
            text += " +- " + number_text((r.high - r.mean) / (of_plateau(f) && f.of_bytes ? mib_bytes : 1));
    }
    return text;
}

std::string answer_text(const settings& s, const search_findings& f) {
    const auto at = [&](const std::optional<double>& load) { return load_text(s, *load); };
    if (of_plateau(f)) {
        if (f.knee)
            return fmt::format("plateau {}; 95 % of it from {} on", value_text(f, 0, *f.plateau), at(f.knee));
        if (f.plateau) return "plateau " + value_text(f, 0, *f.plateau) + "; where it begins is not known";
        return f.end == search_end::all_keep ? "no plateau: the rate still grows at the highest load"
                                             : "no plateau was reached";
    }
    const std::string target = targets_text(f);
    if (f.keeps && f.fails)
        return fmt::format("{} keep {}; {} do not ({:.0f} % confidence)", at(f.keeps), target, at(f.fails),
                           100 * f.confidence);
    if (f.keeps)
        return fmt::format("{} keep {}{} ({:.0f} % confidence)", at(f.keeps), target,
                           f.end == search_end::all_keep ? ", the highest load" : "; no load failed so far",
                           100 * f.confidence);
    if (f.fails)
        return fmt::format("{} do not keep {}, the lowest load ({:.0f} % confidence)", at(f.fails), target,
                           100 * f.confidence);
    return "no load was tried to its end";
}

json::value number_or_null(const std::optional<double>& n) {
    return n ? json::value(*n) : json::value(nullptr);
}

json::array figures_json(const search_findings& f, const load_point& p) {
    json::array all;
    for (std::size_t i = 0; i < p.intervals.size(); ++i)
        all.push_back(
            {{"metric", name_of(f, i)},
             {"unit", unit_of(f, i)},
             {"limit", of_plateau(f) ? json::value(nullptr) : json::value(f.targets[i].target.limit)},
             {"mean", p.intervals[i].mean},
             {"low", p.intervals[i].low},
             {"high", p.intervals[i].high}});
    return all;
}

json::array trials_json(const search_findings& f, const load_point& p) {
    json::array all;
    for (const load_trial& t : p.trials) {
        const trial_detail& d = f.details[t.number];
        json::array values;
        for (const measure::estimate& e : t.figures) values.push_back(e.value);
        all.push_back({{"number", t.number},
                       {"seed", t.seed},
                       {"values", std::move(values)},
                       {"warmup_s", t.warmup},
                       {"window_s", d.elapsed},
                       {"steady", t.steady},
                       {"overloaded", t.overloaded},
                       {"counts", t.counts},
                       {"arrived", d.arrived},
                       {"completed", d.completed},
                       {"storage_bytes_per_s", d.storage_bytes_per_second},
                       {"tokens_per_s", d.tokens_per_second},
                       {"took_s", t.seconds}});
    }
    return all;
}

} // namespace

std::string load_text(const settings& s, double load) {
    const bool each = s.executor == executor_kind::mpi && s.options.users_per == users_per_kind::rank;
    const std::string where = each ? " on each rank" : "";
    if (s.search.load == search_load::users)
        return fmt::format("{:.0f} user{}{}", load, load == 1 ? "" : "s", where);
    return number_text(load) + " requests/s" + where;
}

std::string figure_text(const search_findings& f, std::size_t target, double value) {
    return name_of(f, target) + " " + value_text(f, target, value);
}

std::string search_text(const settings& s, const search_findings& f, const report::palette& colors) {
    std::vector<const load_point*> points;
    for (const load_point& p : f.path) points.push_back(&p);
    std::sort(points.begin(), points.end(),
              [](const load_point* a, const load_point* b) { return a->load < b->load; });
    std::size_t width = 10;
    for (const load_point* p : points) width = std::max(width, load_text(s, p->load).size() + 2);
    std::string out;
    const auto put = [&](std::string_view load, std::string_view verdict, const std::string& trials,
                         const std::string& rest) {
        fmt::format_to(std::back_inserter(out), "{:>{}}  {:<6} {:>6}  {}\n", load, width, verdict, trials,
                       rest);
    };
    put("load", of_plateau(f) ? "" : "", "trials", "figure, 95 % interval");
    for (const load_point* p : points) {
        std::size_t overloaded = 0, unsteady = 0;
        for (const load_trial& t : p->trials) {
            overloaded += t.counts && t.overloaded;
            unsteady += t.counts && !t.steady;
        }
        std::string rest = interval_text(f, *p);
        if (overloaded > 0) rest += ", the backlog grows";
        if (unsteady > 0) rest += ", not steady";
        const bool keeps = p->verdict == load_verdict::keeps;
        put(load_text(s, p->load),
            of_plateau(f) || p->counted() == 0 ? ""
            : keeps                            ? "keeps"
                                               : "fails",
            std::to_string(p->trials.size()), rest);
    }
    const std::string_view why = f.end == search_end::out_of_time ? ", ended by --max-seconds"
                                 : f.end == search_end::stopped   ? ", interrupted"
                                 : f.end == search_end::failed    ? ", ended by a failed trial"
                                                                  : "";
    fmt::format_to(std::back_inserter(out), "{}     {}\n           {} trials in {:.1f} s{}\n",
                   colors.bold("Answer"), answer_text(s, f), f.trials, f.seconds, why);
    return out;
}

std::string search_json(const settings& s, const search_findings& f) {
    json::array targets, path;
    for (const slo_target& t : f.targets)
        targets.push_back({{"metric", t.name},
                           {"limit", t.target.limit},
                           {"unit", t.metric ? "ms" : "share"},
                           {"at_least", t.target.at_least}});
    for (const load_point& p : f.path)
        path.push_back({{"load", p.load},
                        {"verdict", of_plateau(f) || p.counted() == 0  ? json::value(nullptr)
                                    : p.verdict == load_verdict::keeps ? json::value("keeps")
                                                                       : json::value("fails")},
                        {"confidence", of_plateau(f) ? json::value(nullptr) : json::value(p.confidence)},
                        {"decided", p.decided},
                        {"figures", figures_json(f, p)},
                        {"trials", trials_json(f, p)}});
    const search_request& q = s.search;
    return report::json_text(
        json::object{{"search",
                      {{"schema", 1},
                       {"version", KVMARK_VERSION},
                       {"argv", json::value_from(words_of(executed_command(s)))},
                       {"started", f.started},
                       {"mode", of_plateau(f) ? "capacity" : "slo"},
                       {"targets", std::move(targets)},
                       {"load", search_load_names[static_cast<std::size_t>(q.load)]},
                       {"lowest", q.lowest},
                       {"highest", q.highest > 0 ? json::value(q.highest) : json::value(nullptr)},
                       {"precision_percent", q.precision},
                       {"max_trials", q.trials},
                       {"max_seconds", q.max_seconds > 0 ? json::value(q.max_seconds) : json::value(nullptr)},
                       {"end", end_names[static_cast<std::size_t>(f.end)]},
                       {"limit", number_or_null(f.keeps)},
                       {"keeps", number_or_null(f.keeps)},
                       {"fails", number_or_null(f.fails)},
                       {"confidence", of_plateau(f) ? json::value(nullptr) : json::value(f.confidence)},
                       {"plateau", number_or_null(f.plateau)},
                       {"plateau_unit", of_plateau(f) ? json::value(unit_of(f, 0)) : json::value(nullptr)},
                       {"knee", number_or_null(f.knee)},
                       {"below_knee", number_or_null(f.below_knee)},
                       {"trials", f.trials},
                       {"seconds", f.seconds},
                       {"answer", answer_text(s, f)}}},
                     {"path", std::move(path)},
                     {"options", report::options_json(s.options)}});
}

} // namespace kvmark::cli
