// `--live`: the full screen for as long as one run lasts.
#pragma once

#include "console.hpp"
#include "dashboard.hpp"

namespace kvmark::cli {

/// Nothing where it was not asked for, or stderr is no terminal. The screen opens with the first progress;
/// when this object is gone the terminal is as it was, and what was said meanwhile is on its streams.
class live_view {
public:
    live_view(const settings& s, console& out);
    ~live_view();
    live_view(const live_view&) = delete;
    live_view& operator=(const live_view&) = delete;

private:
    console& out_;
    std::unique_ptr<dashboard> screen_;
};

} // namespace kvmark::cli
