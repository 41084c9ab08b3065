# SPDX-License-Identifier: ISC
"""A disk that can be full."""
import contextlib
import subprocess

import pytest


@contextlib.contextmanager
def small_disk(path, size):
    """A file system of its own of that size, such as "4m"."""
    path.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=%s,mode=0755" % size, "tmpfs", str(path)], capture_output=True)
    if mounted.returncode:
        pytest.skip("no tmpfs can be mounted here: %s" % mounted.stderr.decode())
    try:
        yield path
    finally:
        subprocess.run(["umount", "--lazy", str(path)], check=True)


def fill(disk):
    """Until there is not an octet left; what takes the room."""
    ballast = disk / "ballast"
    with open(ballast, "wb", buffering=0) as out, contextlib.suppress(OSError):
        while True:
            out.write(b"x" * 4096)
    return ballast
