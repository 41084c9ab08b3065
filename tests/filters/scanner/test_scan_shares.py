# SPDX-License-Identifier: ISC
"""Clients of one network whose messages keep scanners busy, within all bounds, make others wait no longer than twice as long."""
import functools
import itertools
import statistics
import threading
import time

import pytest

from lab import samples
from lab.gatepost import backend, domains
from lab.hard_work import large
from lab.needs import SANITIZED
from lab.process import wait_until
from lab.smtp_client import Closed, Session

ATTACKERS = 40
NOISE = 3 if SANITIZED else 0.1  # seconds, as docs/threats.md has it; without shares it is more than ten
KNOWN = 8  # messages by which it is known that they take long, and what was queued before is through
SMALL = b"Subject: small\r\n\r\nhello\r\n"
RULES = 'rule "programs" when any a in attachments (a.extension == "exe") then reject 550 5.7.1 "no programs"\n'


def site(start, server, scanners=2, **limits):
    """Clients on loopback are strangers like any other."""
    return start(backend("behind", server.port) + domains("behind", "example.com") + RULES,
                 changes={"limits": {"unshared": "{ }", "sessions_per_client": 200, **limits}, "process": {"scanners": scanners},
                          "scan": {"cpu": "500ms", "cpu_per_mib": "0ms"}, "timeouts": {"verdict": "300s", "drain": "1s"}})


@functools.lru_cache(maxsize=None)
def template():
    message = samples.message("much work")
    message.add_attachment(large(), maintype="application", subtype="octet-stream", filename="a.zip")
    return samples.octets(message)


def work(number):
    """Takes a scanner all the CPU time that a message has; each is another."""
    return b"X-Number: %s\r\n" % str(number).encode() + template()


def reply_to_dot(port, message, source):
    with Session(port, timeout=120, source=source) as client:
        client.send("EHLO client.example\r\n")
        client.reply()
        client.send("MAIL FROM:<a@client.example>\r\nRCPT TO:<user@example.com>\r\nDATA\r\n")
        assert [client.reply().code for _ in range(3)] == [250, 250, 354]
        client.send(message)
        began = time.monotonic()
        client.send(b".\r\n")
        reply = client.reply()
        return reply, time.monotonic() - began


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
            self.replies.append(reply_to_dot(self.port, message, source)[0].code)
            return
        with Session(self.port, source=source) as client:
            client.send("EHLO client.example\r\nMAIL FROM:<a@client.example>\r\nRCPT TO:<user@example.com>\r\nDATA\r\n")
            assert [client.reply().code for _ in range(4)][-1] == 354
            client.send(message + b".\r\n")
            self.ending.wait(0.3)


def percentile_95(gateway, source, count):
    """Seconds that 95 of 100 replies to the dot take at most."""
    took = []
    for _ in range(count):
        reply, seconds = reply_to_dot(gateway.port, SMALL, source)
        assert reply.code == 250, reply
        took.append(seconds)
    return statistics.quantiles(took, n=20)[18]


def others_wait(gateway, source, attack, count=40):
    """Alone, and beside the attack once its first messages are through."""
    assert reply_to_dot(gateway.port, SMALL, source)[0].code == 250  # the first waits for the scanners to start
    alone = percentile_95(gateway, source, count)
    with attack:
        assert wait_until(lambda: attack.through >= KNOWN, 60)
        beside = percentile_95(gateway, source, count)
    print("\np95 %.1f ms alone, %.1f ms beside it" % (alone * 1000, beside * 1000))
    return alone, beside


@pytest.mark.parametrize("hang_up", [False, True], ids=["who waits for replies", "who hangs up"])
def test_scanners_are_left_to_others(start, new_backend, internet, hang_up):
    gateway = site(start, new_backend())
    alone, beside = others_wait(gateway, internet.address(10), Attack(gateway, hang_up))
    assert beside < 2 * alone + NOISE


def test_one_scanner_takes_others_first(start, new_backend, internet):
    """What it has begun it ends: so others wait for one message at most."""
    gateway = site(start, new_backend(), scanners=1)
    one = reply_to_dot(gateway.port, work("alone"), internet.address(12))[1]
    alone, beside = others_wait(gateway, internet.address(10), Attack(gateway), count=12)
    print("one of them takes %.1f ms alone" % (one * 1000))
    assert beside < 2 * alone + NOISE + one


def test_those_who_take_long_are_served_all_the_same(start, new_backend):
    gateway = site(start, new_backend())
    attack = Attack(gateway)
    with attack:
        assert wait_until(lambda: len(attack.replies) >= 10, 60)
    assert set(attack.replies) == {550}  # what was not looked into may be a program: for good


def test_room_that_one_network_may_not_have_is_others(start, new_backend, internet):
    """Two large messages of one network are beyond its share; another's comes behind them, and goes first."""
    gateway = site(start, new_backend(), scan_queue="1MiB", message_size="600KiB")
    large_one = b"Subject: large\r\n\r\n" + (b"x" * 78 + b"\r\n") * 6000
    with Attack(gateway):
        assert reply_to_dot(gateway.port, SMALL, internet.address(10))[1] < 30
        assert reply_to_dot(gateway.port, large_one, internet.address(11))[0].code == 250
