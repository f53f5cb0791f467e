// Typed rows of a csv file, with what happens to malformed ones. Opt-in.
#pragma once

#include <kvmark/workload/reader/csv_table.hpp>

namespace kvmark::workload {

/// A field that is not what its column holds.
struct csv_misfit {
    std::size_t field;
    std::string_view wanted; ///< `a count of tokens`
};

/// A Row has `columns`, what its file should be (`expected`), and `read(fields)`, which fills it or names the
/// field that misfits.
template <class Row>
class csv_rows {
public:
    /// Errors: those of csv_table::open().
    static result<csv_rows> open(std::string path) {
        result<table> opened = table::open(std::move(path), Row::columns, Row::expected);
        if (!opened) return opened.error();
        return csv_rows(*std::move(opened));
    }

    /// Empty at the end of the file, or with failure(): a malformed row, or an I/O error.
    std::optional<Row> next() {
        typename table::row fields;
        failure_.reset();
        if (!table_.next(fields)) {
            failure_ = table_.failure();
            return {};
        }
        failure_ = table_.misshapen();
        if (failure_) return {};
        Row row;
        if (const std::optional<csv_misfit> misfit = row.read(fields)) {
            const csv_field& field = fields[misfit->field];
            failure_ = table_.error_at(field.column, "'" + std::string(field.text) + "' is not " +
                                                         std::string(misfit->wanted));
            return {};
        }
        return row;
    }

    /// Whether next() failed for a row alone, so that those behind it can still be read.
    [[nodiscard]] bool can_go_on() const { return failure_ && !table_.failure() && !lost_; }

    /// Back to the first row; false with failure().
    bool rewind() {
        if (result<void> r = table_.rewind(); !r) {
            failure_ = r.error();
            lost_ = true;
        }
        return !lost_;
    }

    [[nodiscard]] const std::optional<error>& failure() const { return failure_; }
    [[nodiscard]] error error_at(std::size_t column, std::string_view reason) const {
        return table_.error_at(column, reason);
    }
    [[nodiscard]] std::uint64_t bytes_read() const { return table_.bytes_read(); }

private:
    using table = csv_table<std::size(Row::columns)>;

    explicit csv_rows(table t) : table_(std::move(t)) {}

    table table_;
    bool lost_ = false; ///< it cannot be rewound
    std::optional<error> failure_;
};

} // namespace kvmark::workload
