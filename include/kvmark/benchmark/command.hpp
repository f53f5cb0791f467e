// Options -> the argument vector of a run: the launcher's prefix, then the program and its own options.
#pragma once

#include <kvmark/benchmark/option_names.hpp>
#include <kvmark/launch/launcher.hpp>

namespace kvmark {

namespace command {

/// An option, the member that holds it, and its default.
template <class T>
struct member_option {
    std::string_view name;
    T options::*member;
    T default_value;

    consteval member_option(std::string_view option_name, T options::*option_member)
        : name(option_name), member(option_member), default_value(options{}.*option_member) {}
};

// Tables rather than calls in a row: one copy of the number formatting at each place that builds a command.
inline constexpr member_option<std::int64_t> leading_integers[]{
    {"--num-users", &options::num_users},
    {"--duration", &options::duration},
};
inline constexpr member_option<gib_number> memory_sizes[]{
    {"--gpu-mem-gb", &options::gpu_mem_gb},
    {"--cpu-mem-gb", &options::cpu_mem_gb},
};
inline constexpr member_option<gib_number> further_sizes[]{
    {"--peer-mem-gb", &options::peer_mem_gb},
};
inline constexpr member_option<std::int64_t> further_integers[]{
    {"--num-gpus", &options::num_gpus},
    {"--tensor-parallel", &options::tensor_parallel},
    {"--max-concurrent-allocs", &options::max_concurrent_allocs},
    {"--max-requests", &options::max_requests},
    {"--precondition-threads", &options::precondition_threads},
    {"--io-chunk", &options::io_chunk},
    {"--queue-depth", &options::queue_depth},
    {"--io-workers", &options::io_workers},
    {"--max-samples", &options::max_samples},
};
inline constexpr member_option<double> further_reals[]{
    {"--target-saturation", &options::target_saturation},
    {"--request-rate", &options::request_rate},
    {"--storage-capacity-gb", &options::storage_capacity_gb},
    {"--precondition-size-gb", &options::precondition_size_gb},
    {"--arrival-shape", &options::arrival_shape},
    {"--warmup", &options::warmup},
};
inline constexpr member_option<bool> further_flags[]{
    {"--precondition", &options::precondition},
    {"--prefill-only", &options::prefill_only},
    {"--decode-only", &options::decode_only},
    {"--strict", &options::strict},
};

/// As it was given: 16 or 16.0.
[[nodiscard]] KVMARK_INLINE constexpr launch::number_text gib_text(gib_number gib) {
    return gib.integral ? launch::integer_text(static_cast<std::int64_t>(gib.value))
                        : launch::real_text(gib.value);
}

/// What kvmark takes and the reference's wrapper does not pass, so that every rank runs the same thing.
KVMARK_INLINE constexpr void write_further_options(launch::text_writer& writer, const options& o) {
    for (const auto& option : further_sizes) {
        if ((o.*option.member).value == option.default_value.value) continue;
        writer.argument(option.name);
        writer.argument(gib_text(o.*option.member));
    }
    for (const auto& option : further_integers) {
        if (o.*option.member == option.default_value) continue;
        writer.argument(option.name);
        writer.argument(launch::integer_text(o.*option.member));
    }
    for (const auto& option : further_reals) {
        if (o.*option.member == option.default_value) continue;
        writer.argument(option.name);
        writer.argument(launch::real_text(o.*option.member));
    }
    for (const auto& option : further_flags)
        if (o.*option.member) writer.argument(option.name);
    if (o.arrivals != arrival_process::poisson) {
        writer.argument("--arrivals");
        writer.argument(name_of(o.arrivals));
    }
    if (o.users_per != users_per_kind::rank) {
        writer.argument("--users-per");
        writer.argument(name_of(o.users_per));
    }
    if (o.layout != tier::layout_kind::file_per_entry) {
        writer.argument("--layout");
        writer.argument(name_of(o.layout));
    }
    if (!o.raw_device.empty()) {
        writer.argument("--raw-device");
        writer.argument(o.raw_device);
    }
    if (o.verify != verify_mode::full) {
        writer.argument("--verify");
        writer.argument(name_of(o.verify));
    }
}

/// The program and its options, in the reference wrapper's order. A program under an interpreter gets the
/// wrapper's own options alone.
KVMARK_INLINE constexpr void write_program(launch::text_writer& writer, const options& o) {
    using launch::integer_text;
    for (const std::string& word : o.program.words) writer.argument(word);
    if (!o.program.words.empty()) return;
    const bool reference = !o.program.interpreter.empty();
    if (reference) writer.argument(o.program.interpreter);
    writer.argument(o.program.path.empty() ? std::string_view("kvmark") : std::string_view(o.program.path));
    if (!reference) writer.argument("run");
    writer.argument("--model");
    writer.argument(o.model.name);
    for (const auto& option : leading_integers) {
        writer.argument(option.name);
        writer.argument(integer_text(o.*option.member));
    }
    for (const auto& option : memory_sizes) {
        writer.argument(option.name);
        writer.argument(gib_text(o.*option.member));
    }
    writer.argument("--generation-mode");
    writer.argument(name_of(o.generation_mode));
    writer.argument("--performance-profile");
    writer.argument(name_of(o.performance_profile));
    if (!o.cache_dir.empty()) {
        writer.argument("--cache-dir");
        writer.argument(o.cache_dir);
    } else if (!o.run_directory.empty()) {
        writer.argument("--cache-dir");
        writer.argument(o.run_directory, "/kvcache_data");
    }
    if (!o.output.empty()) {
        writer.argument("--output");
        writer.argument(o.output);
    } else if (!o.run_directory.empty()) {
        writer.argument("--output");
        writer.argument(o.run_directory, "/kvcache_results_", o.run_datetime, ".json");
    }
    if (o.disable_multi_turn) writer.argument("--disable-multi-turn");
    if (o.disable_prefix_caching) writer.argument("--disable-prefix-caching");
    if (o.enable_rag) {
        writer.argument("--enable-rag");
        writer.argument("--rag-num-docs");
        writer.argument(integer_text(o.rag_num_docs));
    }
    if (o.enable_autoscaling) {
        writer.argument("--enable-autoscaling");
        writer.argument("--autoscaler-mode");
        writer.argument(name_of(o.autoscaler_mode));
    }
    if (o.seed) {
        writer.argument("--seed");
        writer.argument(integer_text(*o.seed));
    }
    if (!reference) write_further_options(writer, o);
}

/// Both parts, for argv::build(). `Launcher` has write_prefix() as launch::launcher has it.
template <class Launcher>
struct line {
    const Launcher& launcher;
    const launch::launcher_request& request;
    const launch::host_plan& plan;
    const options& run;

