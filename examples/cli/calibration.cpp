// Calibration files, written and read.
#include "calibration.hpp"

#include "json_file.hpp"

#include <kvmark/benchmark/option_names.hpp>
#include <kvmark/launch/quote.hpp>
#include <kvmark/report/json_kvmark.hpp>
#include <kvmark/report/json_text.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <cmath>

namespace kvmark::cli {

namespace {

namespace json = boost::json;

constexpr std::string_view kind = "kvmark calibration";
constexpr std::uint64_t version = 1;
constexpr std::size_t largest_file = 16 * mib_bytes;

json::object way_json(nanoseconds latency, double rate, nanoseconds io_cost, double alone_rate,
                      const tier::modelled_spread& spread) {
    return {{"latency_ns", latency.count},
            {"bytes_per_second", rate},
            {"io_cost_ns", io_cost.count},
            {"alone_bytes_per_second", alone_rate},
            {"spread", json::array(spread.ratios.begin(), spread.ratios.end())}};
}

json::object case_json(const measured_case& c) {
    return {{"bytes_per_second", c.bytes_per_second},
            {"latency_ns",
             {{"mean", c.latency.mean()},
              {"p50", c.latency.quantile(0.5).count},
              {"p99", c.latency.quantile(0.99).count}}}};
}

/// The members of one object, each by its whole name in what is said about it.
class members {
public:
    members(const json::object& o, std::string prefix, std::string& fault)
        : object_(o), prefix_(std::move(prefix)), fault_(fault) {}

    [[nodiscard]] double number(std::string_view key, double least, double most) const {
        const json::value* v = object_.if_contains(key);
        boost::system::error_code failed;
        const double d = v != nullptr && v->is_number() ? v->to_number<double>(failed) : NAN;
        if (std::isfinite(d) && d >= least && d <= most) return d;
        refuse(key, "must be a number, " + bounds(least, most));
        return least;
    }
    [[nodiscard]] nanoseconds time(std::string_view key) const {
        return nanoseconds(static_cast<std::int64_t>(number(key, 0, 1e15)));
    }
    [[nodiscard]] members object(std::string_view key) const {
        static const json::object nothing;
        const json::value* v = object_.if_contains(key);
        if (v == nullptr || !v->is_object()) refuse(key, "must be an object");
        return {v != nullptr && v->is_object() ? v->get_object() : nothing, prefix_ + std::string(key) + ".",
                fault_};
    }
    [[nodiscard]] tier::modelled_spread spread(std::string_view key) const {
        tier::modelled_spread s;
        const json::value* v = object_.if_contains(key);
        const json::array* a = v != nullptr ? v->if_array() : nullptr;
        bool good = a != nullptr && a->size() == s.ratios.size();
        for (std::size_t i = 0; good && i < s.ratios.size(); ++i) {
            boost::system::error_code failed;
            s.ratios[i] = (*a)[i].is_number() ? (*a)[i].to_number<double>(failed) : NAN;
            good = std::isfinite(s.ratios[i]) && s.ratios[i] >= (i > 0 ? s.ratios[i - 1] : 0);
        }
        if (!good)
            refuse(key, "must be " + std::to_string(s.ratios.size()) + " numbers, 0 or more, in order");
        return s;
    }

private:
    static std::string bounds(double least, double most) {
        return std::string(launch::real_text(least)) + " to " + std::string(launch::real_text(most));
    }
    void refuse(std::string_view key, const std::string& expected) const {
        if (fault_.empty()) fault_ = prefix_ + std::string(key) + ": " + expected;
    }

