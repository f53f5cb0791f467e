// The requests of one WEKA conversation in the order of their times, with what each waits for. Opt-in.
#pragma once

#include <kvmark/workload/reader/weka_file.hpp>

#include <algorithm>

namespace kvmark::workload {

/// A request among those of its conversation.
struct weka_request {
    nanoseconds arrival{}; ///< from the conversation's start on
    nanoseconds think{};
    std::uint32_t after = weka_entry::none; ///< an earlier one in this order
    std::uint32_t session = 0;              ///< 0: the conversation itself; then its sub-agents
    std::uint32_t entry = 0;                ///< in the file
};

namespace detail {

/// Puts the entries of a conversation in order. Times of a sub-agent's requests count from its own start, or
/// from the conversation's: in a file where every sub-agent's first request bears a time from its start on,
/// the latter.
class weka_order {
public:
    explicit weka_order(const weka_file& file) : entries_(file.entries), times_(entries_.size()) {
        resolve_times();
        order_.reserve(entries_.size());
        for (std::uint32_t i = 0; i < entries_.size(); ++i)
            if (!entries_[i].agent) order_.push_back(i);
        std::stable_sort(order_.begin(), order_.end(),
                         [&](std::uint32_t a, std::uint32_t b) { return times_[a] < times_[b]; });
        place_.resize(entries_.size(), none);
        for (std::uint32_t i = 0; i < order_.size(); ++i) place_[order_[i]] = i;
    }

    [[nodiscard]] std::vector<weka_request> requests() {
        std::vector<weka_request> all(order_.size());
        chains_.assign(entries_.size() + 1, {});
        for (std::uint32_t i = 0; i < entries_.size(); ++i) {
            const weka_entry& e = entries_[i];
            chain& mine = chain_of(e.parent);
            if (e.agent) {
                // What its first request waits for is what its parent has asked before.
                chain_of(i).last = mine.last;
                mine.agents.push_back(i);
                continue;
            }
            if (mine.session == none) mine.session = sessions_++;
            weka_request& r = all[place_[i]];
            r = {.arrival = from_seconds(times_[i]),
                 .think = from_seconds(e.think),
                 .after = waits_for(mine, place_[i]),
                 .session = mine.session,
                 .entry = i};
            mine.last = place_[i];
            mine.agents.clear();
        }
        return all;
    }

    [[nodiscard]] std::uint32_t sessions() const { return sessions_; }

private:
    static constexpr std::uint32_t none = weka_entry::none;

    /// The conversation, or a sub-agent, up to the entry that is looked at.
    struct chain {
        std::uint32_t session = none;
        std::uint32_t last = none;           ///< place of its last request; before its first, of its parent's
        std::vector<std::uint32_t> agents{}; ///< its sub-agents since its last request
    };

    [[nodiscard]] chain& chain_of(std::uint32_t agent) {
        return chains_[agent == none ? entries_.size() : agent];
    }

    /// The last to end of what came before in time: the request before, or a sub-agent's last one. A
    /// sub-agent that is still at work is not waited for.
    [[nodiscard]] std::uint32_t waits_for(const chain& mine, std::uint32_t place) {
        std::uint32_t last = mine.last;
        for (const std::uint32_t agent : mine.agents) {
            const std::uint32_t its_last = chain_of(agent).last;
            if (its_last != none && its_last < place && (last == none || its_last > last)) last = its_last;
        }
        return last;
    }

    void resolve_times() {
        bool absolute = true;
        std::vector<bool> begun(entries_.size());
        for (const weka_entry& e : entries_) {
            if (e.parent == none || begun[e.parent]) continue;
            begun[e.parent] = true;
            absolute = absolute && e.t >= entries_[e.parent].t;
        }
        // No request comes before what its session asked before it.
        std::vector<double> latest(entries_.size() + 1, 0.0);
        for (std::size_t i = 0; i < entries_.size(); ++i) {
            const weka_entry& e = entries_[i];
            double& own = latest[e.parent == none ? entries_.size() : e.parent];
            const double start = e.parent == none || absolute ? 0 : times_[e.parent];
            times_[i] = std::max(start + e.t, own);
            if (e.agent)
                latest[i] = times_[i];
            else
                own = times_[i];
        }
    }

    const std::vector<weka_entry>& entries_;
    std::vector<double> times_;        ///< of each entry
    std::vector<std::uint32_t> order_; ///< entries by time
    std::vector<std::uint32_t> place_; ///< of each entry in it
    std::vector<chain> chains_;        ///< by the entry of the sub-agent; the conversation's behind them
    std::uint32_t sessions_ = 0;
};

} // namespace detail

} // namespace kvmark::workload
