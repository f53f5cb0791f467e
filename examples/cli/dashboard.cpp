// ncurses draws the cells of live_layout; a thread of its own does so, so that no terminal holds up the run.
#include "dashboard.hpp"

#ifdef KVMARK_WITH_CURSES

#include "live_layout.hpp"
#include "terminal_guard.hpp"

#include <chrono>
#include <clocale>
#include <condition_variable>
#include <csignal>
#include <cstdio>
#define NCURSES_NOMACROS // erase(), move() and clear() are no names for macros
#include <curses.h>
#include <fcntl.h>
#include <langinfo.h>
#include <mutex>
#include <optional>
#include <sys/ioctl.h>
#include <thread>
#include <unistd.h>
#include <utility>

namespace kvmark::cli {

namespace {

struct closer {
    void operator()(std::FILE* f) const { std::fclose(f); }
};
using file = std::unique_ptr<std::FILE, closer>;

file stderr_again(const char* mode) {
    return file(::fdopen(::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3), mode));
}

struct screen_deleter {
    void operator()(SCREEN* s) const { ::delscreen(s); }
};

constexpr std::chrono::milliseconds between_looks{200};

} // namespace

class dashboard::screen {
public:
    screen(std::string title, bool color) : run_(std::move(title)), color_(color) {
        if (!in_) in_ = stderr_again("r");
        if (!out_ || !in_) return;
        std::setlocale(LC_CTYPE, "");
        terminal_.reset(::newterm(nullptr, out_.get(), in_.get()));
        if (!terminal_) return;
        guard_.learn();
        prepare();
        // Signals are for the threads of the run.
        sigset_t all, before;
        ::sigfillset(&all);
        ::pthread_sigmask(SIG_SETMASK, &all, &before);
        thread_ = std::thread([this] { work(); });
        ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    }
    screen(const screen&) = delete;
    screen& operator=(const screen&) = delete;
    ~screen() {
        if (!thread_.joinable()) return;
        {
            const std::lock_guard lock(mutex_);
            over_ = true;
        }
        wake_.notify_one();
        thread_.join();
        ::endwin();
    }

    [[nodiscard]] bool is_open() const { return terminal_ != nullptr; }

    void show(const measure::progress& p) {
        const std::lock_guard lock(mutex_);
        run_.take(p);
        changed_ = true;
    }
    void add_line(std::string_view line) {
        const std::lock_guard lock(mutex_);
        run_.say(line);
        changed_ = true;
    }

private:
    void prepare() {
        ::cbreak(); // Ctrl-C stays what it is
        ::noecho();
        ::nonl();
        ::curs_set(0);
        ::nodelay(stdscr, TRUE);
        ::keypad(stdscr, TRUE); // else the letters in what an arrow key sends would be keys
        ::set_escdelay(25);
        look_.unicode = std::string_view(::nl_langinfo(CODESET)) == "UTF-8";
        color_ = color_ && ::has_colors();
        if (!color_) return;
        ::start_color();
        ::use_default_colors();
        ::init_pair(1, COLOR_GREEN, -1);
        ::init_pair(2, COLOR_YELLOW, -1);
    }

    void work() {
        std::unique_lock lock(mutex_, std::defer_lock);
        for (;;) {
            guard_.look_again();
            const bool acted = take_keys(), resized = take_size();
            lock.lock();
            const bool newer = changed_ && !(look_.frozen && held_);
            if (newer) {
                held_ = run_;
                changed_ = false;
            }
            lock.unlock();
            if (held_ && (acted || resized || newer)) paint(draw(*held_, look_));
            lock.lock();
            wake_.wait_for(lock, between_looks, [this] { return over_; });
            const bool over = over_;
            lock.unlock();
            if (over) return;
        }
    }

