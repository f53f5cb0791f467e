// Made-up machines in a directory, and the real one against other interfaces of the system.
#include <kvmark/measure/read_machine.hpp>

#include "support/temporary_directory.hpp"

using namespace kvmark;
using measure::machine_facts;
using measure::read_machine;
using test::temporary_directory;

namespace {

namespace fs = std::filesystem;

/// A directory that stands in for / where files of the kernel are read; `cache` lies in it.
class made_up_machine {
public:
    made_up_machine() { fs::create_directories(cache()); }

    void file(const std::string& path, const std::string& text) const {
        const fs::path at = root() + path;
        fs::create_directories(at.parent_path());
        test::write_file(at.string(), text);
    }
    /// What /sys/dev/block says of the device that holds `cache`: `target` is below /sys.
    void device(const std::string& target) const {
        struct stat info {};
        REQUIRE(::stat(cache().c_str(), &info) == 0);
        fs::create_directories(root() + "/sys/dev/block");
        fs::create_directories(root() + "/sys/" + target);
        fs::create_symlink("../../" + target, root() + "/sys/dev/block/" +
                                                  std::to_string(major(info.st_dev)) + ":" +
                                                  std::to_string(minor(info.st_dev)));
    }
    [[nodiscard]] const std::string& root() const { return directory_.path(); }
    [[nodiscard]] std::string cache() const { return directory_ / "cache"; }
    [[nodiscard]] machine_facts read() const { return read_machine(cache(), root()); }

private:
    temporary_directory directory_;
};

std::string processor(int number, int socket, int core, const char* flags = "fpu vme") {
    const auto row = [](const char* name, const std::string& value) { return name + (": " + value + "\n"); };
    return row("processor\t", std::to_string(number)) +
           row("model name\t", "AMD EPYC 9354 32-Core Processor") +
           row("physical id\t", std::to_string(socket)) + row("siblings\t", "4") +
           row("core id\t\t", std::to_string(core)) + row("flags\t\t", flags) + "\n";
}

/// A whole disk with its queue.
void add_nvme(const made_up_machine& machine, const std::string& disk) {
    machine.file(disk + "/device/model", "SAMSUNG MZQL23T8HCLS-00A07              \n");
    machine.file(disk + "/size", "7501476528\n");
    machine.file(disk + "/queue/scheduler", "[none] mq-deadline kyber\n");
    machine.file(disk + "/queue/nr_requests", "1023\n");
    machine.file(disk + "/queue/rotational", "0\n");
    for (const char* queue : {"0", "1", "2"}) machine.file(disk + "/mq/" + queue + "/cpu_list", "0\n");
}

} // namespace

TEST_CASE("two sockets with two threads a core: packages, cores and threads are counted apart") {
    const made_up_machine machine;
    std::string all;
    for (int i = 0; i < 8; ++i) all += processor(i, i / 2 % 2, i % 2); // core ids repeat on each socket
    machine.file("/proc/cpuinfo", all);
    machine.file("/proc/meminfo", "MemTotal:       65536000 kB\nMemFree:        100 kB\n");
    for (const char* node : {"node0", "node1"})
        machine.file(std::string("/sys/devices/system/node/") + node + "/x", "");
    machine.file("/sys/devices/system/node/online", "0-1\n");
    machine.file("/sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n");
    const machine_facts m = machine.read();
    CHECK(m.sockets == 2);
    CHECK(m.cores == 4);
    CHECK(m.logical_cpus == 8);
    CHECK(m.cpu_model == "AMD EPYC 9354 32-Core Processor");
    CHECK(m.numa_nodes == 2);
    CHECK(m.memory == bytes(std::uint64_t{65536000} * 1024));
    CHECK(m.transparent_hugepage == "madvise");
    CHECK(m.virtualization.empty());
}

TEST_CASE("processors that name no core count as one each") {
    const made_up_machine machine;
    machine.file("/proc/cpuinfo",
                 "processor\t: 0\nBogoMIPS\t: 50.00\n\nprocessor\t: 1\nBogoMIPS\t: 50.00\n\n");
    const machine_facts m = machine.read();
    CHECK(m.cores == 2);
    CHECK(m.logical_cpus == 2);
    CHECK(m.sockets == 0);
}

TEST_CASE("the operating system is what os-release calls it") {
    const made_up_machine machine;
    machine.file("/usr/lib/os-release", "NAME=Fedora\n");
    CHECK(machine.read().os == "Fedora");
    machine.file("/etc/os-release", "PRETTY_NAME=\"The \\\"best\\\" OS 12\"\nNAME='Best'\n");
    CHECK(machine.read().os == "The \"best\" OS 12");
}

