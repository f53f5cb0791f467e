// Whole runs on tiers that fail: what was injected is what the report says, no entry is lost silently, and
// the run goes on.
#include <kvmark/exec/local.hpp>
#include <kvmark/kvmark.hpp>
#include <kvmark/tier/faulty.hpp>

#include "support/temporary_directory.hpp"
#include "support/toy_model.hpp"

using namespace kvmark;
using tier::entry_id;
using tier::fault_counts;
using tier::io_status;

namespace {

/// What an audit saw. Atomics, since it is read when the tiers are gone.
struct audit_book {
    std::atomic<std::uint64_t> broken_entries{0}; ///< that some part of was never written
    std::atomic<std::uint64_t> whole_entries{0};  ///< at present
    std::atomic<std::uint64_t> read_of_lost{0};   ///< reads of an entry that is not whole
    std::atomic<std::uint64_t> second_creates{0}; ///< of a number that was not erased before
};

/// Holds whoever uses a tier to its rules: an entry whose creation, write or commit failed is not read, and
/// is erased before its number is used again.
template <tier::blocking_tier T>
class audited : public tier::decorated<T, "audited"> {
public:
    struct config {
        audit_book* book = nullptr;
        tier::config_of<T> inner{};
    };
    explicit audited(const config& c) : audited::decorated(c.inner), book_(*c.book) {}

    io_status create(entry_id e, bytes size) {
        auto& state = entries_.ensure(e);
        if (state.exchange(whole) != absent) ++book_.second_creates;
        ++book_.whole_entries;
        return checked(state, this->inner().create(e, size));
    }
    io_status write(entry_id e, bytes offset, std::span<const std::byte> from) {
        return checked(entries_[e], this->inner().write(e, offset, from));
    }
    io_status commit(entry_id e) requires tier::has_commit<T> {
        return checked(entries_[e], this->inner().commit(e));
    }
    io_status read(entry_id e, bytes offset, std::span<std::byte> into) {
        if (entries_.ensure(e) != whole) ++book_.read_of_lost;
        return this->inner().read(e, offset, into);
    }
    io_status erase(entry_id e) {
        if (entries_.ensure(e).exchange(absent) == whole) --book_.whole_entries;
        return this->inner().erase(e);
    }

private:
    static constexpr int absent = 0, whole = 1, broken = 2;

    io_status checked(std::atomic<int>& state, io_status status) {
        if (!status.good() && state.exchange(broken) == whole) {
            ++book_.broken_entries;
            --book_.whole_entries;
        }
        return status;
    }

