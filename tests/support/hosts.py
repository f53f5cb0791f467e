#!/usr/bin/env python3
"""Pretend hosts on one machine for the MPI tests: network namespaces on a private bridge.

A set is a head `h0`, hosts `h1` to `hN` and a switch. Each host has its own network, host name, temporary directory
and disk: its own directory, which it sees at the path that is the same on every host. All other files are shared.

    with TestHosts(count=2) as hosts:
        hosts.exec("h0", "mpirun", *hosts.mpirun_words(), "-H", "h1:2,h2:2", "uname", "-n")

By hand:

    hosts.py up --count 2 --tmpfs h1=64m && hosts.py exec h1 -- uname -n; hosts.py down

A set belongs to a process: the one that uses TestHosts, or the parent of `hosts.py up`, a shell (say --owner $$ where
a subshell or sudo stands between). Sets whose owner is gone are removed by the next `up` of anyone. The owner stands
in the names of a set's files and namespaces, so any number of sets exist at once. The machine's own network and /etc
stay as they are.
"""

import argparse
import atexit
import contextlib
import os
import pathlib
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import typing

NETWORK = "10.77.0"  # the same in every set, as they cannot see each other
STATES = pathlib.Path("/var/tmp")  # on real storage, where O_DIRECT works
NAMESPACES = pathlib.Path("/run/netns")  # ip's
PREFIX = "kvmark-hosts-"
MAX_COUNT = 8

# What a host's login gives to a command that the launch agent starts; as with ssh, nothing else comes along.
LOGIN = ["PATH", "HOME", "USER", "LOGNAME", "LANG"] + [f"{kind}_OPTIONS" for kind in ["ASAN", "LSAN", "TSAN", "UBSAN"]]

# Every step replaces the process by the next, so that the pid that the caller knows becomes the command's.
ENTER = """#!/bin/sh
# enter HOST command...
host=$1
shift
exec ip netns exec {name}-"$host" unshare --uts --mount --propagation private sh -c '
    set -e
    host=$1
    shift
    echo "$host" >/proc/sys/kernel/hostname
    mount -n --bind {state}/"$host"/disk {state}/disk
    mount -n --bind {state}/hosts /etc/hosts
    mount -n -t tmpfs tmpfs /dev/shm
    cd "$(pwd -P)" # into the disk, if the directory below it was the current one
    export TMPDIR={state}/"$host"/tmp
    exec "$@"
' enter "$host" "$@"
"""

AGENT = """#!/bin/sh
# agent HOST command...: as ssh does, a shell on the host gets the words as one line, in a clean environment.
host=$1
shift
cd "${{HOME:-/}}"
exec env -i {login} {state}/enter "$host" sh -c "$*"
"""

# What up() needs of the kernel, tried in namespaces that vanish at once.
PROBE = """
ip link add bridge0 type bridge && ip link add veth0 type veth peer name veth1 &&
mount -n -t tmpfs tmpfs /dev/shm && mount -n --bind /dev/null /etc/hosts && echo probe >/proc/sys/kernel/hostname
"""


class Unavailable(Exception):
    """Says why this machine cannot have pretend hosts; a test then prints `SKIPPED: <reason>` and exits with 77."""


class Process(typing.NamedTuple):
    pid: int
    host: str
    command: str


