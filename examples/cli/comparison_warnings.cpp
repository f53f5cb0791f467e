// What two sets of trials do not have in common, and what their runs say of themselves.
#include "compared_trials.hpp"

#include <kvmark/report/json_members.hpp>
#include <kvmark/report/json_text.hpp>

#include <algorithm>
#include <map>
#include <set>

namespace kvmark::cli {

namespace {

namespace json = boost::json;
using report::number_at;

/// Differ between runs that ask for the same, or are judged apart.
constexpr std::string_view left_out[]{"output", "seed", "max_samples"};

using values = std::map<std::string, std::set<std::string>>;

std::string value_text(const json::value& v) {
    std::string text = report::json_text(v);
    text.pop_back(); // its newline
    return text;
}

void collect(const json::object& o, const std::string& before, values& into) {
    for (const auto& member : o) {
        const std::string name = before + std::string(member.key());
        if (std::find(std::begin(left_out), std::end(left_out), name) != std::end(left_out)) continue;
        if (const json::object* in = member.value().if_object())
            collect(*in, name + ".", into);
        else
            into[name].insert(value_text(member.value()));
    }
}

std::string joined(const std::set<std::string>& all) {
    std::string text;
    for (const std::string& one : all) (text += text.empty() ? "" : " and ") += one;
    return text.empty() ? "none" : text;
}

/// `name A -> B` for each that differs, and nothing where all agree.
std::string differences(const values& a, const values& b) {
    constexpr std::size_t most = 12;
    std::set<std::string> names;
    for (const auto& [name, _] : a) names.insert(name);
    for (const auto& [name, _] : b) names.insert(name);
    std::string text;
    std::size_t found = 0;
    for (const std::string& name : names) {
        static const std::set<std::string> none;
        const auto in_a = a.find(name), in_b = b.find(name);
        const auto& of_a = in_a != a.end() ? in_a->second : none;
        const auto& of_b = in_b != b.end() ? in_b->second : none;
        if (of_a == of_b || ++found > most) continue;
        text += (text.empty() ? "" : ", ") + name + " " + joined(of_a) + " -> " + joined(of_b);
    }
    return found > most ? text + ", and " + std::to_string(found - most) + " more" : text;
}

/// Names of what is not the same in all trials of one set.
std::string inner_differences(const values& set) {
    std::string text;
    for (const auto& [name, all] : set)
        if (all.size() > 1) (text += text.empty() ? "" : ", ") += name + " (" + joined(all) + ")";
    return text;
}

values options_of(const trial_set& set) {
    values all;
    for (const result_document& d : set.documents) {
        const json::object* ours = d.kvmark();
        if (ours == nullptr) continue;
        collect(report::object_at(*ours, {"options"}), "", all);
        std::string stack;
        report::for_each_object(report::array_at(*ours, {"tiers"}), [&](const json::object& t) {
            (stack += stack.empty() ? "" : " + ") += report::text_at(t, {"name"});
        });
        all["tiers"].insert(stack);
        all["virtual time"].insert(report::flag_at(*ours, {"virtual_time"}) ? "yes" : "no");
        all["kvmark"].insert(std::string(report::text_at(*ours, {"version"})));
    }
    return all;
}

values hosts_of(const trial_set& set) {
    values all;
    for (const result_document& d : set.documents) {
        const json::object* ours = d.kvmark();
        if (ours == nullptr) continue;
        const json::object& host = report::object_at(*ours, {"host"});
        for (const char* key :
             {"hostname", "kernel", "cpu_model", "logical_cpus", "memory_bytes", "file_system"})
            if (const json::value* v = host.if_contains(key)) all[key].insert(value_text(*v));
        for (const char* key : {"name", "model"})
            if (const json::value* v = report::member_at(host, {"block_device", key}))
                all[std::string("block device ") + key].insert(value_text(*v));
        report::for_each_object(report::array_at(*ours, {"job", "hosts"}), [&](const json::object& h) {
            all["hosts of the job"].insert(std::string(report::text_at(h, {"host"})));
        });
    }
    return all;
}

std::set<std::string> seeds_of(const trial_set& set) {
    std::set<std::string> all;
    for (const result_document& d : set.documents)
        if (const json::value* seed = d.json.if_contains("seed")) all.insert(value_text(*seed));
    return all;
}

/// What a run says of itself that makes its figures something else than the storage's.
std::vector<std::string> doubts_of(const result_document& d) {
    std::vector<std::string> all;
    const json::object* ours = d.kvmark();
    if (ours == nullptr) return all;
    if (report::flag_at(*ours, {"interrupted"})) all.emplace_back("was interrupted");
    if (report::flag_at(*ours, {"job", "partial"})) all.emplace_back("lacks ranks");
    const json::value* clean = report::member_at(*ours, {"integrity", "clean"});
    if (clean != nullptr && clean->is_bool() && !clean->get_bool())
        all.emplace_back("read bytes that were not those written, or had operations fail");
    if (const json::array& reasons = report::array_at(*ours, {"storage", "reasons"}); !reasons.empty()) {
        for (const json::value& reason : reasons)
            if (reason.is_string())
                all.push_back("does not rank storage: " + std::string(reason.get_string()));
        return all;
    }
    if (report::flag_at(*ours, {"device", "page_cache_suspected"}))
        all.emplace_back("was served in part by the page cache");
    bool saturated = false;
    report::for_each_object(report::array_at(*ours, {"job", "hosts"}), [&](const json::object& h) {
        saturated = saturated || report::flag_at(h, {"cores_saturated"});
    });
    const double used = number_at(*ours, {"process", "cores_used"}).value_or(0);
    const double processors = number_at(*ours, {"host", "logical_cpus"}).value_or(0);
    const bool job = !report::object_at(*ours, {"job"}).empty();
    if (saturated || (!job && processors > 0 && used > 0.9 * processors))
        all.emplace_back("was limited by the processor");
    return all;
}

void add_doubts(const trial_set& set, const char* side, std::vector<std::string>& warnings) {
    std::map<std::string, std::vector<std::string>> by_doubt;
    for (const result_document& d : set.documents)
        for (const std::string& doubt : doubts_of(d)) by_doubt[doubt].push_back(d.path);
    for (const auto& [doubt, paths] : by_doubt)
        warnings.push_back(
            std::string(side) + ": " + paths.front() +
            (paths.size() > 1 ? " and " + std::to_string(paths.size() - 1) + " more: each " : " ") + doubt);
}

} // namespace

std::vector<std::string> comparison_warnings(const trial_set& a, const trial_set& b) {
    std::vector<std::string> all;
    const values options_a = options_of(a), options_b = options_of(b);
    for (const auto& [side, options] : {std::pair("A", &options_a), std::pair("B", &options_b)})
        if (const std::string mixed = inner_differences(*options); !mixed.empty())
            all.push_back(std::string(side) +
                          ": its trials were not run with the same options, so its spread is not "
                          "that of one thing repeated: " +
                          mixed);
    if (options_a.empty() != options_b.empty())
        all.push_back(std::string(options_a.empty() ? "A" : "B") +
                      " has results of kv-cache.py alone, whose options, host and course are not known");
    else if (const std::string other = differences(options_a, options_b); !other.empty())
        all.push_back("A and B were not run with the same options: " + other);
    if (const std::string other = differences(hosts_of(a), hosts_of(b)); !other.empty())
        all.push_back("A and B did not run on the same machine: " + other);
    if (const auto of_a = seeds_of(a), of_b = seeds_of(b); of_a != of_b)
        all.push_back("A and B had other seeds, so other requests: " + joined(of_a) + " -> " + joined(of_b));
    add_doubts(a, "A", all);
    add_doubts(b, "B", all);
    for (const result_document& d : a.documents)
        if (std::any_of(b.documents.begin(), b.documents.end(),
                        [&](const result_document& o) { return o.path == d.path; })) {
            all.push_back(d.path + " is in both sets");
            break;
        }
    return all;
}

} // namespace kvmark::cli
