// A test's view of the stand-in for cuFile.
#pragma once

#include "stand_in/stand_in.hpp"

namespace kvmark::test {

/// Moves bytes between files and the memory of stand_in_cuda. A handle whose descriptor is closed too early,
/// and registered memory that is freed too early, end the program. A fault of cuFileRead or cuFileWrite is a
/// code of cuFile, or below 5000 an errno; 5000 is -1 without one.
class stand_in_cufile : public stand_in {
public:
    static constexpr const char* path = KVMARK_STAND_IN_CUFILE;

    /// Makes it cufile::get()'s too, if that was not asked for yet.
    explicit stand_in_cufile(const char* words = "") : stand_in(path) {
        ::setenv("KVMARK_CUFILE", path, 1);
        reset(words);
    }

    /// Another installation, of these words of KVMARK_STAND_IN, with no calls yet.
    void reset(const char* words = "") const { call<void>("kvmark_stand_in_reset", words); }
    [[nodiscard]] std::uint64_t live_handles() const {
        return call<std::uint64_t>("kvmark_stand_in_live_handles");
    }
    [[nodiscard]] std::uint64_t live_buffers() const {
        return call<std::uint64_t>("kvmark_stand_in_live_buffers");
    }
    /// Reads and writes of memory that was not registered.
    [[nodiscard]] std::uint64_t unregistered_io() const {
        return call<std::uint64_t>("kvmark_stand_in_unregistered_io");
    }
    /// No call moves more from now on.
    void move_at_most(std::size_t bytes) const { call<void>("kvmark_stand_in_move_at_most", bytes); }
};

} // namespace kvmark::test
