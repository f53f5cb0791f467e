// The two forms of a dry run.
#include "dry_run.hpp"

#include "command_line.hpp"
#include "plan.hpp"

#include <kvmark/launch/quote.hpp>
#include <kvmark/report/json_text.hpp>

#include <boost/json/value_from.hpp>

namespace kvmark::cli {

std::string dry_run_text(const settings& s) {
    const argv command = executed_command(s);
    const run_plan plan = make_plan(s);
    if (s.dry_run == dry_run_form::json)
        return report::json_text({{"argv", boost::json::value_from(words_of(command))},
                                  {"display", display(command)},
                                  {"plan", plan_json(plan, s)}});
    return "Command\n  " + display(command) + "\n\nPlan\n" + plan_text(plan, s) +
           "\nNothing was started and nothing was written.\n";
}

} // namespace kvmark::cli
