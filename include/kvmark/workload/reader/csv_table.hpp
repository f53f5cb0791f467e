// Rows of a csv file with a header, by the names of its columns. Opt-in.
#pragma once

#include <kvmark/workload/reader/line_reader.hpp>

#include <array>
#include <charconv>

namespace kvmark::workload {

/// A column that is needed, under either of its names.
struct csv_column {
    std::string_view name;
    std::string_view other_name{};
};

/// What stands in a row below it.
struct csv_field {
    std::string_view text{};
    std::size_t column = 1; ///< where in the line it begins, from 1
};

/// The field that starts at `at`, which moves behind its comma; a field in quotes may hold commas.
[[nodiscard]] inline std::string_view take_field(std::string_view line, std::size_t& at) {
    const bool quoted = at < line.size() && line[at] == '"';
    std::size_t end = quoted ? line.find('"', at + 1) : line.find(',', at);
    if (end == std::string_view::npos) end = line.size();
    const std::size_t begin = at + (quoted ? 1 : 0);
    const std::string_view field = line.substr(begin, end - begin);
    const std::size_t comma = line.find(',', end);
    at = comma == std::string_view::npos ? line.size() + 1 : comma + 1;
    return field;
}

/// False unless all of `field` is a number that a T holds.
template <class T>
[[nodiscard]] bool parse_number(std::string_view field, T& value) {
    const char* end = field.data() + field.size();
    const auto [stop, e] = std::from_chars(field.data(), end, value);
    return e == std::errc{} && stop == end;
}

template <std::size_t N>
class csv_table {
public:
    using row = std::array<csv_field, N>;

    /// Reads the header. `what` the file should be is said of an empty one. Errors: an unreadable file, and
    /// `file:line:column: reason` for a header that lacks a column.
    static result<csv_table> open(std::string path, const std::array<csv_column, N>& wanted,
                                  std::string_view what) {
        result<line_reader> lines = line_reader::open(std::move(path));
        if (!lines) return lines.error();
        csv_table table(*std::move(lines));
        if (result<void> r = table.read_header(wanted, what); !r) return r.error();
        return table;
    }

    /// The next row that is not empty; false at the end of the file, or with failure(). The fields are valid
    /// until the next call; of a misshapen() row some may lack.
    bool next(row& fields) {
        std::optional<std::string_view> line;
        do line = lines_.next();
        while (line && line->empty());
        if (!line) return false;
        fields = {};
        found_ = 0;
        length_ = line->size();
        for (std::size_t at = 0; at <= length_; ++found_) {
            const std::size_t begin = at;
            const std::string_view text = take_field(*line, at);
            for (std::size_t i = 0; i < N; ++i)
                if (places_[i] == found_) fields[i] = {text, begin + 1};
        }
        return true;
    }

    /// Set when the row has more fields than the header, or fewer.
    [[nodiscard]] std::optional<error> misshapen() const {
        if (found_ == columns_) return {};
        return error_at(length_ + 1, "the row has " + std::to_string(found_) + " fields, the header " +
                                         std::to_string(columns_));
    }

    /// Back to the first row.
    result<void> rewind() {
        if (result<void> r = lines_.rewind(); !r) return r;
        lines_.next();
        return {};
    }

    [[nodiscard]] const std::optional<error>& failure() const { return lines_.failure(); }
    [[nodiscard]] error error_at(std::size_t column, std::string_view reason) const {
        return lines_.error_at(column, reason);
    }
    [[nodiscard]] std::uint64_t bytes_read() const { return lines_.bytes_read(); }

private:
    static constexpr std::size_t no_column = ~std::size_t{0};

    explicit csv_table(line_reader lines) : lines_(std::move(lines)) { places_.fill(no_column); }

    result<void> read_header(const std::array<csv_column, N>& wanted, std::string_view what) {
        const std::optional<std::string_view> line = lines_.next();
        if (lines_.failure()) return *lines_.failure();
        if (!line) return error_at(1, "the file is empty; expected " + std::string(what));
        for (std::size_t at = 0; at <= line->size(); ++columns_) {
            const std::string_view name = take_field(*line, at);
            for (std::size_t i = 0; i < N; ++i)
                if (name == wanted[i].name || (!name.empty() && name == wanted[i].other_name))
                    places_[i] = columns_;
        }
        std::string missing;
        for (std::size_t i = 0; i < N; ++i)
            if (places_[i] == no_column) missing.append(missing.empty() ? "" : ", ").append(wanted[i].name);
        if (!missing.empty()) return error_at(1, "the header lacks the columns: " + missing);
        return {};
    }

    line_reader lines_;
    std::array<std::size_t, N> places_{};
    std::size_t columns_ = 0;
    std::size_t found_ = 0; // fields of this row
    std::size_t length_ = 0;
};

} // namespace kvmark::workload
