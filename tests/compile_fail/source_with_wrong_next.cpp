// expect: kvmark: a source needs `std::optional<workload::request> next()`
#include <kvmark/kvmark.hpp>

struct mine {
    bool next() { return false; }
};

using stack = kvmark::tier::stack<kvmark::tier::null<>>;
kvmark::benchmark<kvmark::exec::serial, kvmark::launch::none, stack, mine> bench;
