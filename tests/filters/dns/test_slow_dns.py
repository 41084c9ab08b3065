# SPDX-License-Identifier: ISC
"""Name servers that are slow, silent or mad: those who do not need them are not disturbed, those who do are delivered when the
policy's patience is over, and nobody gets past DMARC by being slow. GATEPOST_SLOW sets how many wait at once (150)."""
import os
import statistics
import threading
import time

import pytest

from lab import dns_responder, samples
from lab.gatepost import backend, domains, shipped_policy
from lab.internet import reverse
from lab.needs import SANITIZED
from lab.process import wait_until
from lab.smtp_client import Session, send

WAITING = int(os.environ.get("GATEPOST_SLOW", "40" if SANITIZED else "150"))
SESSIONS = 100 if SANITIZED else 200
SHARED = {"unshared": "{ }"}  # clients on loopback have no more than their share either
GARBAGE = bytes.fromhex("8180ffffffffffffffff") + b"\x01a\x00\x00\x01\x00\x01" * 9


@pytest.fixture
def odd(internet):
    """client.example and bank.example (p=reject) are in order; below slow, never and garbage nothing is."""
    server = dns_responder.Responder()
    server.crowd = [internet.address(n) for n in range(100, 150)]  # where those who wait come from
    for address in server.crowd:
        server.add(reverse(address) + ".in-addr.arpa", "PTR", "client.example.")
    server.add("client.example", "A", "127.0.0.1", *server.crowd).add("client.example", "TXT", '"v=spf1 a -all"')
    server.add("bank.example", "TXT", '"v=spf1 -all"').add("_dmarc.bank.example", "TXT", '"v=DMARC1; p=reject"')
    server.behaviours.update({"*.slow": dns_responder.late(3), "*.never": dns_responder.never,
                              "*.garbage": dns_responder.octets(GARBAGE)})
    yield server.start()
    server.stop()


def site(start, server, odd, patience="3s", timeout="2s", drain="20s", limits=None, pending=2000):
    return start(backend("behind", server.port) + domains("behind", "example.com") + shipped_policy()
                 + 'resolver { forward "%s"  timeout %s  patience %s  pending %d }\n' % (odd.address, timeout, patience, pending),
                 changes={"limits": {"sessions_per_client": 5000, **(limits or {})}, "timeouts": {"verdict": "60s", "drain": drain}})


def mail(sender="sender@client.example"):
    return samples.octets(samples.message("slow", sender=sender))


def measure(gateway, sessions=SESSIONS):
    """Milliseconds of whole sessions, one after the other."""
    took = []
    for _ in range(sessions):
        began = time.monotonic()
        reply = send(gateway.port, mail(), "user@example.com", timeout=30)
        took.append((time.monotonic() - began) * 1000)
        assert reply.code == 250, reply
    return took


def quantiles(took):
    cut = statistics.quantiles(took, n=100)
    return cut[49], cut[98]


