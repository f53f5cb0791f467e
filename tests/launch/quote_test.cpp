#include <kvmark/core/random.hpp>
#include <kvmark/launch/quote.hpp>

#include "support/argvs.hpp"
#include "support/catch.hpp"

#include <array>
#include <cstdio>

#include <unistd.h>

using kvmark::argv;
using kvmark::display;
using kvmark::quote;
using kvmark::test::argv_of;
using kvmark::test::strings_of;

static_assert(quote("plain-text_1.0,/a:b@c%d+e=f") == "plain-text_1.0,/a:b@c%d+e=f");
static_assert(quote("") == "''");
static_assert(quote("a b") == "'a b'");
static_assert(quote("$HOME") == "'$HOME'");
static_assert(quote("it's") == "'it'\\''s'");
static_assert(quote("a\nb") == "'a\nb'");
static_assert(quote("~") == "'~'" && quote("*") == "'*'" && quote("a;b") == "'a;b'" && quote("#") == "'#'");
static_assert(display(argv()).empty());
static_assert(display(argv{"mpirun", "-x", "MSG=hello world", ""}) == "mpirun -x 'MSG=hello world' ''");
static_assert(display(argv{"a=1/mpirun", "a=1"}) == "'a=1/mpirun' a=1", "no assignment of a variable");

namespace {

/// The words of a line in the part of the shell's language that display() writes.
std::vector<std::string> split(const std::string& line) {
    std::vector<std::string> words;
    bool in_word = false;
    bool in_quotes = false;
    for (std::size_t i = 0; i < line.size(); ++i) {
        const char c = line[i];
        if (!in_quotes && (c == ' ' || c == '\t' || c == '\n')) {
            in_word = false;
            continue;
        }
        if (!in_word) words.emplace_back();
        in_word = true;
        if (c == '\'')
            in_quotes = !in_quotes;
        else if (c == '\\' && !in_quotes)
            words.back() += line.at(++i);
        else
            words.back() += c;
    }
    REQUIRE_FALSE(in_quotes);
    return words;
}

/// What /bin/sh makes of each line, as one process: every word printed with a NUL behind it, and after every
/// line an extra `end`.
std::vector<std::vector<std::string>> split_by_shell(const std::vector<std::string>& lines) {
    char name[] = "/tmp/kvmark-quote-XXXXXX";
    const int script = ::mkstemp(name);
    REQUIRE(script >= 0);
    std::string text;
    for (const std::string& line : lines) text += "printf '%s\\0' " + line + "; printf 'end\\0'\n";
    REQUIRE(::write(script, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
    ::close(script);

    std::FILE* shell = ::popen((std::string("/bin/sh ") + name).c_str(), "r");
    REQUIRE(shell);
    std::vector<std::vector<std::string>> result(1);
    std::string word;
    for (int c = std::fgetc(shell); c != EOF; c = std::fgetc(shell)) {
        if (c != '\0') {
            word += static_cast<char>(c);
            continue;
        }
        if (word == "end")
            result.emplace_back();
        else
            result.back().push_back(word);
        word.clear();
    }
    CHECK(::pclose(shell) == 0);
    ::unlink(name);
    result.pop_back();
    return result;
}

/// Words of the characters that shells care about, and words that are options in some shell or printf.
std::vector<std::string> generate(kvmark::random_stream& random) {
    static constexpr std::string_view characters =
        " \t\n'\"$`\\!#&*()[]{}<>|;?~=%@+,:./-_aZ09\r\x7f\x1b\xc3\xa9";
    static constexpr std::array<std::string_view, 8> whole{"",         "'",   "''", "-n",
                                                           "$(false)", "a b", "\\", "\n"};
    std::vector<std::string> words(random.uniform_int(1, 6));
    for (std::string& word : words) {
        if (random.chance(0.2)) {
            word = whole[random.uniform_int(0, whole.size() - 1)];
            continue;
        }
        word.resize(random.uniform_int(0, 12));
        for (char& c : word) c = characters[random.uniform_int(0, characters.size() - 1)];
    }
    return words;
}

} // namespace

TEST_CASE("the display form splits into the same arguments, by our own splitter and by /bin/sh") {
    kvmark::random_stream random(42);
    std::vector<std::vector<std::string>> vectors;
    std::vector<std::string> lines;
    for (int i = 0; i < 5000; ++i) {
        vectors.push_back(generate(random));
        const argv arguments = argv_of(vectors.back());
        REQUIRE(strings_of(arguments) == vectors.back());
        lines.push_back(display(arguments));
        REQUIRE(split(lines.back()) == vectors.back());
    }
    const auto by_shell = split_by_shell(lines);
    REQUIRE(by_shell.size() == vectors.size());
    for (std::size_t i = 0; i < vectors.size(); ++i) {
        INFO(lines[i]);
        REQUIRE(by_shell[i] == vectors[i]);
    }
}

TEST_CASE("a first argument with = is run as a program, not taken as an assignment") {
    std::FILE* shell = ::popen((display(argv{"a=1", "x"}) + " 2>&1").c_str(), "r");
    REQUIRE(shell);
    char answer[256]{};
    CHECK(std::fgets(answer, sizeof answer, shell));
    CHECK(std::string(answer).find("a=1: not found") != std::string::npos);
    CHECK(::pclose(shell) != 0);
}
