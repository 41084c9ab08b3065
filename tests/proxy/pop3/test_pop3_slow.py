# SPDX-License-Identifier: ISC
"""Scans that take longer than a client waits: it hears the message's own header meanwhile, and nothing that is not judged."""
import base64
import contextlib
import time

import pytest

from lab import needs, samples
from lab.gatepost import backend
from lab.pop3_client import Session, logged_in, stuffed, unstuffed
from lab.pop3_stub import Pop3Stub
from lab.process import asleep, wait_until

pytestmark = pytest.mark.skipif(not needs.IS_ROOT, reason="needs root: Gatepost's parent")

HEADER = b"Subject: slow\r\n.odd: a dot begins this line\r\nFrom: a@example.com\r\nTo: b@example.com\r\nX-Last: line\r\n"
CLEAN = HEADER + b"\r\n.Hello\r\n..\r\nthere\r\n"
INFECTED = samples.eicar()
VIRUS = base64.b64encode(samples.EICAR)[:40]
OUT = {"clean": (1, CLEAN), "infected": (2, INFECTED)}
RULES = 'rule "malware" when av.result == infected then reject 554 5.7.1 "malware"\n'


@pytest.fixture
def gateway(start, own_dir):
    """A gateway whose antivirus is ready; behind it OUT."""
    folder = own_dir / "signatures"
    samples.write_signatures(folder)
    stub = Pop3Stub([CLEAN, INFECTED], password=None).start()
    gateway = start(backend("behind", pop3=["%d tls none" % stub.port]) + RULES, pop3="backend behind",
                    changes={"antivirus": {"enabled": "on", "reload": "1s", "database": '"%s"' % folder}, "timeouts": {"keepalive": "100ms", "scan": "3s", "verdict": "4s"}, "process": {"proxies": 1}})
    assert gateway.wait_log("scanners ready program=gatepost-av", 40) and gateway.wait_log("gatepost-release ready", 20)
    gateway.signatures, gateway.behind = folder, stub
    yield gateway
    stub.stop()


def heard(session, seconds):
    """What comes in that time."""
    session.socket.settimeout(0.05)
    until, data = time.monotonic() + seconds, b""
    while time.monotonic() < until:
        with contextlib.suppress(TimeoutError):
            data += session.socket.recv(65536)
    session.socket.settimeout(20)
    return data


@pytest.mark.parametrize("command", ["RETR %d", "TOP %d 1"])
@pytest.mark.parametrize("name", OUT)
def test_while_a_message_is_scanned_its_header_comes_line_by_line_and_the_rest_when_it_is_judged(name, command, gateway):
    number, original = OUT[name]
    with logged_in(gateway.pop3_port, "user", "any", timeout=20) as session:
        with asleep(gateway.workers("gatepost-av")):
            session.send(command % number + "\r\n")
            first = heard(session, 1.5)
        status, _, begin = first.partition(b"\r\n")
        header = original.partition(b"\r\n\r\n")[0] + b"\r\n"
        assert status.startswith(b"+OK") and 10 < len(begin) <= len(stuffed(header)) and stuffed(header).startswith(begin)
        session.pending = begin
        slowly = session.lines()
        session.expect("NOOP")
        assert slowly == session.many(command % number)
        assert unstuffed(session.many("RETR 1")) == CLEAN


def test_a_line_comes_at_a_time(gateway):
    with logged_in(gateway.pop3_port, "user", "any", timeout=20) as session, asleep(gateway.workers("gatepost-av")):
        session.send("RETR 1\r\n")
        assert session.line().startswith(b"+OK")
        lines = []
        for _ in range(4):
            began = time.monotonic()
            lines.append(session.line())
            assert time.monotonic() - began < 2
        assert b"".join(lines) == stuffed(HEADER)[:len(b"".join(lines))]


@pytest.mark.parametrize("command", ["RETR 1", "TOP 1 1"])
def test_where_nothing_may_be_shown_in_the_end_the_connection_breaks(command, gateway):
    """No -ERR is possible any more, and no end of the message is said."""
    with logged_in(gateway.pop3_port, "user", "any", timeout=20) as session, asleep(gateway.workers("gatepost-av")):
        session.send(command + "\r\n")
        assert session.line().startswith(b"+OK")
        rest = session.rest()
    assert len(rest) > 10 and stuffed(HEADER).startswith(rest)


@pytest.mark.parametrize("then", ["-ERR it is gone", [b"+OK\r\nSubject: another one\r\n\r\nof another message\r\n.\r\n"]], ids=["refused", "another"])
def test_a_server_that_shows_something_else_behind_the_header_ends_the_session(then, gateway):
    gateway.behind.script["TOP 1 1"] = then
    with logged_in(gateway.pop3_port, "user", "any", timeout=20) as session:
        with asleep(gateway.workers("gatepost-av")):
            session.send("TOP 1 1\r\n")
            assert session.line().startswith(b"+OK")
            session.pending += heard(session, 0.3)
        rest = session.rest()
    assert len(rest) > 10 and stuffed(HEADER).startswith(rest)


def test_a_client_that_goes_away_meanwhile_leaves_nothing_behind(gateway):
    proxies = gateway.pids("gatepost-proxy")
    with asleep(gateway.workers("gatepost-av")):
        for _ in range(3):
            with logged_in(gateway.pop3_port, "user", "any") as session:
                session.send("RETR 1\r\n")
                assert session.line().startswith(b"+OK")
    with Session(gateway.pop3_port) as session:
        session.login("user", "any")
        assert session.message(1) == CLEAN
    assert gateway.pids("gatepost-proxy") == proxies


# ---- read again


def test_what_the_antivirus_has_said_of_a_message_holds_for_who_reads_it_next(gateway):
    for _ in range(2):
        with logged_in(gateway.pop3_port, "user", "any", timeout=20) as session:
            assert session.message(1) == CLEAN
            shown = session.message(2)
            assert len(shown) == len(INFECTED) and VIRUS in INFECTED and VIRUS not in shown
    with asleep(gateway.workers("gatepost-av")), logged_in(gateway.pop3_port, "other", "any", timeout=20) as session:
        assert session.message(1) == CLEAN
        assert unstuffed(session.many("TOP 1 1")).startswith(HEADER)
        shown = session.message(2)
        assert len(shown) == len(INFECTED) and VIRUS not in shown


def test_new_signatures_are_asked_about_what_was_clean_before(gateway):
    with logged_in(gateway.pop3_port, "user", "any", timeout=20) as session:
        assert session.message(1) == CLEAN
    samples.write_signatures(gateway.signatures, b"Hello")
    assert gateway.wait_log("signatures have changed", 20)
    assert wait_until(lambda: gateway.log().count("scanners ready program=gatepost-av") == 2, 40)
    with logged_in(gateway.pop3_port, "user", "any", timeout=20) as session:
        shown = session.message(1)
    assert len(shown) == len(CLEAN) and b"Hello" not in shown