    audit_book& book_;
    stable_table<std::atomic<int>> entries_;
};

template <class T>
using audited_faulty = audited<tier::faulty<T>>;

/// 500 requests of small entries in many I/Os; all that is asked is served within the window.
options served_out(const test::temporary_directory& directory) {
    return {.model = test::toy_model,
            .num_users = 40,
            .cache_dir = directory / "cache",
            .duration = 600,
            .cpu_mem_gb = 0,
            .generation_mode = generation_mode::none,
            .seed = 42,
            .request_rate = 2000,
            .max_requests = 500,
            .storage_capacity_gb = 2,
            .io_chunk = 65'536,
            .queue_depth = 4};
}

/// 1 % of each kind of call goes wrong.
template <class T>
typename tier::faulty<T>::config one_percent(fault_counts& counts) {
    const tier::fault_odds transfer{.error = 0.005, .torn = 0.005, .delay = 0.01};
    return {.odds = {.create = {.error = 0.01},
                     .write = transfer,
                     .read = {.error = 0.005, .torn = 0.005, .corrupt = 0.01, .delay = 0.01},
                     .erase = {.error = 0.01},
                     .commit = {.error = 0.01}},
            .error_number = ENODATA,
            .delay = nanoseconds(100'000),
            .seed = 7,
            .counts = &counts};
}

void check_injected_is_reported(const fault_counts& injected, const measure::run_report& report) {
    CHECK(injected.failures() > 0);
    CHECK(report.failed_operations == injected.failures());
    CHECK(report.corrupt_sectors == injected.read.corrupt);
    CHECK_FALSE(report.clean());
}

} // namespace

TEMPLATE_TEST_CASE("a run on a disk that fails: injected is reported, and the index holds what is whole", "",
                   exec::serial, exec::local) {
    using file = audited_faulty<tier::file>; // the one with a commit
    const test::temporary_directory directory;
    fault_counts injected;
    audit_book book;
    benchmark<TestType, launch::none, tier::stack<file>> run{
        served_out(directory), {{.book = &book, .inner = one_percent<tier::file>(injected)}}};
    const auto report = run.run();
    REQUIRE(report.has_value());
    CHECK(report->requests_completed == 500);
    CHECK(injected.create.errors > 0);
    CHECK(injected.write.torn > 0);
    CHECK(injected.commit.errors > 0);
    CHECK(injected.read.corrupt > 0);
    check_injected_is_reported(injected, *report);

    const measure::tier_stats& storage = report->tiers[0];
    CHECK(storage.evictions == 0); // so that entries leave by failure alone
    CHECK(book.broken_entries > 0);
    CHECK(book.read_of_lost == 0);
    CHECK(book.second_creates == 0);
    CHECK(storage.entries == book.whole_entries);
    CHECK(report->cache.prefill_writes == storage.write.operations + book.broken_entries);
    CHECK(report->cache.hits == storage.read.operations); // a failed read is a miss
    CHECK(report->cache.misses > 0);

    for (const measure::io_failure& f : report->failures) {
        CHECK((f.error_number == ENODATA || f.error_number == EIO));
        CHECK(f.tier == "audited faulty file");
        CHECK_FALSE(f.key.empty());
    }
    CHECK(test::files_below(directory.path()).empty());
}

TEMPLATE_TEST_CASE("entries that fall from a memory that fails onto a disk that fails, and out", "",
                   exec::serial, exec::local) {
    using memory = audited_faulty<tier::host>;
    using disk = audited_faulty<tier::direct_file>;
    const test::temporary_directory directory;
    fault_counts injected[2];
    audit_book books[2];
    options o = served_out(directory);
    o.cpu_mem_gb = 0.05;
    o.storage_capacity_gb = 0.1;
    auto of_memory = one_percent<tier::host>(injected[0]);
    of_memory.odds.read.corrupt = 0; // a demotion would carry it to the disk, to be found once more
    benchmark<TestType, launch::none, tier::stack<memory, disk>> run{
        o,
        {{.book = &books[0], .inner = of_memory},
         {.book = &books[1], .inner = one_percent<tier::direct_file>(injected[1])}}};
    const auto report = run.run();
    REQUIRE(report.has_value());
    CHECK(report->requests_completed == 500);
    CHECK(report->tiers[1].demotions_in > 0);
    CHECK(report->tiers[1].evictions > 0);
    CHECK(report->failed_operations == injected[0].failures() + injected[1].failures());
    CHECK(report->corrupt_sectors == injected[1].read.corrupt);
    CHECK(injected[0].erase.errors > 0);
    CHECK(injected[1].erase.errors > 0);
    for (const audit_book& book : books) {
        CHECK(book.broken_entries > 0);
        CHECK(book.read_of_lost == 0);
        CHECK(book.second_creates == 0);
    }
    CHECK(report->cache.hits == report->tiers[0].read.operations + report->tiers[1].read.operations);
    CHECK(test::files_below(directory.path()).empty());
}

TEMPLATE_TEST_CASE("a disk on which nothing can be written: every request is served, and nothing is hit", "",
                   exec::serial, exec::local) {
    using disk = audited_faulty<tier::direct_file>;
    const test::temporary_directory directory;
    fault_counts injected;
    audit_book book;
    benchmark<TestType, launch::none, tier::stack<disk>> run{
        served_out(directory),
        {{.book = &book, .inner = {.odds = {.write = {.error = 1}}, .counts = &injected}}}};
    const auto report = run.run();
    REQUIRE(report.has_value());
    CHECK(report->requests_completed == 500);
    check_injected_is_reported(injected, *report);
    CHECK(book.broken_entries == report->cache.prefill_writes);
    CHECK(book.read_of_lost == 0);
    CHECK(report->cache.hits == 0);
    CHECK(report->tiers[0].entries == 0);
    CHECK(report->tiers[0].read.operations == 0);
}