class Waiters:
    """Sessions of senders whose names the server is slow about, each with names of its own, again and again; each begins
    one a second at most."""

    def __init__(self, gateway, zone, sources):
        self.gateway, self.zone, self.sources = gateway, zone, sources
        self.ending = threading.Event()
        self.codes, self.took, self.number = [], [], 0
        self.threads = [threading.Thread(target=self._work, args=(n,), daemon=True) for n in range(WAITING)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.ending.set()
        for thread in self.threads:
            thread.join(60)

    def _work(self, number):
        turn = 0
        while not self.ending.is_set():
            turn += 1
            domain = "a%d-%d.%s" % (number, turn, self.zone)
            began = time.monotonic()
            reply = send(self.gateway.port, mail("x@" + domain), "user@example.com", sender="x@" + domain, timeout=60,
                         source=self.sources[number % len(self.sources)])
            self.took.append(time.monotonic() - began)
            self.codes.append(reply.code)
            self.last = reply
            self.ending.wait(1 - self.took[-1])


@pytest.mark.parametrize("zone", ["slow", "never", "garbage"])
def test_others_are_not_disturbed(start, new_backend, odd, zone):
    gateway = site(start, new_backend(), odd)
    measure(gateway, 50)  # everything is cached and warm
    alone = quantiles(measure(gateway))
    with Waiters(gateway, zone, odd.crowd) as waiters:
        assert wait_until(lambda: odd.count("a%d-1.%s" % (WAITING - 1, zone)), 20)
        beside = quantiles(measure(gateway))
        wait_until(lambda: waiters.codes, 30)
    print("\n%s, %d waiting: p50 %.1f ms alone, %.1f ms beside them; p99 %.1f ms alone, %.1f ms beside them"
          % (zone, WAITING, alone[0], beside[0], alone[1], beside[1]))
    assert set(waiters.codes) == {250}, waiters.last
    assert beside[1] < 1000
    if not SANITIZED:
        assert max(waiters.took) < 15


@pytest.mark.parametrize("zone", ["slow", "never", "garbage"])
def test_what_cannot_be_known_in_time_is_accepted(start, new_backend, odd, zone):
    gateway = site(start, new_backend(), odd, patience="1s", timeout="700ms")
    began = time.monotonic()
    reply = send(gateway.port, mail("x@a." + zone), "user@example.com", sender="x@a." + zone, timeout=60)
    took = time.monotonic() - began
    assert reply.code == 250
    assert took < (15 if SANITIZED else 5)
    facts = gateway.decisions()[-1]["facts"]
    assert facts["spf.result"] in ("temperror", "none", None) or "spf.result" not in facts


def chain(odd, count, behaviour):
    """An SPF record of slow.attack.example that includes one after the other, each of which is late."""
    for n in range(count):
        name = "i%d.attack.example" % n
        more = '"v=spf1 include:i%d.attack.example -all"' % (n + 1) if n < count - 1 else '"v=spf1 +all"'
        odd.add(name, "TXT", more, behaviour=behaviour)
    odd.add("attack.example", "TXT", '"v=spf1 include:i0.attack.example -all"')


def test_a_slow_spf_record_of_his_own_gets_no_forger_past_dmarc(start, new_backend, odd):
    """Each answer comes in time, all together do not: what is known by then decides."""
    chain(odd, 9, dns_responder.late(0.3))
    server = new_backend()
    gateway = site(start, server, odd, patience="500ms")
    reply = send(gateway.port, mail("ceo@bank.example"), "user@example.com", sender="x@attack.example", timeout=60)
    assert (reply.code, reply.enhanced) == (550, "5.7.26"), gateway.decisions()[-1]["facts"]
    assert not server.messages


def test_a_key_that_never_comes_gets_no_forger_past_dmarc(start, new_backend, odd):
    odd.behaviours["*.attack.example"] = dns_responder.never
    odd.add("attack.example", "TXT", '"v=spf1 +all"')
    gateway = site(start, new_backend(), odd)
    signature = (b"DKIM-Signature: v=1; a=rsa-sha256; d=attack.example; s=k; h=from; bh=" + b"A" * 43 + b"=; b=" + b"A" * 342 + b"==\r\n")
    reply = send(gateway.port, signature + mail("ceo@bank.example"), "user@example.com", sender="x@attack.example", timeout=60)
    assert (reply.code, reply.enhanced) == (550, "5.7.26"), gateway.decisions()[-1]["facts"]


def test_a_flood_of_names_that_are_never_answered_stops_its_own_sender_alone(start, new_backend, odd, internet):
    """Thousands of MAIL and RSET name domains whose servers are silent: others' names are still looked up."""
    other = internet.address(10)
    odd.add(reverse(other) + ".in-addr.arpa", "PTR", "client.example.").add("client.example", "A", "127.0.0.1", other)
    gateway = site(start, new_backend(), odd, limits=SHARED)
    for n in range(20):
        odd.add("fine%d.example" % n, "TXT", '"v=spf1 ip4:%s -all"' % other)
    measure(gateway)
    codes = []

    def flood(number):  # not from where the server behind is, whose share nobody looks at
        with Session(gateway.port, timeout=60, source="127.0.5.1") as client:
            if client.command("EHLO client.example").code == 421:
                return
            for turn in range(900):
                client.send("MAIL FROM:<x@f%d-%d.never>\r\nRSET\r\n" % (number, turn))
            codes.extend(client.reply().code for _ in range(1800))
    threads = [threading.Thread(target=flood, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert 451 in codes
    for n in range(20):
        sender = "x@fine%d.example" % n
        began = time.monotonic()
        assert send(gateway.port, mail(sender), "user@example.com", sender=sender, source=other).code == 250
        assert time.monotonic() - began < (6 if SANITIZED else 2)
    wait_until(lambda: len(gateway.decisions()) >= SESSIONS + 20)
    results = [record["facts"]["spf.result"] for record in gateway.decisions() if record["from"].startswith("x@fine")]
    assert results == ["pass"] * 20


@pytest.mark.parametrize("how", ["close", "reload", "stop"])
def test_sessions_end_while_they_wait(start, new_backend, odd, how):
    """At RCPT and behind the dot: the client goes, the configuration changes, the gateway stops."""
    gateway = site(start, new_backend(), odd, drain="2s" if how == "stop" else "20s")
    clients = []
    for n in range(40):
        client = Session(gateway.port)
        client.ehlo("h%d.never" % n if n % 4 == 3 else "client.example")
        client.send("MAIL FROM:<x@b%d.%s>\r\n" % (n, "never" if n % 2 else "slow"))
        client.send("RCPT TO:<user@example.com>\r\n")
        if n % 4 == 0:
            client.send("DATA\r\n")
        clients.append(client)
    assert wait_until(lambda: odd.count("b39.never"), 10)
    if how == "close":
        for client in clients:
            client.close()
        assert send(gateway.port, mail(), "user@example.com").code == 250
    elif how == "reload":
        gateway.reload()
        assert gateway.wait_log("serving generation=2", 20)
        assert [client.reply().code for client in clients for _ in range(2)] == [250] * 80
    else:
        assert gateway.stop() == 0
    for client in clients:
        client.close()
