#include "text_table.hpp"

#include <algorithm>

namespace kvmark::cli {

namespace {

/// Columns of a terminal: code points, without the sequences that colour them.
std::size_t width_of(const std::string& text) {
    std::size_t width = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\x1b')
            i = std::min(text.find('m', i), text.size() - 1);
        else if ((static_cast<unsigned char>(text[i]) & 0xc0) != 0x80)
            ++width;
    }
    return width;
}

} // namespace

std::string text_table(const std::vector<table_row>& rows, std::size_t texts, std::size_t texts_again) {
    std::vector<std::size_t> widths;
    for (const table_row& row : rows) {
        widths.resize(std::max(widths.size(), row.size()));
        for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
    }
    std::string out;
    for (const table_row& row : rows) {
        std::string line;
        for (std::size_t i = 0; i < row.size(); ++i) {
            const std::string space(widths[i] - width_of(row[i]), ' ');
            if (i != 0) line += "  ";
            line += i < texts || i >= texts_again ? row[i] + space : space + row[i];
        }
        line.erase(line.find_last_not_of(' ') + 1);
        out += line + '\n';
    }
    return out;
}

} // namespace kvmark::cli
