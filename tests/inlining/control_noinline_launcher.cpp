// allow: allowed_build_command.txt
// expect: out of line: noinline_launcher::write_prefix
#include <kvmark/benchmark/command.hpp>

namespace launch = kvmark::launch;

struct noinline_launcher {
    static constexpr std::string_view name = "noinline";
    static constexpr bool starts_ranks = true;

    [[gnu::noinline]] static constexpr void write_prefix(launch::text_writer& writer,
                                                         const launch::launcher_request&,
                                                         const launch::host_plan& plan) {
        writer.argument(name);
        writer.argument(launch::integer_text(plan.processes()));
    }
};

extern "C" void probe_noinline_launcher(const kvmark::options& o, kvmark::argv& line) {
    line = kvmark::build_command(true, noinline_launcher{}, o);
}
