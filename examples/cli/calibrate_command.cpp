// The course of `kvmark calibrate`: cases in interleaved rounds, the fit, the table, the file.
#include "calibrate_command.hpp"

#include "calibration.hpp"
#include "console.hpp"
#include "outcome.hpp"
#include "stop_signal.hpp"
#include "storage_engine.hpp"
#include "tiers_backend.hpp"
#include "tiers_report.hpp"

#include <kvmark/benchmark/validate.hpp>
#include <kvmark/launch/quote.hpp>
#include <kvmark/report/context.hpp>
#include <kvmark/report/file.hpp>
#include <kvmark/report/json_text.hpp>
#include <kvmark/report/numbers.hpp>
#include <kvmark/report/spread.hpp>
#include <kvmark/tier/host.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <unistd.h>

namespace kvmark::cli {

namespace {

constexpr bytes smallest_block{64 * kib_bytes};
constexpr bytes file_size{768 * mib_bytes};

bytes io_chunk_of(const settings& s) { return bytes(static_cast<std::uint64_t>(s.options.io_chunk)); }

/// Host memory is copied by as many threads as the tier has, whatever the queue of storage.
std::uint32_t deepest(const settings& s) {
    return s.serving.memory ? tier::host().depth() : static_cast<std::uint32_t>(s.options.queue_depth);
}

/// The backend that `kvmark run` would use.
std::string_view engine_of(const settings& s) {
    if (s.serving.memory) return "host";
    const std::string_view storage = storage_tier_of(s);
    return storage == "uring_file"    ? "uring"
           : storage == "asio_file"   ? "asio"
           : storage == "mapped_file" ? "mmap"
           : storage == "gds_file"    ? "gds"
                                      : "pread";
}

/// The smaller size shows what an I/O costs beside its bytes; of a chunk as small there is but one size.
std::vector<bytes> block_sizes(const settings& s) {
    const bytes chunk = io_chunk_of(s);
    bytes small = smallest_block;
    while (small * 4 > chunk || chunk.count % small.count != 0) {
        if (small <= tier::sector_size) return {chunk};
        small = small / 2;
    }
    return {chunk, small};
}

/// 1, 2, 4 and so on up to the deepest.
std::vector<std::uint32_t> depths(const settings& s) {
    std::vector<std::uint32_t> all;
    for (std::uint32_t d = 1; d < deepest(s); d *= 2) all.push_back(d);
    all.push_back(deepest(s));
    return all;
}

class measurement {
public:
    measurement(const settings& s, console& out) : settings_(s), out_(out) {
        const bool quick = s.serving.quick;
        rounds_ = quick ? 2 : 5;
        const nanoseconds duration = from_seconds(s.tiers.seconds > 0 ? s.tiers.seconds : quick ? 0.1 : 0.3);
        const nanoseconds warm_up = duration / 5;
        for (const bytes block : block_sizes(s))
            for (const std::uint32_t depth : depths(s))
                for (const int read_percent : {100, 0}) add({block, depth, read_percent, warm_up, duration});
        add({io_chunk_of(s), deepest(s), 50, warm_up, duration});
    }

    result<void> run() {
        const tier::tier_setup setup{.limit = file_size,
                                     .io_chunk = io_chunk_of(settings_),
                                     .queue_depth = deepest(settings_),
                                     .cache_dir = path(),
                                     .layout = settings_.options.layout};
        const bytes size = settings_.serving.quick ? file_size / 3 : file_size;
        const auto named =
            std::find_if(all_backends().begin(), all_backends().end(),
                         [&](const named_backend& b) { return b.name == engine_of(settings_); });
        progress("laying out " + report::size_text(size));
        const auto backend =
            named->make(setup, size / setup.io_chunk.count * setup.io_chunk.count, settings_.options.verify);
        if (auto opened = backend->open(); !opened) return opened;
        note = backend->note();
        for (std::uint64_t round = 1; round <= rounds_; ++round)
            for (std::size_t c = 0; c < what_.size(); ++c) {
                if (stop_asked) return {};
                progress("round " + std::to_string(round) + " of " + std::to_string(rounds_) + ", case " +
                         std::to_string(c + 1) + " of " + std::to_string(what_.size()));
                if (auto done = measure(*backend, c); !done) return done;
            }
        for (calibrated_case& c : cases) c.measured.bytes_per_second = report::summarise(c.rounds).median;
        return {};
    }

