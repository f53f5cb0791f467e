// Whether there is a screen, and what stands at its top.
#include "live_view.hpp"

#include <kvmark/benchmark/option_names.hpp>
#include <kvmark/report/numbers.hpp>

namespace kvmark::cli {

namespace {

/// What is played, in a few words.
std::string title_of(const settings& s) {
    std::string text = "kvmark  " + std::string(s.options.model.name);
    if (!s.serving.trace.empty()) {
        const std::size_t name = s.serving.trace.find_last_of('/') + 1; // npos + 1 is 0
        return text + "  " + s.serving.trace.substr(name);
    }
    text += "  " + report::grouped(static_cast<std::uint64_t>(s.options.num_users)) + " users";
    text += "  generation " + std::string(name_of(s.options.generation_mode));
    return s.clock == clock_kind::virtual_time ? text + "  virtual time" : text;
}

} // namespace

live_view::live_view(const settings& s, console& out) : out_(out) {
    if (!s.live || !out.shows_progress() || !out.stderr_is_terminal()) return;
    if (const std::string refusal = dashboard::refusal(); !refusal.empty()) {
        out.note("--live: " + refusal + "; lines of progress instead");
        return;
    }
    const bool color = !s.no_color && report::wants_color(STDERR_FILENO);
    screen_ = std::make_unique<dashboard>(title_of(s), color);
    out.attach(screen_.get());
}

live_view::~live_view() {
    if (!screen_) return;
    screen_.reset(); // the terminal first
    out_.attach(nullptr);
}

} // namespace kvmark::cli
