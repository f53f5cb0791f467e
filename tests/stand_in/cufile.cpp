// A library with cuFile's functions: moves bytes between files and the memory of the stand-in for a GPU.
#include "stand_in/call_log.hpp"

#include <kvmark/gpu/cufile.hpp>

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <linux/magic.h>
#include <map>
#include <set>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define KVMARK_CUFILE extern "C" [[gnu::visibility("default")]]

// Of the stand-in for the CUDA driver, which this library is linked to.
extern "C" void* kvmark_stand_in_host_pointer(std::uint64_t address, std::size_t bytes);
extern "C" kvmark::gpu::status cuMemGetInfo_v2(std::size_t* free, std::size_t* total);

namespace kvmark::stand_in {
namespace {

using gpu::cufile_code;
using gpu::cufile_outcome;

constexpr cufile_code driver_not_initialized{5001}, cuda_memory_type_invalid{5013}, invalid_file_type{5018},
    dio_not_set{5020}, memory_already_registered{5023}, memory_not_registered{5024}, getnewfd_failed{5031},
    invalid_context{5047};

/// A misuse that the real one may answer with a hang or a crash.
[[noreturn]] void die(const char* why) {
    std::fprintf(stderr, "stand-in cuFile: %s\n", why);
    std::abort();
}

struct file {
    int fd;
    dev_t device;
    ino_t inode;
    int second_fd; ///< as the real one has, for I/O that is not aligned

    [[nodiscard]] bool is_open() const {
        struct stat now {};
        return ::fstat(fd, &now) == 0 && now.st_dev == device && now.st_ino == inode;
    }
};

struct library {
    std::mutex turn;
    settings asked = settings::parse(std::getenv("KVMARK_STAND_IN"));
    bool is_open = false;
    std::map<int, file> files{}; ///< registered; their addresses are the handles
    std::map<std::uint64_t, std::size_t> buffers{};
    std::atomic<std::uint64_t> unregistered_io{0};
    std::atomic<std::size_t> most{~std::size_t{0}}; ///< that one call moves

    static library& get() {
        static library& one = *new library;
        return one;
    }
};

bool has_context() {
    std::size_t free = 0, total = 0;
    return cuMemGetInfo_v2(&free, &total) == gpu::status::success;
}

cufile_outcome failed(int code) { return {cufile_code{code}, {}}; }

cufile_outcome register_file(library& l, gpu::cufile_handle* handle, const gpu::cufile_descriptor* d) {
    if (handle == nullptr || d == nullptr || d->type != 1) return {cufile_code::invalid_value};
    struct stat s {};
    if (::fstat(d->fd, &s) != 0 || (!S_ISREG(s.st_mode) && !S_ISBLK(s.st_mode))) return {invalid_file_type};
    struct statfs where {};
    if (::fstatfs(d->fd, &where) != 0 || where.f_type == TMPFS_MAGIC || where.f_type == RAMFS_MAGIC)
        return {cufile_code::io_not_supported};
    if ((::fcntl(d->fd, F_GETFL) & O_DIRECT) == 0) return {dio_not_set};
    const std::lock_guard mine(l.turn);
    if (const auto before = l.files.find(d->fd); before != l.files.end()) {
        if (!before->second.is_open()) die("a descriptor was closed before its handle was deregistered");
        return {cufile_code::handle_already_registered};
    }
    const int second = ::fcntl(d->fd, F_DUPFD_CLOEXEC, 0);
    if (second < 0) return {getnewfd_failed};
    *handle = &(l.files[d->fd] = file{d->fd, s.st_dev, s.st_ino, second});
    return {};
}

/// 0 or minus a code; `memory`: where the CPU finds the device memory.
int check(library& l, gpu::cufile_handle handle, const void* base, std::size_t size, off_t from_base, file& f,
          std::byte*& memory) {
    if (!has_context()) return -static_cast<int>(invalid_context);
    const auto first = reinterpret_cast<std::uint64_t>(base);
    {
        const std::lock_guard mine(l.turn);
        const auto found = std::find_if(l.files.begin(), l.files.end(),
                                        [&](const auto& entry) { return &entry.second == handle; });
        if (found == l.files.end()) die("I/O by a handle that is not registered");
        f = found->second;
        if (!f.is_open()) die("I/O by a handle whose descriptor was closed");
        const auto buffer = l.buffers.find(first);
        if (buffer == l.buffers.end())
            ++l.unregistered_io;
        else if (static_cast<std::size_t>(from_base) + size > buffer->second)
            return -static_cast<int>(cufile_code::invalid_mapping_range);
    }
    memory = static_cast<std::byte*>(
        kvmark_stand_in_host_pointer(first + static_cast<std::uint64_t>(from_base), size));
    return memory != nullptr ? 0 : -static_cast<int>(cuda_memory_type_invalid);
}

/// A fault's code below 5000 is an errno; 5000 is none.
ssize_t fault(int code) {
    if (code > 5000) return -code;
    errno = code == 5000 ? 0 : code;
    return -1;
}

} // namespace
} // namespace kvmark::stand_in

using namespace kvmark::stand_in;

KVMARK_STAND_IN_CALL_CONTROLS();

KVMARK_CUFILE cufile_outcome cuFileDriverOpen() {
    if (const int code = KVMARK_STAND_IN_CALL()) return failed(code);
    if (!has_context()) return {cufile_code::cuda_driver_error, kvmark::gpu::status::invalid_context};
    library::get().is_open = true;
    return {};
}

