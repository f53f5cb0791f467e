// What a 4 KiB I/O costs in software through each backend, where the device costs nothing: writes to
// /dev/null, and reads of a file that the page cache holds.
//
// Hypothesis: on /dev/null a tier adds under 50 ns to the bare system call, and a queue at depth 32 costs
// less than a call for each I/O, since eight are handed over by one. On the cached file the copy of 4 KiB and
// the kernel's look-up dominate, and all but mmap, which maps and unmaps, lie close together. The second was
// wrong: a queue costs more than a call, even so. Figures: docs/measuring.md.
#include "benchmark.hpp"

#include <kvmark/core/buffer.hpp>
#include <kvmark/core/random.hpp>
#include <kvmark/tier/asio_file.hpp>
#include <kvmark/tier/direct_file.hpp>
#include <kvmark/tier/file.hpp>
#include <kvmark/tier/host.hpp>
#include <kvmark/tier/mapped_file.hpp>
#include <kvmark/tier/null.hpp>
#include <kvmark/tier/slab.hpp>
#include <kvmark/tier/uring_file.hpp>

#include <fcntl.h>

namespace kvmark::cost {

namespace {

constexpr bytes block{4096}, size{64 * mib_bytes}, chunk{mib_bytes};
constexpr tier::entry_id entry = 0;

/// The layout of a device that takes everything at once: each part is /dev/null.
class null_device {
public:
    static constexpr std::string_view name = "null_device";

    null_device() = default;
    null_device(const null_device&) = delete;
    null_device& operator=(const null_device&) = delete;
    ~null_device() { ::close(fd_); }

    static bytes capacity(const tier::tier_setup& setup) { return setup.limit; }
    static bytes granule(const tier::tier_setup&) { return tier::sector_size; }
    result<void> open(const tier::tier_setup&, tier::page_cache) {
        fd_ = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
        return fd_ >= 0 ? result<void>() : error{error_kind::system, "/dev/null cannot be opened"};
    }
    [[nodiscard]] bool bypasses_cache() const { return true; }
    [[nodiscard]] int only_fd() const { return fd_; }
    tier::io_status create(tier::entry_id, bytes) { return {}; }
    tier::io_status erase(tier::entry_id) { return {}; }
    tier::io_status sync(tier::entry_id) { return {}; }
    KVMARK_INLINE tier::file_part borrow(tier::entry_id, bytes offset) {
        return {.fd = fd_, .at = offset.count};
    }
    KVMARK_INLINE void give_back(const tier::file_part&) {}

private:
    int fd_ = -1;
};
static_assert(tier::file_layout<null_device>);

/// A tier of files that goes through the page cache, whatever its own way is.
template <class Tier>
class cached : public Tier {
public:
    using Tier::Tier;
    result<void> open(const tier::tier_setup& setup) {
        return this->layout().open(setup, tier::page_cache::used);
    }
};

tier::tier_setup setup() {
    return {.limit = size, .io_chunk = chunk, .cache_dir = "/var/tmp/kvmark-backend-cost"};
}

/// Blocks at random places of the entry, one after the other.
class places {
public:
    bytes next() { return block * (draw_.next() % (size.count / block.count)); }

private:
    random_stream draw_{1, 2};
};

/// I/Os through a queue that is kept full: one call sees one done and prepares the next.
template <tier::queued_tier Tier>
class queue_of {
public:
    queue_of(Tier& t, std::uint32_t depth, tier::direction way) : way_(way), memory_(block * depth) {
        memory_.touch(block * depth);
        REQUIRE(queue_.open(t, depth, memory_.span()));
        ended_.reserve(depth);
        for (std::uint32_t slot = 0; slot < depth; ++slot) begin(slot);
    }
    queue_of(const queue_of&) = delete;
    queue_of& operator=(const queue_of&) = delete;
    ~queue_of() {
        // What is prepared is begun, and the queue waits for it when it goes.
        queue_.submit();
    }

    void operator()() {
        if (prepared_ == tier::queue_batch) {
            queue_.submit();
            prepared_ = 0;
        }
        while (ended_.empty()) {
            queue_.wait();
            prepared_ = 0;
            queue_.reap([&](std::uint32_t slot, tier::io_status status) {
                failed_ = failed_ || !status.good();
                ended_.push_back(slot);
            });
        }
        const std::uint32_t slot = ended_.back();
        ended_.pop_back();
        begin(slot);
    }
    [[nodiscard]] bool failed() const { return failed_; }

private:
    void begin(std::uint32_t slot) {
        const auto buffer = memory_.span().subspan(slot * block.count, block.count);
        if (way_ == tier::direction::read)
            queue_.read(slot, entry, places_.next(), buffer);
        else
            queue_.write(slot, entry, places_.next(), buffer);
        ++prepared_;
    }

