// The main of tests that hold for every GPU: they run where the driver finds one, a real one or the stand-in,
// and elsewhere the program says why not and exits 77.
#include <kvmark/gpu/driver.hpp>

#include <cstdio>

// tests/mpi/main.cpp says why the linker's --wrap=main. NOLINTBEGIN(bugprone-reserved-identifier)
extern "C" int __real_main(int argc, char** argv);

extern "C" int __wrap_main(int argc, char** argv) {
    const auto& driver = kvmark::gpu::driver::get();
    if (!driver) {
        std::printf("SKIPPED: %s\n", driver.error().message.c_str());
        return 77;
    }
    return __real_main(argc, argv);
}
// NOLINTEND(bugprone-reserved-identifier)
