// expect: kvmark: a clock needs a static member `is_virtual`
#include <kvmark/kvmark.hpp>

struct mine {
    kvmark::nanoseconds now() const { return {}; }
    void advance_to(kvmark::nanoseconds) {}
};

using stack = kvmark::tier::stack<kvmark::tier::null<>>;
kvmark::benchmark<kvmark::exec::serial, kvmark::launch::none, stack, mine> bench;
