# SPDX-License-Identifier: ISC
"""Free TCP ports on loopback."""
import os
import random
import socket

# Below the range from which the kernel takes the ports of outgoing connections, so that none is taken in between.
LOWEST, HIGHEST = 20000, 31999
_given = set()
# Of several that test at once (pytest -n) each has every so-manieth port.
WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:])
WORKERS = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))


def is_free(port, host="127.0.0.1"):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def free_port(preferred=None):
    """The preferred port if nobody has it, else any free one; never the same twice."""
    if preferred and WORKERS == 1 and preferred not in _given and is_free(preferred):
        _given.add(preferred)
        return preferred
    for _ in range(1000):
        port = random.randrange(LOWEST + WORKER, HIGHEST + 1, WORKERS)
        if port not in _given and is_free(port):
            _given.add(port)
            return port
    raise RuntimeError("no free port between %d and %d" % (LOWEST, HIGHEST))
