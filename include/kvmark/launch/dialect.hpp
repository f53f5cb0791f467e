// The words of the launchers, as data: Open MPI 4 and 5, Hydra, PALS, srun.
#pragma once

#include <cstdint>
#include <string_view>

namespace kvmark::launch {

/// An option of a launcher.
struct launcher_option {
    std::string_view word{};  ///< as written, with its dashes; empty: the launcher has no such option
    std::string_view value{}; ///< the argument behind it, where that is always the same
    /// The names that a user's parameters may give it, without dashes, a space between. A user's own takes
    /// the place of ours: Open MPI 5 and Hydra refuse an option that comes twice.
    std::string_view names{};
};

enum class host_form : std::uint8_t {
    slots,     ///< h1:4,h2:4 as the plan has them
    processes, ///< h1:2,h2:1 with the processes that each host shall run
    names,     ///< h1,h2; counts are given by other options
};

enum class environment_form : std::uint8_t {
    assignment,     ///< the word and NAME=value, for each
    name_and_value, ///< the word, NAME and value, for each
    list,           ///< the word once, then ALL,NAME=value,...
};

/// How a launcher that was asked to tag output marks whose it is.
enum class tag_form : std::uint8_t {
    none,
    open_mpi,  ///< `[JOB,RANK]<stdout>:` before every piece that it forwards, so also within a line
    bracketed, ///< `[RANK] ` at the start of a line
    colon,     ///< `RANK: ` at the start of a line
};

/// How a launcher is spoken to. write_prefix() turns it into arguments.
struct dialect {
    std::string_view name{};    ///< one word: what `--launcher` of a tool takes
    std::string_view title{};   ///< for people
    std::string_view program{}; ///< found through PATH

    std::string_view processes{}; ///< takes the number of processes
    std::string_view hosts{};     ///< takes the host list
    host_form hosts_as = host_form::slots;
    std::string_view nodes{};    ///< takes the number of hosts
    std::string_view per_node{}; ///< takes the processes of the fullest host
    /// Where hosts run unlike numbers: each name is repeated for each process, this option is written, and
    /// `nodes` and `per_node` are not. Without it the hosts are filled up to `per_node`, one after the other.
    launcher_option uneven{};

    launcher_option bind{}; ///< processes are bound to no CPU
    launcher_option map{};  ///< takes one of the next two
    std::string_view map_several{};
    std::string_view map_one{};

    std::string_view oversubscribe{};
    std::string_view map_qualifier{}; ///< the same behind our own mapping
    std::string_view as_root{};

    launcher_option timeout{};
    std::int64_t timeout_unit_s = 1;     ///< seconds; fractions are rounded up
    std::string_view timeout_variable{}; ///< of the launcher's environment, in seconds; where no option is
    launcher_option tag{};
    tag_form tagged_as = tag_form::none;
    launcher_option environment{};
    environment_form environment_as = environment_form::assignment;
    /// Whether ranks on all hosts get the launcher's environment without being told to.
    bool forwards_environment = false;
    /// NAME=value of the launcher's own environment, a space between, with which a job outlives a lost rank.
    std::string_view to_outlive_ranks{};

