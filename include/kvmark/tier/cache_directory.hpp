// The directory of one run below the user's cache directory: made, owned, and gone at the end.
#pragma once

#include <kvmark/core/result.hpp>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <string>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace kvmark::tier {

/// `<cache_dir>/kvmark-<pid>-<n>`, held by an flock so that a later run can tell the leavings of a killed one
/// from the directory of a live one, and removes them. Files end in `.kv`, and folders within have two
/// hexadecimal digits: what has another name, like a directory that is not called as above, is the user's and
/// stays. Parents that did not exist are made, and removed again when empty.
class cache_directory {
public:
    cache_directory() = default;
    cache_directory(const cache_directory&) = delete;
    cache_directory& operator=(const cache_directory&) = delete;
    KVMARK_COLD ~cache_directory() {
        if (fd_ >= 0) {
            remove_tree(path_);
            ::close(fd_);
        }
        while (!made_.empty() && ::rmdir(made_.back().c_str()) == 0) made_.pop_back();
    }

    KVMARK_COLD result<void> open(const std::string& parent) {
        if (auto made = make_parents(parent); !made) return made;
        remove_stale(parent);
        for (int n = 0; n < 1000; ++n) {
            path_ = parent + "/kvmark-" + std::to_string(::getpid()) + "-" + std::to_string(n);
            if (::mkdir(path_.c_str(), 0700) != 0) {
                if (errno == EEXIST) continue;
                // Another run made the parent, and removed it as empty between two of our calls.
                if (errno == ENOENT && make_parents(parent)) continue;
                return failure("cannot create", path_);
            }
            fd_ = ::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
            if (fd_ < 0 && errno != ENOENT) {
                const error refused = failure("cannot open", path_);
                ::rmdir(path_.c_str());
                return refused;
            }
            // A file system without locks is used without; EWOULDBLOCK is a run that takes this for stale.
            if (fd_ >= 0 && (lock(fd_) || errno != EWOULDBLOCK) && names(path_, fd_)) return {};
            ::close(std::exchange(fd_, -1));
        }
        return error{error_kind::system, "cache directory: a thousand runs of this process in " + parent};
    }

    /// Removes what runs that are gone left in `parent`, and `parent` itself if it is then empty.
    KVMARK_COLD static void remove_abandoned(const std::string& parent) {
        remove_stale(parent);
        ::rmdir(parent.c_str());
    }

    /// Makes the folders 00 to ff, so that no one of them holds too many files.
    KVMARK_COLD result<void> fan_out() const {
        for (int n = 0; n < 256; ++n) {
            const char name[]{"0123456789abcdef"[n >> 4], "0123456789abcdef"[n & 15], '\0'};
            if (::mkdirat(fd_, name, 0700) != 0) return failure("cannot create", path_ + "/" + name);
        }
        return {};
    }

    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] int fd() const { return fd_; }

private:
    /// Whether `path` still names the open directory. Only who holds its lock may remove it; a removed name
    /// is soon used again, by another directory.
    static bool names(const std::string& path, int fd) {
        struct stat held {};
        struct stat named {};
        return ::fstat(fd, &held) == 0 && ::stat(path.c_str(), &named) == 0 && held.st_dev == named.st_dev &&
               held.st_ino == named.st_ino;
    }
    static bool lock(int fd) { return ::flock(fd, LOCK_EX | LOCK_NB) == 0; }

    static error failure(const char* what, const std::string& path) {
        return {error_kind::system,
                std::string("cache directory: ") + what + " " + path + ": " + std::strerror(errno)};
    }

    result<void> make_parents(const std::string& path) {
        for (std::size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
            const std::string part = path.substr(0, end);
            if (::mkdir(part.c_str(), 0755) == 0)
                made_.push_back(part);
            else if (errno != EEXIST)
                return failure("cannot create", part);
            if (end == std::string::npos) return {};
        }
    }

    static bool names_a_run(const std::string& name) {
        int length = 0;
        std::sscanf(name.c_str(), "kvmark-%*[0-9]-%*[0-9]%n", &length);
        return length > 0 && static_cast<std::size_t>(length) == name.size();
    }

    static void remove_stale(const std::string& parent) {
        for (const std::string& name : names_in(parent)) {
            if (!names_a_run(name)) continue;
            const std::string path = parent + "/" + name;
            const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
            if (fd < 0) continue;
            if (lock(fd) && names(path, fd)) remove_tree(path);
            ::close(fd);
        }
    }

    static void remove_tree(const std::string& path) {
        for (const std::string& name : names_in(path)) {
            const std::string whole = path + "/" + name;
            if (name.ends_with(".kv"))
                ::unlink(whole.c_str());
            else if (name.size() == 2 && name.find_first_not_of("0123456789abcdef") == std::string::npos)
                remove_tree(whole);
        }
        ::rmdir(path.c_str());
    }

    static std::vector<std::string> names_in(const std::string& path) {
        std::vector<std::string> names;
        if (DIR* directory = ::opendir(path.c_str())) {
            while (const dirent* entry = ::readdir(directory))
                if (std::strcmp(entry->d_name, ".") != 0 && std::strcmp(entry->d_name, "..") != 0)
                    names.emplace_back(entry->d_name);
            ::closedir(directory);
        }
        return names;
    }

    std::string path_;
    std::vector<std::string> made_;
    int fd_ = -1;
};

} // namespace kvmark::tier
