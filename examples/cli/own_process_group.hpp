// What a child process does before it becomes its program.
#pragma once

#include <boost/system/error_code.hpp>

#include <csignal>
#include <sys/prctl.h>
#include <unistd.h>

namespace kvmark::cli {

/// An initializer of Boost.Process v2: a process group of its own, so that Ctrl-C reaches it through us and
/// nobody else, with the signals of a fresh process, and SIGTERM when the thread that started it is no more.
struct own_process_group {
    template <class Launcher>
    boost::system::error_code on_exec_setup(Launcher&, const auto&, const char* const*) {
        ::setpgid(0, 0);
        ::prctl(PR_SET_PDEATHSIG, SIGTERM);
        sigset_t none;
        ::sigemptyset(&none);
        ::sigprocmask(SIG_SETMASK, &none, nullptr);
        ::signal(SIGINT, SIG_DFL);
        ::signal(SIGTERM, SIG_DFL);
        return {};
    }
};

} // namespace kvmark::cli
