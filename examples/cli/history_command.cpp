// What was run before: a table, one command in full, the same once more.
#include "history_command.hpp"

#include "history.hpp"
#include "outcome.hpp"

#include <kvmark/exec/job_order.hpp>
#include <kvmark/launch/argv.hpp>
#include <kvmark/launch/quote.hpp>
#include <kvmark/report/json_members.hpp>
#include <kvmark/report/json_text.hpp>

#include <fmt/format.h>

#include <charconv>
#include <cstring>
#include <filesystem>
#include <iterator>

namespace kvmark::cli {

namespace {

namespace json = boost::json;
constexpr std::array<std::string_view, 2> actions{"show", "rerun"};

/// 0 where it is none.
std::uint64_t number_in(std::string_view text) {
    std::uint64_t n = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), n);
    return failed == std::errc() && end == text.data() + text.size() ? n : 0;
}

std::string figure_text(const json::object& entry, std::string_view key) {
    const auto v = report::number_at(entry, {"figures", key});
    return v ? fmt::format("{:.2f}", *v) : "-";
}

std::int64_t exit_code_in(const json::object& entry) {
    const json::value* v = entry.if_contains("exit_code");
    return v != nullptr && v->is_int64() ? v->get_int64() : -1;
}

/// As a shell has it, the program by its name alone.
std::string command_text(const std::vector<std::string>& arguments) {
    std::string line;
    for (const std::string& word : arguments)
        line +=
            line.empty() ? quote(std::filesystem::path(word).filename().string(), true) : " " + quote(word);
    return line;
}

void print_table(std::span<const json::object> entries, console& out) {
    const report::palette colors(out.color()), none(false);
    const std::size_t width = report::terminal_width(STDOUT_FILENO);
    const bool cut = report::is_terminal(STDOUT_FILENO);
    const auto table = [&](const report::palette& p) {
        std::string text = p.bold(fmt::format("{:>6}  {:<20}{:>5}{:>9}{:>9}  {}", "Number", "started", "exit",
                                              "read", "write", "command")) +
                           "\n";
        for (const json::object& e : entries) {
            const std::int64_t code = exit_code_in(e);
            const std::string exit = fmt::format("{:>5}", code);
            std::string row = fmt::format("{:>6}  {:<20}", number_of(e), report::text_at(e, {"started"})) +
                              (code == 0 ? exit : p.red(exit)) +
                              fmt::format("{:>9}{:>9}  ", figure_text(e, "read_gib_per_s"),
                                          figure_text(e, "write_gib_per_s"));
            constexpr std::size_t before = 51;
            const std::string command = command_text(arguments_of(e));
            const std::size_t room = width > before + 20 ? width - before : 20;
            row += cut && command.size() > room ? command.substr(0, room - 3) + "..." : command;
            text += row + "\n";
        }
        return text + "  GiB/s of the storage tier; `kvmark history show NUMBER` has the rest\n";
    };
    out.print(table(colors), table(none));
}

int list(const settings& s, const std::string& path, const history& all, console& out) {
    const std::size_t n = all.entries.size(), last = static_cast<std::size_t>(s.history.last);
    const auto entries = std::span(all.entries).subspan(last != 0 && last < n ? n - last : 0);
    if (s.json) {
        json::array values;
        for (const json::object& e : entries) values.push_back(e);
        const std::string text = report::json_text(values);
        out.print(text, text);
    } else if (entries.empty()) {
        out.note("nothing was measured yet, as far as " + path + " knows");
    } else {
        print_table(entries, out);
    }
    return exit_ok;
}

int show(const settings& s, const json::object& entry, console& out) {
    std::string text;
    if (s.json) {
        text = report::json_text(entry);
    } else {
        const auto line = [&](std::string_view key, std::string_view value) {
            if (!value.empty()) fmt::format_to(std::back_inserter(text), "{:<22}{}\n", key, value);
        };
        line("number", std::to_string(number_of(entry)));
        for (const char* key : {"started", "finished", "host", "version", "cwd"})
            line(key, report::text_at(entry, {key}));
        line("exit code", std::to_string(exit_code_in(entry)));
        line("command", command_text(arguments_of(entry)));
        line("result", report::text_at(entry, {"result"}));
        for (const auto& [key, value] : report::object_at(entry, {"figures"})) {
            std::string shown = report::json_text(value);
            shown.pop_back();
            line(key, shown);
        }
    }
    out.print(text, text);
    return exit_ok;
}

