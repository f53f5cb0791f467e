// What a block costs besides its I/O once a run is warm: no allocation, whatever moves the bytes.
#include <kvmark/exec/local.hpp>
#include <kvmark/kvmark.hpp>
#include <kvmark/tier/slab.hpp>
#include <kvmark/tier/uring_file.hpp>

#include "exec/operations.hpp"
#include "support/count_allocations.hpp"
#include "support/temporary_directory.hpp"
#include "support/toy_model.hpp"

using namespace kvmark;
using engine::op_kind;
using engine::op_stage;

namespace {

constexpr std::size_t operation_count = 32;
constexpr bytes block{4096};

/// Submits every operation for one stage and waits for all of them.
template <class Crew, class Stack>
void pass(Crew& crew, test::operations_on<Stack>& on, op_kind kind, op_stage stage) {
    for (auto& op : on.operations) {
        op.kind = kind;
        op.forget_times();
        on.submit(crew, op, stage);
    }
    for (std::size_t done = 0; done < operation_count;)
        if (crew.reap())
            ++done;
        else
            crew.wait(from_seconds(5));
}

/// Notes the allocations and the bytes of the last tier, about once a second.
struct sampler {
    struct sample {
        std::uint64_t allocations = 0;
        bytes moved{};
    };
    std::array<sample, 8> samples{};
    std::size_t count = 0;

    void on_progress(const measure::progress& p) {
        if (p.stage != "running" || count == samples.size()) return;
        const auto& last = p.tiers.back();
        samples[count++] = {test::allocations, last.read + last.written};
    }
};

} // namespace

TEMPLATE_TEST_CASE("steady state: a block is moved without an allocation", "", tier::uring_file,
                   tier::basic_uring_file<tier::slab>, tier::direct_file,
                   tier::basic_direct_file<tier::slab>) {
    using stack_type = tier::stack<tier::host, TestType>;
    const test::temporary_directory directory;
    test::operations_on<stack_type> on(
        {.limit = bytes(64 * mib_bytes), .io_chunk = block, .queue_depth = 8, .cache_dir = directory.path()},
        block);
    exec::local_crew<stack_type> crew({on.path, on.io, {0, 8}, on.queued, 1});
    REQUIRE(crew.start().has_value());
    for (std::size_t i = 0; i < operation_count; ++i)
        on.add(op_kind::write, static_cast<tier::entry_id>(i), block * 64);
    pass(crew, on, op_kind::write, op_stage::create);
    for (int warm = 0; warm < 2; ++warm)
        for (const op_kind kind : {op_kind::write, op_kind::read}) pass(crew, on, kind, op_stage::data);
    const std::uint64_t before = test::allocations;
    for (int i = 0; i < 5; ++i)
        for (const op_kind kind : {op_kind::write, op_kind::read}) pass(crew, on, kind, op_stage::data);
    CHECK(test::allocations - before == 0);
    pass(crew, on, op_kind::erase, op_stage::erase);
    crew.halt();
    CHECK(test::faults_of(crew) == 0);
}

TEST_CASE("steady state: a run allocates for a request, and nothing for a block") {
    const test::temporary_directory directory;
    benchmark<exec::local, launch::none, tier::stack<tier::host, tier::uring_file>> run{
        {.model = test::toy_model,
         .num_users = 50,
         .cache_dir = directory / "cache",
         .duration = 4,
         .cpu_mem_gb = 0,
         .generation_mode = generation_mode::none,
         .seed = 42,
         .storage_capacity_gb = 0.25,
         .io_chunk = block.count,
         .queue_depth = 16}};
    sampler s;
    REQUIRE(run.run(s).has_value());
    REQUIRE(s.count >= 3);
    const auto &first = s.samples[0], &last = s.samples[s.count - 1];
    const auto blocks = static_cast<double>((last.moved - first.moved).count / block.count);
    const auto allocations = static_cast<double>(last.allocations - first.allocations);
    INFO(allocations << " allocations, " << blocks << " blocks");
    CHECK(blocks > 10'000);
    CHECK(allocations < blocks / 100);
}
