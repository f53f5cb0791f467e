// The terminal as it was, also where a signal ends the process while it shows a full screen.
#pragma once

#include <string>

namespace kvmark::cli {

/// Why the terminal at stderr can show no full screen: none that terminfo describes, or none whose cursor
/// moves. Empty where it can.
[[nodiscard]] std::string full_screen_refusal();

/// One at a time. Signals that would end the process put the terminal back first; those that somebody listens
/// for are left alone. Ctrl-Z and changes of size, for which ncurses would interrupt the system calls of a
/// run, do nothing. Make it before ncurses starts and let it go after ncurses has ended.
class terminal_guard {
public:
    terminal_guard();
    ~terminal_guard();
    terminal_guard(const terminal_guard&) = delete;
    terminal_guard& operator=(const terminal_guard&) = delete;

    /// Once ncurses has the terminal: learns how to leave the full screen.
    void learn();
    /// From time to time: who listened for a signal may do so no more.
    void look_again();
    /// Whether SIGINT would end the process at once where it was listened for before.
    [[nodiscard]] bool interrupt_ends() const { return listened_ && holds_interrupt_; }

private:
    bool listened_ = false;
    bool holds_interrupt_ = false;
    bool ignores_stop_ = false, ignores_resize_ = false;
};

} // namespace kvmark::cli
