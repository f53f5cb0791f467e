#include "result_document.hpp"

#include "json_file.hpp"

#include <kvmark/core/units.hpp>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <optional>

namespace kvmark::cli {

namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

constexpr std::size_t largest_file = 1024 * mib_bytes;

bool has_object(const json::object& o, std::string_view key) {
    const json::value* v = o.if_contains(key);
    return v != nullptr && v->is_object();
}
bool has_array(const json::object& o, std::string_view key) {
    const json::value* v = o.if_contains(key);
    return v != nullptr && v->is_array();
}

/// The kind whose keys the object has; of a mark that a later kind has too, the more telling kind comes
/// first.
std::optional<document_kind> kind_of(const json::object& o) {
    if (has_object(o, "kvmark") && o.contains("requests_completed"))
        return has_object(o.at("kvmark").get_object(), "serving") ? document_kind::serving
                                                                  : document_kind::run;
    if (o.contains("requests_completed") && o.contains("total_tokens_generated")) return document_kind::run;
    if (has_object(o, "options") && o.contains("trials_per_option")) return document_kind::mlperf;
    if (has_object(o, "search")) return document_kind::search;
    if (has_array(o, "points") && has_array(o, "marks")) return document_kind::curve;
    if (has_array(o, "points") && o.contains("trace")) return document_kind::sweep;
    if (o.contains("hit_blocks_prefix") && o.contains("policy")) return document_kind::simulation;
    if (has_array(o, "results") && o.contains("kvmark_version")) return document_kind::tiers;
    return std::nullopt;
}

result<result_document> no_result(const std::string& path, const json::value& v) {
    std::string found = "an array";
    if (const json::object* o = v.if_object()) {
        found = o->empty() ? "no keys at all" : "only";
        std::size_t shown = 0;
        for (const auto& member : *o) {
            if (++shown > 6) break;
            (found += shown == 1 ? " \"" : ", \"") += std::string(member.key()) + '"';
        }
        if (o->size() > 6) found += " and more";
    } else if (!v.is_array()) {
        found = "a single value";
    }
    return error{
        error_kind::invalid_argument,
        path +
            ": no result of kvmark: it has neither \"requests_completed\" (run), \"points\" or \"policy\" "
            "(simulate, plan), \"results\" (tiers), \"trials_per_option\" (mlperf) nor \"search\", but " +
            found};
}

/// A result among the files of a directory, or nothing where it is JSON of another kind.
result<std::optional<result_document>> document_in(const fs::path& file) {
    auto parsed = read_json_file(file.string(), largest_file);
    if (!parsed) return parsed.error();
    json::object* o = parsed->if_object();
    const auto kind = o != nullptr ? kind_of(*o) : std::nullopt;
    if (!kind) return std::optional<result_document>();
    return std::optional(result_document{file.string(), *kind, std::move(*o)});
}

result<void> collect(const fs::path& directory, std::vector<result_document>& all) {
    std::vector<fs::path> files, folders;
    std::error_code failure;
    for (const fs::directory_entry& e : fs::directory_iterator(directory, failure)) {
        if (e.is_directory() && !e.is_symlink())
            folders.push_back(e.path());
        else if (e.is_regular_file() && e.path().extension() == ".json")
            files.push_back(e.path());
    }
    if (failure)
        return error{error_kind::system, directory.string() + ": cannot be read: " + failure.message()};
    std::sort(files.begin(), files.end());
    std::sort(folders.begin(), folders.end());
    bool holds_run = false;
    for (const fs::path& file : files) {
        auto found = document_in(file);
        if (!found) return found.error();
        if (!*found) continue;
        holds_run = holds_run || (*found)->is_run();
        all.push_back(**std::move(found));
    }
    if (holds_run) return {};
    for (const fs::path& folder : folders)
        if (auto done = collect(folder, all); !done) return done;
    return {};
}

} // namespace

const json::object* result_document::kvmark() const {
    const json::value* v = json.if_contains("kvmark");
    return v != nullptr ? v->if_object() : nullptr;
}

result<result_document> load_document(const std::string& path) {
    std::error_code unknown;
    if (fs::is_directory(path, unknown))
        return error{error_kind::invalid_argument, path + ": a directory, where one result file is needed"};
    auto parsed = read_json_file(path, largest_file);
    if (!parsed) return parsed.error();
    json::object* o = parsed->if_object();
    const auto kind = o != nullptr ? kind_of(*o) : std::nullopt;
    if (!kind) return no_result(path, *parsed);
    return result_document{path, *kind, std::move(*o)};
}

result<std::vector<result_document>> load_documents(const std::string& what) {
    std::vector<result_document> all;
    std::error_code unknown;
    const std::size_t comma = fs::exists(what, unknown) ? what.npos : what.find(',');
    if (comma != what.npos) {
        for (std::size_t at = 0; at <= what.size();) {
            const std::size_t end = std::min(what.find(',', at), what.size());
            if (end > at) {
                auto some = load_documents(what.substr(at, end - at));
                if (!some) return some.error();
                std::move(some->begin(), some->end(), std::back_inserter(all));
            }
            at = end + 1;
        }
        return all;
    }
    if (fs::is_directory(what, unknown)) {
        if (auto done = collect(what, all); !done) return done.error();
        if (all.empty())
            return error{error_kind::invalid_argument, what + ": no result of kvmark in it or below it"};
        return all;
    }
    auto one = load_document(what);
    if (!one) return one.error();
    all.push_back(*std::move(one));
    return all;
}

} // namespace kvmark::cli
