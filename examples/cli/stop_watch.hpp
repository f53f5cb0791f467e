// SIGINT and SIGTERM for as long as a command of several runs goes on, between them too.
#pragma once

#include <kvmark/core/units.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <chrono>
#include <csignal>

namespace kvmark::cli {

/// A run listens by itself while it lasts; both are told of every signal.
class stop_watch {
public:
    stop_watch() : signals_(context_, SIGINT, SIGTERM) {
        signals_.async_wait([this](const boost::system::error_code& failed, int number) {
            if (!failed) signal_ = number;
        });
    }
    stop_watch(const stop_watch&) = delete;
    stop_watch& operator=(const stop_watch&) = delete;

    /// The signal that came first, or 0.
    [[nodiscard]] int signal() {
        context_.poll();
        return signal_;
    }

    /// Sleeps for `t`, less where a signal comes; whether it slept to the end.
    bool sleep(nanoseconds t) {
        if (signal() != 0) return false;
        if (t.count > 0) context_.run_for(std::chrono::nanoseconds(t.count));
        return signal() == 0;
    }

private:
    boost::asio::io_context context_{1};
    boost::asio::signal_set signals_;
    int signal_ = 0;
};

} // namespace kvmark::cli