def check_available() -> None:
    """Raises Unavailable where hosts cannot be brought up."""
    if os.geteuid() != 0:
        raise Unavailable("test hosts need root")
    for program in ["ip", "unshare", "mount", "umount"]:
        if not shutil.which(program):
            raise Unavailable(f"test hosts need `{program}` (Debian packages iproute2, util-linux and mount)")
    probe = ["unshare", "--net", "--uts", "--mount", "--propagation", "private", "sh", "-c", PROBE]
    run = subprocess.run(probe, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if run.returncode != 0:
        raise Unavailable(f"test hosts need CAP_NET_ADMIN and CAP_SYS_ADMIN, bridge and veth: {run.stderr.strip()}")


def set_names(pattern: str = "*") -> list[str]:
    """The sets on this machine, also those of which only a part is left."""
    names = {path.name for path in STATES.glob(PREFIX + pattern)}
    names |= {path.name.rpartition("-")[0] for path in NAMESPACES.glob(PREFIX + pattern + "-*")}
    return sorted(name for name in names if re.fullmatch(PREFIX + r"\d+-\d+-\w+", name))


def remove_abandoned() -> list[str]:
    """Takes down the sets whose owner is gone; their names."""
    abandoned = []
    for name in set_names():
        pid, start = map(int, name.removeprefix(PREFIX).split("-")[:2])
        if _start_of(pid) != start:
            HostSet(name).down()
            abandoned.append(name)
    return abandoned


class HostSet:
    """A set that is up."""

    def __init__(self, name: str):
        self.name = name
        self.state = STATES / name
        self.network = NETWORK + ".0/24"
        self.agent = str(self.state / "agent")  # called as `AGENT HOST command...`
        self.disk = self.state / "disk"  # where every host sees its own directory

    def hosts(self) -> list[str]:
        """h0, h1, and so on."""
        return sorted(path.name for path in self.state.glob("h[0-9]"))

    def directory(self, host: str) -> pathlib.Path:
        """The host's own directory, as seen from outside."""
        return self.state / self._known(host) / "disk"

    def command(self, host: str, *command) -> list[str]:
        """What runs a command on a host. The pid it is started with becomes the command's own."""
        return [str(self.state / "enter"), self._known(host), *map(str, command)]

    def exec(self, host: str, *command, **options) -> subprocess.CompletedProcess:
        """subprocess.run on a host, its output captured as text, 60 s at most unless said otherwise."""
        defaults = {"capture_output": True, "text": True, "timeout": 60, "stdin": subprocess.DEVNULL}
        if "input" in options:
            del defaults["stdin"]
        return subprocess.run(self.command(host, *command), **{**defaults, **options})

    def popen(self, host: str, *command, **options) -> subprocess.Popen:
        """subprocess.Popen on a host."""
        return subprocess.Popen(self.command(host, *command), **options)

    def mpirun_words(self) -> list[str]:
        """What Open MPI's mpirun, itself run on h0, needs to start ranks on these hosts and on their network alone."""
        settings = {
            "oob_tcp_if_include": self.network,
            "btl_tcp_if_include": self.network,
            "btl": "self,vader,tcp",
            "plm_rsh_agent": self.agent,
        }
        return [word for name, value in settings.items() for word in ["--mca", name, value]]

    def rate(self, host: str, rate: str) -> None:
        """Limits the host's link in both directions to a rate that tc knows (`1gbit`); `none` lifts the limit."""
        if not shutil.which("tc"):
            raise Unavailable("a link rate needs `tc` (Debian package iproute2)")
        for namespace, device in [(self._known(host), "eth0"), ("switch", self._port(host))]:
            tc = ["tc", "-n", self._namespace(namespace), "qdisc"]
            if rate != "none":
                limit = ["tbf", "rate", rate, "burst", "256kb", "latency", "50ms"]
                _run(*tc, "replace", "dev", device, "root", *limit)
            elif " tbf " in _run(*tc, "show", "dev", device):
                _run(*tc, "del", "dev", device, "root")

    def cut(self, host: str) -> None:
        """Pulls the host's cable at the switch."""
        _run("ip", "-n", self._namespace("switch"), "link", "set", self._port(host), "down")

    def mend(self, host: str) -> None:
        """Plugs the cable in again."""
        _run("ip", "-n", self._namespace("switch"), "link", "set", self._port(host), "up")

    def processes(self) -> list[Process]:
        """What runs on the hosts, by pid; those that ended and are not yet waited for are not among them."""
        hosts = {}
        for path in NAMESPACES.glob(self.name + "-*"):
            with contextlib.suppress(FileNotFoundError):
                hosts[_identity(path.stat())] = path.name.rpartition("-")[2]
        return [Process(pid, hosts[where], _command_of(pid)) for pid, where in _processes_in(hosts)]

    def down(self) -> None:
        """Kills what still runs on the hosts and removes the set. Does nothing where it is down already."""
        with _interrupts_held(), contextlib.ExitStack() as pins:
            # While it is held open, no new namespace can get the identity of one of these.
            namespaces = set()
            names = [path.name for path in NAMESPACES.glob(self.name + "-*")]
            for name in names:
                with contextlib.suppress(FileNotFoundError):
                    namespaces.add(_identity(os.fstat(pins.enter_context((NAMESPACES / name).open("rb")).fileno())))
            _kill_all_in(namespaces)
            # Another process may be taking down the same abandoned set.
            _run("ip", "-force", "-batch", "-", lines=[f"netns delete {name}" for name in names], check=False)
            _kill_all_in(namespaces)  # what entered until the names were gone
            for line in pathlib.Path("/proc/self/mounts").read_text().splitlines():
                point = line.split()[1]
                if point.startswith(f"{self.state}/"):
                    _run("umount", "--lazy", point, check=False)
            shutil.rmtree(self.state, ignore_errors=True)

    def _namespace(self, host: str) -> str:
        return f"{self.name}-{host}"

    def _known(self, host: str) -> str:
        if host not in self.hosts():
            raise ValueError(f"there is no host {host} in {self.name}; it has {', '.join(self.hosts()) or 'none'}")
        return host

    def _port(self, host: str) -> str:
        return "port" + self._known(host)[1:]


class TestHosts(HostSet):
    """Brings up a head and `count` hosts, 1 to 8; the end of the `with` block takes them down, and so does that of
    the program. `tmpfs` maps a host to the size (`64m`) of a file system in memory that is its disk.

    In the process that brings up hosts, SIGTERM and SIGHUP raise KeyboardInterrupt from then on, as SIGINT does:
    otherwise the hosts would outlive it.
    """

    __test__ = False  # no test, to those who collect tests by name

    def __init__(self, count: int = 2, tmpfs: dict[str, str] | None = None, owner: int | None = None):
        if not 1 <= count <= MAX_COUNT:
            raise ValueError(f"1 to {MAX_COUNT} hosts, not {count}")
        self._count = count
        self._tmpfs = tmpfs or {}
        self._owner = owner or os.getpid()

    def __enter__(self) -> "TestHosts":
        self.up()
        return self

    def __exit__(self, *_) -> None:
        self.down()

    def up(self) -> None:
        """Raises Unavailable, and leaves nothing behind on any error or interrupt. Takes down first what is up."""
        check_available()
        if hasattr(self, "name"):
            self.down()
        start = _start_of(self._owner)
        if start is None:
            raise ValueError(f"there is no process {self._owner} to own test hosts")
        _raise_on_hangup_and_termination()
        atexit.register(self._down_at_exit)
        try:
            with _interrupts_held():
                remove_abandoned()
                state = tempfile.mkdtemp(prefix=f"{PREFIX}{self._owner}-{start}-", dir=STATES)
                super().__init__(pathlib.Path(state).name)
                self._make_files()
                self._make_network()
        except BaseException:
            if hasattr(self, "name"):
                self.down()
            raise

    def _down_at_exit(self) -> None:
        # Neither a set that stays for its owner, nor in a child that was forked.
        if self._owner == os.getpid() and hasattr(self, "name"):
            self.down()

    def _make_files(self) -> None:
        hosts = [f"h{number}" for number in range(self._count + 1)]
        self.disk.mkdir()
        for host in hosts:
            for name in ["disk", "tmp"]:
                (self.state / host / name).mkdir(parents=True)
        for host, size in self._tmpfs.items():
            _run("mount", "-n", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(self.directory(host)))
        addresses = [f"{_address(host)} {host}" for host in hosts]
        (self.state / "hosts").write_text("\n".join(["127.0.0.1 localhost", *addresses, ""]))
        login = [shlex.quote(f"{name}={os.environ[name]}") for name in LOGIN if name in os.environ]
        words = {"name": self.name, "state": self.state, "login": " ".join(login)}
        for name, text in [("enter", ENTER), ("agent", AGENT)]:
            (self.state / name).write_text(text.format(**words))
            (self.state / name).chmod(0o755)

    def _make_network(self) -> None:
        hosts = self.hosts()
        _run("ip", "-batch", "-", lines=[f"netns add {self._namespace(place)}" for place in ["switch", *hosts]])
        lines = ["link add bridge type bridge", "link set bridge up"]
        for host in hosts:
            port = self._port(host)
            lines.append(f"link add {port} type veth peer name eth0 netns {self._namespace(host)}")
            lines.append(f"link set {port} master bridge up")
        _run("ip", "-n", self._namespace("switch"), "-batch", "-", lines=lines)
        for host in hosts:
            lines = ["link set lo up", f"address add {_address(host)}/24 dev eth0", "link set eth0 up"]
            _run("ip", "-n", self._namespace(host), "-batch", "-", lines=lines)


def _address(host: str) -> str:
    return f"{NETWORK}.{int(host[1:]) + 10}"


def _run(*command: str, lines: list[str] | None = None, check: bool = True) -> str:
    run = subprocess.run(command, input="\n".join([*(lines or []), ""]), capture_output=True, text=True, timeout=60)
    if check and run.returncode != 0:
        raise RuntimeError(f"{shlex.join(command)}: {run.stderr.strip()}")
    return run.stdout


def _start_of(pid: int) -> int | None:
    """When the process began, in ticks since the boot; None when it has ended."""
    fields = _stat_of(pid)
    return None if not fields or fields[0] in "ZX" else int(fields[19])


def _stat_of(pid: int) -> list[str]:
    """What /proc says of a process from its state on (proc(5)); nothing when there is none."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def _command_of(pid: int) -> str:
    try:
        words = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (FileNotFoundError, ProcessLookupError):
        return ""
    return b" ".join(words).decode(errors="replace").strip()


def _identity(file: os.stat_result) -> tuple[int, int]:
    return file.st_dev, file.st_ino


def _processes_in(namespaces) -> typing.Iterator[tuple[int, tuple[int, int]]]:
    for pid in sorted(int(name) for name in os.listdir("/proc") if name.isdecimal()):
        with contextlib.suppress(OSError):  # it ended
            namespace = _identity(os.stat(f"/proc/{pid}/ns/net"))
            if namespace in namespaces:
                yield pid, namespace


def _kill_all_in(namespaces, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while pids := [pid for pid, _ in _processes_in(namespaces) if pid != os.getpid()]:
        if time.monotonic() > deadline:
            raise RuntimeError(f"these processes do not end: {pids}")
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.005)


@contextlib.contextmanager
def _interrupts_held():
    """What would interrupt is delivered at the end of the block."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _raise_on_hangup_and_termination() -> None:
    if threading.current_thread() is not threading.main_thread():
        return
    for number in [signal.SIGTERM, signal.SIGHUP]:
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, signal.default_int_handler)


