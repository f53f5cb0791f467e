// The trace of operations that an external tool can replay: a csv in the reference's form, plain or as zstd.
#pragma once

#include "console.hpp"

#include <kvmark/measure/run_report.hpp>

#include <memory>

struct ZSTD_CCtx_s;

namespace kvmark::cli {

/// `Timestamp,Operation,Object_Size_Bytes,Tier,Key,Phase`; compressed when the path ends in .zst. It grows in
/// `<path>.partial`, which close() renames to `path`: a trace under its name is complete.
class io_trace {
public:
    /// `epoch`: seconds since 1970 at the start of the run; 0 makes the timestamps count from the start.
    [[nodiscard]] static result<io_trace> open(const std::string& path, double epoch);

    io_trace(io_trace&&) noexcept;
    io_trace& operator=(io_trace&&) noexcept;
    /// Removes a trace that was not closed.
    ~io_trace();

    void add(nanoseconds at, bool is_write, bytes size, measure::tier_role role, workload::object_key key,
             std::string_view phase);
    [[nodiscard]] result<void> close();

    [[nodiscard]] std::uint64_t rows() const { return rows_; }

private:
    io_trace();
    void flush(bool last);

    struct context_deleter {
        void operator()(ZSTD_CCtx_s* c) const;
    };

    std::string path_;
    double epoch_ = 0;
    file_handle file_;
    std::unique_ptr<ZSTD_CCtx_s, context_deleter> compressor_; ///< null: plain
    std::string pending_;
    std::string compressed_;
    std::uint64_t rows_ = 0;
    int failure_ = 0; ///< errno of the first write that failed
};

} // namespace kvmark::cli
