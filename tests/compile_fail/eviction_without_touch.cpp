// expect: kvmark: an eviction policy needs `void touch(
#include <kvmark/kvmark.hpp>

struct mine {
    void insert(kvmark::cache::entry_id) {}
    void remove(kvmark::cache::entry_id) {}
    kvmark::cache::entry_id victim() { return kvmark::cache::no_entry; }
};

using stack = kvmark::tier::stack<kvmark::tier::null<>>;
kvmark::benchmark<kvmark::exec::serial, kvmark::launch::none, stack, mine> bench;
