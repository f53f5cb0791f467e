// expect: kvmark: an eviction policy needs `entry_id victim(
#include <kvmark/kvmark.hpp>

struct mine {
    void insert(kvmark::cache::entry_id) {}
    void touch(kvmark::cache::entry_id) {}
    void remove(kvmark::cache::entry_id) {}
};

using stack = kvmark::tier::stack<kvmark::tier::null<>>;
kvmark::benchmark<kvmark::exec::serial, kvmark::launch::none, stack, mine> bench;
