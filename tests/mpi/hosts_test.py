#!/usr/bin/env python3
"""The pretend hosts of tests/support/hosts.py: what they share, what they do not, and that nothing of them stays."""

import contextlib
import os
import pathlib
import shlex
import shutil
import signal
import subprocess
import sys
import time
import unittest
import unittest.mock

SUPPORT = pathlib.Path(__file__).resolve().parents[1] / "support"
sys.path.insert(0, str(SUPPORT))

import hosts as test_hosts  # noqa: E402
from hosts import HostSet, TestHosts, Unavailable  # noqa: E402

# Prints "ready", then sends back to each who connects its own name and what it got.
ECHO = """
import socket
server = socket.create_server((socket.gethostname(), 5000))
print("ready", flush=True)
while True:
    connection, _ = server.accept()
    with connection:
        connection.sendall(socket.gethostname().encode() + b" got " + connection.recv(100))
"""

ASK = """
import socket, sys
with socket.create_connection((sys.argv[1], 5000), timeout=2) as connection:
    connection.sendall(b"word from " + socket.gethostname().encode())
    print(connection.recv(100).decode())
"""

# Prints the seconds from the connection to its end.
RECEIVE = """
import socket, time
server = socket.create_server((socket.gethostname(), 5001))
print("ready", flush=True)
connection, _ = server.accept()
start = time.monotonic()
while connection.recv(1 << 20):
    pass
print(time.monotonic() - start)
"""

SEND = """
import socket, sys
with socket.create_connection((sys.argv[1], 5001)) as connection:
    connection.sendall(bytes(40_000_000))
"""

# Owns a set, with a process on h1, until it is interrupted.
OWNER = f"""
import subprocess, sys, time
sys.path.insert(0, {str(SUPPORT)!r})
import hosts
try:
    with hosts.TestHosts(count=2, tmpfs={{"h2": "1m"}}) as up:
        up.popen("h1", "sleep", "600", stdout=subprocess.DEVNULL)
        print(up.name, flush=True)
        time.sleep(600)
except KeyboardInterrupt:
    sys.exit(130)
"""


def python(code: str, *arguments: str) -> list[str]:
    return [sys.executable, "-c", code, *arguments]


def wait_until(condition, seconds: float = 20) -> bool:
    deadline = time.monotonic() + seconds
    while not (holds := condition()) and time.monotonic() < deadline:
        time.sleep(0.01)
    return bool(holds)


def is_running(pid: int) -> bool:
    return test_hosts._start_of(pid) is not None


class HostsTest(unittest.TestCase):
    @contextlib.contextmanager
    def running(self, process: subprocess.Popen):
        """A process that says "ready" first, killed at the end of the block."""
        with process:
            try:
                self.assertEqual(process.stdout.readline(), "ready\n")
                yield process
            finally:
                process.kill()

    def assert_nothing_left(self, name: str) -> None:
        self.assertNotIn(name, test_hosts.set_names())
        self.assertFalse((test_hosts.STATES / name).exists())
        self.assertEqual(list(test_hosts.NAMESPACES.glob(name + "*")), [])
        self.assertNotIn(name, pathlib.Path("/proc/self/mounts").read_text())


