// The course of `kvmark tiers`: cases, interleaved rounds, and what is made of them.
#include "tiers_command.hpp"

#include "console.hpp"
#include "outcome.hpp"
#include "resolve.hpp"
#include "size_lists.hpp"
#include "stop_signal.hpp"
#include "tiers_backend.hpp"
#include "tiers_gpu.hpp"
#include "tiers_report.hpp"

#include <kvmark/launch/quote.hpp>
#include <kvmark/report/file.hpp>
#include <kvmark/report/json_text.hpp>
#include <kvmark/report/numbers.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <numeric>

namespace kvmark::cli {

const std::string_view tiers_closing = R"(
Exit codes:
  0    measured
  1    nothing could be measured, an I/O failed, data came back wrong, or a file could not be written
  2    wrong arguments; all of them are named, and nothing was touched
  130  interrupted by SIGINT (143: by SIGTERM); what was measured is still reported

  kvmark tiers --path /mnt/nvme                            blocks of llama3.1-8b, uring and pread
  kvmark tiers --path /mnt/nvme --fio                      1 MiB x 4, 128 KiB x 32, 4 KiB x 64, beside fio
  kvmark tiers --path /mnt/nvme --engines all --depths 1,4,32 --io read,write,mix
  kvmark tiers --path /mnt/nvme --cases 4K:1,4K:32 --io mix --json result.json
  kvmark tiers --gpu --block-sizes 2M --depths 1,8         GPUs alone: the CUDA tier beside plain copies

docs/tiers.md explains the columns and the keys.
)";

namespace {

constexpr bytes largest_chunk{64 * mib_bytes};

using size_and_depth = std::pair<bytes, std::uint32_t>;

std::vector<size_and_depth> chosen_cases(const settings& s) {
    const tiers_request& t = s.tiers;
    if (!t.cases.empty()) return t.cases;
    const bool sized = !t.block_sizes.empty() || !t.block_tokens.empty() || !t.depths.empty();
    if (t.fio && !sized) return {{bytes(mib_bytes), 4}, {bytes(128 * kib_bytes), 32}, {bytes(4096), 64}};
    std::vector<bytes> sizes = t.block_sizes;
    if (sizes.empty())
        for (const std::uint32_t n :
             t.block_tokens.empty() ? std::vector<std::uint32_t>{16, 64, 256, 512} : t.block_tokens)
            sizes.push_back(round_up(s.options.model.per_token() * n, tier::sector_size));
    std::vector<size_and_depth> all;
    for (const bytes size : sizes)
        for (const std::uint32_t depth : t.depths.empty() ? std::vector<std::uint32_t>{4} : t.depths)
            all.emplace_back(size, depth);
    return all;
}

/// The smallest size that every block divides.
bytes common_chunk(const std::vector<size_and_depth>& cases) {
    std::uint64_t chunk = 1;
    for (const auto& [size, depth] : cases) {
        chunk = std::lcm(chunk, size.count);
        if (chunk > largest_chunk.count) break;
    }
    return bytes(chunk);
}

const named_backend* find_backend(std::string_view name) {
    for (const named_backend& b : all_backends())
        if (b.name == name) return &b;
    return nullptr;
}

bytes buffers_of(const std::vector<size_and_depth>& cases) {
    bytes most{};
    for (const auto& [size, depth] : cases) most = std::max(most, size * depth);
    return most;
}

/// Whether the kernel backs buffers like those of the I/Os with huge pages; it need not, whatever it is
/// advised.
bool has_huge_pages() {
    const huge_page_buffer probe(huge_page_buffer::alignment);
    probe.touch(huge_page_buffer::alignment);
    std::ifstream maps("/proc/self/smaps_rollup");
    for (std::string line; std::getline(maps, line);)
        if (line.starts_with("AnonHugePages:")) return std::strtoull(line.c_str() + 14, nullptr, 10) > 0;
    return true; // cannot be asked
}

/// The one file that the first backend laid out; empty where there is none, or many.
std::string laid_out_file(const tiers_request& t) {
    std::string found;
    std::error_code ignored;
    for (const auto& thing : std::filesystem::recursive_directory_iterator(t.path, ignored)) {
        if (!thing.is_regular_file(ignored) || thing.path().extension() != ".kv") continue;
        if (t.layout == tier::layout_kind::file_per_block || thing.file_size(ignored) < t.size.count)
            continue;
        found = thing.path().string();
    }
    return found;
}

class measurement {
public:
    measurement(const settings& s, console& out) : settings_(s), request_(s.tiers), out_(out) {
        if (request_.gpu)
            gpus_ =
                std::make_unique<gpu_measurement>(request_, chosen_cases(s), common_chunk(chosen_cases(s)));
        for (const auto& [size, depth] : chosen_cases(s))
            for (const int read_percent : request_.read_percents)
                cases_.push_back({.block = size,
                                  .depth = depth,
                                  .read_percent = read_percent,
                                  .duration = from_seconds(request_.seconds)});
    }

