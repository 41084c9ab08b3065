# SPDX-License-Identifier: ISC
"""Programs that a test steers by signals (tests/fakes/failing_memory.c, moving_clock.c): gatepost and gatepost-proxy."""
import ctypes
import os
import signal

from lab import needs

PROGRAMS = needs.BUILD / "tests" / "steered"
FLOORS = {"gatepost": ("parent", "common", "filters", "policy", "base"), "gatepost-proxy": ("proxy", "common", "filters", "policy", "base")}
RECORDING = ("gatepost-keeper", "gatepost-release", "gatepostctl")


def program(name):
    """They are among the units: after `make all` alone they would be those of before, and tests of what has changed since fail, or pass."""
    ours = PROGRAMS / name
    for floor in FLOORS[name]:
        made_of = needs.BUILD / (floor + ".a")
        assert not made_of.exists() or made_of.stat().st_mtime <= ours.stat().st_mtime, "%s is older than %s: make units" % (ours, made_of)
    return ours


def programs(folder, *more):
    """For Gatepost(...): a folder of these two programs, of scanners, and of what else is named, as they are."""
    folder = folder / "programs"
    folder.mkdir()
    for name in ("gatepost", "gatepost-proxy", "gatepost-scan", "gatepost-av", "gatepost-qr", *more):
        (folder / name).symlink_to(program(name) if name in FLOORS else needs.BUILD / name)
    return {"build": folder, "env": {"GATEPOST_LIBEXEC": str(folder)}}


def _tell(pid, number, value):
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.sigqueue(pid, number, ctypes.c_void_p(value)) == 0, os.strerror(ctypes.get_errno())


def let_memory_fail(pid, n):
    """The n-th allocation of its own code from now on; -n: that and all that follow; 0: none."""
    _tell(pid, signal.SIGRTMIN, n)


def move_clock(pid, seconds):
    """What it waits for by base/clock.h is so much nearer."""
    _tell(pid, signal.SIGRTMIN + 1, round(seconds * 1000))
