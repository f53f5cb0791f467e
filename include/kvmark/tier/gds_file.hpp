// Files to the memory of a GPU and back by GPUDirect Storage. Needs no CUDA to build.
#pragma once

#include <kvmark/core/stable_table.hpp>
#include <kvmark/gpu/cufile_mode.hpp>
#include <kvmark/gpu/pinned_set.hpp>
#include <kvmark/gpu/read_gpu.hpp>
#include <kvmark/tier/device_resident.hpp>
#include <kvmark/tier/file_per_entry.hpp>
#include <kvmark/tier/file_tier.hpp>
#include <kvmark/tier/gds_staging.hpp>

namespace kvmark::tier {

struct gds_file_config {
    std::uint32_t first_device = 0; ///< of those that the process sees (CUDA_VISIBLE_DEVICES)
    std::uint32_t devices = 1;      ///< of each process of a host; the first of them has the staging buffers
};

/// Moves bytes between files and device memory by cuFile: those of a tier on a GPU as they are, by take() and
/// read_into(); those of the host by read() and write(), through a buffer on the GPU and one more copy, which
/// is part of the call. Whether cuFile in turn goes through host memory, note() says as far as it tells.
///
/// A file is registered with cuFile while its layout keeps it open: one for everything, or one for each
/// entry. What a layout opens for one I/O is registered for that I/O, which is part of the call too.
template <file_layout Layout>
class basic_gds_file : public file_tier<Layout> {
public:
    static constexpr std::string_view name = "gds_file";
    using config = gds_file_config;

    basic_gds_file() = default;
    explicit basic_gds_file(const config& c) : config_(c) {}

    /// Error `unsupported`, in one line: there is no GPU, no cuFile, or no use of it for files in this place.
    KVMARK_COLD result<void> open(const tier_setup& setup) {
        if (setup.limit.count == 0) return {};
        const auto& driver = gpu::driver::get();
        if (!driver) return named(driver.error());
        const auto& files = gpu::cufile::get();
        if (!files) return named(files.error());
        files_ = &*files;
        if (auto opened = open_device(*driver, setup); !opened) return named(opened.error());
        mode_ = gpu::cufile_mode::of(*files_);
        if (setup.strict && mode_.way == gpu::cufile_way::host_memory)
            return error{error_kind::unsupported, "--strict: gds_file: " + mode_.text};
        tier_setup of_files = setup;
        of_files.descriptors = 2; // cuFile opens each file once more
        if (auto opened = this->layout_.open(of_files, page_cache::bypassed); !opened) return opened;
        return try_out(setup);
    }

    [[nodiscard]] io_status create(entry_id e, bytes size) {
        io_status status = this->layout_.create(e, size);
        if (!status.good() || !keeps_files_) return status;
        const file_part part = this->layout_.borrow(e, {});
        if (part.fd < 0)
            status = {part.error_number};
        else if (!part.opened_for_it)
            status = outcome(gpu::cufile_file::make(*files_, part.fd, kept_.ensure(e)));
        if (part.fd >= 0) this->layout_.give_back(part);
        if (!status.good()) static_cast<void>(erase(e));
        return status;
    }
    [[nodiscard]] io_status erase(entry_id e) {
        if (gpu::cufile_file* kept = kept_.find(e)) *kept = {}; // before its descriptor is closed
        return this->layout_.erase(e);
    }

    [[nodiscard]] KVMARK_INLINE io_status write(entry_id e, bytes offset, std::span<const std::byte> from) {
        const gds_staging::lease buffer(staging_);
        const gpu::driver& d = device_.api();
        gpu::status s = device_.make_current();
        if (KVMARK_LIKELY(s == gpu::status::success))
            s = d.copy_to_device(buffer.address(), from.data(), from.size(), buffer.stream());
        if (KVMARK_LIKELY(s == gpu::status::success)) s = gpu::await(d, buffer.stream());
        if (!KVMARK_LIKELY(s == gpu::status::success)) return outcome(s);
        return to_file({staging_.base(), buffer.offset().count}, e, offset, from.size());
    }
    [[nodiscard]] KVMARK_INLINE io_status read(entry_id e, bytes offset, std::span<std::byte> into) {
        const gds_staging::lease buffer(staging_);
        const gpu::driver& d = device_.api();
        gpu::status s = device_.make_current();
        if (!KVMARK_LIKELY(s == gpu::status::success)) return outcome(s);
        if (const io_status status =
                from_file({staging_.base(), buffer.offset().count}, e, offset, into.size());
            !KVMARK_LIKELY(status.good()))
            return status;
        s = d.copy_to_host(into.data(), buffer.address(), into.size(), buffer.stream());
        if (KVMARK_LIKELY(s == gpu::status::success)) s = gpu::await(d, buffer.stream());
        return outcome(s);
    }

    // --- past the host: device memory that no copy of the GPU is still writing ---

