#include "page_data.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>

namespace kvmark::cli {

namespace {

namespace json = boost::json;

constexpr double bins_per_decade = 32;
constexpr std::size_t largest_timeline = 600, smallest_timeline = 60, rows_of_page = 2400;

/// Six significant digits: a pixel is a thousandth of a chart.
json::value rounded(const json::value& v) {
    if (!v.is_double()) return v;
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.6g", v.get_double());
    return std::strtod(text.data(), nullptr);
}

json::object* object_in(json::object& o, std::string_view key) {
    json::value* v = o.if_contains(key);
    return v != nullptr ? v->if_object() : nullptr;
}

json::array* array_in(json::object& o, std::string_view key) {
    json::value* v = o.if_contains(key);
    return v != nullptr ? v->if_array() : nullptr;
}

double to_double(const json::value& v) { return v.is_number() ? v.to_number<double>() : 0; }

/// Neighbours within a thirty-second of a decade become one bucket [lowest, highest, count].
void coarsen(json::array& histogram) {
    json::array bins;
    double bin = -1;
    for (const json::value& v : histogram) {
        const json::array* bucket = v.if_array();
        if (bucket == nullptr || bucket->size() != 3) continue;
        const double of = std::floor(std::log10(std::max(to_double((*bucket)[1]), 1.0)) * bins_per_decade);
        if (of != bin) {
            bins.push_back(*bucket);
            bin = of;
            continue;
        }
        json::array& last = bins.back().get_array();
        last[1] = (*bucket)[1];
        last[2] = last[2].to_number<std::uint64_t>() + (*bucket)[2].to_number<std::uint64_t>();
    }
    histogram = std::move(bins);
}

/// Every histogram in `v`, however deep, is made coarse, or is left out.
void treat_histograms(json::value& v, bool keep) {
    if (json::array* a = v.if_array()) {
        for (json::value& each : *a) treat_histograms(each, keep);
        return;
    }
    json::object* o = v.if_object();
    if (o == nullptr) return;
    if (json::array* histogram = array_in(*o, "histogram_ns")) {
        if (keep)
            coarsen(*histogram);
        else
            o->erase("histogram_ns");
    }
    for (auto& [key, value] : *o) treat_histograms(value, keep);
}

/// Of an operation the charts show the distribution of the whole; of its parts the mean.
void prune_tiers(json::array& tiers) {
    for (json::value& tier : tiers) {
        if (!tier.is_object()) continue;
        for (const std::string_view operation : {"read", "write"})
            if (json::object* o = object_in(tier.get_object(), operation))
                for (auto& [part, distribution] : *o) treat_histograms(distribution, part == "total");
    }
}

/// The columns of rows that have the same keys; those of a percentile are one level deeper.
class columns {
public:
    explicit columns(std::size_t rows) : rows_(rows) {}

    void add(const json::object& row, std::size_t at) {
        for (const auto& [key, v] : row) {
            if (v.is_number()) cell(all_, key, at) = rounded(v);
            if (const json::object* deeper = v.if_object()) {
                json::value& sub = all_[key];
                if (!sub.is_object()) sub.emplace_object();
                for (const auto& [name, x] : *deeper) cell(sub.get_object(), name, at) = rounded(x);
            }
        }
    }

    [[nodiscard]] json::object take() { return std::move(all_); }

private:
    json::value& cell(json::object& o, std::string_view key, std::size_t at) {
        json::value& column = o[key];
        if (!column.is_array()) column = json::array(rows_, nullptr);
        return column.get_array()[at];
    }

