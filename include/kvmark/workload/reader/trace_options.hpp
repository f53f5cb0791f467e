// What the readers of traces share: what they are asked, and what they leave out.
#pragma once

#include <kvmark/core/result.hpp>
#include <kvmark/core/units.hpp>
#include <kvmark/workload/block_trace.hpp>

#include <array>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace kvmark::workload {

/// The formats that can be read; the first is the compact form.
inline constexpr std::array<std::string_view, 7> trace_formats{"kvmark",   "mooncake", "bailian", "weka",
                                                               "burstgpt", "azure",    "sharegpt"};

struct trace_options {
    std::string format{};  ///< one of trace_formats; empty: what the content looks like
    tokens block_tokens{}; ///< of a block, where the format leaves it open; 0: 512
    bool skip_bad = false; ///< malformed lines are counted, and do not end the reading
};

/// Rows that were malformed and left out.
struct skipped_rows {
    static constexpr std::size_t kept = 5;

    std::uint64_t count = 0;
    std::vector<std::string> first{}; ///< the errors of the first `kept`, with their places

    void add(std::string message) {
        if (++count <= kept) first.push_back(std::move(message));
    }
};

/// Told now and then how many bytes of how many were read; false ends the reading. Refers to a callable.
class progress_ref {
public:
    template <class F>
        requires(!std::is_same_v<std::remove_cv_t<F>, progress_ref>)
    progress_ref(F& f)
        : callable_(const_cast<std::remove_cv_t<F>*>(&f)),
          call_([](void* callable, std::uint64_t done, std::uint64_t total) {
              return static_cast<bool>((*static_cast<F*>(callable))(done, total));
          }) {}

    bool operator()(std::uint64_t done, std::uint64_t total) const { return call_(callable_, done, total); }

private:
    void* callable_;
    bool (*call_)(void*, std::uint64_t, std::uint64_t);
};

/// Reads to the end, and says nothing.
inline constexpr auto no_progress = [](std::uint64_t, std::uint64_t) { return true; };

/// What ended a reading whose progress_ref said false.
[[nodiscard]] inline error reading_stopped(const std::string& path) {
    return {error_kind::system, path + ": reading was stopped"};
}

/// The longest input or output that readers take for real; 2^27.
inline constexpr std::uint64_t most_request_tokens = std::uint64_t{1} << 27;

/// Distinct blocks of a trace; leaves room for those of one more request in 32 bits.
inline constexpr std::uint64_t most_blocks = 0xffff'ffff - 2 * most_request_tokens;

[[nodiscard]] inline std::size_t blocks_of(tokens input, tokens block) {
    return static_cast<std::size_t>((input.count + block.count - 1) / block.count);
}

} // namespace kvmark::workload
