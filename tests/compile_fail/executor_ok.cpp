#include <kvmark/kvmark.hpp>

struct mine {
    static constexpr std::string_view name = "mine";
    static constexpr bool uses_launcher = false;
};

kvmark::benchmark<mine> bench;
