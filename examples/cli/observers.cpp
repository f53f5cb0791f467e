// Where the progress of a run goes: the full screen, or a line.
#include "observers.hpp"

#include "dashboard.hpp"

#include <kvmark/core/clock.hpp>

namespace kvmark::cli {

void progress_observer::on_progress(const measure::progress& p) {
    if (p.stage == "running" && opened_.count == 0) opened_ = clocks::monotonic_now() - p.elapsed;
    if (!out_.shows_progress()) return;
    if (dashboard* screen = out_.screen(); screen != nullptr && screen->show(p)) return;
    const nanoseconds now = clocks::monotonic_now(); // the reader's time, also when the run's is virtual
    if (now < next_) return;
    next_ = now + from_seconds(out_.stderr_is_terminal() ? 0.2 : 10.0);
    out_.progress(line_.text(p));
}

} // namespace kvmark::cli