class TwoHosts(HostsTest):
    """What tests of the others share, brought up once."""

    @classmethod
    def setUpClass(cls):
        cls.hosts = cls.enterClassContext(TestHosts(count=2))

    def ask(self, host: str, other: str) -> subprocess.CompletedProcess:
        return self.hosts.exec(host, *python(ASK, other))

    def echo(self, host: str):
        return self.running(self.hosts.popen(host, *python(ECHO), stdout=subprocess.PIPE, text=True))

    def test_they_reach_each_other_by_name(self):
        with self.echo("h2"):
            for host in ["h0", "h1", "h2"]:
                self.assertEqual(self.ask(host, "h2").stdout, f"h2 got word from {host}\n")
        self.assertEqual(self.hosts.exec("h1", "getent", "hosts", "h3").returncode, 2)

    def test_the_machine_stays_as_it_is(self):
        before = [pathlib.Path("/etc/hosts").read_bytes(), os.uname().nodename]
        links = subprocess.run(["ip", "-brief", "link"], capture_output=True, text=True, check=True).stdout
        self.hosts.exec("h1", "true", check=True)
        self.assertEqual([pathlib.Path("/etc/hosts").read_bytes(), os.uname().nodename], before)
        self.assertNotIn("port1", links)
        self.assertNotIn(str(self.hosts.disk), pathlib.Path("/proc/self/mounts").read_text())

    def test_a_host_sees_its_own_disk_at_the_common_path(self):
        for host in ["h1", "h2"]:
            self.hosts.exec(host, "sh", "-c", f"uname -n >{self.hosts.disk}/name", check=True)
            self.assertEqual((self.hosts.directory(host) / "name").read_text(), host + "\n")
        self.assertEqual(self.hosts.exec("h1", "cat", "name", cwd=self.hosts.disk).stdout, "h1\n")
        self.assertEqual(os.listdir(self.hosts.disk), [])
        self.assertEqual(os.listdir(self.hosts.directory("h0")), [])

    def test_the_words_of_a_command_arrive_as_they_are(self):
        words = ["a b", "", "$HOME", "'", "*"]
        self.assertEqual(self.hosts.exec("h1", "printf", "%s|", *words).stdout, "".join(word + "|" for word in words))
        self.assertEqual(self.hosts.exec("h1", "cat", input="text").stdout, "text")
        self.assertEqual(self.hosts.exec("h1", "sh", "-c", "exit 3").returncode, 3)

    def test_the_agent_is_as_ssh(self):
        agent = [self.hosts.agent, "h2", "cd", "/tmp", "&&", "echo", "$(uname -n) $PWD ${SECRET-unset}"]
        run = subprocess.run(agent, env={**os.environ, "SECRET": "known"}, capture_output=True, text=True, timeout=60)
        self.assertEqual(run.stdout, "h2 /tmp unset\n")
        unknown = subprocess.run([self.hosts.agent, "h7", "true"], capture_output=True, timeout=60)
        self.assertEqual(unknown.returncode, 255)

    def test_a_signal_reaches_the_command_itself(self):
        code = "import signal; signal.signal(15, lambda *_: exit(9)); print('ready', flush=True); signal.pause()"
        with self.running(self.hosts.popen("h1", *python(code), stdout=subprocess.PIPE, text=True)) as process:
            (listed,) = [each for each in self.hosts.processes() if each.pid == process.pid]
            self.assertEqual((listed.host, listed.command), ("h1", " ".join(python(code))))
            process.terminate()
            self.assertEqual(process.wait(20), 9)
        self.assertNotIn(process.pid, [each.pid for each in self.hosts.processes()])

    def seconds_to_move_40_mb(self, sender: str, receiver: str) -> float:
        with self.running(self.hosts.popen(receiver, *python(RECEIVE), stdout=subprocess.PIPE, text=True)) as process:
            self.hosts.exec(sender, *python(SEND, receiver), check=True)
            return float(process.stdout.readline())

    def test_a_rate_holds_in_both_directions(self):
        self.hosts.rate("h1", "1gbit")
        self.hosts.rate("h1", "200mbit")
        self.addCleanup(self.hosts.rate, "h1", "none")
        # 1.6 s at that rate.
        self.assertGreater(self.seconds_to_move_40_mb("h1", "h2"), 1.2)
        self.assertGreater(self.seconds_to_move_40_mb("h2", "h1"), 1.2)

    def test_a_rate_is_lifted(self):
        for rate in ["200mbit", "none", "none"]:
            self.hosts.rate("h1", rate)
        for place, device in [("h1", "eth0"), ("switch", "port1")]:
            shown = subprocess.run(["tc", "-n", f"{self.hosts.name}-{place}", "qdisc", "show", "dev", device],
                                   capture_output=True, text=True, check=True)
            self.assertNotIn("tbf", shown.stdout)

    def test_a_cut_cable_carries_nothing_until_it_is_mended(self):
        with self.echo("h2"):
            self.hosts.cut("h1")
            self.addCleanup(self.hosts.mend, "h1")
            cut = self.ask("h1", "h2")
            self.assertNotEqual(cut.returncode, 0)
            self.assertRegex(cut.stderr, "TimeoutError|No route to host")
            self.assertEqual(self.ask("h0", "h2").returncode, 0, "only h1 is cut off")
            self.hosts.mend("h1")
            self.assertTrue(wait_until(lambda: self.ask("h1", "h2").stdout == "h2 got word from h1\n"))

    def test_mpirun_starts_ranks_on_both(self):
        if not shutil.which("mpirun"):
            print("SKIPPED: mpirun is not installed")
            self.skipTest("mpirun is not installed")
        run = self.hosts.exec("h0", "mpirun", "--allow-run-as-root", *self.hosts.mpirun_words(), "-H", "h1:2,h2:2",
                              "sh", "-c", "uname -n; pwd; echo $$ >>pids", cwd=self.hosts.disk)
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertEqual(sorted(run.stdout.split()), sorted(["h1", "h2", str(self.hosts.disk)] * 2
                                                            + [str(self.hosts.disk)] * 2), run.stdout)
        for host in ["h1", "h2"]:
            self.assertEqual(len((self.hosts.directory(host) / "pids").read_text().split()), 2)
        self.assertTrue(wait_until(lambda: not self.hosts.processes()))

    def test_an_unknown_host(self):
        with self.assertRaisesRegex(ValueError, "no host h3 in .*it has h0, h1, h2"):
            self.hosts.exec("h3", "true")


