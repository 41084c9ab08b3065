# SPDX-License-Identifier: ISC
"""Where a secret is still to be found: in the memory of a process, or in files."""
import base64
import os
import re
import secrets
from collections import namedtuple

PIECE = 8  # octets in a row that no other text has by chance
BLANK = bytes(4096)

Trace = namedtuple("Trace", "where form around")


def new_secret():
    """One so long that parts of it stay where its beginning has been written over."""
    return secrets.token_urlsafe(72)


def _forms(secret):
    """In the clear, and in base64 whatever stands before it."""
    clear = secret.encode()
    yield "in the clear", clear
    for before in range(3):
        text = base64.b64encode(bytes(before) + clear)
        yield "in base64", text[-(-before * 8 // 6):(before + len(clear)) * 8 // 6]


def _find(secret, where, octets):
    """The first piece of each run of them that was found."""
    found = []
    for form, text in _forms(secret):
        places = [octets.find(text[at:at + PIECE]) for at in range(0, len(text) - PIECE + 1, PIECE)]
        found += [(form, place) for last, place in zip([-1] + places, places) if place >= 0 and (last < 0 or place != last + PIECE)]
    return [Trace(where, form, octets[max(0, at - 40):at + 40]) for form, at in found]


def _written(pid):
    """(where, octets) of what a process has written to: its pages that are not blank."""
    name = end = None
    with open("/proc/%d/maps" % pid) as maps, open("/proc/%d/mem" % pid, "rb", 0) as memory:
        for line in maps:
            words = line.split()
            start, before = int(words[0].split("-")[0], 16), end
            end = int(words[0].split("-")[1], 16)
            name = words[5] if len(words) > 5 else name if start == before else "anonymous"
            if words[1].startswith("rw") and not name.startswith("[v"):
                memory.seek(start)
                octets = memory.read(end - start)
                pages = (octets[at:at + len(BLANK)] for at in range(0, len(octets), len(BLANK)))
                yield "process %d, %s" % (pid, name), b"".join(page for page in pages if page != BLANK)


def in_memory(secret, pids):
    """The pieces of it that processes still have."""
    return [trace for pid in pids for name, octets in _written(pid) for trace in _find(secret, name, octets)]


def in_files(secret, folder):
    """The pieces of it in all files below a folder."""
    return [trace for path, octets in files(folder) for trace in _find(secret, path, octets)]


def files(folder):
    """(path, octets) of all files below a folder."""
    for root, _, names in os.walk(folder):
        for path in (os.path.join(root, name) for name in names):
            if os.path.isfile(path):
                with open(path, "rb") as f:
                    yield path, f.read()


def largest_core(pid):
    """How large a core a process may leave: (soft, hard), in octets."""
    with open("/proc/%d/limits" % pid) as limits:
        return re.search(r"Max core file size\s+(\S+)\s+(\S+)", limits.read()).groups()
