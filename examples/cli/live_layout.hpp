// The full screen as cells of text, for any size: nothing here knows a terminal.
#pragma once

#include "live_run.hpp"

namespace kvmark::cli {

/// How a cell looks; a terminal without colours shows it in bold or not at all.
enum class ink : std::uint8_t { plain, strong, faint, good, warning };

struct cell {
    char32_t glyph = U' ';
    ink look = ink::plain;
};

/// A rectangle of cells; what does not fit is cut off.
class cell_grid {
public:
    cell_grid(std::size_t width, std::size_t height);

    [[nodiscard]] std::size_t width() const { return width_; }
    [[nodiscard]] std::size_t height() const { return height_; }
    [[nodiscard]] const cell& at(std::size_t x, std::size_t y) const { return cells_[y * width_ + x]; }
    /// UTF-8, one cell for each code point; what is no text and control characters are question marks.
    /// Returns the column after it.
    std::size_t put(std::size_t x, std::size_t y, std::string_view text, ink look = ink::plain);
    /// A row in UTF-8, without the blanks at its end.
    [[nodiscard]] std::string row(std::size_t y) const;

private:
    std::size_t width_, height_;
    std::vector<cell> cells_;
};

struct live_look {
    std::size_t width = 80, height = 24;
    bool unicode = true; ///< else bars and series are of ASCII
    bool frozen = false;
    bool stopping = false;
    bool help = false; ///< what the keys do, in place of the figures
};

/// What matters most is kept where not everything fits: time left, rates, tiers; then latency of requests,
/// the last minute, hosts and notes.
[[nodiscard]] cell_grid draw(const live_run& run, const live_look& look);

} // namespace kvmark::cli
