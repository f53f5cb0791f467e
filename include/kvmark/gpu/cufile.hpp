// NVIDIA's cuFile (GPUDirect Storage), loaded when it is first asked for: files to GPU memory and back.
#pragma once

#include <kvmark/gpu/cufile_status.hpp>
#include <kvmark/gpu/shared_library.hpp>

#include <cstdlib>
#include <mutex>
#include <sys/types.h>

namespace kvmark::gpu {

using cufile_handle = void*; ///< CUfileHandle_t: a file that is registered with cuFile

/// CUfileDescr_t: what a handle is made of.
struct cufile_descriptor {
    int type = 1; ///< CU_FILE_HANDLE_TYPE_OPAQUE_FD
    union {
        int fd = -1;
        void* other;
    };
    const void* fs_ops = nullptr; ///< of file systems in user space
};

/// CUfileDrvProps_t, and room for what later versions may add: cuFile writes as much as it has.
struct cufile_properties {
    struct {
        unsigned major_version = 0; ///< of the kernel module nvidia-fs; 0.0: it is not loaded
        unsigned minor_version = 0;
        std::size_t poll_threshold_kb = 0;
        std::size_t max_direct_io_kb = 0;
        unsigned serves = 0;  ///< dstatusflags: bits of CUfileDriverStatusFlags
        unsigned control = 0; ///< dcontrolflags: bits of CUfileDriverControlFlags
    } nvfs;
    unsigned features = 0;
    unsigned max_device_cache_kb = 0;
    unsigned per_buffer_cache_kb = 0;
    unsigned max_pinned_kb = 0;
    unsigned max_batch_io = 0;
    unsigned max_batch_timeout_ms = 0;
    unsigned added_later[32] = {};
};

/// CUFileBoolConfigParameter_t, those that kvmark asks for.
enum class cufile_switch : int { force_compat_mode = 2, use_pci_p2pdma = 7 };

/// Each function is cuFile's own of the name beside it in load() (cuFile API Reference Guide). Addresses are
/// those of device memory; I/O is for the context that is current in the calling thread.
struct cufile {
    cufile_outcome (*open_driver)();
    cufile_outcome (*close_driver)();
    cufile_outcome (*driver_properties)(cufile_properties*);
    cufile_outcome (*register_handle)(cufile_handle*, cufile_descriptor*);
    void (*deregister_handle)(cufile_handle);
    cufile_outcome (*register_buffer)(const void* base, std::size_t, int flags);
    cufile_outcome (*deregister_buffer)(const void* base);
    /// Bytes moved; -1: see errno; below: minus a cufile_code. `base` is that of a registered buffer, or any
    /// address, whose I/O then passes through buffers that cuFile has on the GPU.
    ssize_t (*read)(cufile_handle, void* base, std::size_t, off_t at, off_t from_base);
    ssize_t (*write)(cufile_handle, const void* base, std::size_t, off_t at, off_t from_base);

    // Null in versions that have none.
    cufile_outcome (*version)(int*);                          ///< 1000 * major + 10 * minor
    cufile_outcome (*configured)(cufile_switch, bool* value); ///< 1.14

    /// Loads cuFile and opens its driver: once in a process, whose later calls get the same answer. cuFile
    /// closes it itself when the process ends. KVMARK_CUFILE names another file than libcufile.so.0. The
    /// error, `unsupported`, says in one line why there is none to use.
    [[nodiscard]] KVMARK_COLD static const result<cufile>& get() {
        static const result<cufile> loaded = load(std::getenv("KVMARK_CUFILE"));
        return loaded;
    }

