// Code that runs in a child of the test program: limits set there, and deaths, stay there.
#pragma once

#include "support/catch.hpp"

#include <csignal>
#include <sys/wait.h>
#include <unistd.h>

namespace kvmark::test {

inline int wait_for(pid_t child) {
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/// `body()` gives the exit status; it must not use Catch, whose failures would be lost. What comes back is
/// that status, or 128 and the signal that killed the child.
template <class Body>
int exit_status_of(Body&& body) {
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) ::_exit(body());
    return wait_for(child);
}

} // namespace kvmark::test
