# SPDX-License-Identifier: ISC
"""The queues between Gatepost's processes, as one that was taken over has them."""
import ctypes
import os
import socket
import subprocess

PIDFD_GETFD = 438
QUEUE = 4  # a helper's descriptor


def inode(pid, fd):
    return int(os.readlink("/proc/%d/fd/%d" % (pid, fd))[len("socket:["):-1])


def other_end(gateway, helper):
    """The proxies' end of the queue that this process hears, a copy of the parent's."""
    mine = inode(helper, QUEUE)
    listed = subprocess.run(["ss", "-xHn"], capture_output=True, text=True, check=True).stdout.split("\n")
    other = next(int(words[7]) for words in map(str.split, listed) if len(words) >= 8 and words[5] == str(mine))
    pid = gateway.process.pid
    fd = next(int(name) for name in os.listdir("/proc/%d/fd" % pid) if os.readlink("/proc/%d/fd/%s" % (pid, name)) == "socket:[%d]" % other)
    libc, pidfd = ctypes.CDLL(None, use_errno=True), os.pidfd_open(pid)
    copy = libc.syscall(PIDFD_GETFD, pidfd, fd, 0)
    os.close(pidfd)
    assert copy >= 0, os.strerror(ctypes.get_errno())
    return socket.socket(fileno=copy)
