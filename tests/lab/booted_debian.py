# SPDX-License-Identifier: ISC
"""A bare Debian whose systemd runs, as process 1 of namespaces of its own. Its network is loopback alone, so all ports are free."""
import contextlib
import ctypes
import json
import os
import pathlib
import signal
import subprocess

import pytest

from lab.bare_debian import ENVIRONMENT, BareDebian
from lab.process import children, wait_until

CLONE_NEWNET = 0x40000000
SYSTEM = ("systemd", "systemd-sysv", "dbus", "logrotate", "redis-server")
# In a group of its own, which systemd then takes for the root of all; it ends with whoever started it.
ENTER_GROUP = """echo $$ >"$0/cgroup.procs" && exec setpriv --pdeathsig KILL \\
  unshare --mount --pid --uts --ipc --net --cgroup --fork --kill-child --propagation private "$@" """
# Of this machine there are devices that harm nobody, no files, and settings that can be read.
BOOT = """set -e
tree=$0
mount --bind "$tree" "$tree"
mount -t proc -o nosuid,nodev,noexec proc "$tree/proc"
mount --bind "$tree/proc/sys" "$tree/proc/sys"
mount -o remount,bind,ro "$tree/proc/sys"
mount -t sysfs -o ro sysfs "$tree/sys"
mount -t cgroup2 cgroup2 "$tree/sys/fs/cgroup"
mount -t tmpfs -o mode=755 tmpfs "$tree/run"
mount -t tmpfs -o mode=755 tmpfs "$tree/dev"
for device in null zero full random urandom tty; do
  : >"$tree/dev/$device"
  mount --bind "/dev/$device" "$tree/dev/$device"
done
mkdir "$tree/dev/pts" "$tree/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$tree/dev/pts"
mount -t tmpfs -o mode=1777 tmpfs "$tree/dev/shm"
ln -s pts/ptmx "$tree/dev/ptmx"
ln -s /proc/self/fd "$tree/dev/fd"
mount --bind "$1" "$tree/var/cache/apt/archives"
cd "$tree"
pivot_root . mnt
umount -l /mnt
exec env -i container=lab PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd
"""


def _groups():
    """Where this machine has its cgroups of the second version."""
    with open("/proc/self/mountinfo") as f:
        found = [line.split()[4] for line in f if " - cgroup2 " in line]
    if not found:
        pytest.skip("no cgroup2 is mounted")
    return pathlib.Path(found[0])


def _enter_network(namespace):
    if ctypes.CDLL(None, use_errno=True).setns(namespace, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


class BootedDebian(BareDebian):
    """boot() after all that needs a network; from then on commands run beside what systemd runs."""
    pid = None  # systemd's

    def __init__(self, folder):
        self.group = _groups() / ("gatepost-%d" % os.getpid())
        super().__init__(folder)
        self.must("apt-get", "-y", "-q", "install", "--no-install-recommends", *SYSTEM)

    def fetch(self, *packages):
        """What they need, to be installed later."""
        self.must("apt-get", "-y", "-q", "install", "--download-only", *packages)

    def boot(self):
        self.group.mkdir(exist_ok=True)
        command = ["sh", "-c", ENTER_GROUP, str(self.group), "sh", "-c", BOOT, str(self.root), str(self.archives)]
        self.popen = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        assert wait_until(lambda: "systemd" in children(self.popen.pid).values() or self.popen.poll() is not None, 30)
        assert self.popen.poll() is None, "systemd did not start"
        self.pid, = children(self.popen.pid)
        assert wait_until(self._is_up, 120, 0.2), self.run("systemctl", "list-jobs")[1]
        return self

    def _is_up(self):
        return self.run("systemctl", "is-system-running")[1].strip() in ("running", "degraded")

    def command(self, *words):
        if self.pid is None:
            return super().command(*words)
        return ["nsenter", "-t", str(self.pid), "-m", "-u", "-i", "-n", "-p", "-C", *map(str, words)]

    @contextlib.contextmanager
    def network(self):
        """This thread, and what it starts, is in the network of this Debian."""
        with open("/proc/self/ns/net") as own, open("/proc/%d/ns/net" % self.pid) as its:
            _enter_network(its.fileno())
            try:
                yield
            finally:
                _enter_network(own.fileno())

    def show(self, unit, name):
        """A property of a unit, as `systemctl show` has it."""
        return self.must("systemctl", "show", "--value", "-p", name, unit).strip()

    def journal(self, unit, *matches):
        """What a unit has logged, as dictionaries."""
        return [json.loads(line) for line in self.must("journalctl", "-q", "-o", "json", "-u", unit, *matches).splitlines()]

    def processes(self, unit):
        """In their namespace."""
        file = self.group / "system.slice" / unit / "cgroup.procs"
        return [int(line) for line in file.read_text().split()] if file.exists() else []

    def close(self):
        """Whatever runs in it ends with its process 1."""
        if self.pid is not None:
            os.kill(self.pid, signal.SIGKILL)
        if hasattr(self, "popen"):
            self.popen.wait(30)
            for folder, _, _ in os.walk(self.group, topdown=False):
                os.rmdir(folder)