    const json::object& object_;
    std::string prefix_;
    std::string& fault_;
};

std::optional<tier::tier_role> role_of(std::string_view name) {
    if (name == "gpu") return tier::tier_role::gpu;
    if (name == "host") return tier::tier_role::cpu;
    if (name == "storage") return tier::tier_role::storage;
    return std::nullopt;
}

} // namespace

json::object calibration_json(const tier::modelled_config& d, std::span<const calibrated_case> cases,
                              const calibration_context& context) {
    json::array all;
    for (const calibrated_case& c : cases) {
        json::object o{{"block_bytes", c.measured.block.count},
                       {"depth", c.measured.depth},
                       {"read_percent", c.measured.read_percent}};
        for (auto& [key, value] : case_json(c.measured)) o[key] = value;
        o["rounds_bytes_per_second"] = json::array(c.rounds.begin(), c.rounds.end());
        o["fitted"] = case_json(c.fitted);
        o["histogram_ns"] = report::histogram_json(c.measured.latency);
        all.push_back(std::move(o));
    }
    const auto& ranks = tier::modelled_spread::ranks;
    return {{"kind", kind},
            {"version", version},
            {"kvmark_version", KVMARK_VERSION},
            {"modelled",
             {{"queue_depth", d.queue_depth},
              {"granule_bytes", d.granule.count},
              {"contention", d.contention},
              {"read", way_json(d.read_latency, d.read_bytes_per_second, d.read_io_cost,
                                d.read_alone_bytes_per_second, d.read_spread)},
              {"write", way_json(d.write_latency, d.write_bytes_per_second, d.write_io_cost,
                                 d.write_alone_bytes_per_second, d.write_spread)},
              {"spread_ranks", json::array(ranks.begin(), ranks.end())}}},
            {"measured",
             {{"date", context.date},
              {"path", report::text_or_null(context.path)},
              {"device", report::text_or_null(context.device)},
              {"engine", context.engine},
              {"verify", verify_mode_names[static_cast<std::size_t>(context.verify)]},
              {"io_chunk_bytes", context.io_chunk.count},
              {"cases", std::move(all)}}}};
}

result<tier::modelled_config> read_calibration(const std::string& path) {
    const auto parsed = read_json_file(path, largest_file);
    if (!parsed) return parsed.error();
    const json::object* whole = parsed->if_object();
    const json::value* what = whole != nullptr ? whole->if_contains("kind") : nullptr;
    if (what == nullptr || !what->is_string() || what->get_string() != kind)
        return error{error_kind::invalid_argument,
                     path + ": not written by kvmark calibrate: \"kind\" must be \"" + std::string(kind) +
                         "\""};
    std::string fault;
    const members file(*whole, "", fault);
    static_cast<void>(file.number("version", version, version));
    const members device = file.object("modelled"), read = device.object("read"),
                  write = device.object("write");
    const tier::modelled_config config{
        .read_latency = read.time("latency_ns"),
        .write_latency = write.time("latency_ns"),
        .read_bytes_per_second = read.number("bytes_per_second", 1, 1e18),
        .write_bytes_per_second = write.number("bytes_per_second", 1, 1e18),
        .queue_depth = static_cast<std::uint32_t>(device.number("queue_depth", 1, 1'000'000)),
        .granule = bytes(static_cast<std::uint64_t>(device.number("granule_bytes", 1, 1e12))),
        .read_io_cost = read.time("io_cost_ns"),
        .write_io_cost = write.time("io_cost_ns"),
        .read_alone_bytes_per_second = read.number("alone_bytes_per_second", 0, 1e18),
        .write_alone_bytes_per_second = write.number("alone_bytes_per_second", 0, 1e18),
        .contention = device.number("contention", 0, 1000),
        .read_spread = read.spread("spread"),
        .write_spread = write.spread("spread")};
    if (!fault.empty()) return error{error_kind::invalid_argument, path + ": " + fault};
    return config;
}

void resolve_calibrations(settings& s, fault_list& faults) {
    for (const std::string& given : s.serving.calibrations) {
        const std::size_t equals = given.find('=');
        const auto role = role_of(std::string_view(given).substr(0, equals));
        if (!role || equals == given.npos || equals + 1 == given.size()) {
            faults.add("--calibration " + quote(given) + ": must be gpu=FILE, host=FILE or storage=FILE");
            continue;
        }
        auto& device = s.calibrated[static_cast<std::size_t>(*role)];
        if (device) faults.add("--calibration " + quote(given) + ": this tier has one already");
        if (auto read = read_calibration(given.substr(equals + 1)))
            device = *read;
        else
            faults.add("--calibration " + read.error().message);
    }
}

} // namespace kvmark::cli