TEST_CASE("a partition: its own name and size, its disk's model and queues") {
    const made_up_machine machine;
    const std::string disk = "/sys/devices/pci0000:00/nvme/nvme0/nvme0n1";
    add_nvme(machine, disk);
    machine.file(disk + "/nvme0n1p2/partition", "2\n");
    machine.file(disk + "/nvme0n1p2/size", "2048\n");
    machine.device(disk.substr(5) + "/nvme0n1p2");
    const measure::block_device_facts d = machine.read().device;
    CHECK(d.name == "nvme0n1p2");
    CHECK(d.size == bytes(mib_bytes));
    CHECK(d.model == "SAMSUNG MZQL23T8HCLS-00A07");
    CHECK(d.scheduler == "none");
    CHECK(d.queue_requests == 1023);
    CHECK(d.hardware_queues == 3);
    CHECK_FALSE(d.rotational);
}

TEST_CASE("a logical volume on a partition of one disk has that disk's model; on two disks none") {
    const made_up_machine machine;
    const std::string disk = "/sys/devices/pci0000:00/nvme/nvme0/nvme0n1",
                      volume = "/sys/devices/virtual/block/dm-0";
    add_nvme(machine, disk);
    machine.file(disk + "/nvme0n1p2/partition", "2\n");
    machine.file(volume + "/size", "4096\n");
    machine.file(volume + "/queue/scheduler", "none\n");
    fs::create_directories(machine.root() + volume + "/slaves");
    fs::create_symlink("../../../../pci0000:00/nvme/nvme0/nvme0n1/nvme0n1p2",
                       machine.root() + volume + "/slaves/nvme0n1p2");
    machine.device(volume.substr(5));
    CHECK(machine.read().device.name == "dm-0");
    CHECK(machine.read().device.size == bytes(2 * mib_bytes));
    CHECK(machine.read().device.model == "SAMSUNG MZQL23T8HCLS-00A07");
    CHECK(machine.read().device.hardware_queues == 3);

    machine.file(volume + "/slaves/sdb/size", "1\n");
    CHECK(machine.read().device.model.empty());
    CHECK(machine.read().device.scheduler == "none"); // written without brackets where there is no choice
}

TEST_CASE("a spinning disk is named as such, with the scheduler in use") {
    const made_up_machine machine;
    machine.file("/sys/devices/sda/queue/scheduler", "none [mq-deadline] bfq\n");
    machine.file("/sys/devices/sda/queue/rotational", "1\n");
    machine.device("devices/sda");
    CHECK(machine.read().device.rotational);
    CHECK(machine.read().device.scheduler == "mq-deadline");
}

TEST_CASE("the mount with the longest point above the directory counts, and of equal ones the last") {
    const made_up_machine machine;
    const std::string cache = machine.cache();
    fs::create_directories(cache + "/deep/in side");
    fs::create_directories(cache + "/design");
    const auto line = [](const std::string& point, const char* options, const char* type,
                         const char* of_system) {
        return "36 35 98:0 / " + point + " " + options + " shared:1 master:2 - " + type + " /dev/x " +
               of_system + "\n";
    };
    machine.file("/proc/self/mountinfo",
                 line("/", "rw,relatime", "ext4", "rw") + line(cache + "/deep", "rw,noatime", "ext4", "rw") +
                     line(cache, "rw,nosuid", "tmpfs", "rw,size=1024k") +
                     line(cache + "/deep", "rw,noatime,nodev", "xfs", "rw,nodev,attr2") +
                     line(cache + "/deep/in\\040side", "rw", "overlay", "ro,index=off") +
                     line(cache + "/de", "rw", "btrfs", "rw"));
    const auto at = [&](const std::string& path) { return read_machine(path, machine.root()); };
    CHECK(at(cache).file_system == "tmpfs");
    CHECK(at(cache).mount_point == cache);
    CHECK(at(cache).mount_options == "rw,nosuid,size=1024k");
    CHECK(at(cache + "/deep").file_system == "xfs");
    CHECK(at(cache + "/deep").mount_options == "rw,noatime,nodev,attr2");
    CHECK(at(cache + "/deep/in side/not/made/yet").mount_point == cache + "/deep/in side");
    CHECK(at(cache + "/deep/in side").mount_options == "ro,index=off"); // the file system is, so the mount is
    CHECK(at(cache + "/design").file_system == "tmpfs");                // not what is mounted at de
    CHECK(at("/").file_system == "ext4");
    fs::create_directory_symlink(cache + "/deep", machine.root() + "/link");
    CHECK(at(machine.root() + "/link").file_system == "xfs");
}

TEST_CASE("a file system in memory has no block device") {
    const temporary_directory in_memory("/dev/shm");
    const machine_facts m = read_machine(in_memory.path());
    CHECK(m.file_system == "tmpfs");
    CHECK(m.device.name.empty());
    CHECK(m.device.size == bytes());
}

