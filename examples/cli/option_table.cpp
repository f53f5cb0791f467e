// The table of options, and the functions that store their values.
#include "option_table.hpp"

#include "size_lists.hpp"

#include <kvmark/benchmark/option_names.hpp>
#include <kvmark/launch/quote.hpp>
#include <kvmark/workload/reader/trace_options.hpp>

#include <charconv>
#include <cmath>

namespace kvmark::cli {

namespace {

constexpr std::array preset_names = [] {
    std::array<std::string_view, models::all.size()> names{};
    for (std::size_t i = 0; i < names.size(); ++i) names[i] = models::all[i].name;
    return names;
}();

template <class T>
T& in(settings& s, T settings::*member) {
    return s.*member;
}
template <class T>
T& in(settings& s, T options::*member) {
    return s.options.*member;
}
template <class T>
T& in(settings& s, T tiers_request::*member) {
    return s.tiers.*member;
}

template <class T>
T& in(settings& s, T serving_request::*member) {
    return s.serving.*member;
}
template <class T>
T& in(settings& s, T report_request::*member) {
    return s.report.*member;
}
template <class T>
T& in(settings& s, T mlperf_request::*member) {
    return s.mlperf.*member;
}
template <class T>
T& in(settings& s, T search_request::*member) {
    return s.search.*member;
}
template <class T>
T& in(settings& s, T history_request::*member) {
    return s.history.*member;
}
template <class T>
T& in(settings& s, T serving_options::*member) {
    return s.options.serving.*member;
}

template <class T>
T& value_of(T& member) {
    return member;
}
template <class T>
T& value_of(std::optional<T>& member) {
    return member.emplace();
}

void refuse(fault_list& faults, const option_spec& o, std::string_view value, const std::string& expected) {
    faults.add("--" + std::string(o.name) + " " + quote(value) + ": must be " + expected);
}

template <class T>
bool parse(std::string_view text, T& value) {
    if (text.starts_with('+')) text.remove_prefix(1);
    const char* const end = text.data() + text.size();
    const auto [stop, failure] = std::from_chars(text.data(), end, value);
    return failure == std::errc{} && stop == end;
}

template <auto Member>
void integer(settings& s, const option_spec& o, std::string_view value, fault_list& faults) {
    std::int64_t n = 0;
    if (!parse(value, n)) return refuse(faults, o, value, "an integer");
    value_of(in(s, Member)) = n;
}

template <auto Member>
void real(settings& s, const option_spec& o, std::string_view value, fault_list& faults) {
    double d = 0;
    if (!parse(value, d) || !std::isfinite(d)) return refuse(faults, o, value, "a number");
    in(s, Member) = d;
}

/// Remembers whether it was written as an integer: the command line of a launch repeats it so.
template <auto Member>
void gib(settings& s, const option_spec& o, std::string_view value, fault_list& faults) {
    std::int64_t n = 0;
    if (parse(value, n) && std::abs(n) < (std::int64_t{1} << 53)) {
        in(s, Member).value = static_cast<double>(n);
        in(s, Member).integral = true;
        return;
    }
    double d = 0;
    if (!parse(value, d) || !std::isfinite(d)) return refuse(faults, o, value, "a number of GiB");
    in(s, Member) = gib_number(d);
}

template <auto Member>
void text(settings& s, const option_spec& o, std::string_view value, fault_list& faults) {
    if (value.empty()) return refuse(faults, o, value, "a text that is not empty");
    in(s, Member) = value;
}

template <auto Member>
void texts(settings& s, const option_spec&, std::string_view value, fault_list&) {
    in(s, Member).emplace_back(value);
}

template <auto Member>
void flag(settings& s, const option_spec&, std::string_view, fault_list&) {
    in(s, Member) = true;
}

template <auto Member>
void choice(settings& s, const option_spec& o, std::string_view value, fault_list& faults) {
    using enumeration = std::remove_reference_t<decltype(in(s, Member))>;
    for (std::size_t i = 0; i < o.choices.size(); ++i) {
        if (o.choices[i] != value) continue;
        in(s, Member) = static_cast<enumeration>(i);
        return;
    }
    refuse(faults, o, value, listed(o.choices) + suggestion(value, o.choices));
}

template <auto Parse, auto Member>
void list(settings& s, const option_spec& o, std::string_view value, fault_list& faults) {
    in(s, Member).clear();
    for (const std::string_view part : split_list(value)) {
        if (const auto parsed = Parse(part))
            in(s, Member).push_back(*parsed);
        else
            refuse(faults, o, part, "as in " + std::string(o.value));
    }
}

std::optional<std::uint64_t> parse_blocks(std::string_view text) {
    std::uint64_t n = 0;
    return parse(text, n) ? std::optional(n) : std::nullopt;
}
std::optional<std::string> any_text(std::string_view text) { return std::string(text); }

void size_of_file(settings& s, const option_spec& o, std::string_view value, fault_list& faults) {
    if (const auto size = parse_size(value))
        s.tiers.size = *size;
    else
        refuse(faults, o, value, "a size, as 1000M");
}

constexpr std::array<std::string_view, 1> gpu_choices{"all"};

void gpus(settings& s, const option_spec& o, std::string_view value, fault_list& faults) {
    s.tiers.gpu = true;
    s.tiers.gpus.clear();
    if (value.empty() || value == gpu_choices[0]) return;
    for (const std::string_view part : split_list(value)) {
        std::uint32_t number = 0;
        if (!parse(part, number)) return refuse(faults, o, value, "all, or numbers from 0, as 0,1");
        for (const std::uint32_t other : s.tiers.gpus)
            if (other == number) return refuse(faults, o, value, "numbers of which none comes twice");
        s.tiers.gpus.push_back(number);
    }
}

constexpr std::array<std::string_view, 3> directions{"read", "write", "mix"};

/// The mix is marked, since its share may be given later.
std::optional<int> parse_direction(std::string_view text) {
    if (text == directions[0]) return 100;
    if (text == directions[1]) return 0;
    return text == directions[2] ? std::optional(-1) : std::nullopt;
}

void dry_run(settings& s, const option_spec& o, std::string_view value, fault_list& faults) {
    if (value.empty())
        s.dry_run = dry_run_form::text;
    else if (value == "json")
        s.dry_run = dry_run_form::json;
    else
        refuse(faults, o, value, "json, or nothing");
}

constexpr std::array<std::string_view, 1> dry_run_choices{"json"};

template <std::size_t Tier>
void price(settings& s, const option_spec& o, std::string_view value, fault_list& faults) {
    double d = 0;
    if (!parse(value, d) || !std::isfinite(d) || d < 0) return refuse(faults, o, value, "0 or more");
    s.serving.prices[Tier] = d;
}

constexpr unsigned on_runs = on_run | on_search | on_mlperf;
constexpr std::string_view cache_group = "Cache", accelerator = "Accelerator", question = "Question";
constexpr std::string_view backends = "Backends", cases = "Cases", load = "Load", tiers = "Tiers",
                           traces = "Traces", sequence = "Sequence", results = "Results",
                           launch_group = "Launch", tool = "Tool";

using o = options;
using s = settings;
using t = tiers_request;
using v = serving_request;
using c = serving_options;
using m = mlperf_request;
using q = search_request;

// clang-format off
constexpr option_spec table[]{
    {"path", "", arity::one, "DIR", on_tiers, backends,
     "directory on the storage to measure (a temporary directory)", {}, text<&t::path>},
    {"engines", "", arity::one, "uring,asio,pread,mmap,file,host,gds", on_tiers, backends,
     "what is measured, or all but gds; file is buffered, host is memory (uring,pread)", {}, list<any_text, &t::engines>},
    {"layout", "", arity::one, "LAYOUT", on_tiers, backends,
     "how the file lies: file-per-entry, file-per-block or slab (slab)", layout_names, choice<&t::layout>},
    {"strict", "", arity::flag, "", on_tiers, backends,
     "fail where io_uring or O_DIRECT cannot be had, in place of a fallback", {}, flag<&o::strict>},
    {"fio", "", arity::flag, "", on_tiers, backends,
     "run fio (io_uring) beside it in the same rounds, and print the ratio", {}, flag<&t::fio>},
    {"gpu", "", arity::optional, "0,1", on_tiers, backends,
     "measure GPUs: the CUDA tier beside plain copies; of no list, all; without --path and --engines GPUs alone", gpu_choices, gpus},
    {"emit-fio", "", arity::one, "FILE", on_tiers, backends,
     "write the equal fio job file, and measure nothing", {}, text<&t::emit_fio>},

    {"model", "-m", arity::one, "NAME", on_tiers, cases,
     "block sizes are KV blocks of this model (llama3.1-8b)", preset_names, text<&s::model_name>},
    {"block-tokens", "", arity::one, "16,64,256,512", on_tiers, cases,
     "tokens of a block (16,64,256,512)", {}, list<parse_count, &t::block_tokens>},
    {"block-sizes", "", arity::one, "4K,128K,1M", on_tiers, cases,
     "sizes in their place, multiples of 4096", {}, list<parse_size, &t::block_sizes>},
    {"depths", "", arity::one, "1,4,32", on_tiers, cases,
     "I/Os in flight (4)", {}, list<parse_count, &t::depths>},
    {"cases", "", arity::one, "1M:4,128K:32,4K:64", on_tiers, cases,
     "pairs of size and depth in place of all with all; beside --fio these three", {},
     list<parse_size_and_depth, &t::cases>},
    {"io", "", arity::one, "read,write,mix", on_tiers, cases,
     "directions (read,write)", {}, list<parse_direction, &t::read_percents>},
    {"mix-read-percent", "", arity::one, "N", on_tiers, cases,
     "reads in the mix, 1..99 (89)", {}, integer<&t::mix_read_percent>},
    {"size", "", arity::one, "BYTES", on_tiers, cases,
     "of the file, with K, M or G (1000M)", {}, size_of_file},
    {"rounds", "", arity::one, "N", on_tiers, cases,
     "every backend and fio in turn, so often; 0: 3, and 5 beside fio (0)", {}, integer<&t::rounds>},
    {"seconds", "", arity::one, "X", on_tiers, cases,
     "of one case in one round; 0: 1, and 2 beside fio (0)", {}, real<&t::seconds>},
    {"verify", "", arity::one, "MODE", on_tiers, cases,
     "what a read checks: none, stamps (one per 4 KiB sector) or full, every byte (stamps)",
     verify_mode_names, choice<&t::verify>},

    {"model", "-m", arity::one, "NAME", on_runs | on_datasize, load,
     "model whose cache is played; `kvmark models` lists them (llama3.1-8b)",
     preset_names, text<&s::model_name>},
    {"users-per", "", arity::one, "WHOM", on_run | on_search, load,
     "--num-users counts for each rank, or for the job (rank)", users_per_names, choice<&o::users_per>},
    {"num-users", "-nu", arity::one, "N", on_runs | on_datasize, load,
     "users, 1..100000 (100)", {}, integer<&o::num_users>},
    {"duration", "-d", arity::one, "SECONDS", on_runs, load,
     "measured window, 1..86400 (60)", {}, integer<&o::duration>},
    {"warmup", "", arity::one, "SECONDS", on_runs, load,
     "under load before the measured window opens, 0..86400 (0)", {}, real<&o::warmup>},
    {"generation-mode", "", arity::one, "MODE", on_runs, load,
     "time to generate a token: none 0, fast 2 ms, realistic 30 ms (realistic)",
     generation_mode_names, choice<&o::generation_mode>},
    {"performance-profile", "", arity::one, "PROFILE", on_runs, load,
     "criteria of the verdict on the storage: latency or throughput (latency)",
     performance_profile_names, choice<&o::performance_profile>},
    {"seed", "", arity::one, "N", on_runs, load,
     "the same seed gives the same requests (drawn, and reported)", {}, integer<&o::seed>},
    {"disable-multi-turn", "", arity::flag, "", on_runs, load,
     "every request stands alone", {}, flag<&o::disable_multi_turn>},
    {"disable-prefix-caching", "", arity::flag, "", on_runs, load,
     "no shared system prompts", {}, flag<&o::disable_prefix_caching>},
    {"enable-rag", "", arity::flag, "", on_runs, load,
     "requests also read chunks of shared documents", {}, flag<&o::enable_rag>},
    {"rag-num-docs", "", arity::one, "N", on_runs, load,
     "documents written before the window opens (10)", {}, integer<&o::rag_num_docs>},
    {"request-rate", "", arity::one, "PER_SECOND", on_run, load,
     "arrivals per second of all users together; 0: users pace themselves by think times (0)",
     {}, real<&o::request_rate>},
    {"arrivals", "", arity::one, "PROCESS", on_run | on_search, load,
     "spacing under --request-rate: poisson, fixed, gamma or weibull (poisson)", arrival_process_names,
     choice<&o::arrivals>},
    {"arrival-shape", "", arity::one, "SHAPE", on_run | on_search, load,
     "of gamma and weibull gaps: 1 is poisson, below 1 in bursts, above 1 more even (1)",
     {}, real<&o::arrival_shape>},
    {"max-requests", "", arity::one, "N", on_run, load,
     "stop after so many completed requests; 0: no bound (0)", {}, integer<&o::max_requests>},
    {"prefill-only", "", arity::flag, "", on_run | on_search, load,
     "write entries and never read them for decode", {}, flag<&o::prefill_only>},
    {"decode-only", "", arity::flag, "", on_run | on_search, load,
     "read from 10 entries per user written beforehand", {}, flag<&o::decode_only>},
    {"enable-autoscaling", "", arity::flag, "", on_run, load,
     "change the number of users while running", {}, flag<&o::enable_autoscaling>},
    {"autoscaler-mode", "", arity::one, "MODE", on_run | on_search, load,
     "qos: up to a saturation; capacity: up to the peak of throughput (qos)",
     autoscaler_mode_names, text<&s::autoscaler_mode_text>},
    {"target-saturation", "", arity::one, "X", on_run | on_search, load,
     "of the qos autoscaler, 0..1 (0.8)", {}, real<&o::target_saturation>},
    {"config", "", arity::one, "FILE", on_runs | on_datasize | on_models, load,
     "YAML file with the numbers of the workload and further models", {}, text<&s::config>},

    {"gpu-mem-gb", "", arity::one, "GIB", on_runs | on_datasize, tiers,
     "GPU tier, GiB per GPU (16.0)", {}, gib<&o::gpu_mem_gb>},
    {"num-gpus", "", arity::one, "N", on_run | on_search, tiers,
     "GPUs (1)", {}, integer<&o::num_gpus>},
    {"tensor-parallel", "", arity::one, "T", on_run | on_search | on_datasize, tiers,
     "this machine stores 1/T of each entry, 1..num-gpus (1)", {}, integer<&o::tensor_parallel>},
    {"cpu-mem-gb", "", arity::one, "GIB", on_runs | on_datasize, tiers,
     "host memory tier, GiB; 0: none (32.0)", {}, gib<&o::cpu_mem_gb>},
    {"peer-mem-gb", "", arity::one, "GIB", on_run | on_search, tiers,
     "tier in memory of other ranks, GiB that each lends to the others; 0: none (0)", {}, gib<&o::peer_mem_gb>},
    {"cache-dir", "", arity::one, "DIR", on_runs | on_datasize | on_cluster, tiers,
     "where the storage tier keeps its files (below --results-dir, else a temporary directory)",
     {}, text<&o::cache_dir>},
    {"storage-capacity-gb", "", arity::one, "GIB", on_runs, tiers,
     "storage tier, GiB; 0: 95 % of the free space (0)", {}, real<&o::storage_capacity_gb>},
    {"storage-tier", "", arity::one, "KIND", on_runs, tiers,
     "direct_file: O_DIRECT; file: through the page cache, with fsync (direct_file)",
     storage_tier_names, choice<&s::storage_tier>},
    {"io-engine", "", arity::one, "ENGINE", on_runs | on_calibrate, tiers,
     "what moves the bytes: uring, asio, pread, mmap, gds (GPUDirect Storage), or auto: uring, else pread (auto)",
     io_engine_names, choice<&s::io_engine>},
    {"layout", "", arity::one, "LAYOUT", on_runs, tiers,
     "file-per-entry, file-per-block (of --io-chunk bytes) or slab: one preallocated file (file-per-entry)",
     layout_names, choice<&o::layout>},
    {"raw-device", "", arity::one, "DEVICE", on_run | on_search, tiers,
     "the block device of --cache-dir once more: the slab overwrites it, if it is empty", {}, text<&o::raw_device>},
    {"strict", "", arity::flag, "", on_runs, tiers,
     "fail where io_uring or O_DIRECT cannot be had, in place of a fallback", {}, flag<&o::strict>},
    {"gpu-tier", "", arity::one, "KIND", on_run | on_search, tiers,
     "cuda: device memory, modelled: latency and bandwidth, none, or auto: cuda where there is a GPU (auto)", gpu_tier_names, choice<&s::gpu_tier>},
    {"io-chunk", "", arity::one, "BYTES", on_runs, tiers,
     "bytes of one I/O, a multiple of 4096 (1048576)", {}, integer<&o::io_chunk>},
    {"queue-depth", "", arity::one, "N", on_runs, tiers,
     "I/Os in flight on the storage tier, 1..1024 (8)", {}, integer<&o::queue_depth>},
    {"io-workers", "", arity::one, "N", on_runs, tiers,
     "threads that keep those of uring and asio in flight; 0: as many as suit (0)", {}, integer<&o::io_workers>},
    {"max-concurrent-allocs", "", arity::one, "N", on_runs, tiers,
     "entries being written at once; 0: no bound (0)", {}, integer<&o::max_concurrent_allocs>},
    {"verify", "", arity::one, "MODE", on_runs | on_calibrate, tiers,
     "what a read checks: none, stamps (one per 4 KiB sector) or full, every byte (full)",
     verify_mode_names, choice<&o::verify>},
    {"precondition", "", arity::flag, "", on_runs, tiers,
     "fill the storage tier before the window opens", {}, flag<&o::precondition>},
    {"precondition-size-gb", "", arity::one, "GIB", on_runs, tiers,
     "how much, GiB; 0: twice the storage capacity (0)", {}, real<&o::precondition_size_gb>},
    {"precondition-threads", "", arity::one, "N", on_runs, tiers,
     "writers of it; 0: as many as suit (0)", {}, integer<&o::precondition_threads>},
    {"clock", "", arity::one, "CLOCK", on_run | on_search, tiers,
     "steady: real time; virtual: a simulation on modelled tiers (steady)", clock_names, choice<&s::clock>},

    {"use-burst-trace", "", arity::flag, "", on_run | on_search, traces,
     "play the BurstGPT trace of --burst-trace-path", {}, flag<&s::use_burst_trace>},
    {"burst-trace-path", "", arity::one, "FILE", on_run | on_search, traces,
     "BurstGPT csv", {}, text<&s::burst_trace_path>},
    {"trace-speedup", "", arity::one, "X", on_run | on_search, traces,
     "gaps are divided by it; 0: no gaps (1.0)", {}, real<&s::trace_speedup>},
    {"replay-cycles", "", arity::one, "N", on_run | on_search | on_simulate, traces,
     "how often the trace is played; 0: until the end, and --trace once (0)", {}, integer<&s::replay_cycles>},
    {"dataset-path", "", arity::one, "FILE", on_run | on_search, traces,
     "play the conversations of a ShareGPT json", {}, text<&s::dataset_path>},
    {"max-conversations", "", arity::one, "N", on_run | on_search, traces,
     "conversations read from it; 0: all (500)", {}, integer<&s::max_conversations>},
    {"validation-trace", "", arity::one, "FILE", on_run, traces,
     "accepted, without effect in this version", {}, text<&s::validation_trace>},
    {"io-trace-log", "", arity::one, "FILE", on_run, traces,
     "move no data; write every operation to a csv, compressed if it ends in .zst",
     {}, text<&s::io_trace_log>},

    {"trace", "", arity::one, "FILE", on_run | on_search | on_simulate | on_plan, traces,
     "trace of block references, in any format of `kvmark trace`", {}, text<&v::trace>},
    {"trace-format", "", arity::one, "FORMAT", on_run | on_search | on_simulate | on_plan | on_trace, traces,
     "kvmark, mooncake, bailian, weka, burstgpt, azure or sharegpt (as the content tells)",
     workload::trace_formats, text<&v::format>},
    {"block-tokens", "", arity::one, "N", on_run | on_search | on_simulate | on_plan | on_trace, traces,
     "tokens of a block, where the trace does not say; 0: 512 (0)", {}, integer<&v::block_tokens>},
    {"skip-bad", "", arity::flag, "", on_run | on_search | on_simulate | on_plan | on_trace, traces,
     "count malformed lines and go on, in place of stopping at the first", {}, flag<&v::skip_bad>},
    {"requests", "", arity::one, "N", on_trace, traces,
     "generate: requests (10000)", {}, integer<&o::max_requests>},
    {"session-rate", "", arity::one, "PER_SECOND", on_trace, traces,
     "generate: sessions that start per second (1)", {}, real<&o::request_rate>},
    {"seed", "", arity::one, "N", on_trace, traces,
     "generate: the same seed gives the same trace (0)", {}, integer<&o::seed>},
    {"trace-arrivals", "", arity::one, "PROCESS", on_run | on_search | on_simulate, traces,
     "the trace's own times, closed: after the answer before, or fixed, poisson, gamma, weibull at --request-rate (trace)",
     trace_arrival_names, choice<&v::arrivals>},
    {"arrival-shape", "", arity::one, "SHAPE", on_simulate, traces,
     "of gamma and weibull gaps: 1 is poisson, below 1 in bursts, above 1 more even (1)",
     {}, real<&o::arrival_shape>},
    {"sessions", "", arity::one, "N", on_run | on_search | on_simulate, traces,
     "closed: sessions active at once; 0: all (0)", {}, integer<&v::sessions>},
    {"warmup-requests", "", arity::one, "N", on_run | on_search | on_simulate | on_plan, traces,
     "requests played first and not counted (0)", {}, integer<&c::warmup_requests>},

    {"policy", "", arity::one, "NAME[,NAME]", on_run | on_search | on_simulate, cache_group,
     "eviction policy of every tier, or of each (lru)", {}, list<any_text, &c::policies>},
    {"capacity-blocks", "", arity::one, "N[,N]", on_run | on_search | on_simulate, cache_group,
     "blocks that each tier holds, fastest first", {}, list<parse_blocks, &c::capacity_blocks>},
    {"kv-bytes-per-token", "", arity::one, "BYTES", on_run | on_search | on_simulate | on_plan, cache_group,
     "size of a token in the cache; 0: the model's (0)", {}, integer<&c::kv_bytes_per_token>},
    {"write-mode", "", arity::one, "MODE", on_run | on_search | on_simulate, cache_group,
     "where new blocks go: on-eviction: down when evicted; back: likewise, and a promoted block keeps its copy; through: to all tiers (on-eviction)",
     write_mode_names, choice<&c::writes>},
    {"promotion", "", arity::one, "WHEN", on_run | on_search | on_simulate, cache_group,
     "when a hit brings a block to the first tier: never, always, or at hit --promote-at (always)",
     promotion_names, choice<&c::promotion>},
    {"promote-at", "", arity::one, "N", on_run | on_search | on_simulate, cache_group,
     "the hit that promotes, 1..255 (2)", {}, integer<&c::promote_at>},
    {"no-demotion", "", arity::flag, "", on_run | on_search | on_simulate, cache_group,
     "evicted blocks are dropped", {}, flag<&c::no_demotion>},
    {"pin-blocks", "", arity::one, "N", on_run | on_search | on_simulate, cache_group,
     "the first N blocks of each request stay in the first tier, up to half of it (0)", {}, integer<&c::pinned_blocks>},
    {"ttl", "", arity::one, "SECONDS", on_run | on_search | on_simulate, cache_group,
     "blocks unused for longer are no hits; 0: for ever (0)", {}, real<&c::time_to_live>},
    {"recompute", "", arity::flag, "", on_run | on_search | on_simulate, cache_group,
     "compute what a tier would load more slowly", {}, flag<&c::recompute>},

    {"prefill-rate", "", arity::one, "TOKENS_PER_S", on_run | on_search | on_simulate | on_plan, accelerator,
     "prompt tokens computed per second; 0: at once (0)", {}, real<&c::prefill_rate>},
    {"decode-rate", "", arity::one, "TOKENS_PER_S", on_run | on_search | on_simulate, accelerator,
     "tokens generated per second and sequence; 0: at once (0)", {}, real<&c::decode_rate>},
    {"batch-slots", "", arity::one, "N", on_run | on_search | on_simulate, accelerator,
     "requests in service at once (256)", {}, integer<&c::batch_slots>},
    {"calibration", "", arity::one, "TIER=FILE", on_run | on_search | on_simulate | on_plan, accelerator,
     "model gpu, host or storage by what `kvmark calibrate` measured; may be repeated", {}, texts<&v::calibrations>},

    {"ttft", "", arity::flag, "", on_simulate, question,
     "simulate time too: queue, load and compute on modelled tiers", {}, flag<&v::ttft>},
    {"sweep", "", arity::one, "KEY=A:B,KEY=C:D", on_simulate, question,
     "all combinations of capacity=, policy= and any option here, over all cores; tiers are joined by +", {}, text<&v::sweep>},
    {"capacity-blocks", "", arity::one, "N[,N]", on_plan, question,
     "capacities that the table shows too", {}, list<parse_blocks, &c::capacity_blocks>},
    {"ttft-target-ms", "", arity::one, "MS", on_plan, question,
     "find the cheapest stack that meets it; 0: the curve alone (0)", {}, real<&v::ttft_target_ms>},
    {"ttft-percentile", "", arity::one, "P", on_plan, question,
     "of the target (95)", {}, real<&v::ttft_percentile>},
    {"price-gpu", "", arity::one, "PRICE", on_plan, question,
     "per GiB, in any unit; 0: no such tier (0)", {}, price<0>},
    {"price-host", "", arity::one, "PRICE", on_plan, question,
     "per GiB; 0: no such tier (0)", {}, price<1>},
    {"price-storage", "", arity::one, "PRICE", on_plan, question,
     "per GiB; 0: no such tier (0)", {}, price<2>},
    {"sample-rate", "", arity::one, "R", on_plan, question,
     "share of the blocks that is followed (SHARDS), 0..1; 0: all, exactly (0)", {}, real<&v::sample_rate>},
    {"sample-size", "", arity::one, "N", on_plan, question,
     "blocks followed at most; 0: no bound (0)", {}, integer<&v::sample_size>},
    {"path", "", arity::one, "DIR", on_calibrate, question,
     "directory on the storage to measure (a temporary directory)", {}, text<&t::path>},
    {"memory", "", arity::flag, "", on_calibrate, question,
     "measure host memory in its place", {}, flag<&v::memory>},
    {"quick", "", arity::flag, "", on_calibrate, question,
     "a few seconds, and less exact", {}, flag<&v::quick>},
    {"seconds", "", arity::one, "X", on_calibrate, question,
     "of one case in one round; 0: 0.3, quick 0.1 (0)", {}, real<&t::seconds>},

    {"model", "-m", arity::one, "NAME", on_simulate | on_plan, cache_group,
     "model whose cache is played (llama3.1-8b)", preset_names, text<&s::model_name>},
    {"trace-speedup", "", arity::one, "X", on_simulate, traces,
     "gaps are divided by it; 0: no gaps (1.0)", {}, real<&s::trace_speedup>},
    {"request-rate", "", arity::one, "PER_SECOND", on_simulate, traces,
     "arrivals per second (0)", {}, real<&o::request_rate>},
    {"max-requests", "", arity::one, "N", on_simulate, traces,
     "stop after so many; 0: all (0)", {}, integer<&o::max_requests>},
    {"seed", "", arity::one, "N", on_simulate, traces,
     "of drawn arrivals (0)", {}, integer<&o::seed>},
    {"io-chunk", "", arity::one, "BYTES", on_simulate | on_calibrate, cache_group,
     "bytes of one I/O, a multiple of 4096 (1048576)", {}, integer<&o::io_chunk>},
    {"queue-depth", "", arity::one, "N", on_calibrate, question,
     "the deepest queue that is measured, 1..1024 (8)", {}, integer<&o::queue_depth>},
    {"output", "", arity::one, "FILE", on_calibrate, results,
     "where the parameters are written", {}, text<&o::output>},
    {"csv", "", arity::one, "FILE", on_simulate | on_plan, results,
     "the figures as a table", {}, text<&s::csv>},

    {"mode", "", arity::one, "MODE", on_mlperf, sequence,
     "closed: the rules' parameters alone; open: with what is given here; whatif: prints the launches (open)",
     mlperf_mode_names, choice<&m::mode>},
    {"results-dir", "-rd", arity::one, "DIR", on_mlperf, sequence,
     "root of the tree of results", {}, text<&s::results_dir>},
    {"orgname", "", arity::one, "NAME", on_mlperf, sequence,
     "who submits, a folder of the tree (local)", {}, text<&m::orgname>},
    {"systemname", "", arity::one, "NAME", on_mlperf, sequence,
     "what is measured, a folder of the tree (the host's name)", {}, text<&m::systemname>},
    {"npernode", "", arity::one, "N", on_mlperf, launch_group,
     "ranks on each host (1)", {}, integer<&m::npernode>},
    {"trials", "", arity::one, "N", on_mlperf, sequence,
     "of each option (3)", {}, integer<&m::trials>},
    {"inter-option-delay", "", arity::one, "SECONDS", on_mlperf, sequence,
     "between two options (90)", {}, integer<&m::inter_option_delay>},
    {"start-delay", "", arity::one, "SECONDS", on_mlperf, sequence,
     "before each trial (90)", {}, integer<&m::start_delay>},
    {"end-delay", "", arity::one, "SECONDS", on_mlperf, sequence,
     "behind each trial (90)", {}, integer<&m::end_delay>},
    {"fresh", "", arity::flag, "", on_mlperf, sequence,
     "begin anew where an interrupted sequence could be taken up", {}, flag<&m::fresh>},
    {"check", "", arity::one, "DIR", on_mlperf, sequence,
     "validate the finished sequence there, and run nothing", {}, text<&m::check>},

    {"slo", "", arity::one, "METRIC=LIMIT[,METRIC=LIMIT]", on_search, question,
     "what must be kept, as p95_ttft=500ms,p99_read=50ms", {}, text<&q::slo>},
    {"capacity", "", arity::flag, "", on_search, question,
     "find the plateau of the bandwidth, in place of a target", {}, flag<&q::capacity>},
    {"load", "", arity::one, "KIND", on_search, question,
     "what is raised: users, or rate, requests per second (users; with --trace rate)", search_load_names, choice<&q::load>},
    {"lowest", "", arity::one, "LOAD", on_search, question,
     "the search begins there (1)", {}, real<&q::lowest>},
    {"highest", "", arity::one, "LOAD", on_search, question,
     "and ends there; 0: where the target fails (0)", {}, real<&q::highest>},
    {"precision", "", arity::one, "PERCENT", on_search, question,
     "between the highest load that keeps the target and the lowest that fails (2)", {}, real<&q::precision>},
    {"trials", "", arity::one, "N", on_search, question,
     "of one load at most, where one does not decide (5)", {}, integer<&q::trials>},
    {"max-seconds", "", arity::one, "SECONDS", on_search, question,
     "of the whole search; 0: no bound (0)", {}, real<&q::max_seconds>},

    {"html", "", arity::one, "FILE", on_report, results,
     "one page with everything in it, that opens offline", {}, text<&report_request::html>},
    {"compare", "", arity::many, "A B", on_report, results,
     "two sets of trials, each a file, a directory of files, or files between commas", {},
     texts<&report_request::compare>},
    {"min-effect", "", arity::one, "PERCENT", on_report, results,
     "a change of a median by less is no difference, however sure (2)", {},
     real<&report_request::min_effect>},
    {"fail-if-worse", "", arity::flag, "", on_report, results,
     "exit with 3 where --compare finds B worse than A in anything", {},
     flag<&report_request::fail_if_worse>},
    {"csv", "", arity::one, "FILE", on_report, results,
     "the figures of all files, or of the comparison, as a table", {}, text<&s::csv>},
    {"last", "", arity::one, "N", on_history, results,
     "the last N alone; 0: all (0)", {}, integer<&history_request::last>},

    {"output", "", arity::one, "FILE", on_run | on_search, results,
     "result JSON (below --results-dir, else none)", {}, text<&o::output>},
    {"results-dir", "-rd", arity::one, "DIR", on_run, results,
     "make DIR/kv_cache/run/<datetime> with result, metadata and logs", {}, text<&s::results_dir>},
    {"csv", "", arity::one, "FILE", on_run, results,
     "the figures as scope,metric,unit,value", {}, text<&s::csv>},
    {"csv", "", arity::one, "FILE", on_tiers, results,
     "a row for each backend and case", {}, text<&s::csv>},
    {"json", "", arity::one, "FILE", on_tiers, results,
     "everything, rounds and histograms too; - is stdout, in place of the table", {}, text<&t::json_file>},
    {"xlsx-output", "", arity::one, "FILE", on_run, results,
     "the same as a spreadsheet", {}, text<&s::xlsx>},
    {"max-samples", "", arity::one, "N", on_run | on_search, results,
     "requests listed one by one in the JSON; histograms hold all (100000)", {}, integer<&o::max_samples>},

    {"emit-fio", "", arity::one, "FILE", on_run, results,
     "a job file of fio that asks the storage for what the run asked of it", {}, text<&s::emit_fio>},
    {"rank-output", "", arity::one, "DIR", on_run, results,
     "each rank also writes its own result, DIR/rank_N.json on its host", {}, text<&s::rank_output>},

    {"exec-type", "-et", arity::one, "TYPE", on_run | on_search, launch_group,
     "local; mpi: ranks started through a launcher; auto: mpi where a launcher started this process (auto)",
     executor_names, choice<&s::executor>},
    {"hosts", "-s", arity::many, "HOST[:SLOTS]...", on_runs | on_datasize | on_cluster, launch_group,
     "hosts of the launch, between spaces or commas", {}, texts<&o::hosts>},
    {"num-processes", "-np", arity::one, "N", on_runs | on_datasize, launch_group,
     "ranks (the number of hosts)", {}, integer<&o::num_processes>},
    {"launcher", "", arity::one, "DIALECT", on_runs | on_cluster, launch_group,
     "how the launcher is spoken to: openmpi4, openmpi5, hydra, pals, srun, or auto: as its --version says (auto)",
     launcher_names, choice<&s::launcher>},
    {"mpi-bin", "", arity::one, "LAUNCHER", on_runs | on_cluster, launch_group,
     "program or path of the launcher (mpirun, or that of --launcher)", {}, text<&o::mpi_bin>},
    {"job-timeout", "", arity::one, "SECONDS", on_runs | on_cluster, launch_group,
     "a job is ended after it, start and end included; 0: the duration and two minutes (0)",
     {}, integer<&o::job_timeout>},
    {"oversubscribe", "", arity::flag, "", on_runs | on_cluster, launch_group,
     "passed to the launcher", {}, flag<&o::oversubscribe>},
    {"allow-run-as-root", "", arity::flag, "", on_runs | on_cluster, launch_group,
     "passed to the launcher", {}, flag<&o::allow_run_as_root>},
    {"mpi-params", "", arity::verbatim, "WORD...", on_runs | on_cluster, launch_group,
     "further words for the launcher, up to the next option of kvmark; --mpi-params=WORD takes any",
     {}, texts<&o::mpi_params>},
    {"kvcache-bin-path", "", arity::one, "FILE", on_run, launch_group,
     "start this program in place of kvmark; a .py runs under --python", {}, text<&s::kvcache_bin_path>},
    {"python", "", arity::one, "FILE", on_run, launch_group,
     "interpreter of a .py (python3)", {}, text<&s::python>},

    {"sequence-length", "", arity::one, "TOKENS", on_datasize, tool,
     "tokens of context per user (typical of the model)", {}, integer<&s::sequence_length>},
    {"json", "", arity::flag, "", on_report | on_history | on_search | on_mlperf | on_datasize | on_models | on_cluster | on_trace | on_simulate | on_plan | on_calibrate, tool,
     "print JSON", {}, flag<&s::json>},
    {"dry-run", "", arity::optional, "json", on_run | on_mlperf, tool,
     "print the command and the plan, touch nothing; =json prints one JSON object", dry_run_choices, dry_run},
    {"demo", "", arity::flag, "", on_run, tool,
     "ten seconds of tiny-1b in a temporary directory; other options still count", {}, flag<&s::demo>},
    {"live", "", arity::flag, "", on_runs, tool,
     "the run on a full screen, where stderr is a terminal; keys are on it", {}, flag<&s::live>},
    {"quiet", "", arity::flag, "", on_runs | on_tiers | on_trace | on_simulate | on_plan | on_calibrate, tool,
     "no progress, no summary; errors alone", {}, flag<&s::quiet>},
    {"no-color", "", arity::flag, "",
     on_runs | on_report | on_history | on_tiers | on_cluster | on_trace | on_simulate | on_plan | on_calibrate,
     tool,
     "no colours, as with NO_COLOR in the environment", {}, flag<&s::no_color>},
    {"log-level", "", arity::one, "LEVEL", on_runs, tool,
     "DEBUG or INFO: everything; WARNING: no progress; ERROR, CRITICAL: no notes either (INFO)",
     log_level_names, choice<&s::level>},
    {"enable-latency-tracing", "", arity::flag, "", on_run | on_search, tool,
     "histograms of the requests to the device, through bpftrace where it is installed and permitted", {},
     flag<&s::enable_latency_tracing>},
    {"help", "-h", arity::flag, "", on_any, tool,
     "this text", {}, flag<&s::help>},
};
// clang-format on

} // namespace

std::span<const option_spec> all_options() { return table; }

const option_spec* find_option(std::string_view word, unsigned commands) {
    for (const option_spec& spec : table) {
        if ((spec.commands & commands) == 0) continue;
        if (!spec.short_form.empty() && word == spec.short_form) return &spec;
        if (word.starts_with("--") && word.substr(2) == spec.name) return &spec;
    }
    return nullptr;
}

} // namespace kvmark::cli
