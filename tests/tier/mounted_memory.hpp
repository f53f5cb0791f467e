// A child of the test program with a file system of its own on a folder.
#pragma once

#include "support/child_process.hpp"
#include "support/temporary_directory.hpp"

#include <sched.h>
#include <sys/mount.h>

namespace kvmark::test {

/// Whoever is not root becomes the root of a user namespace, where mounting is permitted
/// (user_namespaces(7)).
inline bool mount_memory(const std::string& folder, const char* type, const char* options) {
    const std::string user = std::to_string(::geteuid()), group = std::to_string(::getegid());
    if (::geteuid() == 0) {
        if (::unshare(CLONE_NEWNS) != 0) return false;
    } else {
        if (::unshare(CLONE_NEWNS | CLONE_NEWUSER) != 0) return false;
        write_file("/proc/self/uid_map", "0 " + user + " 1");
        write_file("/proc/self/setgroups", "deny");
        write_file("/proc/self/gid_map", "0 " + group + " 1");
    }
    return ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
           ::mount("kvmark-test", folder.c_str(), type, 0, options) == 0;
}

/// exit_status_of(body) in a child that sees a file system of memory, "tmpfs" or "ramfs", on `folder`; it is
/// gone with the child. Where this user may not mount: a warning, and 0.
template <class Body>
int exit_status_with_mounted(const std::string& folder, const char* type, const char* options, Body&& body) {
    constexpr int not_permitted = 77;
    const int status =
        exit_status_of([&] { return mount_memory(folder, type, options) ? body() : not_permitted; });
    if (status != not_permitted) return status;
    WARN("SKIPPED: this user may not mount a " << type);
    return 0;
}

} // namespace kvmark::test
