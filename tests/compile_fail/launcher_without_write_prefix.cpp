// expect: kvmark: a launcher needs static members `name`, `starts_ranks` and `write_prefix(
#include <kvmark/kvmark.hpp>

struct mine {
    static constexpr std::string_view name = "mine";
    static constexpr bool starts_ranks = true;
};

kvmark::benchmark<kvmark::exec::mpi, mine> bench;
