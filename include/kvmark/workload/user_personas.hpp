// The reference workload: chatbot, coding and document users who think, ask, and do not wait for the answer.
#pragma once

#include <kvmark/workload/conversations.hpp>
#include <kvmark/workload/documents.hpp>
#include <kvmark/workload/source.hpp>
#include <kvmark/workload/users.hpp>

namespace kvmark::workload {

/// A source, scalable and with documents. What it yields is a function of its configuration and of the calls
/// of set_users(); next() does not allocate. docs/workload.md describes the workload.
class user_personas {
public:
    /// Precondition: a validated configuration (users below 2^32, max_conversations and max_turns at least 1,
    /// ranges with low <= high).
    explicit user_personas(const source_config& c)
        : population_(c), conversations_(c.parameters.max_conversations), library_(c) {
        conversations_.reserve_users(c.users);
    }

    std::optional<request> next() {
        std::optional<request> out;
        if (document_request_) {
            out.swap(document_request_);
        } else {
            const std::optional<arrival> a = population_.next();
            if (!a) return out;
            draw_request(*a, out.emplace());
        }
        out->id = next_id_++;
        return out;
    }

    [[nodiscard]] std::uint64_t users() const { return population_.users(); }
    /// Removes the highest-numbered users, or adds users who start to think at `now`.
    void set_users(std::uint64_t count, nanoseconds now) {
        for (std::uint64_t u = count; u < users(); ++u) conversations_.close(static_cast<std::uint32_t>(u));
        if (document_request_ && document_request_->user >= count) document_request_.reset();
        population_.set_users(count, now);
        conversations_.reserve_users(count);
    }

    [[nodiscard]] std::uint32_t document_count() const { return library_.document_count(); }
    [[nodiscard]] std::uint32_t chunk_count(std::uint32_t document) const {
        return library_.chunk_count(document);
    }
    [[nodiscard]] chunk_ref chunk(std::uint32_t document, std::uint32_t index) const {
        return library_.chunk(document, index);
    }

    [[nodiscard]] std::uint32_t live_conversations() const { return conversations_.live(); }

private:
    /// The order of the draws is part of the workload: a part that is off comes after all that is always on,
    /// or draws all the same, so switching it leaves the other draws as they were.
    void draw_request(arrival a, request& r) {
        const source_config& c = population_.config();
        const user& u = population_[a.user];
        random_stream draw = population_.request_stream(a.user);
        const bool ends = draw.chance(c.parameters.end_conversation_probability);
        if (c.multi_turn) {
            if (ends || conversations_.turns(a.user) >= c.parameters.max_turns) conversations_.close(a.user);
            const turn_ref t = conversations_.advance(a.user);
            r.conversation = t.conversation;
            r.turn = t.turn;
        }
        r.user = a.user;
        r.arrival = a.at;
        r.service = u.service;
        r.input = draw_length(draw, u.context_tokens);
        r.output = draw_length(draw, u.generated_tokens);
        r.phase = choose_phase(c, r.input);
        draw_system_prompt(draw, c, r);
        if (library_.document_count() == 0) return;
        if (draw.chance(c.parameters.rag_probability)) library_.retrieve(draw, r);
        if (draw.chance(c.parameters.rag_probability)) draw_document_request(r, draw);
    }

    /// The user's second request of the same instant: a question over the chunks of a document and no more.
    void draw_document_request(const request& asked, random_stream& draw) {
        const source_config& c = population_.config();
        request& r = document_request_.emplace();
        r.user = asked.user;
        r.arrival = asked.arrival;
        r.service = asked.service;
        r.input = library_.retrieve(draw, r);
        r.output = draw_length(draw, population_[static_cast<std::uint32_t>(r.user)].generated_tokens);
        r.phase = choose_phase(c, r.input);
        draw_system_prompt(draw, c, r);
    }

    /// A user's lengths are its longest; a request takes a quarter of that or more.
    static tokens draw_length(random_stream& draw, std::uint32_t longest) {
        const std::uint32_t least = longest / 4 > 0 ? longest / 4 : 1;
        return tokens(draw.uniform_int(least, longest > least ? longest : least));
    }

    user_population population_;
    conversation_table conversations_;
    document_library library_;
    std::optional<request> document_request_; // goes out next
    std::uint64_t next_id_ = 0;
};

static_assert(scalable_source<user_personas> && document_source<user_personas>);

} // namespace kvmark::workload
