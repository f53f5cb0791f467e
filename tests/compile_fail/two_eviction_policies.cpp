// expect: kvmark: a benchmark takes at most one policy of each kind
#include <kvmark/kvmark.hpp>

using stack = kvmark::tier::stack<kvmark::tier::null<>>;
kvmark::benchmark<kvmark::exec::serial, kvmark::launch::none, stack, kvmark::cache::lru, kvmark::cache::lru>
    bench;
