// expect: kvmark: an executor needs a static member `uses_launcher`
#include <kvmark/kvmark.hpp>

struct mine {
    static constexpr std::string_view name = "mine";
};

kvmark::benchmark<mine> bench;
