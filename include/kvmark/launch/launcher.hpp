// The launcher concept, and the launchers: none, Open MPI's mpirun and mpiexec.
#pragma once

#include <kvmark/launch/argv.hpp>
#include <kvmark/launch/hosts.hpp>

#include <concepts>

namespace kvmark::launch {

/// What is asked of a launcher, beside the program to start.
struct launcher_request {
    std::string_view path{};                     ///< any path; empty: the launcher's name, found through PATH
    std::span<const std::string> hosts{};        ///< see host_plan
    std::optional<std::int64_t> num_processes{}; ///< default: the number of distinct hosts
    bool oversubscribe = false;
    bool allow_run_as_root = false;
    std::span<const std::string> mpi_params{}; ///< one argument each; never split
};

/// A launcher is a type with
/// - `name`: the program, as a text;
/// - `starts_ranks`: false when it puts nothing in front of the program;
/// - `write_prefix(writer, request, plan)`: its arguments up to where the program begins. Called for a plan
///   without a fault that uses at least one host, twice for each command: it must write the same both times.
///   constexpr, and KVMARK_INLINE on it and on every function it calls.
template <class L>
concept launcher = requires(text_writer& writer, const launcher_request& request, const host_plan& plan) {
    { L::name } -> std::convertible_to<std::string_view>;
    { L::starts_ranks } -> std::convertible_to<bool>;
    { L::write_prefix(writer, request, plan) } -> std::same_as<void>;
};

namespace open_mpi {

/// Options of Open MPI 4.1's mpirun that take one value; mca and gmca take two. Each is written with one
/// dash or two. Source: the option tables of orte/mca/schizo/ompi and opal/mca/base in Open MPI 4.1.
inline constexpr std::string_view options_with_value =
    "x n np c H host hostfile machinefile default-hostfile rankfile rf N npernode npersocket ppr map-by "
    "rank-by "
    "bind-to cpu-set cpu-list cpus-per-proc cpus-per-rank am tune app wd wdir path prefix preload-files "
    "stdin "
    "xterm xml-file output-filename report-pid report-uri report-events timeout hnp ompi-server launch-agent "
    "personality debugger max-restarts max-vm-size cartofile cf";

/// How many of the words behind the option `name` are its values.
[[nodiscard]] KVMARK_INLINE constexpr std::size_t value_count(std::string_view name) {
    if (name == "mca" || name == "gmca") return 2;
    std::size_t begin = 0;
    for (std::size_t i = 0; i <= options_with_value.size(); ++i) {
        if (i < options_with_value.size() && options_with_value[i] != ' ') continue;
        if (std::string_view(options_with_value.data() + begin, i - begin) == name) return 1;
        begin = i + 1;
    }
    return 0;
}

/// Whether the user's parameters hold the option `name`, as `--name value`, `-name value` or `--name=value`.
/// What looks like it but is the value of another option does not count.
[[nodiscard]] KVMARK_INLINE constexpr bool holds_option(std::span<const std::string> params,
                                                        std::string_view name) {
    for (std::size_t i = 0; i < params.size(); ++i) {
        std::string_view word(params[i].data(), params[i].size());
        if (word.size() < 2 || word[0] != '-') continue;
        word.remove_prefix(word[1] == '-' ? 2 : 1);
        const bool value_attached = word.size() > name.size() && word[name.size()] == '=';
        if (std::string_view(word.data(), value_attached ? name.size() : word.size()) == name) return true;
        i += value_count(word);
    }
    return false;
}

/// `path -n N -host h1:s1,h2:s2 --bind-to none --map-by node ...`: the reference's prefix, in its order. The
/// user's own --bind-to or --map-by takes the place of ours.
KVMARK_INLINE constexpr void write_prefix(text_writer& writer, std::string_view name,
                                          const launcher_request& request, const host_plan& plan) {
    writer.argument(request.path.empty() ? name : request.path);
    writer.argument("-n");
    writer.argument(integer_text(plan.processes()));
    writer.argument("-host");
    bool first = true;
    for (const host_share& host : plan.hosts()) {
        if (host.slots == 0) continue;
        if (!first) writer.put(",");
        first = false;
        writer.put(host.name);
        writer.put(":");
        writer.put(integer_text(host.slots));
    }
    writer.end_argument();
    if (!holds_option(request.mpi_params, "bind-to")) {
        writer.argument("--bind-to");
        writer.argument("none");
    }
    if (!holds_option(request.mpi_params, "map-by")) {
        writer.argument("--map-by");
        writer.argument(plan.used() > 1 ? "node" : "socket");
    }
    if (request.oversubscribe) writer.argument("--oversubscribe");
    if (request.allow_run_as_root) writer.argument("--allow-run-as-root");
    for (const std::string& param : request.mpi_params) writer.argument(param);
}

} // namespace open_mpi

/// The program runs by itself.
struct none {
    static constexpr std::string_view name = "none";
    static constexpr bool starts_ranks = false;

    KVMARK_INLINE static constexpr void write_prefix(text_writer&, const launcher_request&,
                                                     const host_plan&) {}
};

struct mpirun {
    static constexpr std::string_view name = "mpirun";
    static constexpr bool starts_ranks = true;

    KVMARK_INLINE static constexpr void write_prefix(text_writer& writer, const launcher_request& request,
                                                     const host_plan& plan) {
        open_mpi::write_prefix(writer, name, request, plan);
    }
};

/// Open MPI's second name for mpirun.
struct mpiexec {
    static constexpr std::string_view name = "mpiexec";
    static constexpr bool starts_ranks = true;

    KVMARK_INLINE static constexpr void write_prefix(text_writer& writer, const launcher_request& request,
                                                     const host_plan& plan) {
        open_mpi::write_prefix(writer, name, request, plan);
    }
};

static_assert(launcher<none> && launcher<mpirun> && launcher<mpiexec>);

} // namespace kvmark::launch
