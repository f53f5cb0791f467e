// cuFile as it is found, and what is said of it; the library is the stand-in.
#include <kvmark/gpu/cufile_mode.hpp>
#include <kvmark/gpu/device.hpp>

#include "stand_in/stand_in_cufile.hpp"
#include "support/temporary_directory.hpp"

#include <fcntl.h>

using namespace kvmark;
using Catch::Matchers::Contains;
using gpu::cufile;
using gpu::cufile_session;
using gpu::cufile_way;

namespace {

/// cuFile, and a GPU whose context is current.
struct machine {
    explicit machine(const char* words = "") : library(words) {}

    test::stand_in_cuda cuda;
    test::stand_in_cufile library;
    gpu::driver driver = *gpu::driver::load(test::stand_in_cuda::path);
    gpu::device device = [this] {
        auto opened = *gpu::device::open(driver, 0);
        opened.make_current();
        return opened;
    }();
    cufile loaded = *cufile::load(test::stand_in_cufile::path);
};

std::string why_not(const char* path) {
    const auto loaded = cufile::load(path);
    REQUIRE(!loaded);
    CHECK(loaded.error().kind == error_kind::unsupported);
    CHECK_THAT(loaded.error().message, !Contains("\n"));
    return loaded.error().message;
}

} // namespace

TEST_CASE("cuFile: why it cannot be used is one line") {
    CHECK_THAT(why_not("/none/libcufile.so.0"), Contains("no GPUDirect Storage: /none/libcufile.so.0"));
    CHECK(why_not("libm.so.6") == "no GPUDirect Storage: it has no function cuFileDriverOpen");
}

TEST_CASE("cuFile: its driver is open while somebody uses it, and why it does not open is one line") {
    const machine m;
    {
        auto one = cufile_session::open(m.loaded);
        REQUIRE(one);
        const auto other = cufile_session::open(m.loaded);
        REQUIRE(other);
        { const cufile_session moved = std::move(*one); }
        CHECK(m.library.calls("cuFileDriverOpen") == 1);
        CHECK(m.library.calls("cuFileDriverClose_v2") == 0);
    }
    CHECK(m.library.calls("cuFileDriverClose_v2") == 1);
    CHECK(cufile_session::open(m.loaded));
    CHECK(m.library.calls("cuFileDriverOpen") == 2);

    const auto why_not_open = [&](int code) {
        m.library.fail("cuFileDriverOpen", code);
        const auto opened = cufile_session::open(m.loaded);
        REQUIRE(!opened);
        CHECK(opened.error().kind == error_kind::unsupported);
        return opened.error().message;
    };
    CHECK(
        why_not_open(5025) ==
        "no GPUDirect Storage: cuFileDriverOpen: CU_FILE_PERMISSION_DENIED (5025); cufile.log may say more");
    CHECK_THAT(why_not_open(5111), Contains("cuFileDriverOpen: cuFile error (5111)"));
}

TEST_CASE("cuFile: which way data go is said as far as it tells") {
    struct installation {
        const char* words;
        cufile_way way;
        const char* text;
    };
    const installation c = GENERATE(values<installation>(
        {{"cufile=1.4 nvfs=0", cufile_way::host_memory,
          "cuFile 1.4: compatibility mode, through host memory: nvidia-fs is not loaded"},
         {"cufile=1.14 force_compat=1", cufile_way::host_memory,
          "cuFile 1.14: compatibility mode, through host memory: force_compat_mode is set"},
         {"nvfs_serves=0", cufile_way::host_memory,
          "through host memory: nvidia-fs 2.19 is loaded, and no file system is registered with it"},
         {"cufile=1.14 nvfs=0", cufile_way::host_memory, "nvidia-fs is not loaded and use_pci_p2pdma is off"},
         {"cufile=1.14 nvfs=0 p2pdma=1", cufile_way::either,
          "direct where it can be (the kernel's PCI P2PDMA)"},
         {"cufile=1.13 nvfs=0", cufile_way::either, "direct where it can be (the kernel's PCI P2PDMA)"},
         {"cufile=1.14 nvfs=0 p2pdma=1 allow_compat=0", cufile_way::direct,
          "cuFile 1.14: direct (the kernel's PCI P2PDMA); what cannot be fails"},
         {"cufile=1.4 nvfs=2.12 nvfs_serves=20 allow_compat=0", cufile_way::direct,
          "cuFile 1.4: direct (nvidia-fs 2.12 for NFS, NVMe); what cannot be fails"},
         {"cufile=1.14 p2pdma=1", cufile_way::either, "nvidia-fs 2.19 for NVMe, or the kernel's PCI P2PDMA"},
         {"fail=cuFileDriverGetProperties:5001@1", cufile_way::either,
          "is not known: CU_FILE_DRIVER_NOT_INITIALIZED (5001)"},
         {"fail=cuFileGetVersion:5001@1 nvfs=0", cufile_way::host_memory,
          "cuFile: compatibility mode, through host memory: nvidia-fs is not loaded"}}));
    const machine m(c.words);
    const auto open = cufile_session::open(m.loaded);
    REQUIRE(open);
    const gpu::cufile_mode mode = gpu::cufile_mode::of(m.loaded);
    INFO(c.words << ": " << mode.text);
    CHECK(mode.way == c.way);
    CHECK_THAT(mode.text, Contains(c.text) && !Contains("\n"));
}

TEST_CASE("cuFile: a file is registered as long as its object lives") {
    const machine m;
    const auto open = cufile_session::open(m.loaded);
    REQUIRE(open);
    const test::temporary_directory user;
    const int fd = ::open((user / "file").c_str(), O_RDWR | O_CREAT | O_DIRECT, 0600);
    REQUIRE(fd >= 0);
    {
        gpu::cufile_file kept;
        CHECK(kept.fd() == -1);
        {
            gpu::cufile_file file;
            REQUIRE(gpu::cufile_file::make(m.loaded, fd, file).good());
            CHECK(m.library.live_handles() == 1);
            gpu::cufile_file again;
            CHECK(gpu::cufile_file::make(m.loaded, fd, again).code ==
                  gpu::cufile_code::handle_already_registered);
            CHECK(again.fd() == -1);
            kept = std::move(file);
        }
        CHECK(kept.fd() == fd);
        CHECK(m.library.live_handles() == 1);
    }
    CHECK(m.library.live_handles() == 0);
    ::close(fd);
}

TEST_CASE("cuFile: each kind of failure has an errno that a tier can give") {
    using gpu::cufile_code;
    CHECK(gpu::errno_of(cufile_code::success) == 0);
    CHECK(gpu::errno_of(cufile_code::io_not_supported) == EOPNOTSUPP);
    CHECK(gpu::errno_of(cufile_code::pinning_failed) == ENOMEM);
    CHECK(gpu::errno_of(cufile_code::permission_denied) == EACCES);
    CHECK(gpu::errno_of(cufile_code::invalid_value) == EINVAL);
    CHECK(gpu::errno_of(cufile_code{5030}) == ENODEV);
    CHECK(gpu::errno_of(cufile_code{5999}) == ENODEV);
}
