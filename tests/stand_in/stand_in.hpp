// A test's view of a stand-in: what was called, and what shall go wrong.
#pragma once

#include "support/catch.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <dlfcn.h>
#include <string>

namespace kvmark::test {

/// A library of tests/stand_in, which is loaded once however often it is opened. Has what every one has.
class stand_in {
public:
    explicit stand_in(const char* path) : library_(::dlopen(path, RTLD_NOW | RTLD_LOCAL)) {
        INFO(path);
        REQUIRE(library_ != nullptr);
    }

    /// Since the last reset; `function` as the library exports it: "cuMemAlloc_v2".
    [[nodiscard]] std::uint64_t calls(const char* function) const {
        require_function(function);
        return call<std::uint64_t>("kvmark_stand_in_calls", function);
    }
    /// The `nth` call from now on, counted from 1, and all later ones return `code` and do nothing.
    void fail(const char* function, int code, std::uint64_t nth = 1, bool only_once = false) const {
        require_function(function);
        call<void>("kvmark_stand_in_fail", function, code, nth, static_cast<int>(only_once));
    }

protected:
    template <class Answer, class... Arguments>
    Answer call(const char* symbol, Arguments... arguments) const {
        auto* function = reinterpret_cast<Answer (*)(Arguments...)>(::dlsym(library_, symbol));
        INFO(symbol);
        REQUIRE(function != nullptr);
        return function(arguments...);
    }

private:
    void require_function(const char* name) const {
        INFO(name);
        REQUIRE(::dlsym(library_, name) != nullptr);
    }

    void* library_;
};

#ifdef KVMARK_STAND_IN_CUDA

/// The stand-in for the CUDA driver.
class stand_in_cuda : public stand_in {
public:
    static constexpr const char* path = KVMARK_STAND_IN_CUDA;

    /// Makes it driver::get()'s too, if that was not asked for yet, with the machine of `words`. The
    /// machine's own NVML is then not asked either.
    explicit stand_in_cuda(const char* words = "") : stand_in(path) {
        ::setenv("KVMARK_CUDA_DRIVER", path, 1);
        ::setenv("KVMARK_NVML", KVMARK_STAND_IN_NVML, 1);
        reset(words);
    }

    /// Another machine, of these words of KVMARK_STAND_IN, on which nothing was called yet. All that was made
    /// must be destroyed before, the calling thread's context among it.
    void reset(const char* words = "") const { call<void>("kvmark_stand_in_reset", words); }
    /// Every call for that GPU, and what it has under way, ends with 719: at once, or from the copy on that
    /// comes after `after_copies`.
    void lose(int device, std::uint64_t after_copies = 0) const {
        call<void>("kvmark_stand_in_lose", device, after_copies);
    }
    /// Copies from or to host memory that was not pinned: they block.
    [[nodiscard]] std::uint64_t pageable_copies() const {
        return call<std::uint64_t>("kvmark_stand_in_pageable_copies");
    }
    [[nodiscard]] std::uint64_t live_allocations() const {
        return call<std::uint64_t>("kvmark_stand_in_live_allocations");
    }
    [[nodiscard]] std::uint64_t live_streams() const {
        return call<std::uint64_t>("kvmark_stand_in_live_streams");
    }
    [[nodiscard]] std::uint64_t live_events() const {
        return call<std::uint64_t>("kvmark_stand_in_live_events");
    }
    [[nodiscard]] std::uint64_t pinned_ranges() const {
        return call<std::uint64_t>("kvmark_stand_in_pinned_ranges");
    }
    /// Where the CPU finds what the GPU has at that address; null unless all of it is in one allocation.
    [[nodiscard]] std::byte* host_pointer(std::uint64_t address, std::size_t bytes) const {
        return static_cast<std::byte*>(call<void*>("kvmark_stand_in_host_pointer", address, bytes));
    }
};

#endif

#ifdef KVMARK_STAND_IN_NVML

/// The stand-in for the management library.
class stand_in_nvml : public stand_in {
public:
    static constexpr const char* path = KVMARK_STAND_IN_NVML;

    /// None of its functions was called yet, and none fails.
    stand_in_nvml() : stand_in(path) { call<void>("kvmark_stand_in_forget_calls"); }
};

#endif

} // namespace kvmark::test
