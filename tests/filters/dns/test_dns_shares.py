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
TIMEOUT = 1  # seconds that nobody answers
NOISE = 2.5 if SANITIZED else 0.3  # seconds: two cores, which all tests share; who finds no room waits for a whole TIMEOUT, or is not asked about
RULES = """rule "broken" when spf.result == permerror then reject 550 5.7.24 "no"
rule "forged" when dmarc.result == fail and dmarc.policy == reject then reject 550 5.7.26 "forged"
"""
SHARED = {"unshared": "{ }"}
ONE_NETWORK = ["127.0.5.%d" % (n + 1) for n in range(12)]
MANY_NETWORKS = ["127.0.%d.1" % (n + 20) for n in range(12)]
MAILS, FORGERIES = 15, 2


@pytest.fixture
def odd(internet):
    """Below never nobody answers, and greedy.example sends all that come from it there; bank*.example want forgeries refused."""
    server = dns_responder.Responder()
    server.behaviours["*.never"] = dns_responder.never
    server.add("greedy.example", "TXT", '"v=spf1 mx:%{l}.never -all"')
    server.other = internet.address(10)
    server.add(reverse(server.other) + ".in-addr.arpa", "PTR", "client.example.").add("client.example", "A", server.other)
    server.add("evil.example", "TXT", '"v=spf1 -all"').add("evil.example", "A", server.other)
    for n in range(2 * MAILS + 1):
        server.add("fine%d.example" % n, "TXT", '"v=spf1 ip4:%s -all"' % server.other)
    for n in range(FORGERIES):
        server.add("bank%d.example" % n, "TXT", '"v=spf1 -all"').add("_dmarc.bank%d.example" % n, "TXT", '"v=DMARC1; p=reject"')
    yield server.start()
    server.stop()


def configured(odd):
    return 'resolver { forward "%s"  timeout %ds  patience %ds  pending %d }\n' % (odd.address, TIMEOUT, 2 * TIMEOUT, PENDING)


def site(start, server, odd, limits):
    """One proxy: each has so many questions."""
    return start(backend("behind", server.port) + domains("behind", "example.com") + RULES + configured(odd),
                 changes={"limits": {"sessions_per_client": 5000, **limits}, "timeouts": {"verdict": "60s"}, "redis": {"program": '"/nowhere"'},
                          "process": {"proxies": 1}})


class Flood:
    """Sessions that name senders whose servers are silent, other ones each time: nearly twice as many as there is room for questions,
    under way and in line, so that what becomes free is taken at once."""

    def __init__(self, gateway, sources, sessions=72):
        self.port = gateway.port
        self.ending = threading.Event()
        self.threads = [threading.Thread(target=self._work, args=(n, sources[n % len(sources)]), daemon=True)
                        for n in range(sessions)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        time.sleep(1.5 * TIMEOUT)  # the first of their questions have timed out, and others are in their places
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
                    while not self.ending.wait(0.3):
                        client.send("MAIL FROM:<d%d-%d@greedy.example>\r\nRCPT TO:<user@example.com>\r\nRSET\r\n" % (number, next(turns)))
                        for _ in range(3):
                            client.reply()
            except (OSError, AssertionError, Closed):
                self.ending.wait(0.3)


def mail(sender):
    return samples.octets(samples.message("shares", sender=sender))


def deliver(gateway, odd, sender):
    began = time.monotonic()
    assert send(gateway.port, mail(sender), "user@example.com", sender=sender, source=odd.other, timeout=60).code == 250
    return time.monotonic() - began


def forge(gateway, odd, number):
    return send(gateway.port, mail("ceo@bank%d.example" % number), "user@example.com", sender="x@evil.example", source=odd.other, timeout=60)


def percentile_95(times):
    return statistics.quantiles(times, n=20)[18]


def test_others_of_another_network_wait_no_longer_than_twice_as_long(start, new_backend, odd):
    gateway = site(start, new_backend(), odd, SHARED)
    names = iter(["x@fine%d.example" % n for n in range(2 * MAILS + 1)])
    deliver(gateway, odd, next(names))  # the first waits for the scanners to start
    alone = percentile_95([deliver(gateway, odd, next(names)) for _ in range(MAILS)])
    with Flood(gateway, ONE_NETWORK):
        beside = percentile_95([deliver(gateway, odd, next(names)) for _ in range(MAILS)])
    print("\np95 %.1f ms alone, %.1f ms beside them" % (alone * 1000, beside * 1000))
    results = [record["facts"]["spf.result"] for record in gateway.decisions() if record["from"].startswith("x@fine")]
    assert results == ["pass"] * (2 * MAILS + 1)
    assert beside <= 2 * alone + NOISE


@pytest.mark.parametrize("sources, limits", [(ONE_NETWORK, SHARED), (MANY_NETWORKS, SHARED), (MANY_NETWORKS, {})],
                         ids=["one network", "many networks", "who may have it all"])
def test_a_forgery_is_refused_though_all_questions_are_spent(start, new_backend, odd, sources, limits):
    """What DMARC asks about From has room of its own."""
    server = new_backend()
    gateway = site(start, server, odd, limits)
    with Flood(gateway, sources):
        replies = [forge(gateway, odd, n) for n in range(FORGERIES)]
    assert [reply.code for reply in replies] == [550] * FORGERIES, replies
    assert not server.messages


def test_whose_network_asks_too_much_is_put_off(start, new_backend, odd):
    gateway = site(start, new_backend(), odd, SHARED)

    def put_off(source):
        with Session(gateway.port, timeout=60, source=source) as client:
            return client.command("EHLO client.example").code == 421
    with Flood(gateway, ONE_NETWORK):
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
                    + configured(odd), changes={"limits": {"sessions_per_client": 5000, **SHARED}, "process": {"proxies": 1}})

    def tries(session):
        hello = session.command("EHLO client.example")
        if hello.code != 250:
            return hello
        session.command("MAIL FROM:<x@client.example>")
        return session.command("RCPT TO:<user@example.com>")

    def tries_anew():
        with Session(gateway.port, timeout=60, source=listed) as session:
            return tries(session).code

    with Flood(gateway, [internet.address(n) for n in range(60, 72)]):
        early = [Session(gateway.port, timeout=60, source=listed) for _ in range(5)]
    assert wait_until(lambda: tries_anew() == 550, 10, 0.5)  # what was on its way has timed out
    codes = [tries(session).code for session in early]
    assert 421 in codes and 250 not in codes, codes
