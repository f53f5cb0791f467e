// What can be told of a run's I/Os in the words of fio.
#include "run_fio.hpp"

#include "fio_job.hpp"

#include <kvmark/benchmark/plan_run.hpp>
#include <kvmark/report/numbers.hpp>
#include <kvmark/report/storage_metrics.hpp>

#include <algorithm>
#include <iterator>

namespace kvmark::cli {

namespace {

/// Of one direction: an entry moves in I/Os of `chunk` bytes, and the last takes what is left.
struct io_sizes {
    std::uint64_t chunk = 0, last = 0; ///< bytes
    int last_percent = 0;              ///< of the I/Os
};

io_sizes sizes_of(const measure::direction_stats& d, std::uint64_t chunk) {
    io_sizes sizes{.chunk = chunk};
    const std::uint64_t ios = d.io.count(), entries = std::min(d.operations, ios);
    if (entries == 0) return sizes;
    constexpr std::uint64_t sector = tier::sector_size.count;
    const std::uint64_t whole = (ios - entries) * chunk;
    const std::uint64_t rest = d.moved.count > whole ? (d.moved.count - whole) / entries : sector;
    sizes.last = std::clamp((rest + sector / 2) / sector * sector, sector, chunk);
    const double share = 100 * static_cast<double>(entries) / static_cast<double>(ios);
    sizes.last_percent = sizes.last == chunk ? 0 : std::clamp(static_cast<int>(share + 0.5), 1, 100);
    return sizes;
}

/// One direction of `bssplit`.
std::string split_text(const io_sizes& s) {
    if (s.last_percent == 0) return std::to_string(s.chunk) + "/100";
    const std::string last = std::to_string(s.last) + "/" + std::to_string(s.last_percent);
    if (s.last_percent == 100) return last;
    return std::to_string(s.chunk) + "/" + std::to_string(100 - s.last_percent) + ":" + last;
}

int read_percent_of(const report::storage_metrics& m) {
    const std::uint64_t reads = m.read.io.count(), writes = m.write.io.count();
    if (reads == 0 || writes == 0) return reads == 0 ? 0 : 100;
    const double share = 100 * static_cast<double>(reads) / static_cast<double>(reads + writes);
    return std::clamp(static_cast<int>(share + 0.5), 1, 99);
}

} // namespace

result<std::string> fio_job_of_run(const settings& s, const measure::run_report& r) {
    const report::storage_metrics m = report::storage_metrics_of(r);
    if (m.read.io.empty() && m.write.io.empty())
        return error{error_kind::data,
                     "--emit-fio: storage moved nothing in this run, so there is nothing to "
                     "ask of it again; a smaller --cpu-mem-gb leaves more to it"};
    const options& o = s.options;
    const auto chunk = static_cast<std::uint64_t>(o.io_chunk),
               depth = static_cast<std::uint64_t>(o.queue_depth);
    const std::size_t ranks = r.job ? std::max<std::size_t>(r.job->ranks.size(), 1) : 1;
    const std::size_t hosts = r.job ? std::max<std::size_t>(r.job->hosts.size(), 1) : 1;
    const std::size_t jobs = (ranks + hosts - 1) / hosts;

    std::uint64_t extent = report::role_totals(r, measure::tier_role::storage).used.count / hosts;
    extent = std::max(extent, 4 * chunk * depth * jobs);
    extent = (extent + mib_bytes - 1) / mib_bytes * mib_bytes;
    const std::string directory = effective_cache_dir(o);
    fio_job job{.file = o.raw_device.empty() ? directory + "/kvmark-run.fio" : o.raw_device,
                .size = bytes(extent),
                .blocks = "bssplit=" + split_text(sizes_of(m.read, chunk)) + "," +
                          split_text(sizes_of(m.write, chunk)),
                .depth = static_cast<std::uint32_t>(depth),
                .read_percent = read_percent_of(m),
                .direct = s.storage_tier == storage_tier_kind::direct_file,
                .duration = r.elapsed};
    std::vector<std::string> words = fio_options(job);
    if (jobs > 1) words.push_back("numjobs=" + std::to_string(jobs));
    // The tier flushes an entry when it is whole.
    if (!job.direct && m.write.operations != 0)
        words.push_back("fsync=" +
                        std::to_string(std::max<std::uint64_t>(1, m.write.io.count() / m.write.operations)));

    std::string text = "; distilled by kvmark " KVMARK_VERSION " from a run: start it with `fio FILE`\n";
    const auto comment = [&](const std::string& line) { text += "; " + line + "\n"; };
    comment(fmt::format("measured: {:.3f} GiB/s read, {:.3f} GiB/s written, {:.2f} I/Os in flight on average",
                        m.read_gib_per_s, m.write_gib_per_s, m.in_flight));
    for (const report::storage_limit& l : m.limited_by) comment("not a storage figure: " + l.reason);
    text += fio_pages_comment;
    if (!o.raw_device.empty()) comment("fio OVERWRITES " + o.raw_device + ", as the run did");
    if (hosts > 1) comment("one of " + std::to_string(hosts) + " hosts: start it on each at the same time");
    comment("What fio is not told:");
    comment(
        "- the order: kvmark reads and writes an entry from its front to its end, and entries again that");
    comment("  were hot before; here every I/O is at a random place");
    comment("- what waits for what: a request reads before it writes, and the next turn waits for the last");
    comment("- the time between: kvmark's requests arrive and think, fio keeps the depth full all the time");
    comment("- files: kvmark creates and removes entries, fio writes into one file that is there");
    comment("- sizes: of the last I/O of each entry the mean, " + report::size_text(bytes(chunk)) +
            " for all others");
    return text + fio_section("kvmark-run", words);
}

} // namespace kvmark::cli
