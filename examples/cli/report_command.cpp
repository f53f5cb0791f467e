// What result files say, for people: tables, a page, a comparison.
#include "report_command.hpp"

#include "comparison_report.hpp"
#include "console.hpp"
#include "document_figures.hpp"
#include "document_text.hpp"
#include "html_page.hpp"
#include "run_command.hpp"

#include <kvmark/launch/quote.hpp>
#include <kvmark/report/csv.hpp>
#include <kvmark/report/file.hpp>
#include <kvmark/report/json_text.hpp>

#include <algorithm>
#include <iterator>

namespace kvmark::cli {

namespace {

namespace json = boost::json;
using documents = std::vector<result_document>;

/// Takes what was read, or says why not. False: the command ends with exit_bad_arguments.
template <class T>
bool keep(console& out, result<T> read, T& into) {
    if (!read) {
        out.fail(read.error().message);
        return false;
    }
    into = *std::move(read);
    return true;
}

bool load_files(const settings& s, console& out, documents& files) {
    bool good = true;
    for (const std::string& what : s.arguments) {
        documents some;
        good = keep(out, load_documents(what), some) && good;
        std::move(some.begin(), some.end(), std::back_inserter(files));
    }
    return good;
}

std::string files_text(const documents& files, const report::palette& colors) {
    if (files.size() == 1) return document_text(files.front(), colors);
    documents runs;
    std::string out;
    for (const result_document& d : files)
        if (d.is_run()) runs.push_back(d);
    if (runs.size() > 1) out = headline_table(runs);
    for (const result_document& d : files) {
        if (d.is_run() && runs.size() > 1) continue;
        out += (out.empty() ? "" : "\n") + colors.bold(d.path) + "  " + std::string(d.kind_name()) + "\n" +
               document_text(d, colors);
    }
    return out;
}

std::string files_csv(const documents& files) {
    std::string out = "path,scope,metric,unit,value\n";
    for (const result_document& d : files)
        for (const report::row& row : document_rows(d))
            out += report::csv_field(d.path) + "," + report::csv_line(row);
    return out;
}

json::array files_json(const documents& files) {
    json::array all;
    for (const result_document& d : files) {
        json::array figures;
        for (const report::row& row : document_rows(d))
            figures.push_back(
                {{"scope", row.scope}, {"metric", row.metric}, {"unit", row.unit}, {"value", row.value}});
        all.push_back({{"path", d.path}, {"kind", d.kind_name()}, {"figures", std::move(figures)}});
    }
    return all;
}

} // namespace

void resolve_for_report(settings& s, fault_list& faults) {
    const std::vector<std::string>& sets = s.report.compare;
    if (s.arguments.empty() && sets.empty())
        faults.add("a result file, a directory of them, or --compare A B is needed");
    if (!sets.empty() && sets.size() != 2)
        faults.add("--compare needs two sets of trials, A and B, not " + std::to_string(sets.size()) +
                   ": files of one set stand between commas, or in a directory");
    if (sets.empty())
        for (const char* name : {"min-effect", "fail-if-worse"})
            if (s.was_given(name)) faults.add("--" + std::string(name) + " goes with --compare A B alone");
    if (s.report.min_effect < 0 || s.report.min_effect > 100)
        faults.add("--min-effect " + std::string(launch::real_text(s.report.min_effect)) +
                   ": must be 0 to 100");
    if (!s.arguments.empty() && !sets.empty() && !s.csv.empty())
        faults.add(
            "--csv writes the figures of the files or those of the comparison: give FILE... or --compare, "
            "not both");
}

int report_results(const settings& s) {
    console out(s);
    documents files;
    trial_set a, b;
    bool good = load_files(s, out, files);
    const bool compares = !s.report.compare.empty();
    if (compares) {
        good = keep(out, load_trials(s.report.compare[0]), a) && good;
        good = keep(out, load_trials(s.report.compare[1]), b) && good;
    }
    if (!good) return exit_bad_arguments;

    std::optional<comparison> compared;
    if (compares) {
        report::comparison_rules rules;
        rules.min_effect = s.report.min_effect / 100;
        compared.emplace(compare_sets(a, b, rules));
    }
    const std::optional<json::object> compared_json =
        compared ? std::optional(comparison_json(*compared)) : std::nullopt;

    const report::palette colors(out.color());
    if (s.json) {
        json::object all;
        if (!files.empty()) all["files"] = files_json(files);
        if (compared) all["comparison"] = *compared_json;
        const std::string text = report::json_text(all);
        out.print(text, text);
    } else {
        std::string text = files.empty() ? "" : files_text(files, colors);
        if (compared) text += (text.empty() ? "" : "\n") + comparison_text(*compared, colors);
        out.print(text, text);
    }

    const auto write = [&](const std::string& path, const std::string& text) {
        const auto written = report::write_file(path, text);
        if (!written) out.fail(written.error().message);
        good = good && written;
    };
    if (!s.csv.empty()) write(s.csv, compared ? comparison_csv(*compared) : files_csv(files));
    if (!s.report.html.empty()) {
        documents shown = files;
        if (files.empty())
            for (const trial_set* set : {&a, &b})
                shown.insert(shown.end(), set->documents.begin(), set->documents.end());
        if (const auto page = html_page(shown, compared_json ? &*compared_json : nullptr)) {
            write(s.report.html, *page);
        } else {
            out.fail(page.error().message);
            good = false;
        }
    }
    if (!good) return exit_failed;
    return s.report.fail_if_worse && compared->count(report::verdict::worse) > 0 ? exit_worse : exit_ok;
}

} // namespace kvmark::cli
