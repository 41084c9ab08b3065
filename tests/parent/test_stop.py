# SPDX-License-Identifier: ISC
"""SIGTERM, whatever the gateway is doing: it ends soon, with 0, and leaves no process, socket or mount behind.
To a child alone it is no word: the parent says when."""
import os
import pathlib
import signal
import time

import pytest

from lab import needs, samples
from lab.backend import HANG
from lab.gatepost import backend, domains, ready_with
from lab.process import asleep, is_alive, wait_until
from lab.smtp_client import Session, send

POLICY = ('rule "looks inside" when message.part_count > 500 then reject 550 5.7.1 "too many parts"\n'
          'rule "held" when message.subject contains "to be held" then quarantine "spam"\n'
          'rule "too often" when rate(client.ip, 1h) > 100000 then defer 451 4.7.1 "later"\n')


@pytest.fixture
def gateway(start, new_backend, own_dir):
    """With all its children, and a socket for metrics."""
    behind = new_backend()
    it = start(backend("behind", behind.port) + domains("behind", "example.com") + POLICY
               + 'rule "malware" when av.result == infected then reject 554 5.7.1 "malware"\n',
               changes={"timeouts": {"drain": "2s"}, "metrics": {"socket": '"%s/metrics"' % own_dir},
                        "antivirus": {"enabled": "on", "database": '"%s"' % samples.write_signatures(own_dir / "signatures")}})
    it.behind, it.own_dir = behind, own_dir
    for text in ready_with({"antivirus"}) + ("redis started", "scanners ready program=gatepost-scan"):
        assert it.wait_log(text, 15), it.log()[-4000:]
    return it


def family(pid):
    """A process and all below it."""
    from lab.process import children
    return [pid] + [each for child in children(pid) for each in family(child)]


def sockets(gateway):
    return [path for top in (gateway.dir, gateway.own_dir) for path in pathlib.Path(top).rglob("*") if path.is_socket()]


def left_by(gateway, tell=os.kill, number=signal.SIGTERM):
    """(exit status, seconds, what is left) of ending it."""
    everybody, began = family(gateway.process.pid), time.monotonic()
    assert len(sockets(gateway)) >= 3, "of the control, the metrics and Redis"
    tell(gateway.process.pid, number)
    status = gateway.process.popen.wait(40)
    took = time.monotonic() - began
    wait_until(lambda: not any(map(is_alive, everybody)), 2)  # who is tied to its parent dies a moment after it
    left = [pid for pid in everybody if is_alive(pid)] + sockets(gateway)
    left += [line for line in pathlib.Path("/proc/mounts").read_text().splitlines() if str(gateway.own_dir) in line]
    return status, took, left


def begin_message(gateway):
    client = Session(gateway.port)
    client.ehlo()
    client.envelope("user@example.com")
    client.expect("DATA", 354)
    client.send(samples.clean() + b".\r\n")
    return client


def idle(gateway):
    yield


def sessions_open(gateway):
    with Session(gateway.port) as client, Session(gateway.port):
        client.ehlo()
        client.envelope("user@example.com")
        yield


def a_scan_under_way(gateway):
    workers = gateway.workers("gatepost-scan") + gateway.workers("gatepost-av")
    with asleep(workers):
        begin_message(gateway)
        yield


def the_server_behind_hanging(gateway):
    gateway.behind.script["DOT"] = [HANG]
    begin_message(gateway)
    assert wait_until(lambda: "DATA" in gateway.behind.verbs())
    yield


def the_keeper_busy(gateway):
    keeper, = gateway.pids("gatepost-keeper")
    os.kill(keeper, signal.SIGSTOP)
    assert [send(gateway.port, samples.clean(), "user@example.com").code for _ in range(20)] == [250] * 20
    os.kill(keeper, signal.SIGCONT)
    yield


def a_reload_under_way(gateway):
    gateway.reload()
    yield


@pytest.mark.parametrize("state", [idle, sessions_open, a_scan_under_way, the_server_behind_hanging, the_keeper_busy, a_reload_under_way],
                         ids=lambda state: state.__name__)
def test_it_ends_soon_and_leaves_nothing(gateway, state):
    doing = state(gateway)
    next(doing)
    status, took, left = left_by(gateway)
    assert (status, left) == (0, []) and took < 10
    assert all("%s ended" % name in gateway.log() and "%s is killed" % name not in gateway.log() for name in ("redis", "keeper", "release"))
    next(doing, None)


def test_ctrl_c_ends_it_as_well(gateway):
    """A terminal tells every process of the group."""
    status, _, left = left_by(gateway, os.killpg, signal.SIGINT)
    assert (status, left) == (0, [])
    assert needs.SANITIZED or "died" not in gateway.log(), "what looks for leaks at the end of a process is told as well"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP], ids=lambda number: number.name)
def test_a_child_that_is_told_alone_serves_on(gateway, number):
    redis = gateway.pids("redis-server")
    ours = [pid for pid in family(gateway.process.pid)[1:] if pid not in redis]
    assert len(ours) >= 8, "two proxies, heads and workers, keeper, gatepost-release"
    for pid in ours:
        os.kill(pid, number)
    assert send(gateway.port, samples.clean(), "user@example.com").code == 250
    assert len(gateway.decisions()) == 1
    assert [pid for pid in ours if not is_alive(pid)] == [] and "died" not in gateway.log()


def test_redis_that_is_told_alone_saves_and_comes_back(gateway):
    assert send(gateway.port, samples.clean(), "user@example.com").code == 250
    before, = gateway.pids("redis-server")
    os.kill(before, signal.SIGTERM)
    assert gateway.wait_log('redis died pid=%d how="exit 0"' % before)
    assert wait_until(lambda: gateway.pids("redis-server") not in ([], [before]))
    assert send(gateway.port, samples.clean(), "user@example.com").code == 250
