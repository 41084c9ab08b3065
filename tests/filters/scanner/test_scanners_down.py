# SPDX-License-Identifier: ISC
"""While no scanner serves, mail that needs one is deferred at once, and the log says why; when one is back, mail flows at once."""
import os
import signal
import time

import pytest

from lab import samples, steered
from lab.gatepost import backend, domains
from lab.process import kill, wait_until
from lab.smtp_client import Session, send

INFECTED = 'rule "infected" when av.result == infected then reject 550 5.7.1 "infected"\n'
LOOKS_INSIDE = 'rule "looks inside" when message.part_count > 500 then reject 550 5.7.1 "too many parts"\n'
AT_ONCE = 3  # seconds, where the wait for a scanner would be 10


def site(start, server, policy, folder, **how):
    return start(backend("behind", server.port) + domains("behind", "example.com") + policy,
                 changes={"antivirus": {"enabled": "on", "reload": "1s", "database": '"%s"' % folder},
                          "timeouts": {"verdict": "60s", "scan": "30s"}}, **how)


def timed(gateway):
    began = time.monotonic()
    code = send(gateway.port, samples.clean(), "user@example.com", timeout=50).code
    return code, time.monotonic() - began


@pytest.mark.parametrize("there", [False, True], ids=["no folder", "an empty folder"])
def test_without_signatures_it_is_451_at_once_and_250_when_they_come(start, new_backend, own_dir, there):
    folder = own_dir / "signatures"
    if there:
        folder.mkdir()
    gateway = site(start, new_backend(), INFECTED, folder)
    assert gateway.wait_log("scanners down")
    code, took = timed(gateway)
    assert code == 451 and took < AT_ONCE
    assert 'scanner=av reason="signatures in %s' % folder in gateway.log()
    samples.write_signatures(folder)
    assert gateway.wait_log("scanners ready program=gatepost-av", 40)
    code, took = timed(gateway)
    assert code == 250 and took < AT_ONCE


def test_what_waits_in_the_queue_when_they_go_down_is_answered_at_once(start, new_backend, own_dir):
    folder = own_dir / "signatures"
    samples.write_signatures(folder)
    gateway = site(start, new_backend(), INFECTED, folder)
    assert gateway.wait_log("scanners ready program=gatepost-av")
    for pid in gateway.workers("gatepost-av"):
        os.kill(pid, signal.SIGSTOP)
    sessions = []
    for _ in range(5):
        sessions.append(Session(gateway.port, timeout=50))
        sessions[-1].ehlo()
        sessions[-1].envelope("user@example.com")
        sessions[-1].expect("DATA", 354)
        sessions[-1].send(b"Subject: waits\r\n\r\nhello\r\n.\r\n")
    assert all(session.silent(0.2) for session in sessions)
    os.rename(folder, own_dir / "away")
    began = time.monotonic()
    for pid in gateway.pids("gatepost-av"):
        kill(pid)
    assert [session.reply().code for session in sessions] == [451] * 5
    assert time.monotonic() - began < AT_ONCE
    os.rename(own_dir / "away", folder)
    assert gateway.wait_log("scanners ready program=gatepost-av", 40)
    assert wait_until(lambda: timed(gateway)[0] == 250)


def test_scanners_killed_in_a_loop_defer_at_once_and_then_mail_flows(start, new_backend, own_dir):
    gateway = site(start, new_backend(), LOOKS_INSIDE, own_dir, **steered.programs(own_dir))
    codes, slowest, deaths = [], 0, 0
    while deaths < 6:
        for pid in gateway.pids("gatepost-scan"):
            kill(pid)
            deaths += 1
        code, took = timed(gateway)
        codes.append(code)
        slowest = max(slowest, took)
        steered.move_clock(gateway.process.pid, 0.2)
    assert set(codes) <= {250, 451} and 451 in codes
    assert slowest < 6
    assert "scanners down" in gateway.log()
    steered.move_clock(gateway.process.pid, 30)
    assert wait_until(lambda: timed(gateway)[0] == 250, 40)
