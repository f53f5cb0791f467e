// Runs a program in a world without io_uring: `without_io_uring PROGRAM [ARGUMENT]...`
#include "support/refuse_io_uring.hpp"

#include <cstdio>
#include <cstdlib>
#include <unistd.h>

int main(int, char** arguments) {
    if (!kvmark::test::refuse_io_uring()) {
        std::puts("SKIPPED: the kernel takes no seccomp filter");
        return 77;
    }
    ::setenv("KVMARK_IO_URING_REFUSED", "on purpose", 1);
    ::execv(arguments[1], arguments + 1);
    std::perror(arguments[1]);
    return 1;
}
