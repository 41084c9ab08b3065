# SPDX-License-Identifier: ISC
"""What a proxy that was taken over has in its hands: its ends of the pairs on which it talks with helpers."""
import ctypes
import os
import socket
import subprocess

from lab.process import wait_until

PIDFD_GETFD = 438
QUEUE, SHARING = 4, 10  # where a helper, and the keeper, have their own (common/keeping.h)


def inode(pid, fd):
    return int(os.readlink("/proc/%d/fd/%d" % (pid, fd))[len("socket:["):-1])


def _copy(pid, fd):
    libc, pidfd = ctypes.CDLL(None, use_errno=True), os.pidfd_open(pid)
    copy = libc.syscall(PIDFD_GETFD, pidfd, fd, 0)
    os.close(pidfd)
    assert copy >= 0, os.strerror(ctypes.get_errno())
    return socket.socket(fileno=copy)


def own_end(helper, fd):
    """What that process has there."""
    return _copy(helper, fd)


def other_end(gateway, helper, pair=QUEUE):
    """The proxies' end of a pair that this process hears, a copy of the parent's."""
    mine = inode(helper, pair)
    listed = subprocess.run(["ss", "-xHn"], capture_output=True, text=True, check=True).stdout.split("\n")
    other = next(int(words[7]) for words in map(str.split, listed) if len(words) >= 8 and words[5] == str(mine))
    pid = gateway.process.pid
    fd = next(int(name) for name in os.listdir("/proc/%d/fd" % pid) if os.readlink("/proc/%d/fd/%s" % (pid, name)) == "socket:[%d]" % other)
    return _copy(pid, fd)


def proxies_end(gateway, pair):
    """The same of a pair of the keeper's."""
    return other_end(gateway, wait_until(lambda: gateway.pids("gatepost-keeper"))[0], pair)