    std::size_t rows_;
    json::object all_;
};

/// One row for several: bytes and tokens are of the whole time, users those at its end, and the latencies
/// those of the row whose P99 is highest, so that no stall is hidden.
json::object merged(std::span<const json::value> rows, double since) {
    json::object sum = rows.back().get_object();
    double read = 0, write = 0, tokens = 0, from = since;
    for (const json::value& v : rows) {
        const json::object& row = v.get_object();
        const auto number = [&](std::string_view key) {
            const json::value* x = row.if_contains(key);
            return x != nullptr ? to_double(*x) : 0.0;
        };
        read += number("storage_read_bytes");
        write += number("storage_write_bytes");
        tokens += number("tokens_per_s") * (number("at_s") - from);
        from = number("at_s");
        for (const auto& [key, x] : row) {
            const auto p99 = [](const json::value& of) {
                const json::object* o = of.if_object();
                const json::value* p = o != nullptr ? o->if_contains("p99") : nullptr;
                return p != nullptr ? to_double(*p) : -1.0;
            };
            if (p99(x) > p99(sum[key])) sum[key] = x;
        }
    }
    sum["storage_read_bytes"] = read;
    sum["storage_write_bytes"] = write;
    sum["tokens_per_s"] = from > since ? tokens / (from - since) : 0.0;
    return sum;
}

json::object thinned(const json::array& timeline, std::size_t most) {
    const bool objects =
        std::all_of(timeline.begin(), timeline.end(), [](const json::value& v) { return v.is_object(); });
    if (timeline.empty() || !objects) return {{"at_s", json::array()}};
    const std::size_t step = (timeline.size() + most - 1) / most, rows = (timeline.size() + step - 1) / step;
    columns all(rows);
    double since = 0;
    for (std::size_t i = 0; i < rows; ++i) {
        const std::size_t begin = i * step, n = std::min(step, timeline.size() - begin);
        const json::object row =
            n == 1 ? timeline[begin].get_object()
                   : merged(std::span<const json::value>(timeline.data() + begin, n), since);
        all.add(row, i);
        if (const json::value* at = row.if_contains("at_s")) since = to_double(*at);
    }
    return all.take();
}

void prune_run(json::object& result, std::size_t timeline_rows) {
    json::object kept;
    for (const std::string_view key : {"summary", "kvmark", "seed"})
        if (json::value* v = result.if_contains(key)) kept[key] = std::move(*v);
    if (json::object* summary = object_in(kept, "summary")) summary->erase("autoscaling_stats");
    if (json::object* k = object_in(kept, "kvmark")) {
        for (const std::string_view key : {"autoscaling", "samples", "units"}) k->erase(key);
        if (json::object* job = object_in(*k, "job")) job->erase("cluster");
        if (json::array* tiers = array_in(*k, "tiers")) prune_tiers(*tiers);
        for (const std::string_view key : {"latency", "serving"})
            if (json::value* v = k->if_contains(key)) treat_histograms(*v, true);
        if (json::value* v = k->if_contains("classes")) treat_histograms(*v, false);
        json::value& timeline = (*k)["timeline"];
        timeline = timeline.is_array() ? thinned(timeline.get_array(), timeline_rows)
                                       : json::object{{"at_s", json::array()}};
    }
    result = std::move(kept);
}

/// JSON has no infinity; Boost.JSON writes one all the same.
void make_finite(json::value& v) {
    if (const double* d = v.if_double(); d != nullptr && !std::isfinite(*d)) v = nullptr;
    if (json::array* a = v.if_array())
        for (json::value& each : *a) make_finite(each);
    if (json::object* o = v.if_object())
        for (auto& [key, each] : *o) make_finite(each);
}

json::object page_document(const result_document& d, std::size_t timeline_rows) {
    json::value all = d.json;
    json::object& o = all.get_object();
    if (d.is_run())
        prune_run(o, timeline_rows);
    else
        treat_histograms(all, d.kind == document_kind::simulation);
    for (json::object* part : {&o, object_in(o, "gpu")})
        if (json::array* results = part != nullptr ? array_in(*part, "results") : nullptr)
            for (json::value& each : *results)
                if (json::object* r = each.if_object()) r->erase("rounds");
    o["file"] = d.path;
    o["kind"] = d.kind_name();
    return o;
}

} // namespace

json::object page_data(std::span<const result_document> documents, const json::object* comparison) {
    const auto runs = std::count_if(documents.begin(), documents.end(),
                                    [](const result_document& d) { return d.is_run(); });
    const std::size_t rows =
        std::clamp(rows_of_page / std::max<std::size_t>(1, static_cast<std::size_t>(runs)), smallest_timeline,
                   largest_timeline);
    json::array all;
    for (const result_document& d : documents) all.push_back(page_document(d, rows));
    json::object data{{"documents", std::move(all)}, {"comparison", nullptr}};
    if (comparison != nullptr) make_finite(data["comparison"] = *comparison);
    return data;
}

std::string script_text(std::string text) {
    for (std::size_t at = text.find('<'); at != text.npos; at = text.find('<', at + 6))
        text.replace(at, 1, "\\u003c");
    return text;
}

} // namespace kvmark::cli