    measurement(const measurement&) = delete;
    measurement& operator=(const measurement&) = delete;
    /// The first one made the directories, and so is the last to go.
    ~measurement() {
        fio_.reset();
        while (!backends_.empty()) backends_.pop_back();
    }

    result<void> open() {
        if (gpus_) {
            progress("filling the memory of GPUs");
            if (auto opened = gpus_->open(stop_asked); !opened) return opened;
        }
        const auto pairs = chosen_cases(settings_);
        for (const std::string& engine : request_.engines) {
            progress("laying out for " + engine);
            const tier::tier_setup setup{.limit = request_.size,
                                         .io_chunk = common_chunk(pairs),
                                         .queue_depth = 1,
                                         .cache_dir = request_.path,
                                         .layout = request_.layout,
                                         .strict = settings_.options.strict};
            auto& backend =
                backends_.emplace_back(find_backend(engine)->make(setup, request_.size, request_.verify));
            if (auto opened = backend->open(); !opened)
                return error{opened.error().kind, engine + ": " + opened.error().message};
            if (stop_asked) return {};
            for (const block_case& c : cases_) {
                tiers_row& row = rows.emplace_back();
                row.backend = engine;
                row.what = c;
                row.note = backend->note();
            }
        }
        if (!request_.fio) return {};
        progress("laying out for fio");
        fio_ = std::make_unique<fio_peer>(request_.path, request_.size, laid_out_file(request_));
        if (auto opened = fio_->open(buffers_of(pairs), stop_asked); !opened && !stop_asked) return opened;
        if (!fio_->note().empty()) out_.warn(fio_->note());
        return {};
    }

    result<void> run() {
        for (std::int64_t round = 1; round <= request_.rounds && !stop_asked; ++round) {
            for (std::size_t c = 0; c < cases_.size() && !stop_asked; ++c)
                if (auto done = measure_case(round, c); !done) return done;
            for (std::size_t row = 0; gpus_ && row < gpus_->row_count() && !stop_asked; ++row) {
                progress(of_round(round) + gpus_->name_of(row));
                if (auto done = gpus_->measure(row, stop_asked); !done) return done;
            }
        }
        return {};
    }

    /// Of GPUs, where they were asked for.
    [[nodiscard]] std::optional<gpu_figures> gpus() const {
        return gpus_ ? std::optional(gpus_->figures()) : std::nullopt;
    }
    std::vector<tiers_row> rows;

private:
    /// Every backend and fio on one case, which is what makes a round fair.
    result<void> measure_case(std::int64_t round, std::size_t c) {
        for (std::size_t b = 0; b < backends_.size() && !stop_asked; ++b) {
            say(round, c, request_.engines[b]);
            auto found = backends_[b]->measure(cases_[c], stop_asked);
            if (!found) return found.error();
            if (!stop_asked || found->operations() > 0) row(b, c).rounds.push_back(std::move(*found));
        }
        if (!fio_ || stop_asked) return {};
        say(round, c, "fio");
        const auto peer = fio_->measure(cases_[c], stop_asked);
        if (stop_asked) return {};
        if (!peer) return peer.error();
        for (std::size_t b = 0; b < backends_.size(); ++b) row(b, c).fio.push_back(peer->bytes_per_second);
        return {};
    }

