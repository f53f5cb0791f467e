// expect: kvmark: a virtual clock needs tiers that model their own time
#include <kvmark/kvmark.hpp>

using stack = kvmark::tier::stack<kvmark::tier::host>;
kvmark::benchmark<kvmark::exec::serial, kvmark::launch::none, stack, kvmark::clocks::virtual_time> bench;