    /// The part of the entry that lies at `from`, memory of the GPU `d`.
    [[nodiscard]] io_status write_from(const gpu::device& d, gpu::device_address from, entry_id e,
                                       bytes offset, bytes length) {
        if (const gpu::status s = d.make_current(); s != gpu::status::success) return outcome(s);
        return to_file(place_of(from), e, offset, length.count);
    }
    [[nodiscard]] io_status read_into(const gpu::device& d, gpu::device_address into, entry_id e,
                                      bytes offset, bytes length) {
        if (const gpu::status s = d.make_current(); s != gpu::status::success) return outcome(s);
        return from_file(place_of(into), e, offset, length.count);
    }
    template <device_resident_tier Source>
    [[nodiscard]] io_status take(Source& from, entry_id e, bytes offset, bytes length) {
        return write_from(from.device_of(e, offset), from.device_address_of(e, offset), e, offset, length);
    }

    /// Registers one allocation of device memory with cuFile until release_memory(), so that the storage
    /// device reaches it; what is not registered goes through cuFile's own buffers on the GPU. With no I/O of
    /// the tier under way. What cuFile refuses, note() says.
    KVMARK_COLD void register_memory(const gpu::device& d, gpu::device_address base, bytes size) {
        d.make_current();
        const gpu::cufile_outcome o = files_->register_buffer(reinterpret_cast<void*>(base), size.count, 0);
        if (o.good())
            arenas_.push_back({base, size});
        else
            unregistered_ = std::to_string(to_gib(size)) + " GiB of GPU " + std::to_string(d.ordinal()) +
                            " are not registered with cuFile, " + gpu::describe(o);
    }
    /// Before the memory is freed.
    KVMARK_COLD void release_memory(gpu::device_address base) {
        std::erase_if(arenas_, [&](const arena& a) {
            if (a.base == base) files_->deregister_buffer(reinterpret_cast<void*>(base));
            return a.base == base;
        });
    }

    /// A worker's memory, pinned from now on, and no longer.
    KVMARK_COLD void adopt(std::span<std::byte> memory) {
        if (files_ != nullptr) pinned_.add(device_, memory);
    }
    KVMARK_COLD void release(std::span<std::byte> memory) { pinned_.remove(memory); }

    /// Whether its GPU is gone; all calls fail from then on.
    [[nodiscard]] bool is_lost() const { return lost_.load(std::memory_order_relaxed) != 0; }

    [[nodiscard]] std::vector<gpu::gpu_facts> gpus() const { return gpu::with_links(facts_); }
    [[nodiscard]] std::string note() const {
        std::string all = mode_.text;
        const auto add = [&](const std::string& what) {
            if (!what.empty()) all += "; " + what;
        };
        if (files_ != nullptr && !this->layout_.bypasses_cache())
            add("the file system refuses O_DIRECT: figures may be the page cache's, not the device's");
        if (!staging_.refusal().empty()) add("the staging buffers are not registered, " + staging_.refusal());
        add(unregistered_);
        add(pinned_.note());
        if (const int code = failed_.load())
            add("an I/O failed with " + gpu::describe({gpu::cufile_code{code}, gpu::status::success}));
        if (const int lost = lost_.load())
            add(device_.failure("lost during the run", gpu::status{lost}).message);
        return all;
    }

private:
    /// A piece of device memory as cuFile wants it: what it is registered by, and how far from there.
    struct place {
        void* base;
        std::uint64_t from_base;
    };
    struct arena {
        gpu::device_address base;
        bytes size;
    };

    static error named(const error& e) { return {e.kind, "gds_file tier: " + e.message}; }

    KVMARK_COLD result<void> open_device(const gpu::driver& driver, const tier_setup& setup) {
        int seen = 0;
        driver.device_count(&seen);
        const std::uint32_t wanted = config_.first_device + setup.local_rank * config_.devices;
        auto device =
            gpu::device::open(driver, seen > 0 ? wanted % static_cast<std::uint32_t>(seen) : wanted);
        if (!device) return device.error();
        device_ = std::move(*device);
        facts_ = {gpu::read_gpu(device_)};
        device_.make_current();
        auto session = gpu::cufile_session::open(*files_);
        if (!session) return session.error();
        session_ = std::move(*session);
        return staging_.open(*files_, device_, setup.queue_depth, setup.io_chunk);
    }

