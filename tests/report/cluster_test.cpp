// The hosts of a cluster: what differs is said once, in words; the table fits a terminal; docs/cluster.md
// shows it.
#include "support/catch.hpp"

#include <kvmark/report/cluster.hpp>

#include <fstream>
#include <sstream>

using namespace kvmark;
using measure::machine_facts;

namespace {

using lines = std::vector<std::string>;

machine_facts host(const std::string& name) {
    machine_facts m;
    m.hostname = name;
    m.kernel = "Linux 6.1.0-18-amd64";
    m.os = "Debian GNU/Linux 12 (bookworm)";
    m.cpu_model = "AMD EPYC 9354 32-Core Processor";
    m.sockets = 2;
    m.cores = 64;
    m.logical_cpus = 128;
    m.numa_nodes = 2;
    m.memory = from_gib(503);
    m.transparent_hugepage = "madvise";
    m.file_system = "xfs";
    m.mount_point = "/mnt/nvme";
    m.mount_options = "rw,noatime,attr2,inode64";
    m.device = {.name = "nvme0n1",
                .model = "SAMSUNG MZQL23T8HCLS-00A07",
                .scheduler = "none",
                .size = from_gib(3577),
                .hardware_queues = 64,
                .queue_requests = 1023};
    m.networks = {{"eth0", 1000}, {"eth1", 100000}};
    m.mpi_library = "Open MPI 4.1.4";
    return m;
}

std::vector<machine_facts> equal_hosts(int n) {
    std::vector<machine_facts> all;
    for (int i = 1; i <= n; ++i) all.push_back(host("h" + std::to_string(i)));
    return all;
}

lines issues(const std::vector<machine_facts>& hosts) { return report::cluster_issues(hosts); }

std::string text(const std::vector<machine_facts>& hosts, bool color = false) {
    return report::cluster_text(hosts, report::palette(color));
}

lines lines_of(const std::string& all) {
    lines found;
    std::istringstream in(all);
    for (std::string line; std::getline(in, line);) found.push_back(line);
    return found;
}

/// The issue of four equal hosts of which `change` makes the third another.
template <class Change>
lines odd_one_out(const Change& change) {
    std::vector<machine_facts> hosts = equal_hosts(4);
    change(hosts[2]);
    return issues(hosts);
}

/// The cluster of docs/cluster.md.
std::vector<machine_facts> sample_cluster() {
    std::vector<machine_facts> hosts = equal_hosts(4);
    hosts[2].memory = from_gib(251);
    hosts[3].device.model = "INTEL SSDPE2KX040T8";
    hosts[3].device.size = from_gib(3726);
    hosts[3].networks = {{"eth0", 25000}};
    hosts[3].kernel = "Linux 5.10.0-28-amd64";
    return hosts;
}

} // namespace

TEST_CASE("equal hosts, and one host, give no issue") {
    CHECK(issues(equal_hosts(4)).empty());
    CHECK(issues(equal_hosts(1)).empty());
    CHECK(issues({}).empty());
}

TEST_CASE("the host that stands against the majority is named, with both values") {
    CHECK(odd_one_out([](machine_facts& m) { m.memory = from_gib(64); }) ==
          lines{"h3 has 64.0 GiB of memory, the others 503 GiB"});
    CHECK(odd_one_out([](machine_facts& m) { m.cores = 32; }) ==
          lines{"h3 has 32 physical cores, the others 64"});
    CHECK(odd_one_out([](machine_facts& m) { m.logical_cpus = 64; }) ==
          lines{"h3 has 64 logical CPUs, the others 128"});
    CHECK(odd_one_out([](machine_facts& m) { m.cpu_model = "Xeon"; }) ==
          lines{"h3 has the CPU Xeon, the others AMD EPYC 9354 32-Core Processor"});
    CHECK(odd_one_out([](machine_facts& m) { m.os = "Debian 11"; }) ==
          lines{"h3 runs Debian 11, the others Debian GNU/Linux 12 (bookworm)"});
    CHECK(odd_one_out([](machine_facts& m) { m.kernel = "Linux 5.10"; }) ==
          lines{"h3 runs Linux 5.10, the others Linux 6.1.0-18-amd64"});
    CHECK(odd_one_out([](machine_facts& m) { m.transparent_hugepage = "never"; }) ==
          lines{"h3 has transparent huge pages set to never, the others madvise"});
    CHECK(odd_one_out([](machine_facts& m) { m.device.model = "INTEL"; }) ==
          lines{"h3 has the device INTEL, the others SAMSUNG MZQL23T8HCLS-00A07"});
    CHECK(odd_one_out([](machine_facts& m) { m.device.size = from_gib(894); }) ==
          lines{"h3 has a device of 894 GiB, the others 3.49 TiB"});
    CHECK(odd_one_out([](machine_facts& m) { m.device.scheduler = "bfq"; }) ==
          lines{"h3 has the I/O scheduler bfq, the others none"});
    CHECK(odd_one_out([](machine_facts& m) { m.device = {}; }) ==
          lines{"h3 has no block device behind the cache directory, the others a block device"});
    CHECK(odd_one_out([](machine_facts& m) { m.networks[1].megabits_per_second = 2500; }) ==
          lines{"h3 has a network of 2.5 Gbit/s, the others 100 Gbit/s"});
    CHECK(odd_one_out([](machine_facts& m) { m.mpi_library = "Open MPI 5.0.3"; }) ==
          lines{"h3 uses Open MPI 5.0.3, the others Open MPI 4.1.4"});
}

