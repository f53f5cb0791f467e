// allow: allowed_build_command.txt
// expect: indirect call in probe_indirect_launcher
#include <kvmark/benchmark/command.hpp>

namespace launch = kvmark::launch;

void (*write_name)(launch::text_writer&);

struct indirect_launcher {
    static constexpr std::string_view name = "indirect";
    static constexpr bool starts_ranks = true;

    KVMARK_INLINE static void write_prefix(launch::text_writer& writer, const launch::launcher_request&,
                                           const launch::host_plan&) {
        write_name(writer);
    }
};

extern "C" void probe_indirect_launcher(const kvmark::options& o, kvmark::argv& line) {
    line = kvmark::build_command(true, indirect_launcher{}, o);
}
