// A launcher as a child process: its output as it comes, a deadline, signals passed on and escalated.
#pragma once

#ifndef BOOST_PROCESS_USE_STD_FS
#define BOOST_PROCESS_USE_STD_FS
#endif
#include <boost/optional.hpp>
#include <boost/type_traits/remove_pointer.hpp>

#include <kvmark/core/result.hpp>
#include <kvmark/core/units.hpp>
#include <kvmark/launch/quote.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/readable_pipe.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/process/v2/environment.hpp>
#include <boost/process/v2/process.hpp>
#include <boost/process/v2/stdio.hpp>

#include <array>
#include <chrono>
#include <csignal>
#include <sys/prctl.h>
#include <sys/wait.h>

namespace kvmark::exec {

struct supervision {
    argv command;
    std::vector<std::string> environment{}; ///< NAME=value, beside our own
    nanoseconds deadline{};                 ///< of the whole; 0: none
    int soft_stop = SIGTERM;                ///< what asks the ranks to end by themselves
    nanoseconds soft_grace{}; ///< how long they may take before the launcher is told to end them
    nanoseconds hard_grace{}; ///< how long the launcher may take before its group is killed
};

struct child_end {
    int exit_code = 0;      ///< of the child; 128 + n where signal n ended it
    int signal = 0;         ///< that ended it, or 0
    bool timed_out = false; ///< the deadline passed first
    int stop_signal = 0;    ///< SIGINT or SIGTERM, if we were sent one
    bool killed = false;    ///< nothing less than SIGKILL ended it
};

/// Runs a child in a process group of its own, so that Ctrl-C reaches it through us alone. SIGINT, SIGTERM
/// and the deadline lead to the same three steps: `soft_stop` to the child; SIGTERM to it, which launchers
/// pass on to their ranks everywhere; SIGKILL to its group, which leaves remote ranks to their own devices.
/// Each further SIGINT or SIGTERM goes to the next step at once. The child is sent SIGTERM if we die.
class supervisor {
public:
    explicit supervisor(const supervision& s)
        : order_(s), signals_(context_, SIGINT, SIGTERM), deadline_(context_), step_timer_(context_),
          out_(context_), err_(context_) {}
    supervisor(const supervisor&) = delete;
    supervisor& operator=(const supervisor&) = delete;

    /// Starts it and returns when it has ended and its output is read. `on_output(is_stderr, piece)` is told
    /// of its output as it comes. An error means that it could not be started.
    template <class Output>
    [[nodiscard]] result<child_end> run(Output&& on_output) {
        std::vector<std::string> words(order_.command.begin(), order_.command.end());
        const auto program = find(words.front());
        if (program.empty())
            return error{error_kind::system,
                         "cannot start " + quote(words.front()) + ": no such program in PATH"};
        words.erase(words.begin());
        boost::system::error_code failed;
        auto child = launch(program, words, failed);
        if (failed)
            return error{error_kind::system,
                         "cannot start " + quote(program.string()) + ": " + failed.message()};
        pid_ = child.id();
        read(out_, out_piece_, false, on_output);
        read(err_, err_piece_, true, on_output);
        listen();
        if (order_.deadline.count > 0) {
            deadline_.expires_after(std::chrono::nanoseconds(order_.deadline.count));
            deadline_.async_wait([this](const boost::system::error_code& e) {
                if (e) return;
                end_.timed_out = true;
                next_step();
            });
        }
        bool over = false;
        child.async_wait([&](const boost::system::error_code&, int) {
            over = true;
            const int status = child.native_exit_code();
            end_.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
            end_.exit_code = end_.signal != 0 ? 128 + end_.signal : WEXITSTATUS(status);
        });
        while (!over) context_.run_one();
        // What a grandchild may still hold open is not waited for.
        context_.run_for(std::chrono::milliseconds(200));
        return end_;
    }

    /// The ranks have said all: the launcher should end by itself within `t`, or is made to.
    void expect_end(nanoseconds t) {
        if (step_ != 0) return;
        step_timer_.expires_after(std::chrono::nanoseconds(t.count));
        step_timer_.async_wait([this](const boost::system::error_code& e) {
            if (!e) next_step(1);
        });
    }

private:
    using pipe = boost::asio::readable_pipe;
    using piece_buffer = std::array<char, 65536>;
    using error_code = boost::system::error_code;

    /// The environment of the child, and what it does before it becomes the program.
    struct fresh_process {
        std::vector<char*> variables;

        template <class Launcher>
        error_code on_setup(Launcher& launcher, const auto&, const char* const*) {
            launcher.env = variables.data();
            return {};
        }
        template <class Launcher>
        error_code on_exec_setup(Launcher&, const auto&, const char* const*) {
            ::setpgid(0, 0);
            ::prctl(PR_SET_PDEATHSIG, SIGTERM);
            sigset_t none;
            ::sigemptyset(&none);
            ::sigprocmask(SIG_SETMASK, &none, nullptr);
            for (const int s : {SIGINT, SIGTERM, SIGPIPE, SIGUSR1}) ::signal(s, SIG_DFL);
            return {};
        }
    };

    static std::filesystem::path find(const std::string& word) {
        if (word.find('/') != std::string::npos) return word;
        return boost::process::v2::environment::find_executable(word);
    }

    auto launch(const std::filesystem::path& program, const std::vector<std::string>& words,
                error_code& failed) {
        namespace process = boost::process::v2;
        fresh_process setup;
        for (std::string& variable : order_.environment) setup.variables.push_back(variable.data());
        for (char** v = ::environ; *v != nullptr; ++v) setup.variables.push_back(*v);
        setup.variables.push_back(nullptr);
        // Given the context in place of its executor, Boost 1.81 throws what it should assign to `failed`.
        return process::default_process_launcher()(context_.get_executor(), failed, program, words,
                                                   process::process_stdio{nullptr, out_, err_}, setup);
    }

    template <class Output>
    void read(pipe& from, piece_buffer& piece, bool is_stderr, Output& on_output) {
        from.async_read_some(boost::asio::buffer(piece), [&, is_stderr](const error_code& e, std::size_t n) {
            if (n != 0) on_output(is_stderr, std::string_view(piece.data(), n));
            if (!e) read(from, piece, is_stderr, on_output);
        });
    }

    void listen() {
        signals_.async_wait([this](const error_code& e, int number) {
            if (e) return;
            if (end_.stop_signal == 0) end_.stop_signal = number;
            next_step();
            listen();
        });
    }

    /// One step up, at least to `least`, and the next one after its grace.
    void next_step(int least = 0) {
        step_ = std::max(step_ + 1, least + 1);
        nanoseconds grace = order_.hard_grace;
        if (step_ == 1) {
            ::kill(pid_, order_.soft_stop);
            grace = order_.soft_grace;
        } else if (step_ == 2) {
            ::kill(pid_, SIGTERM);
        } else {
            end_.killed = true;
            ::kill(-pid_, SIGKILL);
            return;
        }
        step_timer_.expires_after(std::chrono::nanoseconds(grace.count));
        step_timer_.async_wait([this](const error_code& e) {
            if (!e) next_step();
        });
    }

    supervision order_;
    boost::asio::io_context context_{1};
    boost::asio::signal_set signals_;
    boost::asio::steady_timer deadline_, step_timer_;
    pipe out_, err_;
    piece_buffer out_piece_, err_piece_;
    child_end end_;
    pid_t pid_ = 0;
    int step_ = 0; ///< how far the end has gone: 1 asked, 2 told, 3 killed
};

} // namespace kvmark::exec