TEST_CASE("mount options: those that not all have, unless the file systems differ") {
    CHECK(odd_one_out([](machine_facts& m) { m.mount_options = "rw,relatime,attr2,inode64"; }) ==
          lines{"h3 has the file system mounted with relatime, the others noatime"});
    CHECK(odd_one_out([](machine_facts& m) { m.mount_options += ",discard"; }) ==
          lines{"h3 has the file system mounted with discard, the others the common options alone"});
    CHECK(odd_one_out([](machine_facts& m) {
              m.file_system = "ext4";
              m.mount_options = "rw,discard";
          }) == lines{"h3 has the file system ext4, the others xfs"});

    std::vector<machine_facts> nfs = equal_hosts(3);
    for (machine_facts& m : nfs) m.mount_options = "rw,vers=4.2,clientaddr=" + m.hostname;
    CHECK(issues(nfs).empty()); // a host's own address is no difference
}

TEST_CASE("without a majority every value is named with its hosts") {
    std::vector<machine_facts> hosts = equal_hosts(2);
    hosts[1].memory = from_gib(64);
    CHECK(issues(hosts) == lines{"h1 has 503 GiB of memory, h2 64.0 GiB"});

    hosts = equal_hosts(12);
    for (std::size_t i = 6; i < 12; ++i) hosts[i].cores = 32;
    CHECK(issues(hosts) == lines{"h1, h2, h3 and 3 more have 64 physical cores, h7, h8, h9 and 3 more 32"});

    for (std::size_t i = 0; i < 12; ++i) hosts[i].cores = static_cast<std::uint32_t>(i + 1);
    CHECK(issues(hosts) == lines{"h1 has 1 physical cores, h2 2, h3 3, h4 4, and there are 8 more values"});
}

TEST_CASE("memory is compared to ten per cent of the smallest") {
    std::vector<machine_facts> hosts = equal_hosts(3);
    hosts[0].memory = bytes(100 * gib_bytes);
    hosts[1].memory = bytes(105 * gib_bytes);
    hosts[2].memory = bytes(110 * gib_bytes);
    CHECK(issues(hosts).empty());
    hosts[2].memory += bytes(1);
    CHECK(issues(hosts) == lines{"h3 has 110 GiB of memory, the others 100 GiB"});
}

TEST_CASE("what could not be read is not compared") {
    std::vector<machine_facts> hosts = equal_hosts(3);
    hosts[1] = {};
    hosts[1].hostname = "h2";
    hosts[1].device.name = "vda";
    hosts[1].mount_options = hosts[0].mount_options;
    for (const std::string& issue : issues(hosts))
        CHECK(issue == "h2 has a device of 0 B, the others 3.49 TiB");
    hosts[1].device.size = hosts[0].device.size;
    CHECK(issues(hosts).empty());
}

