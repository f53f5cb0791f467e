// The completion scripts, written from the table of options.
#include "completion.hpp"

#include "command_list.hpp"

namespace kvmark::cli {

namespace {

std::string joined(std::span<const std::string_view> words) {
    std::string text;
    for (const std::string_view word : words) (text += text.empty() ? "" : " ") += word;
    return text;
}

bool takes_path(const option_spec& o) {
    return o.value == "FILE" || o.value == "DIR" || o.value == "LAUNCHER";
}

std::string options_of(unsigned command) {
    std::string text;
    for (const option_spec& o : all_options())
        if ((o.commands & command) != 0) (text += text.empty() ? "--" : " --") += o.name;
    return text;
}

std::string bash_script() {
    std::string out = R"(# bash completion of kvmark
_kvmark() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} command=${COMP_WORDS[1]}
    case $previous in
)";
    std::string paths;
    for (const option_spec& o : all_options()) {
        if (takes_path(o)) (paths += paths.empty() ? "--" : "|--") += o.name;
        if (o.choices.empty() || o.takes == arity::optional) continue;
        ((out += "        --") += o.name) +=
            ") COMPREPLY=($(compgen -W '" + joined(o.choices) + "' -- \"$current\")); return ;;\n";
    }
    out += "        " + paths + ") COMPREPLY=($(compgen -f -- \"$current\")); return ;;\n    esac\n";
    out += "    case $command in\n";
    for (const command_spec& c : all_commands)
        if (c.bit != 0)
            ((out += "        ") += c.name) +=
                ") COMPREPLY=($(compgen -W '" + options_of(c.bit) + "' -- \"$current\")) ;;\n";
    out += "        completion) COMPREPLY=($(compgen -W '" + joined(shell_names) + "' -- \"$current\")) ;;\n";
    out +=
        "        -*) COMPREPLY=($(compgen -W '" + options_of(on_run) + " --version' -- \"$current\")) ;;\n";
    out += "        *) COMPREPLY=($(compgen -W '";
    for (const command_spec& c : all_commands) (out += c.name) += ' ';
    return out +=
           "--help --version' -- \"$current\")) ;;\n    esac\n}\ncomplete -o filenames -F _kvmark kvmark\n";
}

/// Text between single quotes of zsh's _arguments or of fish.
std::string escaped(std::string_view text, std::string_view special) {
    std::string out;
    for (const char c : text) {
        if (c == '\'')
            out += "'\\''";
        else if (special.find(c) != std::string_view::npos)
            (out += '\\') += c;
        else
            out += c;
    }
    return out;
}

std::string zsh_script() {
    std::string out = "#compdef kvmark\n_kvmark() {\n    local -a commands=(";
    for (const command_spec& c : all_commands)
        out += " '" + std::string(c.name) + ":" + std::string(c.help) + "'";
    out +=
        " )\n    if (( CURRENT == 2 )) && [[ $words[2] != -* ]]; then\n        _describe command commands\n"
        "        return\n    fi\n    case $words[2] in\n";
    for (const command_spec& c : all_commands) {
        if (c.bit == 0) continue;
        (out += "        ") += c.name;
        if (c.bit == on_run) out += "|-*";
        out += ") _arguments -s";
        for (const option_spec& o : all_options()) {
            if ((o.commands & c.bit) == 0) continue;
            out += " \\\n            '*--" + std::string(o.name) + "[" + escaped(o.help, "[]:") + "]";
            if (o.takes != arity::flag && o.takes != arity::optional)
                out += ":" + escaped(o.value, "[]:") + ":" +
                       (!o.choices.empty() ? "(" + joined(o.choices) + ")"
                        : takes_path(o)    ? "_files"
                                           : "");
            out += "'";
        }
        out += " ;;\n";
    }
    out += "        completion) _values shell " + joined(shell_names) + " ;;\n    esac\n}\n";
    return out += "if [[ $funcstack[1] = _kvmark ]]; then _kvmark; else compdef _kvmark kvmark; fi\n";
}

std::string fish_script() {
    std::string out = "# fish completion of kvmark\ncomplete -c kvmark -f\n";
    for (const command_spec& c : all_commands)
        out += "complete -c kvmark -n __fish_use_subcommand -a " + std::string(c.name) + " -d '" +
               std::string(c.help) + "'\n";
    for (const command_spec& c : all_commands) {
        for (const option_spec& o : all_options()) {
            if ((o.commands & c.bit) == 0) continue;
            out += "complete -c kvmark -n '__fish_seen_subcommand_from " + std::string(c.name) + "' -l " +
                   std::string(o.name) + " -d '" + escaped(o.help, "\\") + "'";
            if (o.takes != arity::flag && o.takes != arity::optional) out += " -r";
            if (!o.choices.empty()) out += " -a '" + joined(o.choices) + "'";
            if (takes_path(o)) out += " -F";
            out += "\n";
        }
    }
    return out += "complete -c kvmark -n '__fish_seen_subcommand_from completion' -a '" +
                  joined(shell_names) + "'\n";
}

} // namespace

std::string completion_script(std::string_view shell) {
    if (shell == "bash") return bash_script();
    if (shell == "zsh") return zsh_script();
    if (shell == "fish") return fish_script();
    return {};
}

} // namespace kvmark::cli