def _names_meant(arguments: argparse.Namespace) -> list[str]:
    """The set that was named, or those of the owner: the nearest process above that has any."""
    if arguments.set:
        if arguments.set not in set_names():
            raise ValueError(f"there is no set {arguments.set}; there are {', '.join(set_names()) or 'none'}")
        return [arguments.set]
    owner = arguments.owner or os.getppid()
    while not (names := set_names(f"{owner}-*")) and not arguments.owner and (fields := _stat_of(owner)):
        owner = int(fields[1])
    return names


def _parsed(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Pretend hosts on one machine, for the MPI tests.")
    parser.add_argument("--owner", type=int, metavar="PID", help="the process whose set it is (the parent)")
    parser.add_argument("--set", metavar="NAME", help="the set, as `up` printed it (the owner's only one)")
    verbs = parser.add_subparsers(dest="verb", required=True)
    verb = verbs.add_parser("up", help="bring up a set and print its name")
    verb.add_argument("--count", type=int, default=2, help="hosts beside the head h0 (2)")
    verb.add_argument("--tmpfs", action="append", default=[], metavar="HOST=SIZE", help="this host's disk is in memory")
    verb = verbs.add_parser("down", help="kill what runs on the owner's sets and remove them")
    verb.add_argument("--all", action="store_true", help="also the sets whose owner is gone")
    verb = verbs.add_parser("exec", help="become a command on a host: exec h0 -- command...")
    verb.add_argument("host")
    verb.add_argument("command", nargs=argparse.REMAINDER)
    verb = verbs.add_parser("rate", help="limit a host's link, both ways: rate h1 1gbit, rate h1 none")
    verb.add_argument("host")
    verb.add_argument("rate")
    for name, text in [("cut", "pull a host's cable"), ("mend", "plug it in"), ("directory", "print its own disk")]:
        verbs.add_parser(name, help=text).add_argument("host")
    verbs.add_parser("ps", help="list what runs on the hosts: pid, host, command")
    verbs.add_parser("disk", help="print the path at which every host sees its own disk")
    verbs.add_parser("agent", help="print the path of the launch agent")
    verbs.add_parser("mpirun-words", help="print what mpirun needs")
    return parser.parse_args(words)


def _do(arguments: argparse.Namespace) -> None:
    if arguments.verb == "up":
        hosts = TestHosts(arguments.count, dict(word.split("=", 1) for word in arguments.tmpfs),
                          arguments.owner or os.getppid())
        hosts.up()
        print(hosts.name)
        return
    if arguments.verb == "down":
        for name in _names_meant(arguments):
            HostSet(name).down()
        if arguments.all:
            remove_abandoned()
        return
    names = _names_meant(arguments)
    if len(names) != 1:
        raise ValueError(f"you have {', '.join(names) or 'no set'}; say --set NAME")
    hosts = HostSet(names[0])
    if arguments.verb == "exec":
        command = arguments.command[1:] if arguments.command[:1] == ["--"] else arguments.command
        if not command:
            raise ValueError("exec HOST -- command...: no command")
        words = hosts.command(arguments.host, *command)
        os.execv(words[0], words)
    elif arguments.verb == "rate":
        hosts.rate(arguments.host, arguments.rate)
    elif arguments.verb in ("cut", "mend"):
        getattr(hosts, arguments.verb)(arguments.host)
    elif arguments.verb == "ps":
        for process in hosts.processes():
            print(*process)
    elif arguments.verb == "directory":
        print(hosts.directory(arguments.host))
    elif arguments.verb == "mpirun-words":
        print(shlex.join(hosts.mpirun_words()))
    else:
        print(getattr(hosts, arguments.verb))


def main() -> int:
    try:
        _do(_parsed(sys.argv[1:]))
    except Unavailable as reason:
        print(f"SKIPPED: {reason}")
        return 77
    except (ValueError, RuntimeError) as error:
        print(f"hosts.py: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
