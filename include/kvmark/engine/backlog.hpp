// The requests that wait for a server, packed: under overload they are what a run's memory grows by.
#pragma once

#include <kvmark/workload/request.hpp>

#include <deque>

namespace kvmark::engine {

/// First in, first out. A request is kept as the difference from the one before it, in variable-length
/// integers of seven bits a byte: 13 bytes for one of the reference workload, in place of 344.
class backlog {
public:
    [[nodiscard]] bool empty() const { return size_ == 0; }
    [[nodiscard]] std::size_t size() const { return size_; }
    /// That the waiting requests take.
    [[nodiscard]] bytes memory() const { return bytes(packed_.size()); }

    void push(const workload::request& r) {
        put_difference(r.id, last_in_.id);
        put_difference(r.user, last_in_.user);
        put_difference(r.conversation, last_in_.conversation);
        put_difference(static_cast<std::uint64_t>(r.arrival.count),
                       static_cast<std::uint64_t>(last_in_.arrival.count));
        put(r.turn);
        put(r.input.count);
        put(r.output.count);
        const bool has_prompt = r.system_prompt != workload::request::no_system_prompt;
        put(static_cast<std::uint64_t>(r.phase) | static_cast<std::uint64_t>(r.service) << 2 |
            std::uint64_t{has_prompt} << 4 | std::uint64_t{r.chunk_count} << 5);
        if (has_prompt) {
            put(r.system_prompt);
            put(r.system_prompt_tokens.count);
        }
        for (std::size_t i = 0; i < r.chunk_count; ++i) {
            put(r.chunks[i].document);
            put(r.chunks[i].chunk);
            put(r.chunks[i].size.count);
        }
        last_in_ = {r.id, r.user, r.conversation, r.arrival};
        ++size_;
    }

    /// Precondition: not empty.
    [[nodiscard]] workload::request pop() {
        workload::request r;
        r.id = take_difference(last_out_.id);
        r.user = take_difference(last_out_.user);
        r.conversation = take_difference(last_out_.conversation);
        r.arrival = nanoseconds(
            static_cast<std::int64_t>(take_difference(static_cast<std::uint64_t>(last_out_.arrival.count))));
        r.turn = static_cast<std::uint32_t>(take());
        r.input = tokens(take());
        r.output = tokens(take());
        const std::uint64_t flags = take();
        r.phase = static_cast<workload::phase>(flags & 3);
        r.service = static_cast<workload::service_class>(flags >> 2 & 3);
        if ((flags >> 4 & 1) != 0) {
            r.system_prompt = static_cast<std::uint8_t>(take());
            r.system_prompt_tokens = tokens(take());
        }
        r.chunk_count = static_cast<std::uint8_t>(flags >> 5);
        for (std::size_t i = 0; i < r.chunk_count; ++i) {
            r.chunks[i].document = static_cast<std::uint32_t>(take());
            r.chunks[i].chunk = static_cast<std::uint32_t>(take());
            r.chunks[i].size = tokens(take());
        }
        last_out_ = {r.id, r.user, r.conversation, r.arrival};
        --size_;
        return r;
    }

private:
    /// What the next request is packed, or unpacked, against.
    struct reference {
        std::uint64_t id = 0, user = 0, conversation = 0;
        nanoseconds arrival{};
    };

    void put(std::uint64_t n) {
        for (; n >= 0x80; n >>= 7) packed_.push_back(static_cast<std::uint8_t>(n | 0x80));
        packed_.push_back(static_cast<std::uint8_t>(n));
    }
    [[nodiscard]] std::uint64_t take() {
        std::uint64_t n = 0;
        for (unsigned shift = 0;; shift += 7) {
            const std::uint64_t byte = packed_.front();
            packed_.pop_front();
            n |= (byte & 0x7f) << shift;
            if (byte < 0x80) return n;
        }
    }

    /// The sign goes into the lowest bit, so that small differences are short whichever way they go.
    void put_difference(std::uint64_t now, std::uint64_t before) {
        const std::uint64_t d = now - before;
        put(d << 1 ^ (0 - (d >> 63)));
    }
    [[nodiscard]] std::uint64_t take_difference(std::uint64_t before) {
        const std::uint64_t n = take();
        return before + (n >> 1 ^ (0 - (n & 1)));
    }

    std::deque<std::uint8_t> packed_;
    std::size_t size_ = 0;
    reference last_in_, last_out_;
};

} // namespace kvmark::engine
