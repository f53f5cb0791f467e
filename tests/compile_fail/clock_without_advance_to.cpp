// expect: kvmark: a clock needs `void advance_to(nanoseconds)`
#include <kvmark/kvmark.hpp>

struct mine {
    kvmark::nanoseconds now() const { return {}; }
    static constexpr bool is_virtual = false;
};

using stack = kvmark::tier::stack<kvmark::tier::null<>>;
kvmark::benchmark<kvmark::exec::serial, kvmark::launch::none, stack, mine> bench;