    tier::direction way_;
    huge_page_buffer memory_; // goes after the queue, which waits for the I/Os into it
    typename Tier::queue queue_;
    places places_;
    std::vector<std::uint32_t> ended_;
    std::size_t prepared_ = 0;
    bool failed_ = false;
};

template <tier::queued_tier Tier>
void measure_queue(const std::string& name, Tier& t, tier::direction way) {
    for (const std::uint32_t depth : {1u, 32u}) {
        queue_of<Tier> queue(t, depth, way);
        measure(name + ", depth " + std::to_string(depth), queue);
        CHECK_FALSE(queue.failed());
    }
}

/// One I/O after the other, by calls that wait.
template <tier::blocking_tier Tier>
void measure_calls(const std::string& name, Tier& t, tier::direction way) {
    const huge_page_buffer memory(block);
    memory.touch(block);
    places at;
    bool failed = false;
    measure(name, [&] {
        const auto status = way == tier::direction::read ? t.read(entry, at.next(), memory.span())
                                                         : t.write(entry, at.next(), memory.span());
        failed = failed || !status.good();
    });
    CHECK_FALSE(failed);
}

/// False, and a line that says why, where this machine has no io_uring.
template <tier::queued_tier Tier>
bool can_queue(Tier& t) {
    if (t.can_queue(setup())) return true;
    WARN("SKIPPED: " << t.note());
    return false;
}

template <tier::queued_tier Tier>
void measure_queue_on_null(const std::string& name) {
    Tier t;
    if (!can_queue(t)) return;
    REQUIRE(t.open(setup()));
    measure_queue(name, t, tier::direction::write);
}

template <class Tier>
void lay_out(Tier& t) {
    REQUIRE(t.open(setup()));
    REQUIRE(t.create(entry, size).good());
    const huge_page_buffer memory(chunk);
    memory.touch(chunk);
    for (bytes at{}; at < size; at += chunk) REQUIRE(t.write(entry, at, memory.span()).good());
}

template <tier::queued_tier Tier>
void measure_queue_on_cache(const std::string& name) {
    cached<Tier> t;
    if (!can_queue(t)) return;
    lay_out(t);
    measure_queue(name, t, tier::direction::read);
}

} // namespace

TEST_CASE("4 KiB written to the null device") {
    const int fd = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
    const huge_page_buffer memory(block);
    memory.touch(block);
    places at;
    bool failed = false;
    measure("pwrite, by hand", [&] {
        failed = failed || ::pwrite(fd, memory.data(), block.count, static_cast<off_t>(at.next().count)) < 0;
    });
    CHECK_FALSE(failed);
    ::close(fd);

    tier::basic_direct_file<null_device> direct;
    REQUIRE(direct.open(setup()));
    measure_calls("direct_file", direct, tier::direction::write);
    measure_queue_on_null<tier::basic_uring_file<null_device>>("uring_file");
    measure_queue_on_null<tier::basic_asio_file<null_device>>("asio_file");
    tier::null<> nothing;
    nanoseconds end{};
    measure("null tier, which has no bytes",
            [&] { end = end + nothing.schedule(tier::direction::write, block, end); });
    CHECK(end.count == 0);
}

TEST_CASE("4 KiB read from a file in the page cache, or from memory") {
    {
        cached<tier::basic_direct_file<tier::slab>> t;
        lay_out(t);
        const huge_page_buffer memory(block);
        memory.touch(block);
        places at;
        bool failed = false;
        measure("pread, by hand", [&] {
            failed = failed || ::pread(t.layout().only_fd(), memory.data(), block.count,
                                       static_cast<off_t>(at.next().count)) < 0;
        });
        CHECK_FALSE(failed);
        measure_calls("direct_file", t, tier::direction::read);
    }
    measure_queue_on_cache<tier::basic_uring_file<tier::slab>>("uring_file");
    measure_queue_on_cache<tier::basic_asio_file<tier::slab>>("asio_file");
    {
        tier::basic_mapped_file<tier::slab> t(tier::mapped_file_config{.drop_cached = false});
        lay_out(t);
        measure_calls("mapped_file", t, tier::direction::read);
    }
    {
        // Its reads drop the cache, so what the cache takes of it is writes.
        tier::basic_file<tier::slab> t;
        lay_out(t);
        measure_calls("file, written", t, tier::direction::write);
    }
    tier::host t;
    lay_out(t);
    measure_calls("host", t, tier::direction::read);
}

} // namespace kvmark::cost
