// expect: kvmark: prefix_blocks plays a trace: give a workload::block_replay to run_from()
#include <kvmark/kvmark.hpp>

using namespace kvmark;

auto run(benchmark<exec::serial, launch::none, tier::stack<tier::host>, access::prefix_blocks<>>& bench) {
    return bench.run();
}
