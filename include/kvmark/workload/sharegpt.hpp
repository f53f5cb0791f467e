// Recorded ShareGPT conversations played by users who think between turns. Opt-in; uses Boost.JSON.
#pragma once

#include <kvmark/workload/conversations.hpp>
#include <kvmark/workload/reader/sharegpt_file.hpp>
#include <kvmark/workload/source.hpp>
#include <kvmark/workload/users.hpp>

namespace kvmark::workload {

/// A scalable source. Users, think times, classes of service, `request_rate` and system prompts are those of
/// user_personas; sizes and turns are the recorded ones. A user plays a conversation to its end, then takes
/// the next one in the file that nobody has taken; after the last the first comes again, under a new id.
class sharegpt {
public:
    /// Reads the first `max_conversations` (0: all). Errors: those of read_sharegpt().
    static result<sharegpt> open(std::string path, const source_config& c, std::size_t max_conversations) {
        result<recorded_conversations> r = read_sharegpt(std::move(path), c.parameters, max_conversations);
        if (!r) return r.error();
        return sharegpt(*std::move(r), c);
    }

    std::optional<request> next() {
        std::optional<request> out;
        const std::optional<arrival> a = population_.next();
        if (!a) return out;
        request& r = out.emplace();
        r.id = next_id_++;
        r.user = a->user;
        r.arrival = a->at;
        r.service = population_[a->user].service;
        take_turn(a->user, r);
        const source_config& c = population_.config();
        r.phase = choose_phase(c, r.input);
        random_stream draw = population_.request_stream(a->user);
        draw_system_prompt(draw, c, r);
        return out;
    }

    [[nodiscard]] std::uint64_t users() const { return population_.users(); }
    /// Removes the highest-numbered users, or adds users who start to think at `now`.
    void set_users(std::uint64_t count, nanoseconds now) {
        for (std::uint64_t u = count; u < users(); ++u) conversations_.close(static_cast<std::uint32_t>(u));
        population_.set_users(count, now);
        make_room();
    }

    [[nodiscard]] const recorded_conversations& recorded() const { return recorded_; }

private:
    sharegpt(recorded_conversations recorded, const source_config& c)
        : recorded_(std::move(recorded)), population_(c), conversations_(c.parameters.max_conversations) {
        make_room();
    }

    void make_room() {
        conversations_.reserve_users(users());
        if (playing_.size() < users()) playing_.resize(users());
    }

    void take_turn(std::uint32_t user, request& r) {
        if (conversations_.turns(user) >= recorded_.turns(playing_[user])) conversations_.close(user);
        const turn_ref t = conversations_.advance(user);
        if (t.turn == 1) playing_[user] = taken_++ % recorded_.size();
        const recorded_turn sizes = recorded_.turn(playing_[user], t.turn - 1);
        r.input = sizes.input;
        r.output = sizes.output;
        if (!population_.config().multi_turn) return;
        r.conversation = t.conversation;
        r.turn = t.turn;
    }

    recorded_conversations recorded_;
    user_population population_;
    conversation_table conversations_;
    std::vector<std::size_t> playing_; // by user: the recorded conversation it is in
    std::size_t taken_ = 0;
    std::uint64_t next_id_ = 0;
};

static_assert(scalable_source<sharegpt>);

} // namespace kvmark::workload