TEST_CASE("what all hosts share is said once, and the table has the rest") {
    const std::string all = text(sample_cluster());
    INFO(all);
    const auto count = [&](const std::string& part) {
        std::size_t n = 0;
        for (std::size_t at = 0; (at = all.find(part, at)) != std::string::npos; at += part.size()) ++n;
        return n;
    };
    CHECK(count("AMD EPYC 9354") == 1);
    CHECK(count("/mnt/nvme") == 1);
    CHECK(count("SAMSUNG") == 4); // three rows and an issue
    CHECK(count("differs:") == 5);
    CHECK(count("64/128") == 0); // equal everywhere: no column
    CHECK(count("4 hosts, 256 cores, 1.72 TiB of memory") == 1);
}

TEST_CASE("the table fits 80 columns, and 120 where every fact differs") {
    for (const std::string& line : lines_of(text(sample_cluster()))) {
        INFO(line);
        CHECK(
            (line.size() <= 80 || line.starts_with("differs:"))); // a sentence is as long as the names in it
    }
    std::vector<machine_facts> hosts = equal_hosts(64);
    for (std::size_t i = 0; i < hosts.size(); i += 2) {
        hosts[i].cores = hosts[i].logical_cpus = 32;
        hosts[i].memory = from_gib(251);
        hosts[i].device = {.name = "sda", .model = "", .scheduler = "mq-deadline", .size = from_gib(894)};
        hosts[i].file_system = "ext4";
        hosts[i].networks.clear();
        hosts[i].virtualization = "docker, VM: QEMU Standard PC (Q35 + ICH9, 2009)";
    }
    for (const std::string& line : lines_of(text(hosts))) {
        INFO(line);
        CHECK(line.size() <= 120);
    }
    CHECK(lines_of(text(equal_hosts(64))).size() < 30); // nothing left for 64 rows
}

TEST_CASE("one host is described without a table or a verdict; none gives nothing") {
    const std::string one = text(equal_hosts(1));
    INFO(one);
    CHECK(one.find("Cluster  1 host, 64 cores, 503 GiB of memory\n\nh1\n") == 0);
    CHECK(one.find("alike") == std::string::npos);
    CHECK(text({}).empty());
}

TEST_CASE("a host without a name has its place") {
    std::vector<machine_facts> hosts = equal_hosts(3);
    hosts[2].hostname.clear();
    hosts[2].cores = 32;
    CHECK(issues(hosts) == lines{"host 3 has 32 physical cores, the others 64"});
}

TEST_CASE("cluster colours only when told") {
    CHECK(text(sample_cluster()).find('\x1b') == std::string::npos);
    CHECK(text(sample_cluster(), true).find("\x1b[33mdiffers:\x1b[0m") != std::string::npos);
}

TEST_CASE("docs/cluster.md shows what is printed") {
    std::stringstream page;
    page << std::ifstream(KVMARK_SOURCE_DIR "/docs/cluster.md").rdbuf();
    const std::string printed = "```text\n" + text(sample_cluster()) + "```\n";
    INFO(printed);
    CHECK(page.str().find(printed) != std::string::npos);
}

TEST_CASE("the JSON has the reference's sums, and a host as kvmark.host has it") {
    const std::vector<machine_facts> hosts = sample_cluster();
    const auto o = report::cluster_json(hosts);
    CHECK(o.at("total_memory_bytes") == (3 * 503 + 251) * gib_bytes);
    CHECK(o.at("min_memory_bytes") == 251 * gib_bytes);
    CHECK(o.at("max_memory_bytes") == 503 * gib_bytes);
    CHECK(o.at("total_cores") == 256);
    CHECK(o.at("num_hosts") == 4);
    CHECK(o.at("collection_method") == "mpi");
    CHECK(o.at("host_consistency_issues").as_array().size() == 4 + 1);
    CHECK(o.at("hosts").at(0) == report::host_json(hosts[0]));
    CHECK_FALSE(report::cluster_json(equal_hosts(2)).contains("host_consistency_issues"));
}

TEST_CASE("a host's JSON: every fact under its unit, null where it is unknown") {
    const auto known = report::host_json(host("h1"));
    CHECK(known.at("memory_bytes") == 503 * gib_bytes);
    CHECK(known.at("block_device").at("size_bytes") == 3577 * gib_bytes);
    CHECK(known.at("block_device").at("hardware_queues") == 64);
    CHECK(known.at("networks").at(1).at("megabits_per_second") == 100000);
    CHECK(known.at("virtualization").is_null());
    const auto unknown = report::host_json({});
    CHECK(unknown.at("networks").as_array().empty());
    for (const auto& member : unknown) CHECK((member.value().is_null() || member.key() == "networks"));
}