    /// The same, not remembered; `path` null: libcufile.so.0.
    [[nodiscard]] KVMARK_COLD static result<cufile> load(const char* path) {
        auto library = path ? shared_library::open(path) : shared_library::open("libcufile.so.0");
        if (!library) return unusable(library.error().message);
        cufile c{};
        library->bind(c.open_driver, "cuFileDriverOpen");
        if (!library->bind_if_there(c.close_driver, "cuFileDriverClose_v2"))
            library->bind(c.close_driver, "cuFileDriverClose");
        library->bind(c.driver_properties, "cuFileDriverGetProperties");
        library->bind(c.register_handle, "cuFileHandleRegister");
        library->bind(c.deregister_handle, "cuFileHandleDeregister");
        library->bind(c.register_buffer, "cuFileBufRegister");
        library->bind(c.deregister_buffer, "cuFileBufDeregister");
        library->bind(c.read, "cuFileRead");
        library->bind(c.write, "cuFileWrite");
        library->bind_if_there(c.version, "cuFileGetVersion");
        library->bind_if_there(c.configured, "cuFileGetParameterBool");
        if (auto complete = library->complete(); !complete) return unusable(complete.error().message);
        return c;
    }

    KVMARK_COLD static error unusable(const std::string& why) {
        return {error_kind::unsupported, "no GPUDirect Storage: " + why};
    }
};

/// Its driver is open while one of these lives. What is left to the end of the process crashes it
/// (cuFile 1.4: rapidsai/kvikio issue 159), as does what comes after the GPU's context.
class cufile_session {
public:
    cufile_session() = default;
    cufile_session(cufile_session&& o) noexcept : files_(std::exchange(o.files_, nullptr)) {}
    cufile_session& operator=(cufile_session&& o) noexcept {
        std::swap(files_, o.files_);
        return *this;
    }
    KVMARK_COLD ~cufile_session() {
        if (files_ == nullptr) return;
        const std::lock_guard mine(all().turn);
        if (--all().open == 0) files_->close_driver();
    }

    /// With a GPU's context current: without any, cuFile fails to open.
    [[nodiscard]] KVMARK_COLD static result<cufile_session> open(const cufile& files) {
        cufile_session opened;
        const std::lock_guard mine(all().turn);
        if (all().open == 0)
            if (const cufile_outcome o = files.open_driver(); !o.good())
                return cufile::unusable("cuFileDriverOpen: " + describe(o) + "; cufile.log may say more");
        ++all().open;
        opened.files_ = &files;
        return opened;
    }

private:
    struct sessions {
        std::mutex turn;
        int open = 0;
    };
    KVMARK_COLD static sessions& all() {
        static sessions of_the_process;
        return of_the_process;
    }

    const cufile* files_ = nullptr;
};

/// A registered file, for as long as it lives; the descriptor must outlive it.
class cufile_file {
public:
    cufile_file() = default;
    cufile_file(cufile_file&& o) noexcept { swap(o); }
    cufile_file& operator=(cufile_file&& o) noexcept {
        swap(o);
        return *this;
    }
    ~cufile_file() {
        if (handle_ != nullptr) files_->deregister_handle(handle_);
    }

    /// `made` is what it was before where the outcome is not good.
    [[nodiscard]] static cufile_outcome make(const cufile& files, int fd, cufile_file& made) {
        cufile_descriptor descriptor{};
        descriptor.fd = fd;
        cufile_file fresh;
        const cufile_outcome o = files.register_handle(&fresh.handle_, &descriptor);
        if (!o.good()) {
            fresh.handle_ = nullptr;
            return o;
        }
        fresh.files_ = &files;
        fresh.fd_ = fd;
        made = std::move(fresh);
        return o;
    }

    [[nodiscard]] KVMARK_INLINE cufile_handle get() const { return handle_; }
    [[nodiscard]] KVMARK_INLINE int fd() const { return fd_; } ///< -1: none is registered

private:
    void swap(cufile_file& o) noexcept {
        std::swap(files_, o.files_);
        std::swap(handle_, o.handle_);
        std::swap(fd_, o.fd_);
    }

    const cufile* files_ = nullptr;
    cufile_handle handle_ = nullptr;
    int fd_ = -1;
};

} // namespace kvmark::gpu