KVMARK_CUFILE cufile_outcome cuFileDriverClose_v2() {
    if (const int code = KVMARK_STAND_IN_CALL()) return failed(code);
    library& l = library::get();
    if (!l.files.empty()) die("closed with files registered");
    if (!l.buffers.empty()) die("closed with device memory registered");
    l.is_open = false;
    return {};
}

KVMARK_CUFILE cufile_outcome cuFileDriverGetProperties(kvmark::gpu::cufile_properties* p) {
    if (const int code = KVMARK_STAND_IN_CALL()) return failed(code);
    const settings& s = library::get().asked;
    p->nvfs.major_version = s.nvfs_major;
    p->nvfs.minor_version = s.nvfs_minor;
    p->nvfs.serves = s.nvfs_major != 0 ? s.nvfs_serves : 0;
    p->nvfs.control = s.allow_compat ? 2 : 0;
    return {};
}

KVMARK_CUFILE cufile_outcome cuFileGetVersion(int* version) {
    if (const int code = KVMARK_STAND_IN_CALL()) return failed(code);
    *version = library::get().asked.cufile_version;
    return {};
}

KVMARK_CUFILE cufile_outcome cuFileGetParameterBool(kvmark::gpu::cufile_switch which, bool* value) {
    if (const int code = KVMARK_STAND_IN_CALL()) return failed(code);
    const settings& s = library::get().asked;
    if (s.cufile_version < 1140) return {cufile_code::invalid_value};
    *value = which == kvmark::gpu::cufile_switch::force_compat_mode ? s.force_compat : s.p2pdma;
    return {};
}

KVMARK_CUFILE cufile_outcome cuFileHandleRegister(kvmark::gpu::cufile_handle* handle,
                                                  kvmark::gpu::cufile_descriptor* d) {
    if (const int code = KVMARK_STAND_IN_CALL()) return failed(code);
    library& l = library::get();
    return l.is_open ? register_file(l, handle, d) : cufile_outcome{driver_not_initialized};
}

KVMARK_CUFILE void cuFileHandleDeregister(kvmark::gpu::cufile_handle handle) {
    KVMARK_STAND_IN_CALL();
    library& l = library::get();
    const std::lock_guard mine(l.turn);
    const auto found = std::find_if(l.files.begin(), l.files.end(),
                                    [&](const auto& entry) { return &entry.second == handle; });
    if (found == l.files.end()) die("a handle that is not registered was deregistered");
    if (!found->second.is_open()) die("a descriptor was closed before its handle was deregistered");
    ::close(found->second.second_fd);
    l.files.erase(found);
}

KVMARK_CUFILE cufile_outcome cuFileBufRegister(const void* base, std::size_t size, int) {
    if (const int code = KVMARK_STAND_IN_CALL()) return failed(code);
    library& l = library::get();
    const auto first = reinterpret_cast<std::uint64_t>(base);
    if (kvmark_stand_in_host_pointer(first, size) == nullptr) return {cuda_memory_type_invalid};
    const std::lock_guard mine(l.turn);
    return {l.buffers.try_emplace(first, size).second ? cufile_code::success : memory_already_registered};
}

KVMARK_CUFILE cufile_outcome cuFileBufDeregister(const void* base) {
    if (const int code = KVMARK_STAND_IN_CALL()) return failed(code);
    library& l = library::get();
    const auto first = reinterpret_cast<std::uint64_t>(base);
    const std::lock_guard mine(l.turn);
    const auto found = l.buffers.find(first);
    if (found == l.buffers.end()) return {memory_not_registered};
    if (kvmark_stand_in_host_pointer(first, found->second) == nullptr)
        die("device memory was freed before it was deregistered");
    l.buffers.erase(found);
    return {};
}

KVMARK_CUFILE ssize_t cuFileRead(kvmark::gpu::cufile_handle handle, void* base, std::size_t size, off_t at,
                                 off_t from_base) {
    if (const int code = KVMARK_STAND_IN_CALL()) return fault(code);
    library& l = library::get();
    file f{};
    std::byte* memory = nullptr;
    if (const int refused = check(l, handle, base, size, from_base, f, memory)) return refused;
    return ::pread(f.fd, memory, std::min(size, l.most.load()), at);
}

KVMARK_CUFILE ssize_t cuFileWrite(kvmark::gpu::cufile_handle handle, const void* base, std::size_t size,
                                  off_t at, off_t from_base) {
    if (const int code = KVMARK_STAND_IN_CALL()) return fault(code);
    library& l = library::get();
    file f{};
    std::byte* memory = nullptr;
    if (const int refused = check(l, handle, base, size, from_base, f, memory)) return refused;
    return ::pwrite(f.fd, memory, std::min(size, l.most.load()), at);
}

// What stand_in_cufile.hpp calls.
KVMARK_CUFILE void kvmark_stand_in_reset(const char* words) {
    library& l = library::get();
    l.asked = settings::parse(words);
    call_log::get().reset(l.asked);
    l.unregistered_io = 0;
    l.most = ~std::size_t{0};
}
KVMARK_CUFILE std::uint64_t kvmark_stand_in_live_handles() { return library::get().files.size(); }
KVMARK_CUFILE std::uint64_t kvmark_stand_in_live_buffers() { return library::get().buffers.size(); }
KVMARK_CUFILE std::uint64_t kvmark_stand_in_unregistered_io() { return library::get().unregistered_io; }
KVMARK_CUFILE void kvmark_stand_in_move_at_most(std::size_t bytes) { library::get().most = bytes; }