    /// Whether there was one that changes what is seen.
    bool take_keys() {
        bool acted = false;
        for (int key = ::getch(); key != ERR; key = ::getch()) {
            acted = true;
            if (std::exchange(look_.help, false)) continue;
            if (key == 'q' || key == 'Q') {
                stop();
            } else if (key == ' ' || key == 'p' || key == 'P') {
                look_.frozen = !look_.frozen;
            } else if (key == '?' || key == 'h') {
                look_.help = true;
            } else if (key == '\f') {
                ::clearok(stdscr, TRUE); // Ctrl-L: something else wrote there
            }
        }
        return acted;
    }

    void stop() {
        look_.stopping = true;
        // The run is over and its files are being written: the signal would lose them.
        if (!guard_.interrupt_ends()) ::kill(::getpid(), SIGINT);
    }

    /// Whether it changed.
    bool take_size() {
        winsize size{};
        if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0)
            size = {.ws_row = 24, .ws_col = 80, .ws_xpixel = 0, .ws_ypixel = 0};
        if (size.ws_col == look_.width && size.ws_row == look_.height && sized_) return false;
        ::resizeterm(size.ws_row, size.ws_col);
        look_.width = size.ws_col;
        look_.height = size.ws_row;
        return sized_ = true;
    }

    [[nodiscard]] attr_t attributes(ink look) const {
        switch (look) {
        case ink::plain:
            break;
        case ink::strong:
            return A_BOLD;
        case ink::faint:
            return A_DIM;
        case ink::good:
            return color_ ? COLOR_PAIR(1) : A_NORMAL;
        case ink::warning:
            return A_BOLD | (color_ ? COLOR_PAIR(2) : A_NORMAL);
        }
        return A_NORMAL;
    }

    void paint(const cell_grid& grid) {
        ::erase();
        for (std::size_t y = 0; y < grid.height(); ++y)
            for (std::size_t x = 0, end = 0; x < grid.width(); x = end) {
                std::wstring text;
                const ink look = grid.at(x, y).look;
                for (end = x; end < grid.width() && grid.at(end, y).look == look; ++end)
                    text += static_cast<wchar_t>(grid.at(end, y).glyph);
                ::attrset(static_cast<int>(attributes(look)));
                // Into the last cell nothing is added without scrolling; there is nothing in it.
                ::mvaddnwstr(static_cast<int>(y), static_cast<int>(x), text.data(),
                             static_cast<int>(text.size()));
            }
        ::refresh();
    }

    std::mutex mutex_; ///< of run_, changed_ and over_; the rest is the thread's alone
    std::condition_variable wake_;
    live_run run_;
    bool changed_ = false, over_ = false;

    bool color_, sized_ = false;
    live_look look_;
    std::optional<live_run> held_; ///< what is seen
    terminal_guard guard_;
    file out_ = stderr_again("w"), in_{std::fopen("/dev/tty", "re")};
    std::unique_ptr<SCREEN, screen_deleter> terminal_;
    std::thread thread_;
};

dashboard::dashboard(std::string title, bool color) : title_(std::move(title)), color_(color) {}
dashboard::~dashboard() = default;

std::string dashboard::refusal() { return full_screen_refusal(); }

bool dashboard::show(const measure::progress& p) {
    if (failed_) return false;
    if (!screen_) screen_ = std::make_unique<screen>(title_, color_);
    if (!screen_->is_open()) {
        screen_.reset();
        failed_ = true;
        return false;
    }
    screen_->show(p);
    return true;
}

bool dashboard::add_line(std::string_view line) {
    if (!screen_) return false;
    screen_->add_line(line);
    return true;
}

} // namespace kvmark::cli

#else

namespace kvmark::cli {

class dashboard::screen {};

dashboard::dashboard(std::string title, bool color) : title_(std::move(title)), color_(color) {}
dashboard::~dashboard() = default;
std::string dashboard::refusal() { return "this kvmark was built without ncurses"; }
bool dashboard::show(const measure::progress&) {
    failed_ = true;
    return false;
}
bool dashboard::add_line(std::string_view) { return false; }

} // namespace kvmark::cli

#endif
