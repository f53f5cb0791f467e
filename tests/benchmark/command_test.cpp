#include <kvmark/benchmark/command.hpp>
#include <kvmark/launch/quote.hpp>

#include "support/argvs.hpp"
#include "support/reference_vectors.hpp"

namespace launch = kvmark::launch;
namespace models = kvmark::models;
using kvmark::argv;
using kvmark::build_command;
using kvmark::display;
using kvmark::options;

// In functions and not const: g++ 12 evaluates neither a list of strings in the operand of a static_assert
// nor a const vector at compile time.
constexpr bool two_hosts() {
    options o{
        .model = models::llama3_1_8b, .num_users = 100, .hosts = {"host1", "host2"}, .num_processes = 2};
    return display(build_command(true, launch::mpirun{}, o)) ==
           "mpirun -n 2 -host host1:1,host2:1 --bind-to none --map-by node kvmark run --model llama3.1-8b "
           "--num-users 100 --duration 60 --gpu-mem-gb 16.0 --cpu-mem-gb 32.0 --generation-mode realistic "
           "--performance-profile latency";
}
static_assert(two_hosts());

constexpr bool no_launcher() {
    options o{.model = models::tiny_1b,
              .num_users = 3,
              .hosts = {"host1", "host2"},
              .duration = 10,
              .gpu_mem_gb = 0,
              .cpu_mem_gb = 0.5};
    const argv line{"kvmark",
                    "run",
                    "--model",
                    "tiny-1b",
                    "--num-users",
                    "3",
                    "--duration",
                    "10",
                    "--gpu-mem-gb",
                    "0",
                    "--cpu-mem-gb",
                    "0.5",
                    "--generation-mode",
                    "realistic",
                    "--performance-profile",
                    "latency"};
    options without_hosts{
        .model = models::tiny_1b, .num_users = 3, .duration = 10, .gpu_mem_gb = 0, .cpu_mem_gb = 0.5};
    return build_command(false, launch::mpirun{}, o) == line // an executor on one machine
           && build_command(true, launch::none{}, o) == line // no launcher
           && build_command(true, launch::mpirun{}, without_hosts) == line;
}
static_assert(no_launcher());

constexpr bool launcher_options() {
    options o{.model = models::tiny_1b,
              .hosts = {"n1:4", "n2"},
              .num_processes = 6,
              .cache_dir = "/mnt/a b",
              .seed = -1,
              .mpi_bin = "/opt/x/mpirun",
              .oversubscribe = true,
              .allow_run_as_root = true,
              .mpi_params = {"-x", "MSG=hello world", "--map-by", "ppr:3:node"},
              .program = {.path = "/opt/kvmark", .interpreter = {}}};
    return display(build_command(true, launch::mpiexec{}, o)) ==
           "/opt/x/mpirun -n 6 -host n1:4,n2:2 --bind-to none --oversubscribe --allow-run-as-root -x "
           "'MSG=hello world' --map-by ppr:3:node /opt/kvmark run --model tiny-1b --num-users 100 --duration "
           "60 "
           "--gpu-mem-gb 16.0 --cpu-mem-gb 32.0 --generation-mode realistic --performance-profile latency "
           "--cache-dir '/mnt/a b' --seed -1";
}
static_assert(launcher_options());

constexpr bool launcher_path() {
    options o{.hosts = {"n1"}};
    o.mpi_bin = "/opt/mpi/bin/mpirun";
    return build_command(true, launch::mpirun{}, o)[0] == "/opt/mpi/bin/mpirun";
}
static_assert(launcher_path());

// Known at compile time by the launcher's type, and at run time by its dialect.
template <class Launcher>
constexpr bool launched_as(std::string_view prefix) {
    options o{.model = models::tiny_1b, .hosts = {"n1:3", "n2"}, .num_processes = 4};
    const argv line = build_command(true, Launcher{}, o);
    std::string expected(prefix);
    expected +=
        " kvmark run --model tiny-1b --num-users 100 --duration 60 --gpu-mem-gb 16.0 --cpu-mem-gb 32.0 "
        "--generation-mode realistic --performance-profile latency";
    return display(line) == expected && build_command(Launcher::words, kvmark::launch_request(o), o) == line;
}
static_assert(launched_as<launch::mpirun>("mpirun -n 4 -host n1:3,n2:1 --bind-to none --map-by node"));
static_assert(launched_as<launch::mpiexec>("mpiexec -n 4 -host n1:3,n2:1 --bind-to none --map-by node"));
static_assert(launched_as<launch::open_mpi_5>("mpirun -n 4 -host n1:3,n2:1 --bind-to none --map-by node"));
static_assert(launched_as<launch::hydra>("mpiexec.hydra -n 4 -hosts n1:3,n2:1 -bind-to none"));
static_assert(launched_as<launch::pals>("mpiexec -n 4 --ppn 3 --hosts n1,n2 --cpu-bind none"));
static_assert(launched_as<launch::srun>(
    "srun --ntasks 4 --nodelist n1,n1,n1,n2 --distribution arbitrary --cpu-bind none"));