    tiers_row& row(std::size_t backend, std::size_t c) { return rows[backend * cases_.size() + c]; }

    void say(std::int64_t round, std::size_t c, const std::string& who) {
        progress(of_round(round) + "case " + std::to_string(c + 1) + " of " + std::to_string(cases_.size()) +
                 ": " + report::size_text(cases_[c].block) + " x " + std::to_string(cases_[c].depth) + ", " +
                 who);
    }
    [[nodiscard]] std::string of_round(std::int64_t round) const {
        return "round " + std::to_string(round) + " of " + std::to_string(request_.rounds) + ", ";
    }
    void progress(const std::string& line) {
        if (!settings_.quiet && out_.shows_progress()) out_.progress(line);
    }

    const settings& settings_;
    const tiers_request& request_;
    console& out_;
    std::vector<block_case> cases_;
    std::vector<std::unique_ptr<tiers_backend>> backends_;
    std::unique_ptr<fio_peer> fio_;
    std::unique_ptr<gpu_measurement> gpus_;
};

bool any_fault(const std::vector<block_result>& rounds) {
    return std::any_of(rounds.begin(), rounds.end(),
                       [](const block_result& r) { return r.errors > 0 || r.corrupt_sectors > 0; });
}

/// The equal job file: a section for each case, one after the other.
std::string fio_job_file(const settings& s) {
    std::string text = std::string("; written by kvmark tiers: run it with `fio FILE`\n") + fio_pages_comment;
    int number = 0;
    for (const auto& [size, depth] : chosen_cases(s))
        for (const int read_percent : s.tiers.read_percents) {
            const block_case c{.block = size,
                               .depth = depth,
                               .read_percent = read_percent,
                               .duration = from_seconds(s.tiers.seconds)};
            std::vector<std::string> words =
                fio_options(fio_job_of(c, s.tiers.path + "/kvmark-peer.fio", s.tiers.size));
            words.insert(words.begin(), "stonewall");
            text += fio_section("case-" + std::to_string(++number), words);
        }
    return text;
}

} // namespace

std::span<const named_backend> all_backends() {
    static constexpr named_backend all[]{
#ifdef KVMARK_WITH_URING
        {"uring", make_uring_file},
#endif
#ifdef KVMARK_WITH_ASIO_FILE
        {"asio", make_asio_file},
#endif
        {"pread", make_direct_file}, {"mmap", make_mapped_file}, {"file", make_file},
        {"host", make_host},         {"gds", make_gds_file},
    };
    return all;
}

