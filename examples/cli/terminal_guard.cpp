// What a signal handler may do: write what was prepared, set the terminal's modes, and die of the signal.
#include "terminal_guard.hpp"

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <curses.h>
#include <string_view>
#include <term.h> // last: it defines short words as macros
#include <termios.h>
#include <unistd.h>

namespace kvmark::cli {

namespace {

constexpr int ending_signals[]{SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGPIPE};

termios modes;
bool has_modes = false;
char leave_text[256];
std::size_t leave_size = 0;

void leave_and_die(int number) {
    if (leave_size > 0) [[maybe_unused]]
        const ssize_t written = ::write(STDERR_FILENO, leave_text, leave_size);
    if (has_modes) ::tcsetattr(STDERR_FILENO, TCSANOW, &modes);
    ::signal(number, SIG_DFL);
    ::raise(number);
}

bool has_handler(int number, void (*handler)(int)) {
    struct sigaction now {};
    return ::sigaction(number, nullptr, &now) == 0 && now.sa_handler == handler;
}

/// True where nobody had a use for the signal.
bool take_if_default(int number, void (*handler)(int)) {
    if (!has_handler(number, SIG_DFL)) return false;
    struct sigaction ours {};
    ours.sa_handler = handler;
    ours.sa_flags = SA_RESTART;
    return ::sigaction(number, &ours, nullptr) == 0;
}

} // namespace

std::string full_screen_refusal() {
    const char* name = std::getenv("TERM");
    if (name == nullptr || *name == '\0') return "TERM is not set";
    const std::string term = name;
    int status = 0;
    if (::setupterm(nullptr, STDERR_FILENO, &status) != OK)
        return "terminfo does not know the terminal that TERM names, " + term;
    char capability[] = "cup";
    const char* const moves = ::tigetstr(capability);
    const bool able = moves != nullptr && moves != reinterpret_cast<const char*>(-1);
    ::del_curterm(cur_term);
    return able ? "" : "a terminal of the kind " + term + " (TERM) has no full screen";
}

terminal_guard::terminal_guard() {
    has_modes = ::tcgetattr(STDERR_FILENO, &modes) == 0;
    leave_size = 0;
    listened_ = !has_handler(SIGINT, SIG_DFL);
    for (const int number : ending_signals) take_if_default(number, leave_and_die);
    ignores_stop_ = take_if_default(SIGTSTP, SIG_IGN);
    ignores_resize_ = take_if_default(SIGWINCH, SIG_IGN);
}

terminal_guard::~terminal_guard() {
    for (const int number : ending_signals)
        if (has_handler(number, leave_and_die)) ::signal(number, SIG_DFL);
    if (ignores_stop_) ::signal(SIGTSTP, SIG_DFL);
    if (ignores_resize_) ::signal(SIGWINCH, SIG_DFL);
}

void terminal_guard::learn() {
    for (const char* name : {"sgr0", "cnorm", "rmkx", "rmcup"}) {
        const char* const text = ::tigetstr(const_cast<char*>(name));
        if (text == nullptr || text == reinterpret_cast<const char*>(-1)) continue;
        const std::size_t size = std::strlen(text);
        if (leave_size + size > sizeof leave_text) continue;
        std::memcpy(leave_text + leave_size, text, size);
        leave_size += size;
    }
}

void terminal_guard::look_again() {
    for (const int number : {SIGINT, SIGTERM}) take_if_default(number, leave_and_die);
    holds_interrupt_ = has_handler(SIGINT, leave_and_die);
}

} // namespace kvmark::cli
