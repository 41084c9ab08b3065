# SPDX-License-Identifier: ISC
"""Programs that a test steers by signals (tests/fakes/failing_memory.c, moving_clock.c): gatepost and gatepost-proxy."""
import ctypes
import os
import signal

from lab import needs

PROGRAMS = needs.BUILD / "tests" / "steered"


RECORDING = ("gatepost-keeper", "gatepost-release", "gatepostctl")


def programs(folder, *more):
    """For Gatepost(...): a folder of these two programs, of scanners, and of what else is named, as they are."""
    folder = folder / "programs"
    folder.mkdir()
    for name in ("gatepost", "gatepost-proxy", "gatepost-scan", "gatepost-av", "gatepost-qr", *more):
        ours = PROGRAMS / name
        (folder / name).symlink_to(ours if ours.exists() else needs.BUILD / name)
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
