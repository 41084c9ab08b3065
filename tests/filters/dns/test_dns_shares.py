# SPDX-License-Identifier: ISC
"""Clients that name domains whose servers are silent spend all questions that may be on their way: others' names are looked up
all the same, and nobody gets past DMARC."""
import itertools
import statistics
import threading
import time

import pytest

from lab import dns_responder, samples
from lab.gatepost import backend, domains
from lab.internet import reverse
from lab.needs import SANITIZED
from lab.process import wait_until
from lab.smtp_client import Closed, Session, send

PENDING = 20
NOISE = 3 if SANITIZED else 1.5  # seconds: two cores, which all tests share
RULES = """rule "bounce" when spf.result == fail and message.null_sender then reject 550 5.7.23 "no"
rule "forged" when dmarc.result == fail and dmarc.policy == reject then reject 550 5.7.26 "forged"
"""
SHARED = {"unshared": "{ }"}
ONE_NETWORK = ["127.0.5.%d" % (n + 1) for n in range(12)]
MANY_NETWORKS = ["127.0.%d.1" % (n + 20) for n in range(12)]


@pytest.fixture
def odd(internet):
    """Below never nobody answers; bank*.example want forgeries refused."""
    server = dns_responder.Responder()
    server.behaviours["*.never"] = dns_responder.never
    server.other = internet.address(10)
    server.add(reverse(server.other) + ".in-addr.arpa", "PTR", "client.example.").add("client.example", "A", server.other)
    server.add("evil.example", "TXT", '"v=spf1 -all"').add("evil.example", "A", server.other)
    for n in range(30):
        server.add("fine%d.example" % n, "TXT", '"v=spf1 ip4:%s -all"' % server.other)
        server.add("bank%d.example" % n, "TXT", '"v=spf1 -all"').add("_dmarc.bank%d.example" % n, "TXT", '"v=DMARC1; p=reject"')
    yield server.start()
    server.stop()


def site(start, server, odd, limits):
    return start(backend("behind", server.port) + domains("behind", "example.com") + RULES
                 + 'resolver { forward "%s"  timeout 2s  patience 4s  pending %d }\n' % (odd.address, PENDING),
                 changes={"limits": {"sessions_per_client": 5000, **limits}, "timeouts": {"verdict": "60s"}, "redis": {"program": '"/nowhere"'}})


class Flood:
    """Sessions that name senders whose servers are silent, other ones each time."""

    def __init__(self, gateway, odd, sources, sessions=36):
        self.port, self.odd = gateway.port, odd
        self.ending, self.codes = threading.Event(), []
        self.threads = [threading.Thread(target=self._work, args=(n, sources[n % len(sources)]), daemon=True)
                        for n in range(sessions)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        time.sleep(3)
        return self

    def __exit__(self, *_):
        self.ending.set()
        for thread in self.threads:
            thread.join(30)

    def _work(self, number, source):
        turns = itertools.count()
        while not self.ending.is_set():
            try:
                with Session(self.port, timeout=60, source=source) as client:
                    client.ehlo("client.example")
                    while not self.ending.wait(0.1):
                        client.send("MAIL FROM:<x@d%d-%d.never>\r\nRSET\r\n" % (number, next(turns)))
                        self.codes.append(client.reply().code)
                        client.reply()
            except (OSError, AssertionError, Closed):
                self.ending.wait(0.1)


def mail(sender):
    return samples.octets(samples.message("shares", sender=sender))


def forgeries(gateway, odd, first):
    return [send(gateway.port, mail("ceo@bank%d.example" % n), "user@example.com", sender="x@evil.example", source=odd.other, timeout=60)
            for n in range(first, first + 6)]


def test_others_of_another_network_wait_no_longer_than_twice_as_long(start, new_backend, odd):
    gateway = site(start, new_backend(), odd, SHARED)

    def rounds(first):
        took = []
        for n in range(first, first + 10):
            sender = "x@fine%d.example" % n
            began = time.monotonic()
            assert send(gateway.port, mail(sender), "user@example.com", sender=sender, source=odd.other, timeout=60).code == 250
            took.append(time.monotonic() - began)
        return statistics.median(took)
    alone = rounds(0)
    with Flood(gateway, odd, ONE_NETWORK):
        beside = rounds(10)
    print("\nmedian %.1f ms alone, %.1f ms beside them" % (alone * 1000, beside * 1000))
    assert beside < 2 * alone + NOISE
    results = {record["facts"]["spf.result"] for record in gateway.decisions() if record["from"].startswith("x@fine")}
    assert results == {"pass"}


@pytest.mark.parametrize("sources, limits", [(ONE_NETWORK, SHARED), (MANY_NETWORKS, SHARED), (MANY_NETWORKS, {})],
                         ids=["one network", "many networks", "who may have it all"])
def test_no_forgery_gets_through_for_want_of_questions(start, new_backend, odd, sources, limits):
    server = new_backend()
    gateway = site(start, server, odd, limits)
    with Flood(gateway, odd, sources):
        replies = forgeries(gateway, odd, 0)
    print("\n%s" % sorted(reply.code for reply in replies))
    assert all(reply.code >= 400 for reply in replies), replies
    assert 550 in {reply.code for reply in replies}, replies
    assert not server.messages


def test_whose_network_asks_too_much_is_put_off(start, new_backend, odd):
    gateway = site(start, new_backend(), odd, SHARED)

    def put_off(source):
        with Session(gateway.port, timeout=60, source=source) as client:
            return client.command("EHLO client.example").code == 421
    with Flood(gateway, odd, ONE_NETWORK):
        assert wait_until(lambda: put_off("127.0.5.99"), 15)
        assert not put_off(odd.other)


def test_who_uses_his_share_up_before_he_comes_passes_no_blocklist(start, new_backend, odd, internet):
    """What was not asked then is not asked at all: so he waits until his names are looked up, and comes again."""
    listed = internet.address(77)
    odd.add("2.0.0.127.bl.example", "A", "127.0.0.2")
    odd.add(reverse(listed) + ".bl.example", "A", "127.0.0.2")
    server = new_backend()
    gateway = start(backend("behind", server.port) + domains("behind", "example.com") + 'blocklist "bl.example" { "127.0.0.2" weight 5 }\n'
                    'rule "listed" when dnsbl.score >= 5 then reject 550 5.7.1 "listed"\n'
                    'rule "forged" when spf.result == fail then reject 550 5.7.1 "forged"\n'
                    'resolver { forward "%s"  timeout 2s  patience 4s  pending %d }\n' % (odd.address, PENDING),
                    changes={"limits": {"sessions_per_client": 5000, **SHARED}})

    def tries(session):
        hello = session.command("EHLO client.example")
        if hello.code != 250:
            return hello
        session.command("MAIL FROM:<x@client.example>")
        return session.command("RCPT TO:<user@example.com>")
    flood = Flood(gateway, odd, [internet.address(n) for n in range(60, 72)])
    with flood:
        early = [Session(gateway.port, timeout=60, source=listed) for _ in range(5)]
    time.sleep(5)  # what was on its way has timed out
    codes = [tries(session).code for session in early]
    with Session(gateway.port, timeout=60, source=listed) as later:
        assert tries(later).code == 550
    print("\n%s" % codes)
    assert 421 in codes and 250 not in codes, codes
