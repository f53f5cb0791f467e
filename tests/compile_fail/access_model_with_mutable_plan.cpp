// expect: kvmark: an access model needs `template <class Planner> void plan(
#include <kvmark/kvmark.hpp>

struct mine {
    template <class Planner>
    void plan(const kvmark::workload::request&, Planner&) {}
};

using stack = kvmark::tier::stack<kvmark::tier::null<>>;
kvmark::benchmark<kvmark::exec::serial, kvmark::launch::none, stack, mine> bench;
