// Both output streams, their logs, and the line of progress.
#include "console.hpp"

#include "dashboard.hpp"

#include <cerrno>
#include <cstring>

namespace kvmark::cli {

namespace {

void write(std::FILE* f, std::string_view text) { std::fwrite(text.data(), 1, text.size(), f); }

result<file_handle> open_log(const std::string& path) {
    file_handle file(std::fopen(path.c_str(), "we"));
    if (!file) return error{error_kind::system, "cannot write " + path + ": " + std::strerror(errno)};
    std::setvbuf(file.get(), nullptr, _IOLBF, 0); // on the disk while the run goes on
    return file;
}

} // namespace

console::console(const settings& s)
    : level_(s.quiet ? log_level::error : s.level), color_(!s.no_color && report::wants_color(STDOUT_FILENO)),
      err_color_(!s.no_color && report::wants_color(STDERR_FILENO)),
      terminal_(report::is_terminal(STDERR_FILENO)) {}

result<void> console::open_logs(const std::string& stdout_log, const std::string& stderr_log) {
    auto out = open_log(stdout_log);
    if (!out) return out.error();
    auto err = open_log(stderr_log);
    if (!err) return err.error();
    stdout_log_ = *std::move(out);
    stderr_log_ = *std::move(err);
    return {};
}

void console::print(std::string_view text, std::string_view plain) {
    put(stdout, text, plain);
    if (stdout_log_) write(stdout_log_.get(), plain);
}

void console::err(std::string_view label, std::string_view colored_label, std::string_view line) {
    end_progress();
    const std::string rest = std::string(line) + "\n", plain = std::string(label) + rest;
    put(stderr, err_color_ ? std::string(colored_label) + rest : plain, plain);
    if (stderr_log_) write(stderr_log_.get(), plain);
}

void console::put(std::FILE* to, std::string_view text, std::string_view plain) {
    if (screen_ != nullptr && screen_->add_line(plain)) {
        held_.push_back({to, std::string(text)});
        return;
    }
    write(to, text);
    std::fflush(to);
}

void console::attach(dashboard* screen) {
    screen_ = screen;
    for (const held_text& h : held_) write(h.to, h.text), std::fflush(h.to);
    held_.clear();
}

void console::note(std::string_view line) {
    if (level_ <= log_level::warning) err("kvmark: ", "kvmark: ", line);
}
void console::warn(std::string_view line) {
    if (level_ <= log_level::warning) err("kvmark: warning: ", "kvmark: \x1b[33mwarning:\x1b[0m ", line);
}
void console::fail(std::string_view line) { err("kvmark: error: ", "kvmark: \x1b[31merror:\x1b[0m ", line); }

void console::relay(std::string_view who, bool is_stderr, std::string_view line) {
    const std::string text = std::string(who) + std::string(line);
    if (is_stderr) return err("", "", text);
    end_progress();
    print(text + "\n", text + "\n");
}

void console::progress(std::string_view line) {
    const std::string whole = lead_ + std::string(line);
    if (!terminal_) return err("", "", whole);
    const std::size_t width = report::terminal_width(STDERR_FILENO);
    write(stderr, "\r\x1b[K" + whole.substr(0, width > 1 ? width - 1 : 1));
    std::fflush(stderr);
    line_is_open_ = true;
}

void console::end_progress() {
    if (line_is_open_) write(stderr, "\r\x1b[K");
    line_is_open_ = false;
}

} // namespace kvmark::cli
