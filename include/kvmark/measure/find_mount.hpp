// Which file system holds a path, and how it is mounted.
#pragma once

#include <kvmark/measure/kernel_files.hpp>

#include <limits.h>
#include <sys/vfs.h>

namespace kvmark::measure {

/// Empty texts where it could not be found.
struct mount_facts {
    std::string point;
    std::string file_system; ///< its type
    std::string options;     ///< of the mount, then of the file system, each once
};

namespace detail {

/// mountinfo writes a space, tab, newline or backslash in a name as \ooo.
[[nodiscard]] KVMARK_COLD std::string without_octal(std::string_view name) {
    const auto digit = [&](std::size_t i) { return i < name.size() && name[i] >= '0' && name[i] <= '7'; };
    std::string text;
    for (std::size_t i = 0; i < name.size(); ++i) {
        if (name[i] == '\\' && digit(i + 1) && digit(i + 2) && digit(i + 3)) {
            text +=
                static_cast<char>((name[i + 1] - '0') * 64 + (name[i + 2] - '0') * 8 + (name[i + 3] - '0'));
            i += 3;
        } else {
            text += name[i];
        }
    }
    return text;
}

/// Is `path` the directory `above`, or below it?
[[nodiscard]] KVMARK_COLD bool lies_in(std::string_view path, std::string_view above) {
    return path.starts_with(above) &&
           (above.ends_with('/') || path.size() == above.size() || path[above.size()] == '/');
}

/// Each option once. Read-only where the mount or its file system is.
[[nodiscard]] KVMARK_COLD std::string joined_options(std::string_view of_mount, std::string_view of_system) {
    bool read_only = false;
    std::string others;
    for (std::string_view options : {of_mount, of_system}) {
        while (!options.empty()) {
            const std::string option(take_until(options, ','));
            read_only = read_only || option == "ro";
            if (option == "ro" || option == "rw" ||
                (others + ",").find("," + option + ",") != std::string::npos)
                continue;
            others += "," + option;
        }
    }
    return (read_only ? "ro" : "rw") + others;
}

/// The magic numbers of statfs(2); a type that is not named here is written as its number.
[[nodiscard]] KVMARK_COLD std::string file_system_name(unsigned long magic) {
    switch (magic) {
    case 0xef53:
        return "ext4";
    case 0x58465342:
        return "xfs";
    case 0x9123683e:
        return "btrfs";
    case 0x01021994:
        return "tmpfs";
    case 0x794c7630:
        return "overlay";
    case 0x6969:
        return "nfs";
    case 0x2fc12fc1:
        return "zfs";
    case 0xf2f52010:
        return "f2fs";
    case 0x65735546:
        return "fuse";
    case 0x0bd00bd0:
        return "lustre";
    case 0x47504653:
        return "gpfs";
    default:
        break;
    }
    char text[32];
    std::snprintf(text, sizeof text, "0x%lx", magic);
    return text;
}

} // namespace detail

/// The mount of /proc/self/mountinfo (proc(5)) with the longest mount point above `path`, or above its
/// nearest existing parent; of equal ones the last, which hides the others. Where none is listed, as after
/// chroot(2), the type alone is known, from statfs(2). `root` stands in front of /proc.
[[nodiscard]] KVMARK_COLD mount_facts find_mount(const std::string& path, const std::string& root = "") {
    mount_facts found;
    char resolved[PATH_MAX];
    if (::realpath(nearest_existing(path).c_str(), resolved) == nullptr) return found;
    const std::string mounts = read_text(root + "/proc/self/mountinfo");
    for (std::string_view rest = mounts; !rest.empty();) {
        std::string_view line = take_until(rest, '\n');
        for (int skipped = 0; skipped < 4; ++skipped) take_until(line, ' '); // number, parent, device, root
        std::string point = detail::without_octal(take_until(line, ' '));
        if (point.empty() || point.size() < found.point.size() || !detail::lies_in(resolved, point)) continue;
        const std::string_view options = take_until(line, ' ');
        while (!line.empty() && take_until(line, ' ') != "-") {
        }
        const std::string_view type = take_until(line, ' ');
        take_until(line, ' '); // source
        found = {std::move(point), std::string(type), detail::joined_options(options, line)};
    }
    struct statfs fs {};
    if (found.file_system.empty() && ::statfs(resolved, &fs) == 0)
        found.file_system = detail::file_system_name(static_cast<unsigned long>(fs.f_type));
    return found;
}

} // namespace kvmark::measure
