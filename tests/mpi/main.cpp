// The main of a test program that runs on several ranks: all run every test case, rank 0 prints.
#include "mpi/ranks.hpp"

#include <cstdio>
#include <sys/mman.h>
#include <unistd.h>

// Debian's library of Catch2 holds a main in the same object as all else, so a main of one's own would be
// defined twice, and to compile Catch2 takes 19 s. The linker's --wrap=main has the start of the program call
// __wrap_main, and Catch's own main be __real_main. NOLINTBEGIN(bugprone-reserved-identifier)
extern "C" int __real_main(int argc, char** argv);

namespace {

/// Standard output kept in memory, to be shown when the rank has failed: reports of several ranks at once
/// cannot be read.
class held_output {
public:
    held_output() : file_(::memfd_create("output", MFD_CLOEXEC)) { ::dup2(file_, STDOUT_FILENO); }
    void show(int rank) const {
        std::fflush(stdout);
        ::lseek(file_, 0, SEEK_SET);
        std::FILE* text = ::fdopen(file_, "r");
        for (char line[1024]; text && std::fgets(line, sizeof line, text);)
            std::fprintf(stderr, "rank %d: %s", rank, line);
    }

private:
    int file_;
};

int run(int argc, char** argv) {
    int level = MPI_THREAD_SINGLE;
    MPI_Init_thread(&argc, &argv, MPI_THREAD_SERIALIZED, &level);
    const int rank = kvmark::test::rank();
    int failed = 0;
    if (level < MPI_THREAD_SERIALIZED) {
        std::fprintf(stderr, "this MPI does not give MPI_THREAD_SERIALIZED\n");
        failed = 1;
    } else if (rank == 0) {
        failed = __real_main(argc, argv);
    } else {
        const held_output output;
        failed = __real_main(argc, argv);
        if (failed != 0) output.show(rank);
    }
    MPI_Finalize();
    return failed == 0 ? 0 : 1;
}

} // namespace

extern "C" int __wrap_main(int argc, char** argv) { return run(argc, argv); }
// NOLINTEND(bugprone-reserved-identifier)
