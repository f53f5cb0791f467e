// The reader of a command line, and the help that lists what it reads.
#include "args.hpp"

#include <kvmark/launch/quote.hpp>

#include <algorithm>

namespace kvmark::cli {

namespace {

/// Walks over the words; each step takes one option with its values.
class reader {
public:
    reader(std::span<const std::string_view> words, unsigned command, settings& into, fault_list& faults)
        : words_(words), command_(command), settings_(into), faults_(faults) {}

    void read_all() {
        while (at_ < words_.size()) read_one();
    }

private:
    void read_one() {
        const std::string_view word = words_[at_++];
        const std::size_t equals = word.starts_with("--") ? word.find('=') : std::string_view::npos;
        const std::string_view name = word.substr(0, equals);
        const option_spec* spec = find_option(name, command_);
        if (spec == nullptr) return refuse(name, equals == std::string_view::npos);
        settings_.given.push_back(spec->name);
        if (equals == std::string_view::npos) return read_values(*spec);
        if (spec->takes == arity::flag)
            faults_.add(std::string(name) + " takes no value, and was given " +
                        quote(word.substr(equals + 1)));
        else
            spec->store(settings_, *spec, word.substr(equals + 1), faults_);
    }

    void read_values(const option_spec& spec) {
        const auto store = [&](std::string_view value) { spec.store(settings_, spec, value, faults_); };
        const std::size_t first = at_;
        switch (spec.takes) {
        case arity::flag:
        case arity::optional:
            return store("");
        case arity::one:
            if (at_ < words_.size() && !is_option(words_[at_])) return store(words_[at_++]);
            break;
        case arity::many:
            while (at_ < words_.size() && !words_[at_].starts_with('-')) store(words_[at_++]);
            break;
        case arity::verbatim:
            while (at_ < words_.size() && !is_option(words_[at_])) store(words_[at_++]);
            break;
        }
        if (at_ == first)
            faults_.add("--" + std::string(spec.name) + " needs a value: " + std::string(spec.value));
    }

    [[nodiscard]] bool is_option(std::string_view word) const {
        return find_option(word.starts_with("--") ? word.substr(0, word.find('=')) : word, command_) !=
               nullptr;
    }

    void take_word(std::string_view word) {
        if ((command_ & takes_words) == 0) return faults_.add("unexpected argument " + quote(word));
        settings_.arguments.emplace_back(word);
    }

    void refuse(std::string_view word, bool value_may_follow) {
        if (!word.starts_with('-')) return take_word(word);
        std::vector<std::string> known;
        for (const option_spec& spec : all_options())
            if ((spec.commands & command_) != 0) known.push_back("--" + std::string(spec.name));
        const std::vector<std::string_view> names(known.begin(), known.end());
        faults_.add("unknown option " + quote(word) + suggestion(word, names));
        if (value_may_follow && at_ < words_.size() && !words_[at_].starts_with('-')) ++at_; // its value
    }

    std::span<const std::string_view> words_;
    unsigned command_;
    settings& settings_;
    fault_list& faults_;
    std::size_t at_ = 0;
};

/// Breaks `text` at spaces into lines of at most `width`; every line but the first is indented.
void append_wrapped(std::string& out, std::string_view text, std::size_t indent, std::size_t width) {
    std::size_t column = indent;
    while (!text.empty()) {
        const std::size_t space = std::min(text.find(' '), text.size());
        const std::string_view word = text.substr(0, space);
        if (column > indent && column + 1 + word.size() > width) {
            (out += '\n').append(indent, ' ');
            column = indent;
        }
        if (column > indent) out += ' ', ++column;
        out += word;
        column += word.size();
        text.remove_prefix(std::min(space + 1, text.size()));
    }
    out += '\n';
}

std::string option_heading(const option_spec& spec) {
    std::string heading = "  ";
    if (!spec.short_form.empty()) (heading += spec.short_form) += ", ";
    (heading += "--") += spec.name;
    if (spec.takes == arity::optional)
        ((heading += "[=") += spec.value) += ']';
    else if (!spec.value.empty())
        (heading += ' ') += spec.value;
    return heading;
}

} // namespace

void read_arguments(std::span<const std::string_view> words, unsigned command, settings& into,
                    fault_list& faults) {
    reader(words, command, into, faults).read_all();
}

std::string help_text(std::string_view usage, unsigned command, std::string_view closing, std::size_t width) {
    constexpr std::size_t column = 34;
    std::string out = "Usage: " + std::string(usage) + "\n";
    std::vector<std::string_view> groups; // in the order in which the table first names them
    for (const option_spec& spec : all_options())
        if ((spec.commands & command) != 0 &&
            std::find(groups.begin(), groups.end(), spec.group) == groups.end())
            groups.push_back(spec.group);
    for (const std::string_view group : groups) {
        ((out += '\n') += group) += ":\n";
        for (const option_spec& spec : all_options()) {
            if ((spec.commands & command) == 0 || spec.group != group) continue;
            const std::string heading = option_heading(spec);
            out += heading;
            if (heading.size() + 2 > column)
                (out += '\n').append(column, ' ');
            else
                out.append(column - heading.size(), ' ');
            append_wrapped(out, spec.help, column, std::max<std::size_t>(width, column + 30));
        }
    }
    return out += closing;
}

} // namespace kvmark::cli
