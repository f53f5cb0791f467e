// What a rank tells the program that launched it: binary messages as lines of text on its stdout, which every
// launcher brings home.
#pragma once

#include <kvmark/core/units.hpp>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <poll.h>
#include <span>
#include <string>
#include <string_view>
#include <unistd.h>
#include <vector>

namespace kvmark::exec {

enum class frame_kind : char {
    progress = 'P', ///< of rank 0: a packed measure::progress
    part = 'R',     ///< the report of a rank that rank 0 did not take
    own = 'O',      ///< the report of one rank, from rank 0, where job_order::own_reports asks for it
    result = 'F',   ///< what the job came to, from rank 0
    failure = 'E',  ///< why there is no result: a text
};

namespace detail {

inline constexpr std::string_view frame_mark = "kvmark-frame ";
inline constexpr std::string_view base64_digits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
/// Bytes of one line: with its head it stays below 4096 characters, which a pipe takes whole (pipe(7)).
inline constexpr std::size_t frame_bytes = 2880;

inline void append_base64(std::string& out, std::span<const std::byte> data) {
    for (std::size_t i = 0; i < data.size(); i += 3) {
        std::uint32_t triple = 0;
        for (std::size_t k = 0; k < 3; ++k)
            triple = triple << 8 | (i + k < data.size() ? std::to_integer<std::uint32_t>(data[i + k]) : 0);
        for (std::size_t k = 0; k < 4; ++k)
            out += i + k <= data.size() ? base64_digits[triple >> (18 - 6 * k) & 63] : '=';
    }
}

/// False where a character is none of base64's.
[[nodiscard]] inline bool read_base64(std::string_view text, std::vector<std::byte>& out) {
    std::uint32_t bits = 0;
    int count = 0;
    for (const char c : text) {
        if (c == '=') break;
        const std::size_t digit = base64_digits.find(c);
        if (digit == std::string_view::npos) return false;
        bits = bits << 6 | static_cast<std::uint32_t>(digit);
        if ((count += 6) < 8) continue;
        count -= 8;
        out.push_back(static_cast<std::byte>(bits >> count & 255));
    }
    return true;
}

} // namespace detail

/// The lines of one message: `kvmark-frame <kind> <line> <lines> <base64>`.
[[nodiscard]] KVMARK_COLD std::vector<std::string> frame_lines(frame_kind kind,
                                                               std::span<const std::byte> message) {
    const std::size_t lines = message.empty() ? 1 : (message.size() - 1) / detail::frame_bytes + 1;
    std::vector<std::string> all;
    for (std::size_t i = 0; i < lines; ++i) {
        std::string line(detail::frame_mark);
        line += static_cast<char>(kind);
        line += ' ' + std::to_string(i) + ' ' + std::to_string(lines) + ' ';
        const auto rest = message.subspan(i * detail::frame_bytes);
        detail::append_base64(line, rest.first(std::min(rest.size(), detail::frame_bytes)));
        all.push_back(line += '\n');
    }
    return all;
}

/// Writes a message to `fd`, each line by one call, so that lines of other threads do not fall between. False
/// where nobody reads any more, or nobody has read for `patience`: a launcher that ends a job has no ear.
KVMARK_COLD bool write_frame(int fd, frame_kind kind, std::span<const std::byte> message,
                             nanoseconds patience = nanoseconds(30'000'000'000)) {
    for (const std::string& line : frame_lines(kind, message))
        for (std::size_t done = 0; done < line.size();) {
            pollfd room{.fd = fd, .events = POLLOUT, .revents = 0};
            const int ready = ::poll(&room, 1, static_cast<int>(patience.count / 1'000'000));
            if (ready < 0 && errno == EINTR) continue;
            if (ready <= 0) return false;
            const ssize_t n = ::write(fd, line.data() + done, line.size() - done);
            if (n < 0 && errno == EINTR) continue;
            if (n <= 0) return false;
            done += static_cast<std::size_t>(n);
        }
    return true;
}

struct frame {
    frame_kind kind = frame_kind::result;
    std::vector<std::byte> message;
};

/// Puts the lines of one rank together again.
class frame_reader {
public:
    /// Whether the line belongs to a frame; what does not is text for people.
    [[nodiscard]] static bool is_frame(std::string_view line) { return line.starts_with(detail::frame_mark); }

    /// Takes the next line of a frame. True when it completes one, which is then in `whole()`. A line that is
    /// missing or damaged loses its message and no other.
    KVMARK_COLD bool take(std::string_view line) {
        line.remove_prefix(detail::frame_mark.size());
        if (line.size() < 2) return false;
        const auto kind = static_cast<frame_kind>(line[0]);
        line.remove_prefix(2);
        std::size_t number = 0, lines = 0;
        if (!take_number(line, number) || !take_number(line, lines)) return false;
        if (number == 0) {
            frame_ = {kind, {}};
            next_ = 0;
        }
        if (number != next_ || kind != frame_.kind || !detail::read_base64(line, frame_.message)) {
            next_ = lines; // until a frame begins anew
            return false;
        }
        return ++next_ == lines;
    }
    [[nodiscard]] const frame& whole() const { return frame_; }

private:
    static bool take_number(std::string_view& line, std::size_t& value) {
        std::size_t digits = 0;
        for (; digits < line.size() && digits < 9 && line[digits] >= '0' && line[digits] <= '9'; ++digits)
            value = value * 10 + static_cast<std::size_t>(line[digits] - '0');
        if (digits == 0 || digits == line.size() || line[digits] != ' ') return false;
        line.remove_prefix(digits + 1);
        return true;
    }

    frame frame_;
    std::size_t next_ = 0;
};

} // namespace kvmark::exec
