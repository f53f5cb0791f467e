// What KVMARK_STAND_IN asks of the stand-ins for a GPU's libraries.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <sstream>
#include <string>
#include <vector>

namespace kvmark::stand_in {

/// Words parted by blanks: `devices=2 memory=256M latency_us=20 gib_per_s=10
/// fail=cuMemcpyDtoHAsync_v2:719@100 lost=0@200`.
struct settings {
    struct fault {
        std::string function;
        int code = 0;
        std::uint64_t call = 1; ///< the first that fails, counted from 1
        bool only_once = false; ///< written @100+1
    };
    struct loss {
        int device = 0;
        std::uint64_t copy = 1; ///< the first that fails, counted from 1
    };

    int devices = 1;
    std::size_t memory = std::size_t{256} << 20; ///< bytes of each device; K, M and G are binary
    double latency_us = 0;                       ///< of every copy, at least
    double gib_per_s = 0;                        ///< of every copy, at most; 0: what memcpy does
    std::vector<fault> faults{};
    std::vector<loss> losses{};

    // Of cuFile: `cufile=1.14 nvfs=2.19 nvfs_serves=16 allow_compat=0 force_compat=1 p2pdma=1`.
    int cufile_version = 1040;                ///< as cuFileGetVersion has it
    unsigned nvfs_major = 2, nvfs_minor = 19; ///< 0: nvidia-fs is not loaded
    unsigned nvfs_serves = 1 << 4;            ///< bits of dstatusflags: NVMe
    bool allow_compat = true, force_compat = false, p2pdma = false;

    /// A word that is not understood ends the program: a test whose fault never came would pass.
    static settings parse(const char* words) {
        settings read;
        std::istringstream all(words ? words : "");
        for (std::string word; all >> word;)
            if (!read.take(word)) {
                std::fprintf(stderr, "KVMARK_STAND_IN: what is `%s`?\n", word.c_str());
                std::abort();
            }
        return read;
    }

private:
    bool take(const std::string& word) {
        const std::size_t equals = word.find('=');
        if (equals == std::string::npos) return false;
        const std::string key = word.substr(0, equals);
        std::istringstream value(word.substr(equals + 1));
        if (key == "devices") return whole(value >> devices);
        if (key == "latency_us") return whole(value >> latency_us);
        if (key == "gib_per_s") return whole(value >> gib_per_s);
        if (key == "memory") return take_memory(value);
        if (key == "cufile") {
            int minor = 0;
            const bool good = take_version(value, cufile_version, minor);
            cufile_version = 1000 * cufile_version + 10 * minor;
            return good;
        }
        if (key == "nvfs") return take_version(value, nvfs_major, nvfs_minor);
        if (key == "nvfs_serves") return whole(value >> nvfs_serves);
        if (key == "allow_compat") return whole(value >> allow_compat);
        if (key == "force_compat") return whole(value >> force_compat);
        if (key == "p2pdma") return whole(value >> p2pdma);
        if (key == "lost") {
            loss l;
            char at = 0;
            const bool good = value >> l.device >> at >> l.copy && at == '@' && whole(value);
            losses.push_back(l);
            return good;
        }
        if (key == "fail") {
            fault f;
            char at = 0;
            bool good = std::getline(value, f.function, ':') && value >> f.code >> at >> f.call && at == '@';
            if (good && !value.eof() && value.peek() == '+') {
                int calls = 0;
                good = value >> calls && calls == 1;
                f.only_once = true;
            }
            faults.push_back(f);
            return good && whole(value);
        }
        return false;
    }

    /// "2.19", or "2" for "2.0".
    template <class Number>
    static bool take_version(std::istream& value, Number& major, Number& minor) {
        minor = 0;
        if (!(value >> major)) return false;
        if (!value.eof() && value.peek() == '.') value.ignore() >> minor;
        return whole(value);
    }

    bool take_memory(std::istream& value) {
        if (!(value >> memory)) return false;
        const int unit = value.get();
        if (unit == std::char_traits<char>::eof()) return true;
        const std::size_t power = std::string("KMG").find(static_cast<char>(unit));
        if (power == std::string::npos) return false;
        memory <<= 10 * (power + 1);
        return value.peek() == std::char_traits<char>::eof();
    }

    static bool whole(std::istream& value) {
        return !value.fail() && value.peek() == std::char_traits<char>::eof();
    }
};

} // namespace kvmark::stand_in