class UpAndDown(HostsTest):
    def test_down_ends_what_is_left_and_leaves_nothing(self):
        with TestHosts(count=2, tmpfs={"h1": "1m"}) as hosts:
            ignores = ["sh", "-c", "trap '' TERM HUP; echo ready; sleep 600 & wait"]
            process = hosts.popen("h1", *ignores, stdout=subprocess.PIPE, text=True)
            with process.stdout as output:
                self.assertEqual(output.readline(), "ready\n")
            self.assertTrue(wait_until(lambda: len(hosts.processes()) == 2))
            self.assertEqual({each.host for each in hosts.processes()}, {"h1"})
            pids = [each.pid for each in hosts.processes()]
        self.assertEqual(process.wait(20), -signal.SIGKILL)
        self.assertFalse(any(is_running(pid) for pid in pids))
        self.assert_nothing_left(hosts.name)
        hosts.down()

    def test_a_disk_in_memory_becomes_full(self):
        with TestHosts(count=2, tmpfs={"h1": "1m"}) as hosts:
            fill = ["dd", "if=/dev/zero", f"of={hosts.disk}/file", "bs=64K", "count=32"]
            full = hosts.exec("h1", *fill)
            self.assertEqual(full.returncode, 1)
            self.assertIn("No space left on device", full.stderr)
            self.assertEqual((hosts.directory("h1") / "file").stat().st_size, 1 << 20)
            self.assertEqual(hosts.exec("h2", *fill).returncode, 0)

    def test_up_twice(self):
        hosts = TestHosts(count=1)
        hosts.up()
        self.addCleanup(hosts.down)
        first = hosts.name
        hosts.up()
        self.assertNotEqual(hosts.name, first)
        self.assert_nothing_left(first)
        self.assertEqual(hosts.exec("h1", "uname", "-n").stdout, "h1\n")

    def test_several_sets_at_once(self):
        with TestHosts(count=8) as one, TestHosts(count=1) as other:
            self.assertEqual(one.hosts(), [f"h{number}" for number in range(9)])
            one.exec("h1", "touch", one.disk / "file", check=True)
            self.assertEqual(os.listdir(other.directory("h1")), [])
            with self.running(one.popen("h1", *python(ECHO), stdout=subprocess.PIPE, text=True)):
                self.assertEqual(one.exec("h8", *python(ASK, "h1")).stdout, "h1 got word from h8\n")
                self.assertIn("ConnectionRefused", other.exec("h0", *python(ASK, "h1")).stderr)
                self.assertEqual(other.processes(), [])
        for count in [0, 9]:
            with self.assertRaisesRegex(ValueError, f"1 to 8 hosts, not {count}"):
                TestHosts(count)

    @contextlib.contextmanager
    def owner(self):
        with subprocess.Popen(python(OWNER), stdout=subprocess.PIPE, text=True) as process:
            try:
                yield process
            finally:
                process.kill()

    def sleeper(self, name: str) -> int:
        """The pid of the process that the owner left on h1, once it is there."""
        def sleepers() -> list[int]:
            return [each.pid for each in HostSet(name).processes() if (each.host, each.command) == ("h1", "sleep 600")]

        self.assertTrue(wait_until(sleepers))
        return sleepers()[0]

    def test_an_interrupt_takes_them_down(self):
        for number in [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]:
            with self.subTest(number), self.owner() as owner:
                name = owner.stdout.readline().strip()
                left = self.sleeper(name)
                owner.send_signal(number)
                self.assertEqual(owner.wait(20), 130)
                self.assertFalse(is_running(left))
                self.assert_nothing_left(name)

    def test_an_interrupt_while_they_come_up(self):
        for number in [signal.SIGINT, signal.SIGTERM]:
            with self.subTest(number), self.owner() as owner:
                self.assertTrue(wait_until(lambda: test_hosts.set_names(f"{owner.pid}-*")))
                owner.send_signal(number)
                self.assertEqual(owner.wait(20), 130)
                self.assertEqual(test_hosts.set_names(f"{owner.pid}-*"), [])

    def test_interrupts_while_they_go_down(self):
        with self.owner() as owner:
            name = owner.stdout.readline().strip()
            while owner.poll() is None:
                owner.terminate()
                time.sleep(0.003)
            self.assert_nothing_left(name)

    def test_an_interrupt_of_up_by_hand(self):
        for _ in range(10):
            words = [sys.executable, str(SUPPORT / "hosts.py"), "up", "--count", "8"]
            with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as up:
                self.assertTrue(wait_until(lambda: test_hosts.set_names(f"{os.getpid()}-*")))
                up.send_signal(signal.SIGINT)
                name = up.stdout.read().strip()
            if not name:
                break
            HostSet(name).down()  # it was up already
        self.assertEqual(up.returncode, 130)
        self.assertEqual(test_hosts.set_names(f"{os.getpid()}-*"), [])

    def test_the_end_of_the_program_takes_them_down(self):
        code = f"import sys; sys.path.insert(0, {str(SUPPORT)!r}); import hosts; up = hosts.TestHosts(1); up.up()"
        for end in ["", "; 1 / 0"]:
            run = subprocess.run(python(code + "; print(up.name)" + end), capture_output=True, text=True, timeout=60)
            self.assertTrue(run.stdout.startswith(test_hosts.PREFIX), run.stderr)
            self.assert_nothing_left(run.stdout.strip())

    def test_the_next_up_removes_what_a_killed_owner_left(self):
        with self.owner() as owner:
            name = owner.stdout.readline().strip()
            left = self.sleeper(name)
            with TestHosts(count=1):
                self.assertTrue(is_running(left), "an owner that lives keeps its set")
            owner.kill()
            owner.wait()
            with TestHosts(count=1):
                self.assertFalse(is_running(left))
                self.assert_nothing_left(name)

    def test_where_it_is_not_permitted(self):
        with unittest.mock.patch("os.geteuid", return_value=1000), self.assertRaisesRegex(Unavailable, "need root"):
            TestHosts().up()
        for program in ["ip", "unshare"]:
            without = unittest.mock.patch("shutil.which", lambda name, missing=program: name != missing)
            with without, self.assertRaisesRegex(Unavailable, f"need `{program}`"):
                TestHosts().up()
        if shutil.which("setpriv"):
            words = ["setpriv", "--bounding-set=-net_admin", sys.executable, str(SUPPORT / "hosts.py"), "up"]
            run = subprocess.run(words, capture_output=True, text=True, timeout=60)
            self.assertEqual(run.returncode, 77, run.stderr)
            self.assertTrue(run.stdout.startswith("SKIPPED: test hosts need CAP_NET_ADMIN"), run.stdout)


