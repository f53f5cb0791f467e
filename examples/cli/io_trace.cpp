// The trace of operations: rows gathered, compressed when asked, renamed when whole.
#include "io_trace.hpp"

#include <kvmark/report/file.hpp>
#include <kvmark/workload/key_text.hpp>

#include <fmt/format.h>
#include <zstd.h>

#include <cerrno>
#include <cstring>
#include <iterator>

namespace kvmark::cli {

namespace {

constexpr std::size_t flush_at = 1 << 20;
// By tier_role. The reference has no label for the memory of other ranks.
constexpr std::array<std::string_view, 4> tier_labels{"Tier-0", "Tier-1", "Tier-2", "Tier-peer"};

error trace_error(const std::string& path, const char* cause) {
    return {error_kind::system, "I/O trace " + path + ": " + cause};
}

} // namespace

void io_trace::context_deleter::operator()(ZSTD_CCtx_s* c) const { ZSTD_freeCCtx(c); }

io_trace::io_trace() = default;
io_trace::io_trace(io_trace&&) noexcept = default;
io_trace& io_trace::operator=(io_trace&&) noexcept = default;

io_trace::~io_trace() {
    if (!file_) return;
    file_.reset();
    std::remove((path_ + ".partial").c_str());
}

result<io_trace> io_trace::open(const std::string& path, double epoch) {
    io_trace trace;
    trace.path_ = link_target(path);
    trace.epoch_ = epoch;
    trace.file_.reset(std::fopen((trace.path_ + ".partial").c_str(), "wbe"));
    if (!trace.file_) return trace_error(trace.path_, std::strerror(errno));
    if (trace.path_.ends_with(".zst")) {
        trace.compressor_.reset(ZSTD_createCCtx());
        if (!trace.compressor_) return trace_error(trace.path_, "no memory for zstd");
        trace.compressed_.resize(ZSTD_CStreamOutSize());
    }
    trace.pending_ = "Timestamp,Operation,Object_Size_Bytes,Tier,Key,Phase\r\n"; // csv line ends, RFC 4180
    return trace;
}

void io_trace::add(nanoseconds at, bool is_write, bytes size, measure::tier_role role,
                   workload::object_key key, std::string_view phase) {
    fmt::format_to(std::back_inserter(pending_), "{:.6f},{},{},{},{},{}\r\n", epoch_ + to_seconds(at),
                   is_write ? "Write" : "Read", size.count, tier_labels[static_cast<std::size_t>(role)],
                   workload::key_text(key), phase);
    ++rows_;
    if (pending_.size() >= flush_at) flush(false);
}

void io_trace::flush(bool last) {
    const auto put = [&](const char* data, std::size_t size) {
        if (std::fwrite(data, 1, size, file_.get()) != size && failure_ == 0) failure_ = errno;
    };
    if (!compressor_) {
        put(pending_.data(), pending_.size());
    } else {
        ZSTD_inBuffer in{pending_.data(), pending_.size(), 0};
        for (std::size_t more = 1; more != 0 && failure_ == 0;) {
            ZSTD_outBuffer out{compressed_.data(), compressed_.size(), 0};
            more = ZSTD_compressStream2(compressor_.get(), &out, &in, last ? ZSTD_e_end : ZSTD_e_continue);
            if (ZSTD_isError(more)) failure_ = EIO;
            put(compressed_.data(), out.pos);
            if (!last && in.pos == in.size) break;
        }
    }
    pending_.clear();
}

result<void> io_trace::close() {
    flush(true);
    if (std::fclose(file_.release()) != 0 && failure_ == 0) failure_ = errno;
    const std::string partial = path_ + ".partial";
    if (failure_ == 0 && std::rename(partial.c_str(), path_.c_str()) != 0) failure_ = errno;
    if (failure_ == 0) return {};
    std::remove(partial.c_str());
    return trace_error(path_, std::strerror(failure_));
}

} // namespace kvmark::cli
