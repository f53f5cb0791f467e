// The machines of a job, as a table or as JSON.
#include "cluster_command.hpp"

#include "job.hpp"
#include "run_command.hpp"

#include <kvmark/report/cluster.hpp>

namespace kvmark::cli {

int show_cluster(const settings& s) {
    console out(s);
    bool speaks = true;
    if (s.is_rank) {
        const auto asked = speaks_for_job();
        if (!asked) return out.fail(asked.error().message), exit_failed;
        speaks = *asked;
    }
    const bool launches = !s.is_rank && !s.options.hosts.empty();
    const auto report = launches ? launch_survey(s, out) : survey_job(s);
    if (!speaks) return exit_ok;
    if (!report) return out.fail(report.error().message), exit_failed;

    const std::vector<measure::machine_facts>& hosts = report->job->hosts;
    if (s.json) {
        const std::string text = report::json_text(report::cluster_json(hosts));
        out.print(text, text);
    } else {
        const report::palette none(false);
        out.print(report::cluster_text(hosts, report::palette(out.color())),
                  report::cluster_text(hosts, none));
    }
    int code = exit_ok;
    for (const measure::rank_stats& r : report->job->ranks) {
        if (r.delivered) continue;
        out.fail("nothing is known of " + hosts[r.host].hostname + ": rank " + std::to_string(r.rank) + " " +
                 r.failure);
        code = exit_failed;
    }
    return code;
}

} // namespace kvmark::cli
