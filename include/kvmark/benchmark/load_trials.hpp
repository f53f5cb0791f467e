// Trials at one load after another, each load until it is decided; what a search is made of.
#pragma once

#include <kvmark/core/clock.hpp>
#include <kvmark/core/result.hpp>
#include <kvmark/measure/confidence.hpp>

#include <optional>
#include <string>
#include <vector>

namespace kvmark {

/// One trial: what is asked of it, and what it found.
struct load_trial {
    double load = 0;
    std::size_t number = 0; ///< of all trials of the search, from 0
    std::uint64_t seed = 0;
    double warmup = 0; ///< seconds

    std::vector<measure::estimate> figures{}; ///< one for each target
    bool overloaded = false;                  ///< the backlog grew: the load fails, whatever the figures
    bool steady = true;                       ///< false: it still settled, and more warm-up would help
    bool stopped = false;                     ///< the user stopped it: its figures count for nothing
    double seconds = 0;                       ///< it took, by the search's clock
    bool counts = true;                       ///< false: repeated with more warm-up
};

/// Keeps its target where the figure is at most `limit`, or at least.
struct load_target {
    double limit = 0;
    bool at_least = false;
};

enum class load_verdict : std::uint8_t { keeps, fails };

/// A load and all its trials.
struct load_point {
    double load = 0;
    std::vector<load_trial> trials{};           ///< in their order, those repeated too
    std::vector<measure::interval> intervals{}; ///< one for each target, over the trials that count
    load_verdict verdict = load_verdict::fails;
    double confidence = 0; ///< that the verdict holds, 0.5..1
    bool decided = false;  ///< false: the interval still straddles the target

    [[nodiscard]] std::size_t counted() const {
        std::size_t n = 0;
        for (const load_trial& t : trials) n += t.counts;
        return n;
    }
};

enum class search_end : std::uint8_t {
    found,
    all_keep,    ///< the highest load keeps the target
    none_keeps,  ///< the lowest fails
    out_of_time, ///< what was asked of max_seconds
    stopped,     ///< by the user
    failed       ///< a trial could not be done
};

struct search_settings {
    double lowest = 1;
    double highest = 1e6;
    bool whole = false;          ///< loads are whole numbers
    double precision = 0.02;     ///< between the highest load that keeps and the lowest that fails
    std::size_t max_trials = 5;  ///< of one load
    double max_seconds = 0;      ///< 0: no bound
    double warmup = 0;           ///< seconds, of the first trial
    double longest_warmup = 0;   ///< it is doubled up to here while trials are not steady
    std::uint64_t seed = 0;      ///< of the first trial of each load
    std::uint64_t seed_step = 1; ///< from a trial of a load to its next
    double confidence = 0.95;    ///< of the intervals
};

/// Runs trials and keeps the path. `Run` is result<load_trial>(const load_trial& asked), `Clock` has
/// nanoseconds now(). Every load gets the same seeds: what differs between loads is then the load.
template <class Run, class Clock = clocks::steady>
class load_trials {
public:
    load_trials(const search_settings& settings, std::vector<load_target> targets, Run run, Clock clock = {})
        : settings_(settings), targets_(std::move(targets)), run_(std::move(run)), clock_(std::move(clock)),
          begun_(clock_.now()), warmup_(settings.warmup) {}

    /// One more trial at the load, with longer and longer warm-up until it is steady. Null where the search
    /// has ended: end() says why. Pointers to points end with the next call.
    load_point* once(double load) {
        load_point& point = at(load);
        for (;;) {
            if (out_of_time()) return ended(search_end::out_of_time);
            const nanoseconds begun = clock_.now();
            result<load_trial> done =
                run_(load_trial{.load = load,
                                .number = trials_,
                                .seed = settings_.seed + settings_.seed_step * point.counted(),
                                .warmup = warmup_});
            if (!done) {
                failure_ = done.error();
                return ended(search_end::failed);
            }
            done->seconds = to_seconds(clock_.now() - begun);
            if (done->seconds > longest_) longest_ = done->seconds;
            const bool again = !done->stopped && !done->steady && !done->overloaded && lengthen_warmup();
            done->counts = !again && !done->stopped;
            const bool stopped = done->stopped;
            point.trials.push_back(*std::move(done));
            ++trials_;
            if (stopped) return ended(search_end::stopped);
            if (again) continue;
            decide(point);
            return &point;
        }
    }

