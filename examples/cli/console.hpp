// What the tool says: results on stdout, the rest on stderr, both also into the logs of a run directory.
#pragma once

#include "settings.hpp"

#include <kvmark/core/result.hpp>
#include <kvmark/report/terminal.hpp>

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

namespace kvmark::cli {

struct file_closer {
    void operator()(std::FILE* f) const { std::fclose(f); }
};
using file_handle = std::unique_ptr<std::FILE, file_closer>;

class dashboard;

class console {
public:
    explicit console(const settings& s);

    /// From here on both streams are also written, without colours, to these files.
    [[nodiscard]] result<void> open_logs(const std::string& stdout_log, const std::string& stderr_log);

    /// A text for stdout; `plain` is the same without colours, for the log.
    void print(std::string_view text, std::string_view plain);
    /// One line for stderr.
    void note(std::string_view line);
    void warn(std::string_view line);
    void fail(std::string_view line);
    /// A line of another process, for the stream that it was written to.
    void relay(std::string_view who, bool is_stderr, std::string_view line);
    /// What stands in front of every line of progress from here on: the place of a run among others.
    void lead_progress(std::string text) { lead_ = std::move(text); }
    /// Rewrites the line of progress on a terminal; elsewhere a line of its own.
    void progress(std::string_view line);
    /// Makes room below the line of progress.
    void end_progress();

    /// While `screen` is open, lines go there, and to their streams once it is detached (null).
    void attach(dashboard* screen);
    [[nodiscard]] dashboard* screen() const { return screen_; }

    [[nodiscard]] bool shows_progress() const { return level_ <= log_level::info; }
    [[nodiscard]] bool stderr_is_terminal() const { return terminal_; }
    [[nodiscard]] bool color() const { return color_; }

private:
    struct held_text {
        std::FILE* to;
        std::string text;
    };

    void err(std::string_view label, std::string_view colored_label, std::string_view line);
    /// Writes it, or keeps it while the screen is open, which shows `plain`.
    void put(std::FILE* to, std::string_view text, std::string_view plain);

    log_level level_;
    bool color_; ///< of stdout
    bool err_color_;
    bool terminal_; ///< stderr
    bool line_is_open_ = false;
    std::string lead_;
    dashboard* screen_ = nullptr;
    std::vector<held_text> held_;
    file_handle stdout_log_;
    file_handle stderr_log_;
};

} // namespace kvmark::cli
