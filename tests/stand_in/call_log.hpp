// Counts the calls of a stand-in's functions, and makes those fail that a test wants to.
#pragma once

#include "stand_in/settings.hpp"

#include <array>
#include <atomic>
#include <mutex>
#include <string_view>

namespace kvmark::stand_in {

/// One function of the library. Counting allocates nothing: tests count what kvmark allocates.
class call_site {
public:
    /// 0, or the code with which this call shall fail.
    int enter() {
        const std::uint64_t call = calls_.fetch_add(1, std::memory_order_relaxed) + 1;
        const bool fails =
            call >= first_.load(std::memory_order_relaxed) && call <= last_.load(std::memory_order_relaxed);
        return fails ? code_.load(std::memory_order_relaxed) : 0;
    }
    /// `nth` counts from 1: the next call.
    void fail(int code, std::uint64_t nth, bool only_once) {
        const std::uint64_t first = calls_.load() + nth;
        first_ = ~std::uint64_t{0}; // none, while the others change
        code_ = code;
        last_ = only_once ? first : ~std::uint64_t{0};
        first_ = first;
    }
    void reset() {
        first_ = ~std::uint64_t{0};
        last_ = 0;
        calls_ = 0;
    }
    [[nodiscard]] std::uint64_t calls() const { return calls_; }

private:
    friend class call_log;

    std::string name_{};
    std::atomic<std::uint64_t> calls_{0}, first_{~std::uint64_t{0}}, last_{0};
    std::atomic<int> code_{0};
};

/// All functions of one library.
class call_log {
public:
    /// Lives as long as the process does.
    static call_log& get() {
        static call_log& log = *new call_log(settings::parse(std::getenv("KVMARK_STAND_IN")));
        return log;
    }

    call_site& of(std::string_view name) {
        const std::lock_guard mine(turn_);
        for (std::size_t i = 0; i < known_; ++i)
            if (sites_[i].name_ == name) return sites_[i];
        if (known_ == sites_.size()) std::abort();
        sites_[known_].name_ = name;
        return sites_[known_++];
    }
    /// Forgets all calls and faults, and has those of `s`.
    void reset(const settings& s) {
        for (std::size_t i = 0; i < known_; ++i) sites_[i].reset();
        for (const settings::fault& f : s.faults) of(f.function).fail(f.code, f.call, f.only_once);
    }

private:
    explicit call_log(const settings& s) { reset(s); }

    std::mutex turn_;
    std::size_t known_ = 0;
    std::array<call_site, 128> sites_{};
};

} // namespace kvmark::stand_in

/// In a function of the library: counts this call; 0, or the code with which it shall fail.
#define KVMARK_STAND_IN_CALL()                                                                               \
    ([](const char* function) -> kvmark::stand_in::call_site& {                                              \
        static kvmark::stand_in::call_site& site = kvmark::stand_in::call_log::get().of(function);           \
        return site;                                                                                         \
    }(__func__)                                                                                              \
                                     .enter())

/// In one source file of each library: what stand_in.hpp calls of every one.
#define KVMARK_STAND_IN_CALL_CONTROLS()                                                                      \
    extern "C" [[gnu::visibility("default")]] std::uint64_t kvmark_stand_in_calls(const char* function) {    \
        return kvmark::stand_in::call_log::get().of(function).calls();                                       \
    }                                                                                                        \
    extern "C" [[gnu::visibility("default")]] void kvmark_stand_in_fail(const char* function, int code,      \
                                                                        std::uint64_t nth, int only_once) {  \
        kvmark::stand_in::call_log::get().of(function).fail(code, nth, only_once != 0);                      \
    }                                                                                                        \
    static_assert(true)