TEST_CASE("networks: the ones with hardware and their speed, 0 where the link is down") {
    const made_up_machine machine;
    const std::string net = "/sys/class/net/";
    machine.file(net + "lo/speed", "");
    machine.file(net + "veth1/speed", "10000\n");
    machine.file(net + "bonding_masters", "bond0\n");
    CHECK(machine.read().networks.size() == 1); // a namespace with nothing but a pair of virtual interfaces
    CHECK(machine.read().networks.at(0).name == "veth1");
    machine.file(net + "eth1/speed", "-1\n");
    machine.file(net + "eth1/device/vendor", "0x15b3\n");
    machine.file(net + "eth0/speed", "25000\n");
    machine.file(net + "eth0/device/vendor", "0x15b3\n");
    const auto networks = machine.read().networks;
    REQUIRE(networks.size() == 2);
    CHECK(networks[0].name == "eth0");
    CHECK(networks[0].megabits_per_second == 25000);
    CHECK(networks[1].name == "eth1");
    CHECK(networks[1].megabits_per_second == 0);
}

TEST_CASE("containers are known by their marks") {
    const made_up_machine machine;
    machine.file("/proc/1/cgroup", "0::/init.scope\n");
    machine.file("/proc/1/environ", std::string("HOME=/\0TERM=x\0", 14));
    CHECK(machine.read().virtualization.empty());
    machine.file("/proc/1/cgroup", "2:cpu:/kubepods/burstable/pod1\n");
    CHECK(machine.read().virtualization == "kubernetes");
    machine.file("/proc/1/environ", std::string("HOME=/\0container=lxc\0", 21));
    CHECK(machine.read().virtualization == "lxc");
    machine.file("/.dockerenv", "");
    CHECK(machine.read().virtualization == "docker");
}

TEST_CASE("virtual machines are known by the processor's flag, or by the maker that DMI names") {
    const made_up_machine machine;
    machine.file("/proc/cpuinfo", processor(0, 0, 0, "fpu hypervisor lahf_lm"));
    CHECK(machine.read().virtualization == "VM");
    machine.file("/sys/class/dmi/id/sys_vendor", "QEMU\n");
    machine.file("/sys/class/dmi/id/product_name", "Standard PC (Q35 + ICH9, 2009)\n");
    CHECK(machine.read().virtualization == "VM: QEMU Standard PC (Q35 + ICH9, 2009)");
    machine.file("/.dockerenv", "");
    CHECK(machine.read().virtualization == "docker, VM: QEMU Standard PC (Q35 + ICH9, 2009)");

    const made_up_machine without_flag;
    without_flag.file("/sys/class/dmi/id/sys_vendor", "Amazon EC2\n");
    without_flag.file("/sys/class/dmi/id/product_name", "m7g.metal\n");
    CHECK(without_flag.read().virtualization.empty());
    without_flag.file("/sys/class/dmi/id/product_name", "m7g.large\n");
    CHECK(without_flag.read().virtualization == "VM: Amazon EC2 m7g.large");
    without_flag.file("/sys/class/dmi/id/sys_vendor", "Dell Inc.\n");
    without_flag.file("/sys/class/dmi/id/product_name", "PowerEdge R6625\n");
    CHECK(without_flag.read().virtualization.empty());
}

TEST_CASE("where nothing can be read, all is empty but what system calls know") {
    const made_up_machine machine;
    const machine_facts m = machine.read();
    CHECK_FALSE(m.hostname.empty());
    CHECK_FALSE(m.file_system.empty()); // statfs
    CHECK(m.os + m.cpu_model + m.transparent_hugepage + m.virtualization + m.mount_point + m.mount_options ==
          "");
    CHECK(m.device.name + m.device.model + m.device.scheduler == "");
    CHECK(m.sockets + m.cores + m.logical_cpus + m.numa_nodes == 0);
    CHECK(m.memory == bytes());
    CHECK(m.networks.empty());
    CHECK(read_machine("", machine.root()).file_system.empty());
}

TEST_CASE("the machine under this test is read as sysconf, uname and the mount table have it") {
    const temporary_directory directory;
    const machine_facts m = read_machine(directory.path());
    utsname names{};
    REQUIRE(::uname(&names) == 0);
    CHECK(m.hostname == names.nodename);
    CHECK(m.kernel == std::string(names.sysname) + " " + names.release);
    CHECK(m.logical_cpus == static_cast<std::uint32_t>(::sysconf(_SC_NPROCESSORS_ONLN)));
    CHECK(m.memory.count == static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) *
                                static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)));
    CHECK(m.cores >= 1);
    CHECK(m.cores <= m.logical_cpus);
    CHECK_FALSE(m.mount_point.empty());
    struct stat of_point {
    }, of_directory{};
    REQUIRE(::stat(m.mount_point.c_str(), &of_point) == 0);
    REQUIRE(::stat(directory.path().c_str(), &of_directory) == 0);
    CHECK(of_point.st_dev == of_directory.st_dev);
    if (!m.device.name.empty()) CHECK(m.device.size.count > 0);
}
