// The display form of an argument vector: a line that a POSIX shell splits into the same arguments.
#pragma once

#include <kvmark/launch/argv.hpp>

#include <string>

namespace kvmark {

namespace launch {

/// Characters that a POSIX shell takes literally anywhere in a word (as Python's shlex.quote has it).
[[nodiscard]] constexpr bool is_plain_in_shell(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("_@%+=:,./-").find(c) != std::string_view::npos;
}

} // namespace launch

/// `text` as one word of a POSIX shell: as it is where that is safe, else between single quotes, with a
/// single quote of its own written as '\''. In the first word of a line a = is not safe either: the shell
/// would take the word for the assignment of a variable.
[[nodiscard]] constexpr std::string quote(std::string_view text, bool first_word = false) {
    bool plain = !text.empty();
    for (const char c : text) plain = plain && launch::is_plain_in_shell(c) && !(first_word && c == '=');
    if (plain) return std::string(text);
    std::string quoted = "'";
    for (const char c : text) {
        if (c == '\'')
            quoted += "'\\''";
        else
            quoted += c;
    }
    return quoted += '\'';
}

/// All arguments, quoted, with a space between. For people and logs: kvmark itself never runs a shell.
[[nodiscard]] constexpr std::string display(const argv& arguments) {
    std::string line;
    for (const std::string_view argument : arguments) {
        const bool first_word = line.empty();
        if (!first_word) line += ' ';
        line += quote(argument, first_word);
    }
    return line;
}

} // namespace kvmark
