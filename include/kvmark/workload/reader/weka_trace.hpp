// Reader of WEKA / kv-cache-tester traces (json, a conversation in each file). Opt-in; uses Boost.JSON.
#pragma once

#include <kvmark/workload/reader/spilled_rows.hpp>
#include <kvmark/workload/reader/weka_conversation.hpp>

#include <filesystem>
#include <queue>

namespace kvmark::workload {

/// One file, or a directory of files named *.json, in the order of their names. Every conversation starts at
/// 0; requests come in the order of their times over all of them. A conversation is a session, and each of
/// its sub-agents one more: the sub-agent's first request waits for its parent's last one before it, and the
/// parent's next one for the last to end of both. A block is named by its file and its id there.
///
/// Memory: the largest file's, 8 bytes for each request, and the numbering's; a temporary file holds four
/// bytes for each reference meanwhile.
class weka_trace {
public:
    static constexpr std::string_view format = "weka";

    /// Reads all files. `skip_bad` leaves out those that are malformed, unless that is all. `total`: bytes of
    /// all, for `progress`.
    static result<weka_trace> open(const std::string& path, const trace_options& o, std::uint64_t total,
                                   progress_ref progress) {
        result<std::vector<std::string>> files = files_of(path);
        if (!files) return files.error();
        result<detail::spilled_rows> rows = detail::spilled_rows::create();
        if (!rows) return rows.error();
        weka_trace trace(*std::move(rows));
        std::uint64_t before = 0;
        for (const std::string& name : *files) {
            result<void> r = trace.set_aside(name, before, total, progress);
            if (!r && !(o.skip_bad && r.error().kind == error_kind::invalid_argument)) return r.error();
            if (!r) trace.skipped_.add(r.error().message);
            std::error_code unknown;
            before += std::filesystem::file_size(name, unknown);
        }
        if (trace.conversations_.empty())
            return error{error_kind::invalid_argument, trace.skipped_.first.front()};
        if (result<void> r = trace.rows_.flush(); !r) return r.error();
        for (std::uint32_t i = 0; i < trace.conversations_.size(); ++i)
            if (result<void> r = trace.line_up(i); !r) return r.error();
        return trace;
    }

    /// The blocks are valid until the next call. False at the end, or with failure().
    bool next(trace_row& row) {
        if (heads_.empty()) return false;
        const std::uint32_t which = heads_.top().conversation;
        heads_.pop();
        conversation& c = conversations_[which];
        const trace_record& record = c.head;
        blocks_.resize(record.blocks);
        if (result<void> r = rows_.read(c.at, std::as_writable_bytes(std::span(blocks_))); !r)
            return fail(r.error());
        c.at += blocks_.size() * sizeof(block_number);
        for (block_number& b : blocks_) b = numbers_.number(std::uint64_t{which} << 32 | b);
        row = {.arrival = nanoseconds(record.arrival_ns),
               .after = record.after == block_request::nobody ? record.after : c.places[record.after],
               .think = nanoseconds(record.think_ns),
               .session = c.first_session + record.session,
               .input = tokens(record.input),
               .output = tokens(record.output),
               .blocks = blocks_};
        c.places.push_back(requests_++);
        if (result<void> r = line_up(which); !r) return fail(r.error());
        return true;
    }

    [[nodiscard]] tokens block_tokens() const { return block_tokens_; }
    [[nodiscard]] const std::optional<error>& failure() const { return failure_; }
    [[nodiscard]] const skipped_rows& skipped() const { return skipped_; }

private:
    struct conversation {
        std::uint32_t first_session = 0;
        std::uint64_t at = 0; ///< of what comes behind `head` in the rows set aside
        std::uint64_t end = 0;
        trace_record head;                   ///< the next request; `after` counts in the conversation
        std::vector<std::uint64_t> places{}; ///< in the trace, of the requests that were played
    };
    struct waiting {
        std::int64_t arrival_ns;
        std::uint32_t conversation;
        /// The heap's top is the earliest, of those the first in order.
        bool operator<(const waiting& o) const {
            return arrival_ns != o.arrival_ns ? arrival_ns > o.arrival_ns : conversation > o.conversation;
        }
    };

    explicit weka_trace(detail::spilled_rows rows) : rows_(std::move(rows)) {}

    static result<std::vector<std::string>> files_of(const std::string& path) {
        std::error_code e;
        if (!std::filesystem::is_directory(path, e)) return std::vector{path};
        std::vector<std::string> files;
        for (std::filesystem::directory_iterator at(path, e), end; !e && at != end; at.increment(e))
            if (at->path().extension() == ".json") files.push_back(at->path().string());
        if (e) return error{error_kind::system, path + ": cannot be read: " + e.message()};
        if (files.empty())
            return error{error_kind::invalid_argument, path + ": no file in it is named *.json"};
        std::sort(files.begin(), files.end());
        return files;
    }

    result<void> set_aside(const std::string& path, std::uint64_t before, std::uint64_t total,
                           progress_ref progress) {
        const result<weka_file> file = read_weka_file(path, before, total, progress);
        if (!file) return file.error();
        if (block_tokens_.count == 0) block_tokens_ = file->block_tokens;
        if (file->block_tokens != block_tokens_)
            return error{error_kind::invalid_argument,
                         path + ":1:1: block_size is " + std::to_string(file->block_tokens.count) +
                             ", that of the files before it " + std::to_string(block_tokens_.count)};
        detail::weka_order order(*file);
        block_numbering local;
        conversation c;
        c.first_session = sessions_;
        c.at = rows_.size();
        for (const weka_request& r : order.requests()) {
            const weka_entry& e = file->entries[r.entry];
            const trace_record record{.arrival_ns = r.arrival.count,
                                      .think_ns = r.think.count,
                                      .after = r.after == weka_entry::none ? block_request::nobody : r.after,
                                      .session = r.session,
                                      .input = static_cast<std::uint32_t>(e.input),
                                      .output = static_cast<std::uint32_t>(e.output),
                                      .blocks = static_cast<std::uint32_t>(e.ids)};
            const auto ids = std::span(file->ids).subspan(e.first_id, e.ids);
            if (result<void> written = rows_.append(record, local.number_all(ids, blocks_)); !written)
                return written;
        }
        c.end = rows_.size();
        sessions_ += order.sessions();
        conversations_.push_back(std::move(c));
        return {};
    }

    /// Reads the next request of a conversation, if there is one, to be played when its time comes.
    result<void> line_up(std::uint32_t which) {
        conversation& c = conversations_[which];
        if (c.at == c.end) return {};
        if (result<void> r = rows_.read(c.at, std::as_writable_bytes(std::span(&c.head, 1))); !r) return r;
        c.at += sizeof c.head;
        heads_.push({c.head.arrival_ns, which});
        return {};
    }

    bool fail(error e) {
        failure_ = std::move(e);
        return false;
    }

    detail::spilled_rows rows_;
    tokens block_tokens_{};
    std::uint32_t sessions_ = 0;
    std::vector<conversation> conversations_;
    std::priority_queue<waiting> heads_;
    std::uint64_t requests_ = 0;
    block_numbering numbers_;
    std::vector<block_number> blocks_;
    std::optional<error> failure_;
    skipped_rows skipped_;
};

} // namespace kvmark::workload