void resolve_tiers(settings& s, fault_list& faults) {
    resolve_model(s, faults);
    tiers_request& t = s.tiers;
    const bool gpus_alone = t.gpu && t.path.empty() && t.engines.empty() && !t.fio;
    if (t.path.empty()) t.path = "/var/tmp/kvmark-tiers";
    if (t.engines.empty() && !gpus_alone) {
        if (find_backend("uring") != nullptr) t.engines.push_back("uring");
        t.engines.push_back("pread");
    }
    std::vector<std::string_view> known{"all"};
    for (const named_backend& b : all_backends()) known.push_back(b.name);
    if (std::find(t.engines.begin(), t.engines.end(), known[0]) != t.engines.end())
        t.engines.assign(known.begin() + 1, known.end() - 1); // gds needs a GPU, and is measured if named
    for (const std::string& engine : t.engines)
        if (find_backend(engine) == nullptr)
            faults.add("--engines " + quote(engine) + ": must be " + listed(known) +
                       suggestion(engine, known));
    if (t.mix_read_percent < 1 || t.mix_read_percent > 99) faults.add("--mix-read-percent: must be 1..99");
    if (t.read_percents.empty()) t.read_percents = {100, 0};
    if (gpus_alone &&
        std::all_of(t.read_percents.begin(), t.read_percents.end(), [](int p) { return p < 0; }))
        faults.add("--io mix: copies of a GPU go one way; give read, write or both");
    for (int& percent : t.read_percents)
        if (percent < 0) percent = static_cast<int>(t.mix_read_percent);
    if (t.rounds == 0) t.rounds = t.fio ? 5 : 3;
    if (t.seconds == 0) t.seconds = t.fio ? 2 : 1;
    if (t.rounds < 0 || t.rounds > 1000) faults.add("--rounds: must be 0..1000");
    if (t.seconds < 0 || t.seconds > 3600) faults.add("--seconds: must be 0..3600");
    const auto cases = chosen_cases(s);
    for (const auto& [size, depth] : cases) {
        const std::string what = "a block of " + std::to_string(size.count) + " bytes";
        if (size.count % tier::sector_size.count != 0) faults.add(what + ": must be a multiple of 4096");
        if (depth > 1024) faults.add("a depth of " + std::to_string(depth) + ": must be 1..1024");
        if (t.size.count / std::max<std::uint64_t>(size.count, 1) < depth)
            faults.add(what + " at depth " + std::to_string(depth) + ": --size " +
                       std::to_string(t.size.count) + " has fewer blocks than that");
    }
    if (common_chunk(cases) > largest_chunk)
        faults.add(
            "the block sizes must divide a common size of at most 64 MiB: measure the others in a run of "
            "their own");
    if (s.options.strict && !t.engines.empty() && t.engines.front() == "uring" &&
        find_backend("uring") == nullptr)
        faults.add("--strict: this kvmark was built without liburing");
}

int measure_tiers(const settings& s) {
    console out(s);
    if (!s.tiers.emit_fio.empty()) {
        if (auto written = report::write_file(s.tiers.emit_fio, fio_job_file(s)); !written)
            return report_failure(out, written.error());
        return exit_ok;
    }
    heed_stop_signals();
    measurement all(s, out);
    if (auto opened = all.open(); !opened) return report_failure(out, opened.error());
    const bool huge = s.tiers.engines.empty() || has_huge_pages();
    const auto ran = all.run();
    out.end_progress();

    std::vector<tiers_row>& rows = all.rows;
    std::erase_if(rows, [](const tiers_row& row) { return row.rounds.empty(); });
    const std::optional<gpu_figures> gpus = all.gpus();
    std::vector<std::string> warnings = tiers_warnings(rows);
    if (!huge)
        warnings.push_back(
            "the kernel backed no memory with huge pages: O_DIRECT may lose half of its bandwidth; "
            "see /sys/kernel/mm/transparent_hugepage/enabled");
    std::string table = s.tiers.engines.empty() ? "" : tiers_table(rows), csv = tiers_csv(rows);
    if (gpus) {
        for (std::string& warning : gpu_warnings(*gpus)) warnings.push_back(std::move(warning));
        (table += table.empty() ? "" : "\n") += gpu_table(*gpus);
        csv += gpu_csv(*gpus);
    }
    boost::json::object document = tiers_json(rows, warnings, stop_asked);
    document["gpu"] = gpus ? boost::json::value(gpu_json(*gpus)) : boost::json::value();
    const std::string json = report::json_text(document);
    if (s.tiers.json_file == "-")
        out.print(json, json);
    else if (!s.quiet)
        out.print(table, table);
    for (const std::string& warning : warnings) out.warn(warning);

    int code = stop_asked ? exit_code_of_signal(stop_signal) : exit_ok;
    const auto keep = [&](const std::string& path, const std::string& text) {
        if (path.empty() || path == "-") return;
        if (auto written = report::write_file(path, text); !written) {
            out.fail(written.error().message);
            code = exit_failed;
        }
    };
    keep(s.tiers.json_file, json);
    keep(s.csv, csv);
    if (!ran) return report_failure(out, ran.error());
    for (const tiers_row& row : rows)
        if (any_fault(row.rounds)) code = exit_failed;
    if (gpus)
        for (const gpu_row& row : gpus->rows)
            if (any_fault(row.rounds)) code = exit_failed;
    return code;
}

} // namespace kvmark::cli
