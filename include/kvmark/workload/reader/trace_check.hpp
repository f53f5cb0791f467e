// The checks of the compact form of a trace, in one pass. Opt-in.
#pragma once

#include <kvmark/workload/block_trace.hpp>

#include <string>
#include <vector>

namespace kvmark::workload {

/// Of the bytes of a trace, eight at a time; their number is a multiple of eight. Every
/// change of one word changes it.
class trace_checksum {
public:
    KVMARK_INLINE void add(std::span<const std::byte> data) {
        for (std::size_t at = 0; at < data.size(); at += 8) {
            std::uint64_t word;
            std::memcpy(&word, data.data() + at, 8);
            word ^= sum_;
            sum_ = (word << 29 | word >> 35) * 0x9e3779b97f4a7c15u;
        }
    }
    /// Of what was added, and of the header, which is known last.
    [[nodiscard]] std::uint64_t with_header(trace_header h) const {
        h.checksum = 0;
        trace_checksum all = *this;
        all.add(std::as_bytes(std::span(&h, 1)));
        return all.sum_;
    }

private:
    std::uint64_t sum_ = 0;
};

/// Goes over the bytes of a whole file once. Memory: 4 bytes for each distinct block.
class trace_checker {
public:
    trace_checker(std::string path, std::span<const std::byte> file) : path_(std::move(path)), file_(file) {}

    /// The header, when all is as a trace_encoder would write it. Errors: `file:byte N: reason` for the first
    /// byte found wrong, counted from 0.
    result<trace_header> check() {
        if (result<void> r = check_header(); !r) return r.error();
        predecessor_.resize(header_.distinct);
        std::size_t at = sizeof header_;
        for (std::uint64_t id = 0; id < header_.requests; ++id) {
            result<std::size_t> next = check_record(id, at);
            if (!next) return next.error();
            at = *next;
        }
        if (at != file_.size())
            return wrong(at, std::to_string(file_.size() - at) + " bytes follow the last request");
        if (result<void> r = check_sums(); !r) return r.error();
        return header_;
    }

private:
    /// Of a header's member.
    template <class T>
    [[nodiscard]] std::size_t offset(const T& member) const {
        return static_cast<std::size_t>(reinterpret_cast<const std::byte*>(&member) -
                                        reinterpret_cast<const std::byte*>(&header_));
    }

    result<void> check_header() {
        trace_header& h = header_;
        if (file_.size() < sizeof h)
            return wrong(file_.size(), "the file ends inside its header of " + std::to_string(sizeof h) +
                                           " bytes: it is cut off, or no trace");
        std::memcpy(&h, file_.data(), sizeof h);
        if (h.magic != trace_header::right_magic)
            return wrong(0, "the file does not begin with kvmarkbt: it is no compact trace");
        if (h.version != trace_header::right_version)
            return wrong(offset(h.version), "version " + std::to_string(h.version) + ", this kvmark reads " +
                                                std::to_string(trace_header::right_version));
        if (h.block_tokens == 0) return wrong(offset(h.block_tokens), "blocks of 0 tokens");
        const std::uint64_t body = file_.size() - sizeof h;
        if (h.requests > body / sizeof(trace_record))
            return wrong(offset(h.requests), std::to_string(h.requests) +
                                                 " requests do not fit into a file of " +
                                                 std::to_string(file_.size()) +
                                                 " bytes: it is cut off, or "
                                                 "damaged");
        if (h.references > body / sizeof(block_number))
            return wrong(offset(h.references), std::to_string(h.references) +
                                                   " references do not fit into a file of " +
                                                   std::to_string(file_.size()) +
                                                   " bytes: it is cut off, or "
                                                   "damaged");
        if (h.distinct > h.references || h.distinct >= no_block)
            return wrong(offset(h.distinct), std::to_string(h.distinct) + " distinct blocks of " +
                                                 std::to_string(h.references) + " references");
        if (h.prefix_unique > 1)
            return wrong(offset(h.prefix_unique), "prefix_unique is " + std::to_string(h.prefix_unique));
        if (h.format.back() != 0) return wrong(offset(h.format), "the format's name does not end");
        return {};
    }

