// expect: kvmark: an executor needs a static member `name`
#include <kvmark/kvmark.hpp>

struct mine {
    static constexpr bool uses_launcher = false;
};

kvmark::benchmark<mine> bench;
