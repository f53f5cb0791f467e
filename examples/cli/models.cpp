// The table of models.
#include "models.hpp"

#include <kvmark/report/json_options.hpp>
#include <kvmark/report/numbers.hpp>

#include <cstdio>
#include <iterator>

namespace kvmark::cli {

int list_models(const settings& s) {
    if (s.json) {
        boost::json::array all;
        for (const std::string_view name : s.all_model_names())
            all.push_back(report::model_json(*s.find_model(name)));
        std::fputs(report::json_text(all).c_str(), stdout);
        return 0;
    }
    std::string out;
    const auto line = [&](const auto&... cells) {
        fmt::format_to(std::back_inserter(out), "{:<22}{:<10}{:>7}{:>8}{:>7}{:>9}{:>9}{:>10}{:>13}{:>16}\n",
                       cells...);
    };
    line("model", "attention", "layers", "hidden", "heads", "kv heads", "head dim", "dtype", "bytes/token",
         "8192 tokens");
    for (const std::string_view name : s.all_model_names()) {
        const model::geometry& m = *s.find_model(name);
        const std::uint32_t head_dim = m.head_dim != 0 || m.heads == 0 ? m.head_dim : m.hidden / m.heads;
        const auto count = [&](std::uint32_t n) { return m.is_mla() ? "-" : std::to_string(n); };
        line(name,
             m.is_mla()              ? "MLA"
             : m.kv_heads == m.heads ? "MHA"
                                     : "GQA",
             m.layers, m.hidden, m.heads, count(m.kv_heads), count(head_dim),
             report::dtype_names[static_cast<std::size_t>(m.type)], report::grouped(m.per_token().count),
             report::size_text(m.per_token() * 8192));
    }
    std::fputs(out.c_str(), stdout);
    return 0;
}

} // namespace kvmark::cli
