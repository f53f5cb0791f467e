#include <kvmark/kvmark.hpp>

struct mine {
    static constexpr std::string_view name = "mine";
    static constexpr bool starts_ranks = true;
    static constexpr void write_prefix(kvmark::launch::text_writer&, const kvmark::launch::launcher_request&,
                                       const kvmark::launch::host_plan&) {}
};

kvmark::benchmark<kvmark::exec::mpi, mine> bench;