    KVMARK_INLINE constexpr void operator()(launch::text_writer& writer) const {
        if (plan.used() > 0) launcher.write_prefix(writer, request, plan);
        write_program(writer, run);
    }
};

/// A launcher whose dialect is chosen at run time.
struct chosen_launcher {
    const launch::dialect& words;

    KVMARK_INLINE constexpr void write_prefix(launch::text_writer& writer,
                                              const launch::launcher_request& request,
                                              const launch::host_plan& plan) const {
        launch::write_prefix(writer, words, request, plan);
    }
};

template <class Launcher>
[[nodiscard]] KVMARK_INLINE constexpr argv build(const Launcher& launcher,
                                                 const launch::launcher_request& request, const options& o) {
    const launch::host_plan plan(request.hosts, request.num_processes);
    if (plan.fault() != launch::launch_fault::none) return {};
    return argv::build(line<Launcher>{launcher, request, plan, o});
}

} // namespace command

/// What the options ask of a launcher. It holds views into `o`.
[[nodiscard]] KVMARK_INLINE constexpr launch::launcher_request launch_request(const options& o) {
    return {.path = o.mpi_bin,
            .hosts = o.hosts,
            .num_processes = o.num_processes,
            .oversubscribe = o.oversubscribe,
            .allow_run_as_root = o.allow_run_as_root,
            .mpi_params = o.mpi_params};
}

/// The arguments to execute, program first. The launcher's prefix stands in front when `uses_launcher` (an
/// executor over processes), the launcher starts ranks, and there are hosts. Empty when the launch has a
/// fault; validate() says which. Usable in a constant expression, where a memory size or rate may have at
/// most 15 significant digits. Precondition: no text in `o` holds a NUL.
template <launch::launcher Launcher>
[[nodiscard]] KVMARK_INLINE constexpr argv build_command(bool uses_launcher, Launcher launcher,
                                                         const options& o) {
    launch::launcher_request request = launch_request(o);
    if (!uses_launcher || !Launcher::starts_ranks) {
        request.hosts = {};
        request.num_processes = {};
    }
    return command::build(launcher, request, o);
}

/// The same under a launcher whose dialect is known at run time (launch/detect.hpp). `request` is
/// launch_request(o) and what an executed launch adds to it: time limit, tags, environment.
[[nodiscard]] KVMARK_INLINE constexpr argv
build_command(const launch::dialect& words, const launch::launcher_request& request, const options& o) {
    return command::build(command::chosen_launcher{words}, request, o);
}

} // namespace kvmark