    std::string_view one_value{};  ///< names of options that take one value, a space between
    std::string_view two_values{}; ///< and two
};

/// The same under another program name.
[[nodiscard]] constexpr dialect with_program(dialect words, std::string_view program) {
    words.program = program;
    return words;
}

namespace dialects {

/// Open MPI 4's mpirun (ORTE), executed with 4.1.4. The order and the words are the reference's. Options that
/// take values: the option tables of orte/mca/schizo/ompi and opal/mca/base in Open MPI 4.1.
inline constexpr dialect open_mpi_4{
    .name = "openmpi4",
    .title = "Open MPI 4",
    .program = "mpirun",
    .processes = "-n",
    .hosts = "-host",
    .bind = {"--bind-to", "none", "bind-to"},
    .map = {"--map-by", {}, "map-by"},
    .map_several = "node",
    .map_one = "socket",
    .oversubscribe = "--oversubscribe",
    .as_root = "--allow-run-as-root",
    .timeout = {"--timeout", {}, "timeout"},
    .tag = {"--tag-output", {}, "tag-output"},
    .tagged_as = tag_form::open_mpi,
    .environment = {"-x"},
    // Without recovery all ranks are ended within 3 s of the first that died. An end is asked for, then told,
    // 3 s apart. A host out of reach is noticed by the daemons within 20 s, so that those there end too.
    .to_outlive_ranks = "OMPI_MCA_orte_enable_recovery=1 OMPI_MCA_odls_base_sigkill_timeout=3 "
                        "OMPI_MCA_oob_tcp_keepalive_time=10 OMPI_MCA_oob_tcp_keepalive_intvl=5 "
                        "OMPI_MCA_oob_tcp_keepalive_probes=2",
    .one_value =
        "x n np c H host hostfile machinefile default-hostfile rankfile rf N npernode npersocket ppr "
        "map-by rank-by bind-to cpu-set cpu-list cpus-per-proc cpus-per-rank am tune app wd wdir "
        "path prefix preload-files stdin xterm xml-file output-filename report-pid report-uri "
        "report-events timeout hnp ompi-server launch-agent personality debugger max-restarts "
        "max-vm-size cartofile cf",
    .two_values = "mca gmca",
};

/// Open MPI 5's mpirun (PRRTE), executed with 5.0.7. Source: prterun --help of PRRTE 3.0.8 and mpirun(1) of
/// Open MPI 5.0.7. --oversubscribe and --tag-output still work there but are deprecated.
inline constexpr dialect open_mpi_5{
    .name = "openmpi5",
    .title = "Open MPI 5",
    .program = "mpirun",
    .processes = "-n",
    .hosts = "-host",
    .bind = {"--bind-to", "none", "bind-to"},
    .map = {"--map-by", {}, "map-by"},
    .map_several = "node",
    .map_one = "package",
    .oversubscribe = "--oversubscribe",
    .map_qualifier = ":OVERSUBSCRIBE",
    .as_root = "--allow-run-as-root",
    .timeout = {"--timeout", {}, "timeout"},
    .tag = {"--output", "tag", "output tag-output"},
    .tagged_as = tag_form::open_mpi,
    .environment = {"-x"},
    .one_value = "x n np c H host add-host hostfile machinefile add-hostfile default-hostfile rankfile rf N "
                 "npernode npersocket ppr map-by rank-by bind-to cpu-set cpu-list display output "
                 "output-filename output-directory runtime-options spawn-timeout timeout am tune app wd wdir "
                 "path prefix preload-files stdin xterm personality pset forward-signals keepalive "
                 "launch-agent max-vm-size report-pid report-uri singleton tmpdir dvm with-ft",
    .two_values = "mca gmca omca gomca prtemca pmixmca gpmixmca",
};

/// Hydra, the mpiexec of MPICH, Intel MPI and MVAPICH, executed with MPICH 4.0.2 and 4.2.1. Source:
/// mpiexec.hydra --help; Intel MPI Library Developer Reference, "mpiexec.hydra". It starts more processes
/// than there are slots, and runs as root, without being told to.
inline constexpr dialect hydra{
    .name = "hydra",
    .title = "Hydra (MPICH, Intel MPI)",
    .program = "mpiexec.hydra",
    .processes = "-n",
    .hosts = "-hosts",
    .hosts_as = host_form::processes,
    .bind = {"-bind-to", "none", "bind-to"},
    .timeout_variable = "MPIEXEC_TIMEOUT",
    .tag = {"-prepend-rank", {}, "prepend-rank prepend-pattern l"},
    .tagged_as = tag_form::bracketed,
    .environment = {"-genv"},
    .environment_as = environment_form::name_and_value,
    .forwards_environment = true,
    .one_value = "n np f hosts host hostfile machinefile wdir configfile genvlist envlist launcher "
                 "launcher-exec bootstrap bootstrap-exec rmk topolib bind-to map-by membind demux iface ppn "
                 "perhost prepend-pattern outfile-pattern errfile-pattern nameserver order-nodes localhost "
                 "usize gpus-per-proc",
    .two_values = "genv env",
};

/// PALS, the mpiexec of HPE Cray. Not executed here. Sources: SmartSim's PalsMpiexecSettings (--hosts, --ppn,
/// --cpu-bind, --env NAME=value, no time limit) and job scripts of ALCF and NOAA (--label). Those scripts ask
/// for the environment by --genvall or --env, so it is not taken to be forwarded.
inline constexpr dialect pals{
    .name = "pals",
    .title = "PALS (HPE Cray)",
    .program = "mpiexec",
    .processes = "-n",
    .hosts = "--hosts",
    .hosts_as = host_form::names,
    .per_node = "--ppn",
    .bind = {"--cpu-bind", "none", "cpu-bind"},
    .tag = {"--label", {}, "label l"},
    .tagged_as = tag_form::colon,
    .environment = {"--env"},
    .one_value = "n np ppn d depth hosts hostfile cpu-bind gpu-bind mem-bind env envlist env-remove genv "
                 "genvlist rlimit rlimits wdir",
};

/// Slurm's srun, executed with 24.11.5 on two nodes. Source: srun(1) of 22.05 and 24.11. A time limit counts
/// whole minutes. --distribution=arbitrary takes the order of --nodelist and refuses --nodes; the `host*3` of
/// the manual is refused as a node name, so names are repeated.
inline constexpr dialect srun{
    .name = "srun",
    .title = "Slurm's srun",
    .program = "srun",
    .processes = "--ntasks",
    .hosts = "--nodelist",
    .hosts_as = host_form::names,
    .nodes = "--nodes",
    .per_node = "--ntasks-per-node",
    .uneven = {"--distribution", "arbitrary", "distribution m"},
    .bind = {"--cpu-bind", "none", "cpu-bind"},
    .oversubscribe = "--overcommit",
    .timeout = {"--time", {}, "time t"},
    .timeout_unit_s = 60,
    .tag = {"--label", {}, "label l"},
    .tagged_as = tag_form::colon,
    .environment = {"--export", {}, "export"},
    .environment_as = environment_form::list,
    .forwards_environment = true,
    .one_value = "A account acctg-freq bb bbf bcast-exclude b begin c cpus-per-task comment container "
                 "container-id cpu-bind cpu-freq d dependency deadline delay-boot D chdir export e error "
                 "epilog gres gres-flags i input jobid J job-name L licenses M clusters m distribution "
                 "mail-type mail-user mcs-label mem-bind mpi n ntasks ntasks-per-node N nodes o output "
                 "het-group p partition power priority prolog profile q qos r relative S core-spec signal "
                 "slurmd-debug switches task-epilog task-prolog thread-spec T threads t time time-min "
                 "tres-bind tres-per-task W wait wckey cluster-constraint C constraint mem mincpus "
                 "reservation tmp w nodelist x exclude mem-per-cpu sockets-per-node cores-per-socket "
                 "threads-per-core B extra-node-info ntasks-per-core ntasks-per-socket cpus-per-gpu G gpus "
                 "gpu-bind gpu-freq gpus-per-node gpus-per-socket gpus-per-task mem-per-gpu",
};

/// All of them, in the order of their documentation.
inline constexpr const dialect* all[]{&open_mpi_4, &open_mpi_5, &hydra, &pals, &srun};

} // namespace dialects

} // namespace kvmark::launch
