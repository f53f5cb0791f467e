// A run on the full screen of the terminal at stderr, drawn and listened to by a thread of its own.
#pragma once

#include <kvmark/measure/progress.hpp>

#include <memory>
#include <string>
#include <string_view>

namespace kvmark::cli {

/// The screen opens with the first progress and closes with the object. All calls from one thread.
class dashboard {
public:
    /// `color` allows colours.
    dashboard(std::string title, bool color);
    dashboard(const dashboard&) = delete;
    dashboard& operator=(const dashboard&) = delete;
    ~dashboard();

    /// Why no screen can open at stderr, which is a terminal; empty where one can.
    [[nodiscard]] static std::string refusal();

    /// Keeps what the next drawing shows; takes microseconds. False where no screen opened.
    [[nodiscard]] bool show(const measure::progress& p);
    /// A line for the panel of notes. False while no screen is open: the line belongs elsewhere.
    [[nodiscard]] bool add_line(std::string_view line);

private:
    class screen;

    std::unique_ptr<screen> screen_;
    std::string title_;
    bool color_;
    bool failed_ = false;
};

} // namespace kvmark::cli