    [[nodiscard]] std::string path() const { return settings_.serving.memory ? "" : settings_.tiers.path; }

    std::vector<calibrated_case> cases;
    std::string note, device;

private:
    void add(const block_case& c) {
        what_.push_back(c);
        cases.push_back(
            {.measured = {.block = c.block, .depth = c.depth, .read_percent = c.read_percent, .latency = {}},
             .fitted = {},
             .rounds = {}});
    }

    result<void> measure(tiers_backend& backend, std::size_t c) {
        const auto found = backend.measure(what_[c], stop_asked);
        if (!found) return found.error();
        if (stop_asked) return {};
        if (found->errors > 0)
            return error{error_kind::system,
                         std::string("an I/O failed: ") + std::strerror(found->error_number)};
        if (found->corrupt_sectors > 0)
            return error{error_kind::data,
                         std::to_string(found->corrupt_sectors) + " sectors came back changed"};
        if (found->operations() == 0)
            return error{error_kind::system, "no I/O of " + report::size_text(what_[c].block) +
                                                 " ended in time; give more --seconds"};
        device = found->device.name;
        cases[c].rounds.push_back(found->bytes_per_second());
        cases[c].measured.latency.merge(found->read_latency);
        cases[c].measured.latency.merge(found->write_latency);
        return {};
    }

    void progress(const std::string& line) {
        if (!settings_.quiet && out_.shows_progress()) out_.progress(line);
    }