constexpr bool executed_launch() {
    options o{.model = models::tiny_1b, .num_users = 3, .hosts = {"n1"}};
    std::vector<std::string> variables{"KVMARK_RUN=1"};
    launch::launcher_request request = kvmark::launch_request(o);
    request.timeout_s = 120;
    request.tag_output = true;
    request.environment = variables;
    options without_hosts{.model = models::tiny_1b, .num_users = 3};
    return display(build_command(launch::dialects::open_mpi_5, request, o))
               .starts_with(
                   "mpirun -n 1 -host n1:1 --bind-to none --map-by package --timeout 120 --output tag "
                   "-x KVMARK_RUN=1 kvmark run --model tiny-1b --num-users 3 ") &&
           build_command(launch::dialects::srun, kvmark::launch_request(without_hosts), without_hosts)[0] ==
               "kvmark" &&
           build_command(launch::dialects::srun, {.hosts = o.hosts, .num_processes = 0}, o).empty();
}
static_assert(executed_launch());

constexpr bool run_directory() {
    options o{.enable_rag = true,
              .rag_num_docs = 7,
              .enable_autoscaling = true,
              .autoscaler_mode = kvmark::autoscaler_mode::capacity,
              .seed = 0,
              .run_directory = "/r/kv_cache/run/20250115_120000",
              .run_datetime = "20250115_120000"};
    return display(build_command(true, launch::mpirun{}, o)) ==
           "kvmark run --model llama3.1-8b --num-users 100 --duration 60 --gpu-mem-gb 16.0 --cpu-mem-gb 32.0 "
           "--generation-mode realistic --performance-profile latency "
           "--cache-dir /r/kv_cache/run/20250115_120000/kvcache_data "
           "--output /r/kv_cache/run/20250115_120000/kvcache_results_20250115_120000.json "
           "--enable-rag --rag-num-docs 7 --enable-autoscaling --autoscaler-mode capacity --seed 0";
}
static_assert(run_directory());

/// Every option that is not at its default.
constexpr options unusual() {
    return {.gpu_mem_gb = 1e16,
            .num_gpus = 8,
            .tensor_parallel = 4,
            .cpu_mem_gb = 1e-5,
            .generation_mode = kvmark::generation_mode::fast,
            .performance_profile = kvmark::performance_profile::throughput,
            .disable_multi_turn = true,
            .disable_prefix_caching = true,
            .target_saturation = 0.75,
            .output = "out.json",
            .max_concurrent_allocs = 16,
            .request_rate = 12.5,
            .max_requests = 1000,
            .storage_capacity_gb = 100,
            .precondition = true,
            .precondition_size_gb = 0.25,
            .precondition_threads = 2,
            .prefill_only = true,
            .decode_only = true,
            .warmup = 2.5,
            .arrivals = kvmark::arrival_process::gamma,
            .arrival_shape = 0.5,
            .verify = kvmark::verify_mode::stamps,
            .io_chunk = 65536,
            .queue_depth = 32,
            .peer_mem_gb = 4,
            .max_samples = 10};
}

constexpr bool further_options() {
    return display(build_command(false, launch::none{}, unusual())) ==
           "kvmark run --model llama3.1-8b --num-users 100 --duration 60 --gpu-mem-gb 1e+16 --cpu-mem-gb "
           "1e-05 "
           "--generation-mode fast --performance-profile throughput --output out.json --disable-multi-turn "
           "--disable-prefix-caching --peer-mem-gb 4 --num-gpus 8 --tensor-parallel 4 "
           "--max-concurrent-allocs 16 "
           "--max-requests 1000 "
           "--precondition-threads 2 --io-chunk 65536 --queue-depth 32 --max-samples 10 --target-saturation "
           "0.75 "
           "--request-rate 12.5 --storage-capacity-gb 100.0 --precondition-size-gb 0.25 --arrival-shape 0.5 "
           "--warmup 2.5 --precondition --prefill-only --decode-only --arrivals gamma --verify stamps";
}
static_assert(further_options());