    /// Has cuFile take a file as those of the run will be.
    KVMARK_COLD result<void> try_out(const tier_setup& setup) {
        Layout& layout = this->layout_;
        gpu::cufile_outcome taken;
        if (const int fd = only_fd_of(layout); fd >= 0) {
            taken = gpu::cufile_file::make(*files_, fd, common_);
        } else {
            const io_status made = layout.create(0, sector_size);
            const file_part part =
                made.good() ? layout.borrow(0, {}) : file_part{.error_number = made.error_number};
            if (part.fd < 0)
                return error{error_kind::system, "gds_file tier: a file in " + setup.cache_dir + ": " +
                                                     std::strerror(part.error_number)};
            keeps_files_ = !part.opened_for_it;
            {
                gpu::cufile_file trial;
                taken = gpu::cufile_file::make(*files_, part.fd, trial);
            }
            layout.give_back(part);
            static_cast<void>(layout.erase(0));
        }
        if (taken.good()) return {};
        const bool has_udev = ::access("/run/udev/data", R_OK) == 0;
        return error{error_kind::unsupported,
                     "gds_file tier: cuFile does not take files in " + setup.cache_dir + ": " +
                         gpu::describe(taken) +
                         (has_udev ? "; its file systems and settings are in docs/gds.md"
                                   : "; it reads /run/udev/data, which is not there")};
    }

    [[nodiscard]] KVMARK_INLINE place place_of(gpu::device_address address) const {
        for (const arena& a : arenas_)
            if (address - a.base < a.size.count) return {reinterpret_cast<void*>(a.base), address - a.base};
        return {reinterpret_cast<void*>(address), 0};
    }

    [[nodiscard]] KVMARK_INLINE io_status from_file(place to, entry_id e, bytes offset, std::size_t size) {
        return with_handle(e, offset, [&](gpu::cufile_handle handle, std::uint64_t at) KVMARK_INLINE_LAMBDA {
            return transfer_all(at, size, [&](std::size_t done, off_t where) KVMARK_INLINE_LAMBDA {
                return moved(files_->read(handle, to.base, size - done, where,
                                          static_cast<off_t>(to.from_base + done)));
            });
        });
    }
    [[nodiscard]] KVMARK_INLINE io_status to_file(place from, entry_id e, bytes offset, std::size_t size) {
        return with_handle(e, offset, [&](gpu::cufile_handle handle, std::uint64_t at) KVMARK_INLINE_LAMBDA {
            return transfer_all(at, size, [&](std::size_t done, off_t where) KVMARK_INLINE_LAMBDA {
                return moved(files_->write(handle, from.base, size - done, where,
                                           static_cast<off_t>(from.from_base + done)));
            });
        });
    }

    /// Calls use(handle, bytes from the start of the file), which gives an io_status.
    template <class Use>
    [[nodiscard]] KVMARK_INLINE io_status with_handle(entry_id e, bytes offset, Use&& use) {
        return this->with_part(e, offset, [&](const file_part& part) KVMARK_INLINE_LAMBDA {
            if (KVMARK_LIKELY(!part.opened_for_it))
                return use(common_.fd() >= 0 ? common_.get() : kept_[e].get(), part.at);
            gpu::cufile_file registered;
            const io_status status = outcome(gpu::cufile_file::make(*files_, part.fd, registered));
            return status.good() ? use(registered.get(), part.at) : status;
        });
    }

    /// What cuFile's read or write gave, as read(2) would have: -1 with errno.
    [[nodiscard]] KVMARK_INLINE ssize_t moved(ssize_t n) { return KVMARK_LIKELY(n >= 0) ? n : refused(n); }
    KVMARK_COLD ssize_t refused(ssize_t n) {
        if (n < -1)
            errno = outcome(gpu::cufile_outcome{gpu::cufile_code{static_cast<int>(-n)}}).error_number;
        else if (errno == 0)
            errno = EIO;
        return -1;
    }

    [[nodiscard]] KVMARK_INLINE io_status outcome(gpu::cufile_outcome o) {
        if (KVMARK_LIKELY(o.good())) return {};
        int none = 0;
        failed_.compare_exchange_strong(none, static_cast<int>(o.code));
        return {gpu::errno_of(o.code)};
    }
    [[nodiscard]] KVMARK_INLINE io_status outcome(gpu::status s) {
        const int number = gpu::errno_of(s);
        int none = 0;
        if (!KVMARK_LIKELY(number != ENODEV)) lost_.compare_exchange_strong(none, static_cast<int>(s));
        return {number};
    }

    config config_{};
    const gpu::cufile* files_ = nullptr; ///< null: not open
    gpu::cufile_mode mode_{};
    std::vector<gpu::gpu_facts> facts_; ///< of device_, as the tier was opened
    gpu::device device_;
    gpu::cufile_session session_;
    gds_staging staging_;
    gpu::cufile_file common_;             ///< of the layout's only descriptor
    stable_table<gpu::cufile_file> kept_; ///< by entry: of the descriptor that the layout keeps for it
    bool keeps_files_ = false;            ///< one for each entry
    std::vector<arena> arenas_;           ///< registered
    std::string unregistered_;
    gpu::pinned_set pinned_;
    std::atomic<int> failed_{0}; ///< the first cufile_code that was not good
    std::atomic<int> lost_{0};   ///< the first gpu::status by which the GPU was lost
};
using gds_file = basic_gds_file<file_per_entry>;

} // namespace kvmark::tier
