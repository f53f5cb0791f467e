// A model of the accelerator: how long prompts and tokens take to compute.
#pragma once

#include <kvmark/core/min_heap.hpp>
#include <kvmark/core/units.hpp>

#include <deque>

namespace kvmark::engine {

struct accelerator_config {
    double prefill_tokens_per_second = 0; ///< of one prompt at a time; 0: it takes no time
    double decode_tokens_per_second = 0;  ///< of each sequence; 0: it takes no time
};

/// Prompts are prefilled one after the other, in the order in which they are ready, and nothing is decoded
/// meanwhile, as in a server without chunked prefill. Between prefills all sequences decode side by side,
/// each at its rate, so a prefill shows in the inter-token latency of the others. What it computes is
/// counted in tokens alone: no attention cost that grows with the context.
template <class Request>
class accelerator {
public:
    static constexpr nanoseconds never{INT64_MAX};

    explicit accelerator(const accelerator_config& c)
        : prefill_ns_(c.prefill_tokens_per_second > 0 ? 1e9 / c.prefill_tokens_per_second : 0),
          decode_ns_(c.decode_tokens_per_second > 0 ? 1e9 / c.decode_tokens_per_second : 0) {}

    /// `r` is ready to be prefilled at `now`, which is not before the last advance().
    void prefill(Request& r, tokens n, nanoseconds now) {
        waiting_.push_back({&r, rounded(prefill_ns_ * static_cast<double>(n.count))});
        if (!prefilling_) begin_prefill(now);
    }

    /// When advance() has something to tell, if nothing else is begun before; never: nothing.
    [[nodiscard]] nanoseconds next_event() const {
        if (prefilling_) return prefill_end_;
        return decoding_.empty() ? never : decoded_until_ + rounded(decoding_.top().target - progress_);
    }

    /// Goes on to `now`, and tells what happened up to it in order: first_token(r, when) ends a prefill and
    /// returns how many tokens are to be decoded; completed(r, when) ends the last of them.
    template <class FirstToken, class Completed>
    void advance(nanoseconds now, FirstToken&& first_token, Completed&& completed) {
        for (;;) {
            const nanoseconds when = next_event();
            if (when > now) break;
            if (prefilling_) {
                Request& r = *waiting_.front().request;
                waiting_.pop_front();
                prefilling_ = false;
                decoded_until_ = when;
                const double decodes = decode_ns_ * static_cast<double>(first_token(r, when).count);
                if (decodes > 0)
                    decoding_.push({progress_ + decodes, order_++, &r});
                else
                    completed(r, when); // no prefill keeps it waiting
                if (!waiting_.empty()) begin_prefill(when);
            } else {
                const sequence done = decoding_.top();
                decoding_.pop();
                progress_ = done.target;
                decoded_until_ = when;
                completed(*done.request, when);
            }
        }
        if (prefilling_ || now < decoded_until_) return;
        progress_ += static_cast<double>((now - decoded_until_).count);
        decoded_until_ = now;
    }

private:
    struct prompt {
        Request* request;
        nanoseconds takes;
    };
    /// A sequence is complete when the decoding time that all share has come to its target.
    struct sequence {
        double target;
        std::uint64_t order;
        Request* request;

        [[nodiscard]] bool operator<(const sequence& s) const {
            return target != s.target ? target < s.target : order < s.order;
        }
    };

    static nanoseconds rounded(double ns) { return nanoseconds(__builtin_llrint(ns)); }

    void begin_prefill(nanoseconds now) {
        if (now > decoded_until_) progress_ += static_cast<double>((now - decoded_until_).count);
        prefilling_ = true;
        prefill_end_ = now + waiting_.front().takes;
    }

    double prefill_ns_; // of one token
    double decode_ns_;
    std::deque<prompt> waiting_; // the first one is under way while prefilling_
    bool prefilling_ = false;
    nanoseconds prefill_end_{};
    min_heap<sequence> decoding_;
    double progress_ = 0;         // decoding time so far, in nanoseconds
    nanoseconds decoded_until_{}; // the instant that progress_ holds for
    std::uint64_t order_ = 0;
};

} // namespace kvmark::engine