constexpr bool reference_program() {
    options o = unusual();
    o.program = {.path = "/opt/kv-cache.py", .interpreter = "/usr/bin/python3"};
    return display(build_command(false, launch::none{}, o)) ==
           "/usr/bin/python3 /opt/kv-cache.py --model llama3.1-8b --num-users 100 --duration 60 --gpu-mem-gb "
           "1e+16 "
           "--cpu-mem-gb 1e-05 --generation-mode fast --performance-profile throughput --output out.json "
           "--disable-multi-turn --disable-prefix-caching";
}
static_assert(reference_program());

constexpr bool faulty_launch_is_empty() {
    options o{.hosts = {"a:x"}};
    return build_command(true, launch::mpirun{}, o).empty() &&
           !build_command(true, launch::none{}, o).empty();
}
static_assert(faulty_launch_is_empty());

namespace {

kvmark::gib_number gib_of(const boost::json::value& v) {
    return v.is_double() ? kvmark::gib_number(v.as_double())
                         : kvmark::gib_number(static_cast<int>(v.as_int64()));
}

template <std::size_t N>
std::size_t index_in(const std::array<std::string_view, N>& names, const boost::json::value& name) {
    for (std::size_t i = 0; i < N; ++i)
        if (name.as_string() == names[i]) return i;
    return 0; // a mode that the engine has not and the wrapper does not pass on
              // (autoscaler_mode_without_enable)
}

options options_of(const boost::json::object& given, const boost::json::object& context) {
    const auto text = [&](const char* key) {
        return given.at(key).is_null() ? std::string() : std::string(given.at(key).as_string());
    };
    options o;
    const kvmark::model::geometry* model = models::find(text("model"));
    REQUIRE(model);
    o.model = *model;
    o.num_users = given.at("num_users").as_int64();
    o.duration = given.at("duration").as_int64();
    o.gpu_mem_gb = gib_of(given.at("gpu_mem_gb"));
    o.cpu_mem_gb = gib_of(given.at("cpu_mem_gb"));
    o.cache_dir = text("cache_dir");
    o.generation_mode = static_cast<kvmark::generation_mode>(
        index_in(kvmark::generation_mode_names, given.at("generation_mode")));
    o.performance_profile = static_cast<kvmark::performance_profile>(
        index_in(kvmark::performance_profile_names, given.at("performance_profile")));
    o.disable_multi_turn = given.at("disable_multi_turn").as_bool();
    o.disable_prefix_caching = given.at("disable_prefix_caching").as_bool();
    o.enable_rag = given.at("enable_rag").as_bool();
    o.rag_num_docs = given.at("rag_num_docs").as_int64();
    o.enable_autoscaling = given.at("enable_autoscaling").as_bool();
    o.autoscaler_mode = static_cast<kvmark::autoscaler_mode>(
        index_in(kvmark::autoscaler_mode_names, given.at("autoscaler_mode")));
    o.seed = kvmark::test::integer_at(given, "seed");
    o.hosts = kvmark::test::strings_at(given, "hosts");
    o.num_processes = kvmark::test::integer_at(given, "num_processes");
    o.oversubscribe = given.at("oversubscribe").as_bool();
    o.allow_run_as_root = given.at("allow_run_as_root").as_bool();
    o.mpi_params = kvmark::test::strings_at(given, "mpi_params");
    o.program = {.path = std::string(context.at("script").as_string()),
                 .interpreter = std::string(context.at("python").as_string())};
    o.run_directory = std::string(context.at("run_result_output").as_string());
    o.run_datetime = std::string(context.at("run_datetime").as_string());
    return o;
}

} // namespace

TEST_CASE("the whole command line is the reference's, case by case") {
    for (const auto& value : kvmark::test::read_cases("kv_cache_command.json")) {
        const auto& c = value.as_object();
        INFO(c.at("name"));
        const auto& given = c.at("options").as_object();
        const options o = options_of(given, c.at("context").as_object());
        const bool mpi = !given.at("exec_type").is_null() && given.at("exec_type").as_string() == "mpi";
        const bool mpiexec = given.at("mpi_bin").as_string() == "mpiexec";
        const argv line =
            mpiexec ? build_command(mpi, launch::mpiexec{}, o) : build_command(mpi, launch::mpirun{}, o);
        CHECK(kvmark::test::strings_of(line) == kvmark::test::strings_at(c, "argv"));
    }
}
