"""A block device of known rate: a loop device in memory, held back by a blkio cgroup (version 1). Needs root."""

import contextlib
import os
import pathlib
import shutil
import subprocess
import tempfile

BLKIO = pathlib.Path("/sys/fs/cgroup/blkio")
MIB = 2**20


def missing() -> str:
    """What this machine lacks for it; empty: nothing."""
    if os.geteuid() != 0 or not (BLKIO / "cgroup.procs").exists() or not shutil.which("mkfs.ext4"):
        return f"needs root, {BLKIO} and mkfs.ext4"
    return ""


def output_of(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@contextlib.contextmanager
def mounted_device(folder: pathlib.Path):
    """The name of a block device with a file system, which is mounted on `folder`."""
    with tempfile.NamedTemporaryFile(dir="/dev/shm", prefix="kvmark-device-") as backing:
        os.truncate(backing.name, 900 * MIB)
        device = output_of("losetup", "--show", "--find", backing.name)
        try:
            output_of("mkfs.ext4", "-q", "-E", "lazy_itable_init=0,lazy_journal_init=0", device)
            output_of("mount", device, str(folder))
            try:
                yield device
            finally:
                output_of("umount", str(folder))
        finally:
            output_of("losetup", "--detach", device)


@contextlib.contextmanager
def throttled_group(device: str, bytes_per_second: int, name: str = "benchmark"):
    """A cgroup whose processes may read, and write, so much of the device in a second."""
    group = BLKIO / f"kvmark-{name}-{os.getpid()}"
    number = os.stat(device).st_rdev
    group.mkdir()
    try:
        for way in ("read", "write"):
            limit = f"{os.major(number)}:{os.minor(number)} {bytes_per_second}"
            (group / f"blkio.throttle.{way}_bps_device").write_text(limit)
        yield group
    finally:
        group.rmdir()


def enter(group: pathlib.Path) -> None:
    """Of a process to be started: it belongs to the group."""
    (group / "cgroup.procs").write_text(str(os.getpid()))