    /// Trials at the load until its intervals leave the targets, `least` of them and max_trials at most.
    load_point* until_decided(double load, std::size_t least = 1) {
        load_point* point = nullptr;
        do {
            point = once(load);
        } while (point && (point->counted() < least || !point->decided) &&
                 point->counted() < settings_.max_trials);
        return point;
    }

    [[nodiscard]] const search_settings& settings() const { return settings_; }
    /// In the order of their first trial.
    [[nodiscard]] const std::vector<load_point>& path() const { return points_; }
    [[nodiscard]] std::optional<search_end> end() const { return end_; }
    [[nodiscard]] const std::optional<error>& failure() const { return failure_; }
    [[nodiscard]] double seconds() const { return to_seconds(clock_.now() - begun_); }
    [[nodiscard]] std::size_t trials() const { return trials_; }

private:
    load_point& at(double load) {
        for (load_point& p : points_)
            if (p.load == load) return p;
        points_.push_back({.load = load});
        return points_.back();
    }

    load_point* ended(search_end why) {
        end_ = why;
        if (points_.back().counted() == 0 && points_.back().trials.empty()) points_.pop_back();
        return nullptr;
    }

    /// Not to begin what would end too late, as far as the longest trial so far tells.
    [[nodiscard]] bool out_of_time() const {
        return settings_.max_seconds > 0 && trials_ > 0 && seconds() + longest_ > settings_.max_seconds;
    }

    [[nodiscard]] bool lengthen_warmup() {
        if (warmup_ >= settings_.longest_warmup) return false;
        const double shortest = settings_.longest_warmup / 16;
        warmup_ = warmup_ * 2 > shortest ? warmup_ * 2 : shortest;
        if (warmup_ > settings_.longest_warmup) warmup_ = settings_.longest_warmup;
        return true;
    }

    void decide(load_point& p) const {
        std::size_t overloaded = 0;
        for (const load_trial& t : p.trials) overloaded += t.counts && t.overloaded;
        p.intervals.clear();
        bool keeps = true, surely_keeps = true, surely_fails = false;
        double all_keep = 1; // the probability of the target that is least sure
        std::vector<measure::estimate> values;
        for (std::size_t i = 0; i < targets_.size(); ++i) {
            values.clear();
            for (const load_trial& t : p.trials)
                if (t.counts) values.push_back(t.figures[i]);
            const measure::interval range =
                p.intervals.emplace_back(measure::interval_of(values, settings_.confidence));
            const load_target& target = targets_[i];
            const double below = range.below(target.limit);
            const double kept = target.at_least ? (range.mean == target.limit ? 1 : 1 - below) : below;
            if (kept < all_keep) all_keep = kept;
            keeps &= target.at_least ? range.mean >= target.limit : range.mean <= target.limit;
            surely_keeps &= target.at_least ? range.low >= target.limit : range.high <= target.limit;
            surely_fails |= target.at_least ? range.high < target.limit : range.low > target.limit;
        }
        const bool overload = 2 * overloaded > p.counted();
        p.verdict = keeps && !overload ? load_verdict::keeps : load_verdict::fails;
        p.decided = overload || surely_fails || (surely_keeps && overloaded == 0);
        p.confidence = overload ? 1 : p.verdict == load_verdict::keeps ? all_keep : 1 - all_keep;
    }

    search_settings settings_;
    std::vector<load_target> targets_;
    Run run_;
    Clock clock_;
    nanoseconds begun_{};
    double warmup_ = 0;
    double longest_ = 0;
    std::size_t trials_ = 0;
    std::vector<load_point> points_;
    std::optional<search_end> end_;
    std::optional<error> failure_;
};

/// The load halfway between two, whole where loads are.
[[nodiscard]] inline double load_between(const search_settings& s, double low, double high) {
    const double middle = low + (high - low) / 2;
    return s.whole ? std::floor(middle) : middle;
}

/// Whether no load between the two is worth a trial.
[[nodiscard]] inline bool close_enough(const search_settings& s, double low, double high) {
    return high - low <= s.precision * low || (s.whole && high - low <= 1);
}

/// The load after `load` while it grows: twice as much.
[[nodiscard]] inline double next_load(const search_settings& s, double load) {
    const double more = 2 * load;
    return more < s.highest ? more : s.highest;
}

} // namespace kvmark
