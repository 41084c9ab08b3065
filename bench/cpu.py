# SPDX-License-Identifier: ISC
"""Processor time and memory of a process and all below it."""
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


def _tree(root):
    """`root` and all below it: {pid: seconds of children that have ended}."""
    children, ended = {}, {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            parent, ended[int(name)] = _stat(name)
        except (FileNotFoundError, ProcessLookupError):
            continue
        children.setdefault(parent, []).append(int(name))
    found, open_ones = {}, [root]
    while open_ones:
        pid = open_ones.pop()
        open_ones += children.get(pid, [])
        found[pid] = ended.get(pid, 0.0)
    return found


def _summed(root, value):
    """value(pid, seconds of its ended children) of `root` and all below it."""
    total = 0
    for pid, ended in _tree(root).items():
        try:
            total += value(pid, ended)
        except (FileNotFoundError, ProcessLookupError):
            continue
    return total


def seconds(root):
    """Of `root` and all below it since their start, those that have ended too."""
    return _summed(root, lambda pid, ended: _alive(pid) + ended)


def _proportional(pid):
    with open("/proc/%d/smaps_rollup" % pid, encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("Pss:"))


def own_memory(root, program):
    """Of those processes below `root` that are this program, KB: what none shares."""
    def private(pid, _):
        with open("/proc/%d/comm" % pid, encoding="ascii") as file:
            if not program.startswith(file.read().strip()):
                return 0
        with open("/proc/%d/smaps_rollup" % pid, encoding="ascii") as file:
            return sum(int(line.split()[1]) for line in file if line.startswith("Private_"))
    return _summed(root, private)


def memory(root):
    """Of `root` and all below it, KB: what they share counts once (PSS)."""
    return _summed(root, lambda pid, _: _proportional(pid))
