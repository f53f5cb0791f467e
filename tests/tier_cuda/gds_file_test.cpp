// Files by GPUDirect Storage: what lies on the disk, what goes past the host, and what is said when it cannot
// be.
#include <kvmark/tier/gds_file.hpp>
#include <kvmark/tier/selected_layout.hpp>

#include "stand_in/stand_in_cufile.hpp"
#include "support/temporary_directory.hpp"
#include "tier/entry_bytes.hpp"
#include "tier/mounted_memory.hpp"

#include <fcntl.h>

using namespace kvmark;
using Catch::Matchers::Contains;
using test::temporary_directory;
using tier::entry_id;
using tier::layout_kind;

static_assert(tier::blocking_tier<tier::gds_file> && tier::storage_tier<tier::gds_file>);
static_assert(!tier::queued_tier<tier::gds_file> && !tier::has_commit<tier::gds_file>);
static_assert(tier::has_instant_metadata<tier::basic_gds_file<tier::slab>>);

namespace {

using selected_file = tier::basic_gds_file<tier::selected_layout>;

constexpr bytes limit{test::io_chunk * 200};

/// Both libraries as they are where nothing is wrong; the GPU first, since the files lie on its memory.
struct machine {
    test::stand_in_cuda cuda;
    test::stand_in_cufile files;

    ~machine() {
        CHECK(files.live_handles() == 0);
        CHECK(files.live_buffers() == 0);
        CHECK(cuda.live_allocations() == 0);
        CHECK(cuda.live_streams() == 0);
        CHECK(cuda.pinned_ranges() == 0);
    }
};

tier::tier_setup setup_in(const std::string& directory, layout_kind layout = {}) {
    return {.limit = limit,
            .io_chunk = test::io_chunk,
            .queue_depth = 4,
            .cache_dir = directory,
            .layout = layout};
}

layout_kind each_layout() {
    return GENERATE(layout_kind::file_per_entry, layout_kind::file_per_block, layout_kind::slab);
}

/// Whether the files below `directory` hold all of that content, part by part, somewhere at a sector.
bool lies_on_disk(const std::string& directory, bytes size, std::uint64_t content) {
    std::vector<std::vector<std::byte>> sectors;
    for (const std::string& path : test::files_below(directory)) {
        const int fd = ::open(path.c_str(), O_RDONLY);
        std::vector<std::byte> sector(tier::sector_size.count);
        for (off_t at = 0; ::pread(fd, sector.data(), sector.size(), at) > 0;
             at += static_cast<off_t>(sector.size()))
            sectors.push_back(sector);
        ::close(fd);
    }
    for (bytes at{}; at < size; at += tier::sector_size)
        if (std::none_of(sectors.begin(), sectors.end(),
                         [&](const auto& sector) { return test::holds(sector, content, at); }))
            return false;
    return true;
}

/// A tier whose entries lie one after another in memory of a GPU of its own.
struct resident {
    static constexpr std::string_view name = "resident";
    static constexpr tier::tier_role role = tier::tier_role::gpu;

    explicit resident(std::uint32_t gpu = 0)
        : device(*gpu::device::open(*gpu::driver::get(), gpu)),
          memory(*gpu::device_memory::allocate(device, limit)) {}

    result<void> open(const tier::tier_setup&) { return {}; }
    tier::io_status create(entry_id, bytes) { return {}; }
    tier::io_status erase(entry_id) { return {}; }
    tier::io_status write(entry_id, bytes, std::span<const std::byte>) { return {}; }
    tier::io_status read(entry_id, bytes, std::span<std::byte>) { return {}; }
    [[nodiscard]] gpu::device_address device_address_of(entry_id e, bytes offset) const {
        return memory.address() + e * 20 * test::io_chunk.count + offset.count;
    }
    [[nodiscard]] const gpu::device& device_of(entry_id, bytes) const { return device; }

    [[nodiscard]] std::span<std::byte> seen(const machine& m, entry_id e, bytes size) const {
        return {m.cuda.host_pointer(device_address_of(e, {}), size.count), size.count};
    }

    gpu::device device;
    gpu::device_memory memory;
};
static_assert(tier::device_resident_tier<resident>);
static_assert(tier::takes_from<tier::gds_file, resident> &&
              !tier::takes_from<tier::gds_file, tier::gds_file>);

/// Calls f(offset, length) for each I/O of an entry until one fails.
template <class F>
tier::io_status for_each_part(bytes size, F&& f) {
    for (bytes at{}; at < size; at += test::io_chunk)
        if (const auto s = f(at, size - at < test::io_chunk ? size - at : test::io_chunk); !s.good())
            return s;
    return {};
}

} // namespace

