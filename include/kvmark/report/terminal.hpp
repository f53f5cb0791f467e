// Is somebody watching, how wide is their window, and may it be coloured?
#pragma once

#include <cstdlib>
#include <string>
#include <string_view>
#include <sys/ioctl.h>
#include <unistd.h>

namespace kvmark::report {

[[nodiscard]] inline bool is_terminal(int fd) { return ::isatty(fd) == 1; }

/// Colour only on a terminal that can show it, and never against NO_COLOR (no-color.org).
[[nodiscard]] inline bool wants_color(int fd) {
    const char* no_color = std::getenv("NO_COLOR");
    const char* term = std::getenv("TERM");
    const bool refused = no_color != nullptr && *no_color != '\0';
    const bool dumb = term == nullptr || std::string_view(term) == "dumb";
    return is_terminal(fd) && !refused && !dumb;
}

/// Columns; 80 where unknown.
[[nodiscard]] inline std::size_t terminal_width(int fd) {
    winsize size{};
    return ::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

/// Wraps texts in SGR sequences (ECMA-48), or leaves them alone.
class palette {
public:
    explicit palette(bool color) : color_(color) {}

    [[nodiscard]] std::string bold(std::string_view s) const { return wrap("1", s); }
    [[nodiscard]] std::string green(std::string_view s) const { return wrap("32", s); }
    [[nodiscard]] std::string yellow(std::string_view s) const { return wrap("33", s); }
    [[nodiscard]] std::string red(std::string_view s) const { return wrap("31", s); }

private:
    [[nodiscard]] std::string wrap(std::string_view code, std::string_view s) const {
        std::string out(s);
        return color_ ? "\x1b[" + std::string(code) + "m" + out + "\x1b[0m" : out;
    }

    bool color_;
};

} // namespace kvmark::report
