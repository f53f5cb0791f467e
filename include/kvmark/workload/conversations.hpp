// The live conversations: at most one per user, and a bound over all, kept by dropping the least recently
// used.
#pragma once

#include <cstdint>
#include <vector>

namespace kvmark::workload {

/// One turn of one conversation. Turns count from 1; a conversation's id is never used again.
struct turn_ref {
    std::uint64_t conversation = 0;
    std::uint32_t turn = 0;
};

/// A user has one conversation at a time, so the table is an array over users threaded by a circular list in
/// order of use; no operation but reserve_users() allocates.
class conversation_table {
public:
    /// `max_live` at least 1.
    explicit conversation_table(std::uint32_t max_live) : max_live_(max_live) { slots_.resize(1); }

    /// Makes room for users 0 to `users` - 1; never shrinks.
    void reserve_users(std::uint64_t users) {
        if (users + 1 > slots_.size()) slots_.resize(users + 1);
    }

    [[nodiscard]] bool is_open(std::uint32_t user) const { return turns(user) > 0; }
    /// Turns of the user's open conversation so far; 0: none is open.
    [[nodiscard]] std::uint32_t turns(std::uint32_t user) const { return slots_[user + 1].current.turn; }
    [[nodiscard]] std::uint32_t live() const { return live_; }

    /// The next turn of the user's conversation, or the first of a new one. A conversation too many costs the
    /// least recently used one its place: its user opens a new one next time.
    turn_ref advance(std::uint32_t user) {
        slot& s = slots_[user + 1];
        if (is_open(user)) {
            unlink(s);
        } else {
            if (live_ == max_live_) close(slots_[0].newer - 1);
            s.current = {++last_conversation_, 0};
            ++live_;
        }
        link_as_newest(user + 1);
        ++s.current.turn;
        return s.current;
    }

    /// Ends the user's conversation, if one is open.
    void close(std::uint32_t user) {
        if (!is_open(user)) return;
        unlink(slots_[user + 1]);
        slots_[user + 1].current = {};
        --live_;
    }

private:
    struct slot {
        turn_ref current;
        std::uint32_t newer = 0; // neighbours in order of use; slot 0 is the list's head,
        std::uint32_t older = 0; // and user u has slot u + 1
    };

    void unlink(const slot& s) {
        slots_[s.newer].older = s.older;
        slots_[s.older].newer = s.newer;
    }
    void link_as_newest(std::uint32_t at) {
        slots_[at].older = slots_[0].older;
        slots_[at].newer = 0;
        slots_[slots_[0].older].newer = at;
        slots_[0].older = at;
    }

    std::vector<slot> slots_;
    std::uint32_t max_live_;
    std::uint32_t live_ = 0;
    std::uint64_t last_conversation_ = 0;
};

} // namespace kvmark::workload
