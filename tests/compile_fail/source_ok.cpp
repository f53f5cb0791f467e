#include <kvmark/kvmark.hpp>

struct mine {
    std::optional<kvmark::workload::request> next() { return {}; }
};

using stack = kvmark::tier::stack<kvmark::tier::null<>>;
kvmark::benchmark<kvmark::exec::serial, kvmark::launch::none, stack, mine> bench;