    const settings& settings_;
    console& out_;
    std::uint64_t rounds_ = 0;
    std::vector<block_case> what_;
};

std::string case_name(const measured_case& c) {
    return fmt::format("{:>9} x {:<4} {:<6}", report::size_text(c.block), c.depth,
                       c.read_percent == 100 ? "read"
                       : c.read_percent == 0 ? "write"
                                             : "mixed");
}

std::string percent_off(double fitted, double measured) {
    return fmt::format("{:+.1f} %", (fitted / measured - 1) * 100);
}

/// A quantile of the time from one I/O of a slot to the next, in nanoseconds, from that of the I/O by itself:
/// the fit is of the former, which holds stamping and verification too.
double turnaround(const measured_case& c, double q) {
    const double mean = c.depth * static_cast<double>(c.block.count) / c.bytes_per_second * 1e9;
    return static_cast<double>(c.latency.quantile(q).count) / c.latency.mean() * mean;
}

std::string table(std::span<const calibrated_case> cases) {
    std::string out =
        fmt::format("{:<24}{:>8}  {:<13}{:>8}{:>9}{:>10}{:>10}{:>9}{:>10}{:>10}{:>9}\n", "case", "GiB/s",
                    "(spread)", "fitted", "error", "P50 us", "fitted", "error", "P99 us", "fitted", "error");
    const auto gib = [](double rate) { return rate / static_cast<double>(gib_bytes); };
    for (const calibrated_case& c : cases) {
        const report::median_and_spread rounds = report::summarise(c.rounds);
        out += fmt::format("{:<24}{:>8.3f}  {:<13}{:>8.3f}{:>9}", case_name(c.measured), gib(rounds.median),
                           fmt::format("({:.2f}-{:.2f})", gib(rounds.low), gib(rounds.high)),
                           gib(c.fitted.bytes_per_second),
                           percent_off(c.fitted.bytes_per_second, rounds.median));
        for (const double q : {0.5, 0.99}) {
            const double measured = turnaround(c.measured, q);
            const auto fitted = static_cast<double>(c.fitted.latency.quantile(q).count);
            out += fmt::format("{:>10.0f}{:>10.0f}{:>9}", measured / 1e3, fitted / 1e3,
                               percent_off(fitted, measured));
        }
        out += '\n';
    }
    return out;
}

std::string parameters(const tier::modelled_config& d) {
    const auto way = [](const char* name, nanoseconds latency, double alone, nanoseconds cost, double rate) {
        return fmt::format(
            "{:<6} alone {:.1f} us + size / {:.2f} GiB/s, one of many {:.1f} us + size / {:.2f} "
            "GiB/s\n",
            name, static_cast<double>(latency.count) / 1e3, alone / static_cast<double>(gib_bytes),
            static_cast<double>(cost.count) / 1e3, rate / static_cast<double>(gib_bytes));
    };
    return way("read", d.read_latency, d.read_alone_bytes_per_second, d.read_io_cost,
               d.read_bytes_per_second) +
           way("write", d.write_latency, d.write_alone_bytes_per_second, d.write_io_cost,
               d.write_bytes_per_second) +
           fmt::format("saturated at depth {}; contention of reads and writes {:.2f} (1: they take turns)\n",
                       d.queue_depth, d.contention);
}

} // namespace

void resolve_for_calibrate(settings& s, fault_list& faults) {
    options& o = s.options;
    if (s.serving.memory && !s.tiers.path.empty())
        faults.add("--memory and --path exclude each other: give one of them");
    if (o.output.empty()) faults.add("--output FILE is needed: where the parameters are written");
    if (s.tiers.path.empty()) s.tiers.path = "/var/tmp/kvmark-calibrate";
    if (s.tiers.seconds < 0 || s.tiers.seconds > 3600) faults.add("--seconds: must be 0..3600");
    check_storage_tier(s, faults);
    o.cache_dir = s.tiers.path;
    for (const error& e : validate(o)) {
        const bool of_path = e.message.starts_with("--cache-dir");
        faults.add(of_path ? "--path" + e.message.substr(11) : e.message);
    }
    if (!faults.empty()) return;
    if (io_chunk_of(s) * deepest(s) > file_size / 3)
        faults.add("--queue-depth " + std::to_string(o.queue_depth) + " with --io-chunk " +
                   std::to_string(o.io_chunk) + ": more than a third of the " + report::size_text(file_size) +
                   " that are measured");
    const std::string folder =
        o.output.find('/') == o.output.npos ? "." : o.output.substr(0, o.output.rfind('/') + 1);
    if (::access(folder.c_str(), W_OK) != 0)
        faults.add("--output " + quote(o.output) + ": " + std::strerror(errno));
}

int calibrate(const settings& s) {
    console out(s);
    heed_stop_signals();
    measurement found(s, out);
    if (const auto ran = found.run(); !ran) return report_failure(out, ran.error());
    out.end_progress();
    if (stop_asked) {
        out.note("stopped; nothing was written");
        return exit_code_of_signal(stop_signal);
    }

    std::vector<measured_case> measured;
    for (const calibrated_case& c : found.cases) measured.push_back(c.measured);
    const auto device = fit_modelled(measured, s.serving.memory ? tier::host::page_size : tier::sector_size);
    if (!device) return report_failure(out, device.error());
    for (calibrated_case& c : found.cases)
        c.fitted = *predict(*device, c.measured.block, c.measured.depth, c.measured.read_percent);
    const auto json = report::json_text(calibration_json(*device, found.cases,
                                                         {.device = found.device,
                                                          .path = found.path(),
                                                          .engine = std::string(engine_of(s)),
                                                          .date = report::utc_now(),
                                                          .verify = s.options.verify,
                                                          .io_chunk = io_chunk_of(s)}));
    if (auto written = report::write_file(s.options.output, json); !written)
        return report_failure(out, written.error());
    if (!found.note.empty()) out.warn(found.note);
    const std::string text =
        s.json    ? json
        : s.quiet ? std::string()
                  : table(found.cases) + parameters(*device) + "Result " + s.options.output + "\n";
    out.print(text, text);
    return exit_ok;
}

} // namespace kvmark::cli
