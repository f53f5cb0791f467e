#include "simulation_sweep.hpp"

#include "option_table.hpp"
#include "size_lists.hpp"

#include <kvmark/launch/quote.hpp>

#include <algorithm>

namespace kvmark::cli {

namespace {

struct sweep_key {
    const option_spec* option = nullptr;
    std::string name; ///< as it was given
    std::vector<std::string> values;
};

std::vector<std::string> split(std::string_view text, char at) {
    std::vector<std::string> parts;
    for (;;) {
        const std::size_t end = std::min(text.find(at), text.size());
        parts.emplace_back(text.substr(0, end));
        if (end == text.size()) return parts;
        text.remove_prefix(end + 1);
    }
}

std::optional<sweep_key> parse_key(std::string_view text, fault_list& faults) {
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos || equals == 0 || equals + 1 == text.size()) {
        faults.add("--sweep " + quote(text) + ": must be KEY=VALUE:VALUE, several between commas");
        return {};
    }
    sweep_key key{.name = std::string(text.substr(0, equals)), .values = split(text.substr(equals + 1), ':')};
    const std::string option = key.name == "capacity" ? "capacity-blocks" : key.name;
    key.option = find_option("--" + option, on_simulate);
    constexpr std::array<std::string_view, 5> fixed{"sweep", "trace", "trace-format", "json", "csv"};
    if (key.option == nullptr || key.option->takes != arity::one ||
        std::find(fixed.begin(), fixed.end(), option) != fixed.end()) {
        faults.add("--sweep " + quote(text) + ": " + key.name +
                   " is not an option that can vary; capacity, policy, ttl and the like are");
        return {};
    }
    for (std::string& value : key.values) std::replace(value.begin(), value.end(), '+', ',');
    return key;
}

} // namespace

std::vector<simulation_case> cases_of_sweep(const settings& s, fault_list& faults) {
    std::vector<simulation_case> cases{{s, {}}};
    if (s.serving.sweep.empty()) return cases;
    for (const std::string_view part : split_list(s.serving.sweep)) {
        const auto key = parse_key(part, faults);
        if (!key) continue;
        std::vector<simulation_case> more;
        for (const simulation_case& base : cases)
            for (const std::string& value : key->values) {
                simulation_case& added = more.emplace_back(base);
                key->option->store(added.s, *key->option, value, faults);
                added.keys.emplace_back(key->name, value);
            }
        cases = std::move(more);
    }
    return cases;
}

} // namespace kvmark::cli
