#include <kvmark/kvmark.hpp>

struct mine {
    template <class Planner>
    void plan(const kvmark::workload::request&, Planner&) const {}
};

using stack = kvmark::tier::stack<kvmark::tier::null<>>;
kvmark::benchmark<kvmark::exec::serial, kvmark::launch::none, stack, mine> bench;
