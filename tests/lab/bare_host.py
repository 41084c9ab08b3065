# SPDX-License-Identifier: ISC
"""A host of its own, as far as its network goes: a namespace, with loopback up and nothing else in it."""
import contextlib
import ctypes
import itertools
import os
import shutil
import subprocess

import pytest

_numbers = itertools.count()
_libc = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNET = 0x40000000


def _enter(path):
    with open(path) as namespace:
        if _libc.setns(namespace.fileno(), CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns: " + path)


class BareHost:
    def __init__(self):
        self.name = "gatepost-%d-%d" % (os.getpid(), next(_numbers))

    def command(self, *words):
        return ["ip", "netns", "exec", self.name, *map(str, words)]

    def run(self, *words, said=None):
        return subprocess.run(self.command(*words), input=said, capture_output=True, text=True, timeout=60)

    def must(self, *words, said=None):
        done = self.run(*words, said=said)
        assert done.returncode == 0, (words, done.stdout, done.stderr)
        return done.stdout

    @contextlib.contextmanager
    def within(self):
        """Sockets and processes that this thread makes meanwhile are of this host, and remain so."""
        _enter("/run/netns/" + self.name)
        try:
            yield self
        finally:
            _enter("/proc/%d/ns/net" % os.getpid())

    def joined(self, interface, other, its_interface):
        """A cable between both."""
        self.must("ip", "link", "add", interface, "type", "veth", "peer", "name", its_interface, "netns", other.name)
        self.must("ip", "link", "set", interface, "up")
        other.must("ip", "link", "set", its_interface, "up")

    def has(self, interface, *addresses):
        for address in addresses:
            self.must("ip", "addr", "add", address, "dev", interface, *(["nodad"] if ":" in address else []))


def why_not():
    """Why there can be no such host here; None: there can."""
    if os.geteuid() != 0:
        return "needs root: network namespaces"
    for program in ("ip", "nft"):
        if not shutil.which(program, path="/usr/sbin:/usr/bin:/sbin:/bin"):
            return "%s is not installed" % program
    with contextlib.ExitStack() as stack:
        host = BareHost()
        if subprocess.run(["ip", "netns", "add", host.name], capture_output=True).returncode != 0:
            return "network namespaces are not permitted here"
        stack.callback(subprocess.run, ["ip", "netns", "del", host.name], check=True)
        if host.run("nft", "list", "ruleset").returncode != 0:
            return "nftables is not permitted here"
    return None


@contextlib.contextmanager
def bare_hosts(count=1):
    reason = why_not()
    if reason:
        pytest.skip(reason)
    with contextlib.ExitStack() as stack:
        hosts = [BareHost() for _ in range(count)]
        for host in hosts:
            subprocess.run(["ip", "netns", "add", host.name], check=True)
            stack.callback(subprocess.run, ["ip", "netns", "del", host.name], check=True)
            host.must("ip", "link", "set", "lo", "up")
        yield hosts
