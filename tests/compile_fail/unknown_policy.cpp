// expect: kvmark: a policy of a benchmark must be an eviction policy
#include <kvmark/kvmark.hpp>

struct mine {};

using stack = kvmark::tier::stack<kvmark::tier::null<>>;
kvmark::benchmark<kvmark::exec::serial, kvmark::launch::none, stack, mine> bench;
