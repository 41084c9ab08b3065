# SPDX-License-Identifier: ISC
"""Processor time of a process and all below it."""
import glob
import os

TICK = os.sysconf("SC_CLK_TCK")


def _stat(pid):
    """(parent, seconds of children that have ended)"""
    with open("/proc/%s/stat" % pid, encoding="utf-8", errors="replace") as file:
        fields = file.read().rpartition(")")[2].split()
    return int(fields[1]), (int(fields[13]) + int(fields[14])) / TICK


def _alive(pid):
    """Seconds of its threads, to the nanosecond."""
    total = 0
    for path in glob.glob("/proc/%d/task/*/schedstat" % pid):
        with open(path, encoding="ascii") as file:
            total += int(file.read().split()[0])
    return total / 1e9


def seconds(root):
    """Of `root` and all below it since their start, those that have ended too."""
    children, ended = {}, {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            parent, ended[int(name)] = _stat(name)
        except (FileNotFoundError, ProcessLookupError):
            continue
        children.setdefault(parent, []).append(int(name))
    total, open_ones = 0.0, [root]
    while open_ones:
        pid = open_ones.pop()
        open_ones += children.get(pid, [])
        try:
            total += _alive(pid) + ended.get(pid, 0.0)
        except (FileNotFoundError, ProcessLookupError):
            continue
    return total