TEST_CASE("gds file: entries written from the host lie on the disk and come back, in every layout") {
    const layout_kind layout = each_layout();
    const machine m;
    const temporary_directory user;
    {
        selected_file tier;
        REQUIRE(tier.open(setup_in(user.path(), layout)));
        for (std::uint64_t round = 0; round < 2; ++round) {
            const std::uint64_t sectors[] = {1, 4, 5, 6, 37};
            for (const std::uint64_t n : sectors) {
                const auto e = static_cast<entry_id>(n);
                REQUIRE(test::put(tier, e, tier::sector_size * n, 10 * n + round).good());
                CHECK(lies_on_disk(user.path(), tier::sector_size * n, 10 * n + round));
            }
            for (const std::uint64_t n : sectors)
                CHECK(test::has(tier, static_cast<entry_id>(n), tier::sector_size * n, 10 * n + round));
            for (const std::uint64_t n : sectors) REQUIRE(tier.erase(static_cast<entry_id>(n)).good());
        }
        CHECK(tier.erase(12'345).good());
        CHECK(m.files.unregistered_io() == 0);
    }
    CHECK(test::files_below(user.path()).empty());
}

TEST_CASE("gds file: a tier on a GPU writes and reads its memory past the host, in every layout") {
    const layout_kind layout = each_layout();
    const bool registered = GENERATE(true, false);
    const machine m;
    const temporary_directory user;
    const bytes size = test::io_chunk * 7 + tier::sector_size * 2;
    resident gpu;
    selected_file tier;
    REQUIRE(tier.open(setup_in(user.path(), layout)));
    if (registered) tier.register_memory(gpu.device, gpu.memory.address(), gpu.memory.size());
    const std::string note = tier.note();
    for (const entry_id e : {1u, 2u}) {
        test::fill(gpu.seen(m, e, size), e, {});
        REQUIRE(tier.create(e, size).good());
        REQUIRE(for_each_part(size, [&](bytes at, bytes n) { return tier.take(gpu, e, at, n); }).good());
        CHECK(lies_on_disk(user.path(), size, e));
        CHECK(test::has(tier, e, size, e));
    }
    for (const entry_id e : {1u, 2u}) {
        REQUIRE(for_each_part(size, [&](bytes at, bytes n) {
                    return tier.read_into(gpu.device, gpu.device_address_of(e + 5, at), e, at, n);
                }).good());
        CHECK(test::holds(gpu.seen(m, e + 5, size), e, {}));
    }
    CHECK((m.files.unregistered_io() == 0) == registered);
    CHECK(m.cuda.calls("cuMemcpyHtoDAsync_v2") == 0); // those to the host are of test::has()
    CHECK(tier.note() == note);
    if (registered) tier.release_memory(gpu.memory.address());
}

TEST_CASE("gds file: memory of another GPU than the tier's own is moved in that GPU's context") {
    const machine m{test::stand_in_cuda("devices=2"), test::stand_in_cufile()};
    const temporary_directory user;
    {
        resident gpu(1);
        tier::gds_file tier;
        REQUIRE(tier.open(setup_in(user.path())));
        REQUIRE(tier.create(0, test::io_chunk).good());
        test::fill(gpu.seen(m, 0, test::io_chunk), 3, {});
        REQUIRE(tier.take(gpu, 0, {}, test::io_chunk).good());
        REQUIRE(tier.read_into(gpu.device, gpu.device_address_of(1, {}), 0, {}, test::io_chunk).good());
        CHECK(test::holds(gpu.seen(m, 1, test::io_chunk), 3, {}));
    }
}

TEST_CASE("gds file: more threads than buffers read one entry at once") {
    const layout_kind layout = each_layout();
    const machine m;
    const temporary_directory user;
    selected_file tier;
    auto setup = setup_in(user.path(), layout);
    setup.queue_depth = 2;
    REQUIRE(tier.open(setup));
    const bytes size = test::io_chunk * 20;
    REQUIRE(test::put(tier, 2, size, 2).good());
    CHECK(test::concurrent_read_faults(tier, 2, size, 2) == 0);
}

TEST_CASE("gds file: an entry's file is registered once, and one opened for an I/O each time") {
    const machine m;
    const temporary_directory user;
    const bytes size = test::io_chunk * 5;
    const auto registrations = [&](layout_kind layout) {
        selected_file tier;
        REQUIRE(tier.open(setup_in(user.path(), layout)));
        const std::uint64_t before = m.files.calls("cuFileHandleRegister");
        REQUIRE(test::put(tier, 0, size, 1).good());
        REQUIRE(test::has(tier, 0, size, 1));
        return m.files.calls("cuFileHandleRegister") - before;
    };
    CHECK(registrations(layout_kind::file_per_entry) == 1);
    CHECK(registrations(layout_kind::file_per_block) == 10);
    CHECK(registrations(layout_kind::slab) == 0);
}

TEST_CASE("gds file: past the limit of open files entries are opened and registered for each I/O") {
    const temporary_directory user;
    const int status = test::exit_status_of([&] {
        const test::stand_in_cuda cuda;
        const test::stand_in_cufile files;
        rlimit few{};
        ::getrlimit(RLIMIT_NOFILE, &few);
        few.rlim_cur = few.rlim_max = 96; // 64 are left to the rest of the process
        ::setrlimit(RLIMIT_NOFILE, &few);
        tier::gds_file tier;
        if (!tier.open(setup_in(user.path()))) return 1;
        for (entry_id e = 0; e < 40; ++e)
            if (!test::put(tier, e, tier::sector_size * 3, e).good()) return 2;
        if (files.live_handles() != 12) return 3;
        for (entry_id e = 0; e < 40; ++e)
            if (!test::has(tier, e, tier::sector_size * 3, e)) return 4;
        for (entry_id e = 0; e < 40; ++e)
            if (!tier.erase(e).good()) return 5;
        return files.live_handles() == 0 ? 0 : 6;
    });
    CHECK(status == 0);
}

TEST_CASE("gds file: what cuFile moves in pieces arrives whole") {
    const machine m;
    const temporary_directory user;
    tier::gds_file tier;
    REQUIRE(tier.open(setup_in(user.path())));
    m.files.move_at_most(2 * tier::sector_size.count);
    REQUIRE(test::put(tier, 0, test::io_chunk * 3, 1).good());
    CHECK(test::has(tier, 0, test::io_chunk * 3, 1));
    CHECK(m.files.calls("cuFileRead") == 9);
}

TEST_CASE("gds file: an error of cuFile is the caller's errno, and its name is in the note") {
    const machine m;
    const temporary_directory user;
    tier::gds_file tier;
    REQUIRE(tier.open(setup_in(user.path())));
    REQUIRE(test::put(tier, 0, test::io_chunk, 1).good());
    const huge_page_buffer buffer(test::io_chunk);
    const auto error_of = [&](const char* function, int code) {
        m.files.fail(function, code, 1, true);
        return (std::string_view(function) == "cuFileRead" ? tier.read(0, {}, buffer.span())
                                                           : tier.write(0, {}, buffer.span()))
            .error_number;
    };
    CHECK(error_of("cuFileRead", EIO) == EIO);
    CHECK(error_of("cuFileWrite", ENOSPC) == ENOSPC);
    CHECK_THAT(tier.note(), !Contains("failed"));
    CHECK(error_of("cuFileRead", 5000) == EIO); // -1 and no errno
    CHECK(error_of("cuFileWrite", 5008) == EOPNOTSUPP);
    CHECK_THAT(tier.note(), Contains("an I/O failed with CU_FILE_IO_NOT_SUPPORTED (5008)"));
    CHECK(error_of("cuFileRead", 5036) == ENOMEM);
    CHECK(error_of("cuFileRead", 5030) == ENODEV);
    CHECK_THAT(tier.note(), Contains("(5008)") && !Contains("(5030)"));
    m.files.move_at_most(0);
    CHECK(tier.read(0, {}, buffer.span()).error_number == EIO);
    m.files.move_at_most(~std::size_t{0});
    CHECK(tier.read(0, {}, buffer.span()).good());
}

TEST_CASE("gds file: a file that cuFile does not take is no entry, and leaves nothing") {
    const machine m;
    const temporary_directory user;
    tier::gds_file tier;
    REQUIRE(tier.open(setup_in(user.path())));
    m.files.fail("cuFileHandleRegister", 5025, 1, true);
    CHECK(tier.create(0, test::io_chunk).error_number == EACCES);
    CHECK(test::files_below(user.path()).empty());
    CHECK(test::put(tier, 0, test::io_chunk, 1).good());
}

TEST_CASE("gds file: a GPU that is lost is said to be, and its calls fail") {
    const machine m;
    const temporary_directory user;
    tier::gds_file tier;
    REQUIRE(tier.open(setup_in(user.path())));
    REQUIRE(test::put(tier, 0, test::io_chunk, 1).good());
    CHECK(!tier.is_lost());
    m.cuda.lose(0);
    const huge_page_buffer buffer(test::io_chunk);
    CHECK(tier.read(0, {}, buffer.span()).error_number == ENODEV);
    CHECK(tier.is_lost());
    CHECK_THAT(tier.note(), Contains("GPU 0: lost during the run"));
}

TEST_CASE("gds file: the note says which way the data go") {
    const machine m;
    const temporary_directory user;
    const auto note = [&](const char* words) {
        m.files.reset(words);
        tier::gds_file tier;
        REQUIRE(tier.open(setup_in(user.path())));
        return tier.note();
    };
    CHECK(note("nvfs=0") == "cuFile 1.4: compatibility mode, through host memory: nvidia-fs is not loaded");
    CHECK(note("allow_compat=0") == "cuFile 1.4: direct (nvidia-fs 2.19 for NVMe); what cannot be fails");
    CHECK_THAT(note(""),
               Contains("direct where it can be (nvidia-fs 2.19 for NVMe), else through host memory"));
}

TEST_CASE("gds file: --strict refuses compatibility mode") {
    const machine m;
    const temporary_directory user;
    m.files.reset("nvfs=0");
    auto setup = setup_in(user.path());
    setup.strict = true;
    tier::gds_file tier;
    const auto opened = tier.open(setup);
    REQUIRE(!opened);
    CHECK(opened.error().kind == error_kind::unsupported);
    CHECK_THAT(opened.error().message, Contains("--strict") && Contains("nvidia-fs is not loaded"));
    m.files.reset();
    CHECK(tier::gds_file().open(setup));
}

TEST_CASE("gds file: what cuFile refuses to register is used all the same, and noted") {
    const machine m;
    const temporary_directory user;
    m.files.fail("cuFileBufRegister", 5036);
    resident gpu;
    tier::gds_file tier;
    REQUIRE(tier.open(setup_in(user.path())));
    CHECK_THAT(tier.note(),
               Contains("staging buffers are not registered, CU_FILE_GPU_MEMORY_PINNING_FAILED"));
    tier.register_memory(gpu.device, gpu.memory.address(), gpu.memory.size());
    CHECK_THAT(tier.note(), Contains("of GPU 0 are not registered with cuFile"));
    REQUIRE(test::put(tier, 0, test::io_chunk, 1).good());
    CHECK(test::has(tier, 0, test::io_chunk, 1));
    CHECK(m.files.unregistered_io() == 2);
    CHECK(tier.read_into(gpu.device, gpu.device_address_of(0, {}), 0, {}, test::io_chunk).good());
    tier.release_memory(gpu.memory.address());
}

TEST_CASE("gds file: files in memory are refused before the clock starts, in one line") {
    const layout_kind layout = each_layout();
    const temporary_directory user;
    const int status = test::exit_status_with_mounted(user.path(), "tmpfs", "", [&] {
        const test::stand_in_cuda cuda;
        const test::stand_in_cufile files;
        selected_file tier;
        const auto opened = tier.open(setup_in(user.path(), layout));
        if (opened) return 1;
        const std::string& why = opened.error().message;
        if (opened.error().kind != error_kind::unsupported) return 2;
        if (why.find("CU_FILE_IO_NOT_SUPPORTED (5008)") == std::string::npos) return 3;
        if (why.find(user.path()) == std::string::npos || why.find('\n') != std::string::npos) return 4;
        return 0;
    });
    CHECK(status == 0);
}

// In a process of its own: the libraries are looked for once.
TEST_CASE("opened in vain: gds file", "[.]") {
    tier::gds_file tier;
    const auto opened = tier.open(setup_in(std::getenv("KVMARK_TEST_DIR")));
    REQUIRE(!opened);
    CHECK(opened.error().kind == error_kind::unsupported);
    CHECK_THAT(opened.error().message, Contains(std::getenv("KVMARK_TEST_REFUSAL")) && !Contains("\n"));
}

TEST_CASE("gds file: without cuFile, or without a GPU, open() says so in one line") {
    const temporary_directory user;
    const auto refusal_with = [&](const char* driver, const char* cufile, const char* expected) {
        return test::exit_status_of([&] {
            ::setenv("KVMARK_CUDA_DRIVER", driver, 1);
            ::setenv("KVMARK_CUFILE", cufile, 1);
            ::setenv("KVMARK_TEST_DIR", user.path().c_str(), 1);
            ::setenv("KVMARK_TEST_REFUSAL", expected, 1);
            return ::execl("/proc/self/exe", "kvmark-test", "opened in vain: gds file", nullptr);
        });
    };
    CHECK(refusal_with("/none/libcuda.so.1", test::stand_in_cufile::path, "/none/libcuda.so.1") == 0);
    CHECK(refusal_with(test::stand_in_cuda::path, "/none/libcufile.so.0", "/none/libcufile.so.0") == 0);
    CHECK(test::files_below(user.path()).empty());
}