class ByHand(HostsTest):
    """The program, with a shell as its user."""

    def shell(self, script: str) -> subprocess.CompletedProcess:
        program = shlex.join([sys.executable, str(SUPPORT / "hosts.py")])
        script = f'hosts() {{ {program} "$@"; }}\n{script}'
        return subprocess.run(["sh", "-ec", script], capture_output=True, text=True, timeout=60)

    def test_a_session(self):
        run = self.shell("""
            hosts up --count 2 --tmpfs h1=64m
            hosts exec h1 -- sh -c 'uname -n; df --output=size .' sh
            hosts directory h1; hosts disk; hosts agent; hosts mpirun-words
            hosts rate h1 1gbit; hosts rate h1 none; hosts cut h1; hosts mend h1
            hosts exec h2 sleep 600 & sleeper=$!
            while ! hosts ps | grep "h2 sleep 600"; do sleep 0.05; done
            kill $(hosts ps | cut -d " " -f 1)
            wait $sleeper || echo "ended by signal $(($? - 128))"
            hosts down
            hosts ps || echo "status $?"
            """)
        self.assertEqual(run.returncode, 0, run.stderr)
        lines = run.stdout.splitlines()
        name, state = lines[0], str(test_hosts.STATES / lines[0])
        self.assertEqual(lines[1], "h1")
        self.assertIn(f"{state}/h1/disk\n{state}/disk\n{state}/agent\n--mca oob_tcp", run.stdout)
        self.assertEqual(lines[-2:], ["ended by signal 15", "status 1"])
        self.assertIn("you have no set", run.stderr)
        self.assert_nothing_left(name)

    def test_two_sets_of_one_shell(self):
        run = self.shell("""
            first=$(hosts --owner $$ up --count 1)
            second=$(hosts --owner $$ up --count 1)
            hosts ps || echo "status $?"
            hosts --set $first ps
            hosts --set $first down
            hosts exec h1 -- uname -n
            hosts down
            """)
        self.assertEqual(run.stdout, "status 1\nh1\n", run.stderr)
        self.assertIn("say --set NAME", run.stderr)

    def test_a_set_goes_with_its_shell(self):
        name = self.shell("hosts up --count 1; hosts exec h1 -- true").stdout.strip()
        self.assertTrue(name.startswith(test_hosts.PREFIX), name)
        self.assertEqual(self.shell("hosts down --all").returncode, 0)
        self.assert_nothing_left(name)


if __name__ == "__main__":
    try:
        test_hosts.check_available()
    except Unavailable as reason:
        print(f"SKIPPED: {reason}")
        sys.exit(77)
    unittest.main()
