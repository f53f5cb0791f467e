// The path of a block: units, stamps, verification, counters, and what an error stops.
#include <kvmark/engine/io_path.hpp>
#include <kvmark/tier/host.hpp>
#include <kvmark/tier/null.hpp>

#include "support/catch.hpp"

#include <cerrno>
#include <map>

using namespace kvmark;
using namespace kvmark::engine;

namespace {

constexpr bytes chunk{16'384};

/// What a test can reach into: the bytes of each entry, and the next failure.
struct open_memory {
    std::map<entry_id, std::vector<std::byte>> entries;
    int fail_reads = 0, fail_writes = 0; ///< errno, 0: none
    int calls = 0;
};

class glass_tier {
public:
    static constexpr std::string_view name = "glass";
    static constexpr tier::tier_role role = tier::tier_role::storage;
    struct config {
        open_memory* memory = nullptr;
    };
    explicit glass_tier(config c) : memory_(c.memory) {}

    result<void> open(const tier::tier_setup&) { return {}; }
    tier::io_status create(entry_id e, bytes size) {
        memory_->entries[e].resize(size.count);
        return {};
    }
    tier::io_status write(entry_id e, bytes offset, std::span<const std::byte> from) {
        ++memory_->calls;
        if (memory_->fail_writes) return {memory_->fail_writes};
        std::copy(from.begin(), from.end(),
                  memory_->entries.at(e).begin() + static_cast<std::ptrdiff_t>(offset.count));
        return {};
    }
    tier::io_status read(entry_id e, bytes offset, std::span<std::byte> into) {
        ++memory_->calls;
        if (memory_->fail_reads) return {memory_->fail_reads};
        std::copy_n(memory_->entries.at(e).begin() + static_cast<std::ptrdiff_t>(offset.count), into.size(),
                    into.begin());
        return {};
    }
    tier::io_status erase(entry_id e) {
        memory_->entries.erase(e);
        return {};
    }

private:
    open_memory* memory_;
};

struct bench {
    using stack = tier::stack<tier::null<>, glass_tier, glass_tier>;

    explicit bench(io_settings s = {.chunk = chunk, .salt = 4}) : settings(s) { window.open = true; }

    void perform(io_op& op, op_stage stage) {
        op.stage = stage;
        const std::uint32_t units = stage == op_stage::data ? path.units_of(op.size) : 1;
        for (std::uint32_t unit = 0; unit < units; ++unit) path.perform(op, unit, worker);
    }
    void fill(io_op& op, op_kind kind, std::uint8_t tier, bytes size, std::uint8_t from = 0) {
        op.kind = kind;
        op.tier = tier;
        op.from = from;
        op.entry = 3;
        op.content = {.key = 77, .generation = 5};
        op.size = size;
    }
    /// An entry of `size` on tier 1.
    void write(bytes size) {
        io_op op;
        fill(op, op_kind::write, 1, size);
        perform(op, op_stage::create);
        perform(op, op_stage::data);
        REQUIRE(op.error_number == 0);
    }

    io_settings settings;
    open_memory upper, lower;
    stack tiers{stack::configs{{}, {&upper}, {&lower}}};
    io_window window;
    io_path<stack> path{tiers, settings, window};
    io_worker worker{settings, 3};
};

} // namespace

TEST_CASE("an entry moves in units of a chunk, the last one in part, and reads back as written") {
    bench b;
    CHECK(b.path.units_of(bytes(4096)) == 1);
    CHECK(b.path.units_of(chunk) == 1);
    CHECK(b.path.units_of(chunk + bytes(4096)) == 2);
    const bytes size = chunk * 3 + bytes(4096);
    b.write(size);
    CHECK(b.upper.calls == 4);
    io_op read;
    b.fill(read, op_kind::read, 1, size);
    b.perform(read, op_stage::data);
    CHECK(b.upper.calls == 8);
    CHECK(read.error_number == 0);
    CHECK(read.started.count != 0);
    CHECK(b.worker.corrupt_sectors == 0);
    CHECK(b.worker.counters(1).read_bytes == size.count);
    CHECK(b.worker.counters(1).written_bytes == size.count);
    CHECK(b.worker.counters(1).read_io.count() == 4);
    CHECK(b.worker.counters(0).read_bytes + b.worker.counters(2).read_bytes == 0);
}

TEST_CASE("what ends outside the window is not counted") {
    bench b;
    b.window.open = false;
    b.write(chunk);
    CHECK(b.worker.counters(1).written_bytes == 0);
    CHECK(b.worker.counters(1).write_io.empty());
}

TEST_CASE("a changed byte is noted with key, offset, what was expected and what was found") {
    const bool in_stamp = GENERATE(false, true);
    bench b;
    const bytes size = chunk * 2;
    b.write(size);
    b.upper.entries.at(3)[chunk.count + 4096 + (in_stamp ? 0 : 4095)] ^= std::byte{1};
    io_op read;
    b.fill(read, op_kind::read, 1, size);
    b.perform(read, op_stage::data);
    CHECK(read.error_number == 0); // the read itself went well
    CHECK(b.worker.corrupt_sectors == 1);
    REQUIRE(b.worker.fault_count == 1);
    const io_fault& fault = b.worker.faults[0];
    CHECK(fault.content.key == 77);
    CHECK(fault.tier == 1);
    CHECK(fault.offset == chunk + bytes(4096));
    CHECK(fault.mismatch.expected.key == 77);
    CHECK(fault.mismatch.expected.sector == 5);
    CHECK_FALSE(fault.mismatch.expected == fault.mismatch.found);
}

TEST_CASE("stamps alone let a payload pass; without verification everything passes") {
    for (const bool verify : {true, false}) {
        bench b({.chunk = chunk, .salt = 4, .verify = verify, .verify_payload = false});
        b.write(chunk);
        b.upper.entries.at(3)[4000] ^= std::byte{1};
        io_op read;
        b.fill(read, op_kind::read, 1, chunk);
        b.perform(read, op_stage::data);
        CHECK(b.worker.corrupt_sectors == 0);
        b.upper.entries.at(3)[0] ^= std::byte{1};
        b.perform(read, op_stage::data);
        CHECK(b.worker.corrupt_sectors == (verify ? 1 : 0));
    }
}

TEST_CASE("after an error the other units of the operation do nothing") {
    bench b;
    b.write(chunk * 5);
    b.upper.calls = 0;
    b.upper.fail_reads = EIO;
    io_op read;
    b.fill(read, op_kind::read, 1, chunk * 5);
    b.perform(read, op_stage::data);
    CHECK(b.upper.calls == 1);
    CHECK(read.error_number == EIO);
    CHECK(b.worker.failed_units == 1);
    CHECK(b.worker.faults[0].error_number == EIO);
    CHECK(b.worker.counters(1).read_bytes == 0);
}

TEST_CASE("a move reads, verifies and writes the same bytes, and its erase is of the place it leaves") {
    bench b;
    b.write(chunk * 2);
    const auto before = b.upper.entries.at(3);
    io_op move;
    b.fill(move, op_kind::move, 2, chunk * 2, 1);
    b.perform(move, op_stage::create);
    b.perform(move, op_stage::data);
    b.perform(move, op_stage::erase);
    CHECK(b.lower.entries.at(3) == before);
    CHECK_FALSE(b.upper.entries.contains(3));
    CHECK(b.worker.counters(1).read_bytes == chunk.count * 2);
    CHECK(b.worker.counters(2).written_bytes == chunk.count * 2);
}

TEST_CASE("a move carries damage along rather than stamp it anew") {
    bench b;
    b.write(chunk);
    b.upper.entries.at(3)[5000] ^= std::byte{1};
    io_op move;
    b.fill(move, op_kind::move, 2, chunk, 1);
    b.perform(move, op_stage::create);
    b.perform(move, op_stage::data);
    CHECK(b.worker.corrupt_sectors == 1);
    io_op read;
    b.fill(read, op_kind::read, 2, chunk);
    b.perform(read, op_stage::data);
    CHECK(b.worker.corrupt_sectors == 2);
}

TEST_CASE("a move whose read fails writes nothing") {
    bench b;
    b.write(chunk);
    b.upper.fail_reads = EIO;
    io_op move;
    b.fill(move, op_kind::move, 2, chunk, 1);
    b.perform(move, op_stage::create);
    b.perform(move, op_stage::data);
    CHECK(b.lower.calls == 0);
    CHECK(move.error_number == EIO);
    CHECK(b.worker.faults[0].tier == 1);
}

TEST_CASE("a move from a tier that only models time writes new content") {
    bench b;
    io_op move;
    b.fill(move, op_kind::move, 1, chunk * 2, 0);
    b.perform(move, op_stage::create);
    b.perform(move, op_stage::data);
    io_op read;
    b.fill(read, op_kind::read, 1, chunk * 2);
    b.perform(read, op_stage::data);
    CHECK(b.worker.corrupt_sectors == 0);
    CHECK(b.worker.counters(1).read_bytes == chunk.count * 2);
}

TEST_CASE("a write that fails is told apart from one that was not verified") {
    bench b;
    b.upper.fail_writes = ENOSPC;
    io_op op;
    b.fill(op, op_kind::write, 1, chunk);
    b.perform(op, op_stage::create);
    b.perform(op, op_stage::data);
    CHECK(op.error_number == ENOSPC);
    CHECK(b.worker.failed_units == 1);
    CHECK(b.worker.corrupt_sectors == 0);
    CHECK(b.worker.counters(1).written_bytes == 0);
}
