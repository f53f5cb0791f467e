// Whether cuFile moves data between file and GPU directly, as far as it tells.
#pragma once

#include <kvmark/gpu/cufile.hpp>

namespace kvmark::gpu {

/// What is known before an I/O. Of each I/O cuFile decides anew.
enum class cufile_way : std::uint8_t {
    direct,      ///< what cannot go directly fails
    either,      ///< what cannot go directly passes through host memory, and nothing says so
    host_memory, ///< nothing goes directly: compatibility mode
};

struct cufile_mode {
    static constexpr unsigned allow_compat_mode = 1; ///< CU_FILE_ALLOW_COMPAT_MODE: a bit of dcontrolflags

    cufile_way way = cufile_way::either;
    std::string text{}; ///< one line: the version of cuFile, the way, and why

    /// Of a cuFile whose driver is open.
    [[nodiscard]] KVMARK_COLD static cufile_mode of(const cufile& c) {
        cufile_properties p{};
        const cufile_outcome told = c.driver_properties(&p);
        int version = 0;
        if (c.version == nullptr || !c.version(&version).good()) version = 0;
        const std::string name =
            "cuFile" + (version > 0 ? " " + number(version / 1000, version % 1000 / 10) : "");
        if (!told.good())
            return {cufile_way::either,
                    name + ": whether data goes directly is not known: " + describe(told)};

        const bool has_module = p.nvfs.major_version != 0;
        const std::string served = has_module ? kinds(p.nvfs.serves) : "";
        const bool kernel_can = version >= first_with_p2pdma;
        const bool by_kernel = kernel_can && is_on(c, cufile_switch::use_pci_p2pdma, true);
        const std::string nvidia_fs =
            has_module ? "nvidia-fs " + number(p.nvfs.major_version, p.nvfs.minor_version) : "";
        const auto through_host = [&](const std::string& why) {
            return cufile_mode{cufile_way::host_memory,
                               name + ": compatibility mode, through host memory: " + why};
        };

        if (is_on(c, cufile_switch::force_compat_mode, false))
            return through_host("force_compat_mode is set");
        if (!has_module && !kernel_can) return through_host("nvidia-fs is not loaded");
        if (!has_module && !by_kernel)
            return through_host("nvidia-fs is not loaded and use_pci_p2pdma is off; but for file systems "
                                "that have an RDMA client of their own");
        if (has_module && served.empty() && !by_kernel)
            return through_host(nvidia_fs + " is loaded, and no file system is registered with it");

        std::string by = !has_module ? "" : nvidia_fs + (served.empty() ? "" : " for " + served);
        if (by_kernel) by += std::string(has_module ? ", or " : "") + "the kernel's PCI P2PDMA";
        if ((p.nvfs.control >> allow_compat_mode & 1) == 0)
            return {cufile_way::direct, name + ": direct (" + by + "); what cannot be fails"};
        return {cufile_way::either, name + ": direct where it can be (" + by +
                                        "), else through host memory, which nothing tells; "
                                        "\"allow_compat_mode\": false in cufile.json makes that an error"};
    }

private:
    static constexpr int first_with_p2pdma = 1000 + 10 * 13; ///< CUDA 12.8 (GDS installation guide)

    template <class Number>
    KVMARK_COLD static std::string number(Number major, Number minor) {
        return std::to_string(major) + "." + std::to_string(minor);
    }

    /// `otherwise` in versions that cannot be asked.
    KVMARK_COLD static bool is_on(const cufile& c, cufile_switch which, bool otherwise) {
        bool on = false;
        return c.configured != nullptr && c.configured(which, &on).good() ? on : otherwise;
    }

    /// What nvidia-fs serves, by the bits of dstatusflags.
    KVMARK_COLD static std::string kinds(unsigned serves) {
        struct kind {
            unsigned bit;
            const char* name;
        };
        constexpr kind all[] = {{0, "Lustre"}, {1, "WekaFS"},  {2, "NFS"},      {3, "GPFS"},
                                {4, "NVMe"},   {5, "NVMe-oF"}, {6, "SCSI"},     {7, "ScaleFlux"},
                                {8, "NVMesh"}, {9, "BeeGFS"},  {12, "ScaTeFS"}, {13, "VirtioFS"}};
        std::string text;
        for (const kind& k : all)
            if (serves >> k.bit & 1) text += (text.empty() ? "" : ", ") + std::string(k.name);
        return text;
    }
};

} // namespace kvmark::gpu
