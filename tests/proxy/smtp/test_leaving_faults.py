# SPDX-License-Identifier: ISC
"""Mail that leaves while what it needs fails: wherever the next server breaks off or hangs, while the disk is full, while Redis or the
keeper is away. Nobody is told 250 of what is not there, who is put off comes through later, and what may be there twice is told."""
import base64
import contextlib
import itertools

import pytest

from lab import needs
from lab.backend import CLOSE, HANG, Backend
from lab.chaos import doubts
from lab.disk import fill, small_disk
from lab.gatepost import READY, Gatepost, backend, running
from lab.ports import free_port
from lab.process import asleep, kill, wait_until
from lab.smtp_client import Closed, Session

LOGIN = "AUTH PLAIN " + base64.b64encode(b"\0user@example.com\0secret").decode()
HOLDS = 'rule "holds" when message.subject == "held" then quarantine "leaks"\n'
COUNTS = 'rule "counts" when rate(client.ip, 1h) > 100000 then defer 451 4.7.0 "too many"\n'
LOOKS_INSIDE = 'rule "looks inside" when message.part_count > 500 then reject 550 5.7.1 "too many parts"\n'
SHORT = {"connect": "4s", "backend": "4s", "verdict": "12s"} if needs.SANITIZED else {"connect": "1s", "backend": "1s", "verdict": "3s"}
SERVER, USER = "server", "user"
numbers = itertools.count()


class Site:
    """A server's mail goes out by `port(SERVER)`, a user's by `port(USER)`; all of it to `relay`."""

    def __init__(self, folder, changes=None):
        self.relay = Backend({}, extensions=("PIPELINING", "SIZE 104857600", "AUTH PLAIN")).start()
        self.behave()
        self.ports = {SERVER: free_port(), USER: free_port()}
        body = 'listen smtp "out" on "127.0.0.1:%d" { outbound from { "127.0.0.1" }  relay smart }\n' % self.ports[SERVER]
        body += 'listen submission "users" on "127.0.0.1:%d" { allow_cleartext  backend own }\n' % self.ports[USER]
        body += backend("smart", self.relay.port)
        body += backend("own", self.relay.port, submission=["%d tls none" % self.relay.port])
        self.gateway = Gatepost(folder, body + HOLDS + COUNTS + LOOKS_INSIDE, changes={"process": {"proxies": 1}, "timeouts": SHORT, **(changes or {})})

    def behave(self):
        self.relay.script.clear()
        self.relay.script["AUTH"] = "235 2.7.0 in"

    def tries(self, way, message):
        """The first reply that is no yes, or that to the message; None: the connection broke."""
        with contextlib.suppress(Closed, OSError), Session(self.ports[way], timeout=20) as session:
            lines = ["EHLO mail.example.com", *[LOGIN] * (way == USER), "MAIL FROM:<user@example.com>", "RCPT TO:<b@elsewhere.example>"]
            for line in lines:
                reply = session.command(line)
                if reply.code // 100 != 2:
                    return reply
            return session.data(message)
        return None

    def sends(self, way, message):
        """As a mail server, or a user: again and again until it is taken."""
        def taken():
            reply = self.tries(way, message)
            assert reply is None or reply.code == 250 or reply.code // 100 == 4, reply
            return reply is not None and reply.code == 250
        assert wait_until(taken, 40, 0.1)

    def arrived(self, mark):
        """How often it came whole, whatever was answered."""
        return sum(mark in one.content for one in self.relay.messages + self.relay.refused)

    def held(self, mark):
        return sum(mark.decode() in entry["message_id"] for entry in self.gateway.held())


def message(subject="goes"):
    """(what is in it alone, a message)"""
    mark = b"number-%d-" % next(numbers)
    return mark, b"From: user@example.com\r\nSubject: %s\r\nMessage-ID: <%s@example.com>\r\n\r\nhello\r\n" % (subject.encode(), mark)


@contextlib.contextmanager
def site_in(folder, changes=None):
    needs.to_be_root("Gatepost's parent")
    it = Site(folder, changes)
    with running(it.gateway, [it.relay], ready=READY):
        yield it


@pytest.fixture(scope="module")
def shared(run_dir):
    folder = run_dir / "leaving-faults"
    folder.mkdir()
    with site_in(folder) as it:
        yield it


@pytest.fixture
def site(shared):
    shared.behave()
    return shared


both_ways = pytest.mark.parametrize("way", [SERVER, USER])


# ---- the next server

FAULTS = {"closes": [CLOSE], "hangs": [HANG], "says half": [b"2", CLOSE], "makes no sense": [b"what?\r\n", CLOSE]}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("way, step", [(way, step) for way in (SERVER, USER) for step in ("CONNECT", "EHLO", "AUTH", "MAIL", "RCPT", "DATA", "DOT")
                                       if (way, step) != (SERVER, "AUTH")])
def test_wherever_the_next_server_fails_mail_waits_and_then_arrives(site, way, step, fault):
    mark, octets = message()
    site.relay.hang_up()
    site.relay.script[step] = FAULTS[fault]
    first = site.tries(way, octets)
    assert first is None or first.code // 100 == 4, first
    assert site.arrived(mark) == (step == "DOT")
    site.behave()
    site.sends(way, octets)
    told = [line for line in doubts(site.gateway) if mark.decode() in line]
    assert site.arrived(mark) == 1 + (step == "DOT") and bool(told) == (step == "DOT"), told


# ---- what a gateway needs itself

@both_ways
def test_a_redis_that_is_away_holds_nothing_up(site, way):
    with asleep(wait_until(lambda: site.gateway.pids("redis-server"))):
        mark, octets = message()
        assert site.tries(way, octets).code == 250
    assert site.arrived(mark) == 1


@both_ways
def test_a_keeper_that_is_killed_costs_nothing_that_leaves_and_nothing_that_is_held(site, way):
    (goes, octets), (stays, to_hold) = message(), message("held")
    for pid in wait_until(lambda: site.gateway.pids("gatepost-keeper")):
        kill(pid)
    site.sends(way, octets)
    site.sends(way, to_hold)
    assert site.arrived(goes) == 1 and site.arrived(stays) == 0
    assert wait_until(lambda: site.held(stays), 20) == 1


@both_ways
def test_scanners_that_are_killed_put_mail_off_at_most(site, way):
    mark, octets = message()
    workers = site.gateway.workers("gatepost-scan")
    for pid in workers + site.gateway.pids("gatepost-scan"):
        kill(pid)
    site.sends(way, octets)
    assert site.arrived(mark) == 1


def test_a_full_disk_puts_off_what_is_to_be_held_and_nothing_else(own_dir):
    with small_disk(own_dir / "disk", "4m") as disk, \
            site_in(own_dir, {"keeper": {"folder": '"%s/keeper"' % disk}, "history": {"enabled": "off"}}) as site:
        for way in (SERVER, USER):
            (goes, octets), (stays, to_hold) = message(), message("held")
            ballast = fill(disk)
            assert site.tries(way, to_hold).code == 451
            assert site.tries(way, octets).code == 250
            assert site.arrived(goes) == 1 and site.arrived(stays) == 0 and site.held(stays) == 0
            ballast.unlink()
            site.sends(way, to_hold)
            assert site.held(stays) == 1
        for entry in site.gateway.held():
            assert site.gateway.control("quarantine", "release", str(entry["number"])) is not None
        assert wait_until(lambda: not site.gateway.held(), 20)
        assert len(site.relay.messages) == 4
