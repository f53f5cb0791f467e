// Sizes of the data of a load, and the recommendations made from them.
#include "datasize.hpp"

#include "plan.hpp"

#include <kvmark/core/path.hpp>
#include <kvmark/launch/hosts.hpp>
#include <kvmark/report/json_options.hpp>
#include <kvmark/report/numbers.hpp>

#include <algorithm>
#include <cstdio>
#include <iterator>

namespace kvmark::cli {

namespace {

namespace json = boost::json;

/// Context of a user in tokens that the reference's wrapper takes as typical; 4096 where it names none.
std::int64_t typical_sequence(std::string_view model) {
    if (model == "tiny-1b") return 2048;
    if (model == "llama3.1-8b" || model == "llama3.1-70b-instruct") return 8192;
    return 4096;
}

struct data_size {
    model::geometry model;
    std::int64_t sequence = 0; ///< tokens
    bytes per_user{};          ///< on one rank
    bytes total{};             ///< of all users of all ranks
    double gpu_gib = 0;        ///< recommended, of all ranks together
    double cpu_gib = 0;
    double storage_gib = 0;
};

/// The shape of the reference's recommendation with true bytes per token and with ranks: 20 % of the data in
/// GPU memory and 50 % in host memory, or what was given if that is more; storage for twice the data.
data_size size_of(const model::geometry& m, const settings& s, std::int64_t ranks) {
    const options& o = s.options;
    data_size d{.model = m, .sequence = s.sequence_length > 0 ? s.sequence_length : typical_sequence(m.name)};
    d.per_user = m.per_token() * static_cast<std::uint64_t>(d.sequence) /
                 static_cast<std::uint64_t>(o.tensor_parallel);
    d.total = d.per_user * static_cast<std::uint64_t>(o.num_users) * static_cast<std::uint64_t>(ranks);
    d.gpu_gib = std::max(o.gpu_mem_gb.value, 0.2 * to_gib(d.total));
    d.cpu_gib = std::max(o.cpu_mem_gb.value, 0.5 * to_gib(d.total));
    d.storage_gib = 2 * to_gib(d.total);
    return d;
}

json::object size_json(const data_size& d, const settings& s, std::int64_t ranks) {
    return {{"model", report::model_json(d.model)},
            {"sequence_tokens", d.sequence},
            {"users", s.options.num_users},
            {"ranks", ranks},
            {"tensor_parallel", s.options.tensor_parallel},
            {"per_user_bytes", d.per_user.count},
            {"total_bytes", d.total.count},
            {"recommended_gib", {{"gpu", d.gpu_gib}, {"cpu", d.cpu_gib}, {"storage", d.storage_gib}}}};
}

std::string table(const std::vector<data_size>& sizes, const settings& s, std::int64_t ranks) {
    std::string out = fmt::format("{} users on {} rank{}, tensor parallel {}\n\n", s.options.num_users, ranks,
                                  ranks == 1 ? "" : "s", s.options.tensor_parallel);
    const auto line = [&](const auto&... cells) {
        fmt::format_to(std::back_inserter(out), "{:<22}{:>12}{:>9}{:>11}{:>11}{:>9}{:>9}{:>10}\n", cells...);
    };
    line("model", "bytes/token", "tokens", "per user", "total", "GPU GiB", "CPU GiB", "disk GiB");
    const auto gib = [](double v) { return fmt::format("{:.1f}", v); };
    for (const data_size& d : sizes)
        line(d.model.name, report::grouped(d.model.per_token().count), d.sequence,
             report::size_text(d.per_user), report::size_text(d.total), gib(d.gpu_gib), gib(d.cpu_gib),
             gib(d.storage_gib));
    return out += "\nThe last three columns are recommendations over all ranks: 20 % of the total in GPU "
                  "memory, 50 %\n"
                  "in host memory (or what was given, if more), and storage for twice the total.\n";
}

} // namespace

int datasize(const settings& s) {
    const std::int64_t ranks = launch::host_plan(s.options.hosts, s.options.num_processes).processes();
    std::vector<data_size> sizes;
    if (s.was_given("model")) {
        sizes.push_back(size_of(s.options.model, s, ranks));
    } else {
        for (const std::string_view name : s.all_model_names())
            sizes.push_back(size_of(*s.find_model(name), s, ranks));
    }
    const bytes free = s.options.cache_dir.empty() ? bytes{} : free_space(s.options.cache_dir);

    if (s.json) {
        json::array all;
        for (const data_size& d : sizes) all.push_back(size_json(d, s, ranks));
        json::object o{{"sizes", std::move(all)}};
        if (!s.options.cache_dir.empty())
            o["cache_dir"] = {{"path", s.options.cache_dir}, {"available_bytes", free.count}};
        std::fputs(report::json_text(o).c_str(), stdout);
        return 0;
    }
    std::string out = table(sizes, s, ranks);
    if (!s.options.cache_dir.empty()) {
        fmt::format_to(std::back_inserter(out), "\n{} has {} free:", s.options.cache_dir,
                       report::size_text(free));
        for (const data_size& d : sizes)
            fmt::format_to(std::back_inserter(out), "\n  {}: {}", d.model.name,
                           d.total <= free ? "the total fits"
                                           : report::size_text(d.total - free) + " too little for the total");
        out += '\n';
    }
    std::fputs(out.c_str(), stdout);
    return 0;
}

} // namespace kvmark::cli
