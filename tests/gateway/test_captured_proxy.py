# SPDX-License-Identifier: ISC
"""A proxy that somebody has taken over writes what it likes into the shared table: into its own part of it, and what it does there ends with it."""
import json
import os
import random
import signal

import pytest

from lab import needs, samples
from lab.gatepost import backend, domains
from lab.process import is_alive, wait_until
from lab.smtp_client import Session, send

TABLE = "/memfd:shared"
ROW = 34 * 64 * 1024
PATTERNS = {"ones": b"\xff" * 8, "small": bytes([1, 0, 0, 0, 0, 0, 0, 0]), "lines": b"\r\n250 ok", "random": None}


@pytest.fixture
def gateway(start, new_backend):
    needs.to_be_root("another process' memory")
    server = new_backend()
    gateway = start(backend("behind", server.port) + domains("behind", "example.com"), changes={"process": {"proxies": 2}},
                    env={"ASAN_OPTIONS": ":".join(filter(None, (os.environ.get("ASAN_OPTIONS"), "handle_segv=0")))})
    assert gateway.wait_log("keeper ready", 40)
    gateway.behind = server
    return gateway


def mappings(pid):
    """(permissions, first, end) of each that a process has of the shared table."""
    with open("/proc/%d/maps" % pid) as f:
        lines = [line.split() for line in f if TABLE in line]
    return [(line[1], *(int(end, 16) for end in line[0].split("-"))) for line in lines]


def writable(pid):
    return [(first, end) for permissions, first, end in mappings(pid) if "w" in permissions]


def write_nonsense(pid, pattern):
    with open("/proc/%d/mem" % pid, "r+b", buffering=0) as memory:
        for first, end in writable(pid):
            octets = pattern * ((end - first) // len(pattern)) if pattern else random.Random(1).randbytes(end - first)
            assert os.pwrite(memory.fileno(), octets, first) == end - first


def status(gateway):
    return json.loads(gateway.control("status", "--json"))["gateway"]


def mail_flows(gateway):
    return wait_until(lambda: send(gateway.port, samples.clean(), "user@example.com", timeout=40).code == 250, 20)


def test_a_proxy_has_its_own_row_and_the_notes_to_write_and_no_descriptor_of_the_table(gateway):
    rows = set()
    for pid in gateway.pids("gatepost-proxy"):
        row, notes = sorted(writable(pid))
        assert row[1] - row[0] == ROW
        whole = mappings(pid)
        assert notes[1] == max(end for _, _, end in whole) and all(permissions in ("r--s", "rw-s") for permissions, _, _ in whole)
        rows.add(row[0] - min(first for _, first, _ in whole))
        assert not [fd for fd in os.listdir("/proc/%d/fd" % pid) if TABLE in os.readlink("/proc/%d/fd/%s" % (pid, fd))]
    assert len(rows) == 2, "each has another row"


@pytest.mark.parametrize("pattern", PATTERNS.values(), ids=PATTERNS.keys())
def test_nonsense_is_over_when_the_proxy_is(gateway, pattern):
    assert mail_flows(gateway)
    captured, other = gateway.pids("gatepost-proxy")
    session = Session(gateway.port)
    write_nonsense(captured, pattern)
    assert status(gateway)["counters"]["messages"] >= 0
    assert all(json.loads(line)["age_ms"] >= 0 for line in gateway.control("sessions", "--json").split("\n") if line)
    assert gateway.control("sessions") is not None
    assert gateway.control("metrics")
    gateway.caused.append("pid=%d" % captured)
    os.kill(captured, signal.SIGSEGV)
    assert gateway.wait_log("what proxies remember together is forgotten"), gateway.log()[-2000:]
    assert wait_until(lambda: len(gateway.pids("gatepost-proxy")) == 2, 15) and is_alive(other)
    session.close()
    assert mail_flows(gateway)
    assert wait_until(lambda: status(gateway)["sessions"] == 0)
    assert status(gateway)["spool"] == status(gateway)["scans"] == 0 and not status(gateway)["lists_suspended"]
    gateway.reload()
    assert gateway.wait_log("serving generation=2", 30), gateway.log()[-2000:]
    assert mail_flows(gateway) and wait_until(lambda: status(gateway)["sessions"] == 0)


def test_a_reload_succeeds_while_such_a_proxy_lives(gateway):
    captured = gateway.pids("gatepost-proxy")[0]
    write_nonsense(captured, PATTERNS["ones"])
    for generation in (2, 3):
        gateway.reload()
        assert gateway.wait_log("serving generation=%d" % generation, 30), gateway.log()[-2000:]
    assert wait_until(lambda: not is_alive(captured), 20), "it had no session to wait for"
    assert mail_flows(gateway) and wait_until(lambda: status(gateway)["sessions"] == 0)
