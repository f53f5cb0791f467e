// Makes a trace in blocks, request by request.
#pragma once

#include <kvmark/core/key_index.hpp>
#include <kvmark/workload/block_trace.hpp>

#include <string_view>
#include <vector>

namespace kvmark::workload {

/// Gives blocks their numbers: dense, in the order of first appearance. Names that already count like that,
/// as Mooncake's do, cost no memory; all others 21 to 43 bytes for each block.
class block_numbering {
public:
    [[nodiscard]] block_number number(std::uint64_t name) {
        if (dense_) {
            if (name < count_) return static_cast<block_number>(name);
            if (name == count_) return count_++;
            dense_ = false;
            for (block_number known = 0; known < count_; ++known) index_.insert(known, known);
        }
        if (const auto known = index_.find(name)) return *known;
        index_.insert(name, count_);
        return count_++;
    }
    /// The numbers of several, in `to`, which keeps them.
    std::span<const block_number> number_all(std::span<const std::uint64_t> names,
                                             std::vector<block_number>& to) {
        to.clear();
        for (const std::uint64_t name : names) to.push_back(number(name));
        return to;
    }
    /// A number for a block that is never named. A numbering serves named blocks or these, not both.
    [[nodiscard]] block_number fresh() { return count_++; }
    [[nodiscard]] block_number count() const { return count_; }

private:
    bool dense_ = true;
    block_number count_ = 0;
    key_index index_;
};

/// One request as a reader or a generator knows it.
struct trace_row {
    nanoseconds arrival{};
    std::uint64_t after = block_request::nobody; ///< see block_request
    nanoseconds think{};
    std::uint32_t session = 0;
    tokens input{};
    tokens output{};
    std::span<const block_number> blocks{}; ///< by their numbers; each new one is the next that is free
};

/// Makes records of rows, and the header of all. Who holds it keeps the bytes: in memory, or in a file.
class trace_encoder {
public:
    /// `format` names where the rows come from, at most 31 characters.
    trace_encoder(tokens block_tokens, std::string_view format) {
        header_.block_tokens = static_cast<std::uint32_t>(block_tokens.count);
        for (std::size_t i = 0; i < format.size() && i + 1 < header_.format.size(); ++i)
            header_.format[i] = format[i];
    }

    /// Appends the record of a request to `bytes`; its place in the trace. An arrival before the last one's
    /// is moved to it.
    std::uint64_t append(const trace_row& row, std::vector<std::byte>& bytes) {
        std::int64_t arrival = row.arrival.count;
        if (header_.requests > 0 && arrival < last_arrival_) arrival = last_arrival_;
        if (header_.requests == 0) first_arrival_ = arrival;
        last_arrival_ = arrival;
        const trace_record record{.arrival_ns = arrival - first_arrival_,
                                  .think_ns = row.think.count,
                                  .after = row.after,
                                  .session = row.session,
                                  .input = static_cast<std::uint32_t>(row.input.count),
                                  .output = static_cast<std::uint32_t>(row.output.count),
                                  .blocks = static_cast<std::uint32_t>(row.blocks.size())};
        const std::size_t at = bytes.size();
        bytes.resize(at + trace_record::stride(row.blocks.size()));
        std::memcpy(bytes.data() + at, &record, sizeof record);
        if (!row.blocks.empty())
            std::memcpy(bytes.data() + at + sizeof record, row.blocks.data(), row.blocks.size_bytes());
        note_predecessors(row.blocks);
        header_.references += row.blocks.size();
        header_.input_tokens += row.input.count;
        header_.output_tokens += row.output.count;
        header_.duration_ns = record.arrival_ns;
        if (row.session >= header_.sessions) header_.sessions = row.session + 1;
        return header_.requests++;
    }

    /// Of all that was appended; the checksum is left at 0.
    [[nodiscard]] trace_header header() const {
        trace_header h = header_;
        h.distinct = predecessor_.size();
        return h;
    }

private:
    void note_predecessors(std::span<const block_number> blocks) {
        block_number before = no_block;
        for (const block_number b : blocks) {
            if (b >= predecessor_.size())
                predecessor_.push_back(before);
            else if (predecessor_[b] != before)
                header_.prefix_unique = 0;
            before = b;
        }
    }

    trace_header header_;
    std::vector<block_number> predecessor_;
    std::int64_t first_arrival_ = 0;
    std::int64_t last_arrival_ = 0;
};

/// Collects rows in memory.
class trace_builder {
public:
    /// `format`: see trace_encoder.
    explicit trace_builder(tokens block_tokens, std::string_view format = "made")
        : encoder_(block_tokens, format) {}

    /// Appends a request; its place. An arrival before the last one's is moved to it.
    std::uint64_t add(const trace_row& row) { return encoder_.append(row, bytes_); }

    /// All that was added. The builder is empty afterwards.
    [[nodiscard]] block_trace finish() {
        const std::vector<std::byte>* body = nullptr;
        shared_owner owner = shared_owner::of(std::move(bytes_), body);
        return {encoder_.header(), *body, std::move(owner)};
    }

private:
    trace_encoder encoder_;
    std::vector<std::byte> bytes_;
};

} // namespace kvmark::workload