    /// Of the request `id` at `at`; where the next one begins.
    result<std::size_t> check_record(std::uint64_t id, std::size_t at) {
        if (file_.size() - at < sizeof(trace_record)) return cut_off(id, at);
        trace_record r;
        std::memcpy(&r, file_.data() + at, sizeof r);
        const std::size_t stride = trace_record::stride(r.blocks);
        if (file_.size() - at < stride) return cut_off(id, at);
        const bool arrival_right = id == 0 ? r.arrival_ns == 0 : r.arrival_ns >= arrival_ns_;
        const bool right = arrival_right && r.think_ns >= 0 &&
                           (r.after < id || r.after == block_request::nobody) && r.session < header_.sessions;
        if (!right) return wrong_record(id, at, r, arrival_right);
        arrival_ns_ = r.arrival_ns;
        input_ += r.input;
        output_ += r.output;
        references_ += r.blocks;
        const std::byte* const blocks = file_.data() + at + sizeof r;
        block_number before = no_block;
        for (std::uint32_t i = 0; i < r.blocks; ++i) {
            block_number b;
            std::memcpy(&b, blocks + i * sizeof b, sizeof b);
            if (b < seen_) {
                shared_ |= predecessor_[b] != before;
            } else {
                if (b != seen_ || seen_ == header_.distinct)
                    return wrong_block(id, at + sizeof r + i * sizeof b, b);
                predecessor_[seen_++] = before;
            }
            before = b;
        }
        checksum_.add(file_.subspan(at, stride));
        return at + stride;
    }

    result<void> check_sums() {
        const trace_header& h = header_;
        const auto compare = [&](const auto& member, std::uint64_t found, std::string_view what) {
            if (static_cast<std::uint64_t>(member) == found) return result<void>();
            return result<void>(wrong(offset(member), std::string(what) + " is " + std::to_string(member) +
                                                          ", the requests make " + std::to_string(found)));
        };
        for (const result<void>& r :
             {compare(h.references, references_, "the number of references"),
              compare(h.distinct, seen_, "the number of distinct blocks"),
              compare(h.input_tokens, input_, "the sum of input tokens"),
              compare(h.output_tokens, output_, "the sum of output tokens"),
              compare(h.duration_ns, static_cast<std::uint64_t>(arrival_ns_), "the duration"),
              compare(h.prefix_unique, shared_ ? 0 : 1, "prefix_unique"),
              compare(h.checksum, checksum_.with_header(h), "the checksum")})
            if (!r) return r;
        return {};
    }

    KVMARK_COLD static std::string request_name(std::uint64_t id) { return "request " + std::to_string(id); }

    [[gnu::cold]] error wrong(std::size_t at, const std::string& reason) const {
        return {error_kind::invalid_argument, path_ + ":byte " + std::to_string(at) + ": " + reason};
    }
    [[gnu::cold]] error cut_off(std::uint64_t id, std::size_t at) const {
        return wrong(at, "the file ends inside " + request_name(id) + " of " +
                             std::to_string(header_.requests) + ": it is cut off, or damaged");
    }
    [[gnu::cold]] error wrong_record(std::uint64_t id, std::size_t at, const trace_record& r,
                                     bool arrival_right) const {
        const auto text = [](auto n) { return std::to_string(n); };
        if (!arrival_right)
            return wrong(at + offsetof(trace_record, arrival_ns),
                         request_name(id) + " arrives at " + text(r.arrival_ns) + " ns, " +
                             (id == 0 ? "and the first one at 0"
                                      : "before the request before it, " + text(arrival_ns_)));
        if (r.think_ns < 0)
            return wrong(at + offsetof(trace_record, think_ns),
                         request_name(id) + " thinks for " + text(r.think_ns) + " ns");
        if (r.session >= header_.sessions)
            return wrong(at + offsetof(trace_record, session), "session " + text(r.session) + " of " +
                                                                   request_name(id) + ", of " +
                                                                   text(header_.sessions));
        return wrong(at + offsetof(trace_record, after),
                     request_name(id) + " waits for request " + text(r.after) + ", which is not before it");
    }
    [[gnu::cold]] error wrong_block(std::uint64_t id, std::size_t at, block_number b) const {
        return wrong(at, "block number " + std::to_string(b) + " of " + request_name(id) +
                             (b >= header_.distinct ? " is not below the number of distinct blocks, " +
                                                          std::to_string(header_.distinct)
                                                    : " is new and should be " + std::to_string(seen_)));
    }

    std::string path_;
    std::span<const std::byte> file_;
    trace_header header_;
    std::vector<block_number> predecessor_;
    block_number seen_ = 0;
    std::int64_t arrival_ns_ = 0;
    std::uint64_t input_ = 0;
    std::uint64_t output_ = 0;
    std::uint64_t references_ = 0;
    bool shared_ = false; ///< a block has two predecessors
    trace_checksum checksum_;
};

} // namespace kvmark::workload
