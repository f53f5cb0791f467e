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
