// Appending to the history under a lock, and reading it in spite of damage.
#include "history.hpp"

#include <kvmark/report/file.hpp>
#include <kvmark/report/json_members.hpp>
#include <kvmark/report/json_text.hpp>

#include <boost/json/parse.hpp>

#include <cstdlib>
#include <filesystem>
#include <sys/file.h>
#include <time.h>

namespace kvmark::cli {

namespace {

namespace json = boost::json;

/// Closes it, which also gives its lock back.
struct open_file {
    int fd;
    ~open_file() {
        if (fd >= 0) ::close(fd);
    }
};

error history_error(const char* what, const std::string& path, int number) {
    return report::detail::file_error(what, path, number);
}

/// The entry in a line; nothing where it is damaged.
std::optional<json::object> entry_in(std::string_view line) {
    boost::system::error_code failed;
    json::value v = json::parse(line, failed);
    if (failed || !v.is_object() || number_of(v.get_object()) == 0) return {};
    return std::move(v.get_object());
}

/// The line breaks of json_text() stand between values: texts have theirs escaped.
std::string one_line(const json::object& entry) {
    std::string line;
    bool indent = false;
    for (const char c : report::json_text(entry)) {
        indent = c == '\n' || (indent && c == ' ');
        if (!indent) line += c;
    }
    return line + "\n";
}

/// Waits two seconds at most.
bool locked(int fd, int operation) {
    for (int tries = 0; tries < 200; ++tries) {
        if (::flock(fd, operation | LOCK_NB) == 0) return true;
        if (errno != EWOULDBLOCK && errno != EINTR) return false;
        const timespec wait{0, 10'000'000};
        ::nanosleep(&wait, nullptr);
        errno = EWOULDBLOCK;
    }
    return false;
}

/// Of the last line that is an entry; 0 without any. Reads backwards, so that a long history costs nothing.
std::uint64_t last_number(int fd, off_t size) {
    std::string tail;
    for (off_t part = 65536;; part *= 4) {
        const off_t from = part < size ? size - part : 0;
        tail.resize(static_cast<std::size_t>(size - from));
        const ssize_t n = ::pread(fd, tail.data(), tail.size(), from);
        if (n < 0) return 0;
        tail.resize(static_cast<std::size_t>(n));
        std::string_view rest = tail;
        while (!rest.empty()) {
            const auto before = rest.find_last_of('\n');
            if (before == std::string_view::npos && from > 0) break; // it may begin further up
            const std::string_view line = before == std::string_view::npos ? rest : rest.substr(before + 1);
            if (const auto entry = entry_in(line)) return number_of(*entry);
            rest = rest.substr(0, before == std::string_view::npos ? 0 : before);
        }
        if (from == 0) return 0;
    }
}

} // namespace

std::string history_path() {
    const auto variable = [](const char* name) -> std::optional<std::string> {
        const char* value = std::getenv(name);
        return value == nullptr ? std::nullopt : std::optional<std::string>(value);
    };
    if (const auto chosen = variable("KVMARK_HISTORY")) return *chosen == "off" ? "" : *chosen;
    if (const auto state = variable("XDG_STATE_HOME"); state && state->starts_with('/'))
        return *state + "/kvmark/history.jsonl";
    if (const auto home = variable("HOME"); home && home->starts_with('/'))
        return *home + "/.local/state/kvmark/history.jsonl";
    return "";
}

std::uint64_t number_of(const json::object& entry) { return report::count_at(entry, {"number"}); }

std::vector<std::string> arguments_of(const json::object& entry) {
    std::vector<std::string> all;
    for (const json::value& word : report::array_at(entry, {"argv"})) {
        if (!word.is_string()) return {};
        all.emplace_back(word.get_string());
    }
    return all;
}

result<std::uint64_t> append_history(const std::string& path, json::object entry) {
    std::error_code failed;
    const std::filesystem::path directory = std::filesystem::path(path).parent_path();
    if (!directory.empty()) std::filesystem::create_directories(directory, failed);
    const open_file file{::open(path.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0600)};
    if (file.fd < 0) return history_error("cannot open", path, errno);
    if (!locked(file.fd, LOCK_EX)) return history_error("cannot lock", path, errno);
    struct stat info {};
    if (::fstat(file.fd, &info) != 0) return history_error("cannot read", path, errno);
    const std::uint64_t number = last_number(file.fd, info.st_size) + 1;
    entry["number"] = static_cast<std::int64_t>(number);

    char last = '\n';
    if (info.st_size > 0) static_cast<void>(::pread(file.fd, &last, 1, info.st_size - 1));
    const std::string line = (last == '\n' ? "" : "\n") + one_line(entry);
    if (const int failure = report::detail::write_whole(file.fd, line); failure != 0) {
        // Half a line would be worse than none.
        if (::ftruncate(file.fd, info.st_size) != 0) return history_error("cannot repair", path, errno);
        return history_error("cannot write", path, failure);
    }
    return number;
}

result<history> read_history(const std::string& path) {
    history all;
    const open_file file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
    if (file.fd < 0 && errno == ENOENT) return all;
    if (file.fd < 0) return history_error("cannot open", path, errno);
    static_cast<void>(locked(file.fd, LOCK_SH)); // without it the last line may be half
    std::string rest;
    char part[65536];
    for (;;) {
        const ssize_t n = ::read(file.fd, part, sizeof part);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return history_error("cannot read", path, errno);
        if (n > 0) rest.append(part, static_cast<std::size_t>(n));
        std::size_t begin = 0;
        for (std::size_t end; (end = rest.find('\n', begin)) != std::string::npos; begin = end + 1) {
            if (end == begin) continue;
            if (auto entry = entry_in(std::string_view(rest).substr(begin, end - begin)))
                all.entries.push_back(*std::move(entry));
            else
                ++all.damaged;
        }
        rest.erase(0, begin);
        if (n == 0) break;
    }
    all.damaged += rest.empty() ? 0 : 1;
    return all;
}

} // namespace kvmark::cli
