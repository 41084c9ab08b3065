# SPDX-License-Identifier: ISC
"""Clients of one network whose messages keep scanners busy, within all bounds, are not what others wait for. How long somebody waits
is told by the processor time that scanners spend meanwhile: other work on the machine does not count."""
import contextlib
import functools
import itertools
import statistics
import sys
import threading

import pytest

from lab import needs, samples
from lab.gatepost import backend, domains
from lab.hard_work import large
from lab.process import wait_until
from lab.smtp_client import Closed, Session

sys.path.append(str(needs.ROOT / "bench"))
import cpu  # noqa: E402

ATTACKERS = 40
A_MESSAGE = 0.5  # seconds of processor time that each of their messages takes
BESIDE = A_MESSAGE / 2  # what another scanner gets done meanwhile; who waits until one of two scanners is done has more
BUSY = 4 * A_MESSAGE  # the same where a machine is so busy that others' replies come late; without shares it is more than ten seconds
KNOWN = 8  # messages by which it is known that they take long, and what was queued before is through
SMALL = b"Subject: small\r\n\r\nhello\r\n"
RULES = 'rule "programs" when any a in attachments (a.extension == "exe") then reject 550 5.7.1 "no programs"\n'


def site(start, server, scanners=2, **limits):
    """Clients on loopback are strangers like any other."""
    return start(backend("behind", server.port) + domains("behind", "example.com") + RULES,
                 changes={"limits": {"unshared": "{ }", "sessions_per_client": 200, **limits}, "process": {"scanners": scanners},
                          "scan": {"cpu": "%dms" % (A_MESSAGE * 1000), "cpu_per_mib": "0ms"}, "timeouts": {"verdict": "300s", "drain": "1s"}})


@functools.lru_cache(maxsize=None)
def template():
    message = samples.message("much work")
    message.add_attachment(large(), maintype="application", subtype="octet-stream", filename="a.zip")
    return samples.octets(message)


def work(number):
    """Takes a scanner all the CPU time that a message has; each is another."""
    return b"X-Number: %s\r\n" % str(number).encode() + template()


@contextlib.contextmanager
def all_but_the_dot(port, message, source):
    with Session(port, timeout=120, source=source) as client:
        client.send("EHLO client.example\r\n")
        client.reply()
        client.send("MAIL FROM:<a@client.example>\r\nRCPT TO:<user@example.com>\r\nDATA\r\n")
        assert [client.reply().code for _ in range(3)] == [250, 250, 354]
        client.send(message)
        yield client


def dot(client):
    client.send(b".\r\n")
    return client.reply().code


def reply_to_dot(port, message, source):
    with all_but_the_dot(port, message, source) as client:
        return dot(client)


class Attack:
    """Sessions of one network that send such messages as fast as they are taken; or that hang up before the reply, once they are known."""

    def __init__(self, gateway, hang_up=False):
        self.port, self.hang_up = gateway.port, hang_up
        self.ending, self.numbers, self.replies, self.through = threading.Event(), itertools.count(), [], 0
        self.threads = [threading.Thread(target=self._work, args=("127.0.5.%d" % (n + 1),), daemon=True) for n in range(ATTACKERS)]

    def __enter__(self):
        template()
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.ending.set()  # each ends with its message, or with the gateway

    def _work(self, source):
        while not self.ending.is_set():
            try:
                self._send(work(next(self.numbers)), source)
                self.through += 1
            except (OSError, AssertionError, Closed):
                if self.ending.wait(0.2):  # the gateway ends
                    return

    def _send(self, message, source):
        if not self.hang_up or self.through < KNOWN:
            self.replies.append(reply_to_dot(self.port, message, source))
            return
        with Session(self.port, source=source) as client:
            client.send("EHLO client.example\r\nMAIL FROM:<a@client.example>\r\nRCPT TO:<user@example.com>\r\nDATA\r\n")
            assert [client.reply().code for _ in range(4)][-1] == 354
            client.send(message + b".\r\n")
            self.ending.wait(0.3)


def scanned(gateway):
    """Processor seconds of all scanners so far."""
    return sum(map(cpu.seconds, gateway.pids("gatepost-scan")))


def scanned_until_reply(gateway, source):
    """Processor seconds of scanners from another's dot to the reply."""
    with all_but_the_dot(gateway.port, SMALL, source) as client:
        before = scanned(gateway)
        assert dot(client) == 250
        return scanned(gateway) - before


def waited_for(gateway, source, attack, count):
    """The same several times, once the attack's first messages are through; the least first."""
    assert reply_to_dot(gateway.port, SMALL, source) == 250  # the first waits for the scanners to start
    with attack:
        assert wait_until(lambda: attack.through >= KNOWN, 120)
        spent = [scanned_until_reply(gateway, source) for _ in range(count)]
    print("\n" + " ".join("%.3f" % seconds for seconds in sorted(spent)))
    return sorted(spent)


@pytest.mark.parametrize("hang_up", [False, True], ids=["who waits for replies", "who hangs up"])
def test_scanners_are_left_to_others(start, new_backend, internet, hang_up):
    """Most have a scanner at once, and 19 of 20 soon; the twentieth may have come while the attack's network had the one that is left to all."""
    gateway = site(start, new_backend())
    spent = waited_for(gateway, internet.address(10), Attack(gateway, hang_up), count=20)
    assert statistics.median(spent) < BESIDE and spent[-2] < BUSY


def test_one_scanner_takes_others_first(start, new_backend, internet):
    """What it has begun it ends: so others wait for one message at most."""
    gateway = site(start, new_backend(), scanners=1)
    assert waited_for(gateway, internet.address(10), Attack(gateway), count=6)[-1] < BUSY


def test_those_who_take_long_are_served_all_the_same(start, new_backend):
    gateway = site(start, new_backend())
    attack = Attack(gateway)
    with attack:
        assert wait_until(lambda: len(attack.replies) >= KNOWN, 120)
    assert set(attack.replies) == {550}  # what was not looked into may be a program: for good


def test_room_that_one_network_may_not_have_is_others(start, new_backend, internet):
    """Two large messages of one network are beyond its share; another's comes behind them, and goes first."""
    gateway = site(start, new_backend(), scan_queue="1MiB", message_size="600KiB")
    large_one = b"Subject: large\r\n\r\n" + (b"x" * 78 + b"\r\n") * 6000
    with Attack(gateway):
        assert scanned_until_reply(gateway, internet.address(10)) < 2 * BUSY
        assert reply_to_dot(gateway.port, large_one, internet.address(11)) == 250