/// Becomes the command.
int rerun(const json::object& entry, const std::string& path, console& out) {
    std::vector<std::string> arguments = arguments_of(entry);
    const std::string program = exec::this_program(), cwd(report::text_at(entry, {"cwd"}));
    if (arguments.empty() || program.empty()) return out.fail("the entry has no arguments"), exit_failed;
    for (const std::string& word : arguments)
        if (word.find("\xef\xbf\xbd") != std::string::npos) {
            out.fail("the argument " + quote(word) + " held bytes that are no text and cannot be had back");
            return exit_failed;
        }
    arguments.front() = program;
    if (const std::string version(report::text_at(entry, {"version"})); version != KVMARK_VERSION)
        out.warn("it ran with kvmark " + version + ", this is " KVMARK_VERSION);
    // Where the file was named from here, it is another one from there.
    std::error_code failed;
    const auto whole = std::filesystem::absolute(path, failed);
    if (!failed && std::getenv("KVMARK_HISTORY") != nullptr) ::setenv("KVMARK_HISTORY", whole.c_str(), 1);
    if (::chdir(cwd.c_str()) != 0)
        return out.fail("cannot enter " + quote(cwd) + ": " + std::strerror(errno)), exit_failed;
    out.note("in " + quote(cwd) + ": " + command_text(arguments));
    std::fflush(nullptr);
    const argv command = argv::build([&](launch::text_writer& writer) {
        for (const std::string& word : arguments) writer.argument(word);
    });
    ::execv(program.c_str(), command.pointers().data());
    out.fail("cannot start " + quote(program) + ": " + std::strerror(errno));
    return exit_failed;
}

} // namespace

void resolve_for_history(settings& s, fault_list& faults) {
    if (s.history.last < 0) faults.add("--last " + std::to_string(s.history.last) + ": must be 0 or more");
    if (s.arguments.empty()) return;
    const std::string& action = s.arguments.front();
    if (action != "show" && action != "rerun")
        return faults.add("history " + quote(action) + ": must be show or rerun" +
                          suggestion(action, actions));
    if (s.arguments.size() != 2)
        faults.add("history " + action + " needs one number, as `kvmark history` lists them");
    for (std::size_t i = 1; i < s.arguments.size(); ++i)
        if (number_in(s.arguments[i]) == 0)
            faults.add("history " + action + " " + quote(s.arguments[i]) + ": must be a number, 1 or more");
    if (s.history.last > 0) faults.add("--last goes with the list alone");
    if (s.json && action == "rerun") faults.add("--json goes with the list and with show");
}

int show_history(const settings& s) {
    console out(s);
    const std::string path = history_path();
    if (path.empty()) {
        out.fail("no history is kept: KVMARK_HISTORY is off, or there is no home directory");
        return exit_failed;
    }
    const auto all = read_history(path);
    if (!all) return report_failure(out, all.error());
    if (all->damaged != 0)
        out.warn(std::to_string(all->damaged) + (all->damaged == 1 ? " line" : " lines") + " of " + path +
                 " cannot be read and " + (all->damaged == 1 ? "is" : "are") + " left out");
    if (s.arguments.empty()) return list(s, path, *all, out);
    const std::uint64_t number = number_in(s.arguments[1]);
    for (const json::object& e : all->entries)
        if (number_of(e) == number) return s.arguments[0] == "show" ? show(s, e, out) : rerun(e, path, out);
    const std::uint64_t first = all->entries.empty() ? 0 : number_of(all->entries.front());
    out.fail("there is no number " + std::to_string(number) + " in " + path +
             (first == 0 ? ", which is empty"
                         : ": it has " + std::to_string(first) + " to " +
                               std::to_string(number_of(all->entries.back()))));
    return exit_failed;
}

} // namespace kvmark::cli
