# SPDX-License-Identifier: ISC
"""Sessions that wait: for names, for Redis, for a rule's delay; in every phase, with and without TLS, and what ends them."""
import os
import signal
import time

import pytest

from lab import dns_responder, needs, samples
from lab.certs import Authority
from lab.gatepost import backend, certificate, domains
from lab.internet import LISTS
from lab.process import wait_until
from lab.smtp_client import Closed, Session, client_context, send

pytestmark = needs.root
DROPS = """
rule "listed" when dnsbl.score >= 5 then drop 554 5.7.1 "{client.ip} is listed by {dnsbl.lists}"
rule "nameless" when client.fcrdns and helo.resolves and helo == "drop.example" then drop 554 5.7.1 "go away"
"""


@pytest.fixture(scope="module")
def authority(run_dir):
    return Authority(run_dir / "tls-waiting")


@pytest.fixture
def odd():
    server = dns_responder.Responder()
    server.behaviours["*.never"] = dns_responder.never
    server.behaviours["*.slow"] = dns_responder.late(0.5)
    yield server.start()
    server.stop()


def resolver(odd, patience="2s"):
    return 'resolver { forward "%s"  timeout 1500ms  patience %s }\n' % (odd.address, patience)


def test_a_drop_at_connect_waits_for_the_lists_before_the_banner(start, new_backend, internet, authority):
    gateway = start(certificate(authority.certificate("mx.example.com")) + backend("behind", new_backend().port)
                    + domains("behind", "example.com") + internet.configuration + LISTS + DROPS, implicit_tls=True)
    source = internet.address(66)
    with Session(gateway.port, source=source) as client:
        assert client.greeting.code == 554 and source + " is listed by bl.example" in client.greeting.text
        assert client.rest() == b""
    with Session(gateway.tls_port, source=source, tls=client_context()) as client:
        assert client.greeting.code == 554
    with Session(gateway.port, source=internet.address(10)) as client:
        client.send("EHLO mail.good.example\r\nNOOP\r\nSTARTTLS\r\n")
        assert [client.reply().code for _ in range(3)] == [250, 250, 220]
        client.handshake()
        client.ehlo("mail.good.example")
        client.envelope("user@example.com")
        assert client.data(samples.clean()).code == 250


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_the_banner_comes_when_the_patience_is_over(start, new_backend, odd, authority, tls):
    odd.behaviours["1.0.0.127.in-addr.arpa"] = dns_responder.never
    gateway = start(certificate(authority.certificate("mx.example.com")) + backend("behind", new_backend().port)
                    + domains("behind", "example.com") + resolver(odd, "1s")
                    + 'rule "no name" when not client.fcrdns then drop 554 5.7.1 "no name"\n', implicit_tls=True)
    began = time.monotonic()
    with Session(gateway.tls_port if tls else gateway.port, tls=client_context() if tls else None) as client:
        assert client.greeting.code == 220 and time.monotonic() - began < (8 if needs.SANITIZED else 4)
        client.ehlo()
        client.envelope("user@example.com")
        assert client.data(samples.clean()).code == 250


def test_clients_leave_while_they_wait_in_every_phase(start, new_backend, odd):
    """What they asked for comes when they are gone."""
    gateway = start(backend("behind", new_backend().port) + domains("behind", "example.com") + resolver(odd) + DROPS
                    + 'rule "spf" when spf.result == fail and not greylist.known then reject 550 5.7.1 "no"\n'
                    + 'rule "tarpit" when sender.domain == "tar.example" then delay 2s\n'
                    + 'rule "dmarc" when dmarc.result == fail then reject 550 5.7.1 "no"\n',
                    changes={"limits": {"sessions_per_client": 5000}})
    lines = ["EHLO a%d.slow", "MAIL FROM:<x@b%d.slow>", "RCPT TO:<user@example.com>", "DATA",
             "From: x@c%d.slow\r\nDKIM-Signature: v=1; a=rsa-sha256; d=d%d.slow; s=k; h=from; bh=YQ==; b=YQ==\r\n\r\nhello\r\n."]
    clients = []
    for n in range(100):
        client = Session(gateway.port, greeting=False)
        for line in lines[:n % 5 + 1]:
            line = line.replace("%d", str(n))
            client.send((line.replace("b%d.slow" % n, "tar.example") if n % 3 == 0 else line) + "\r\n")
        clients.append(client)
        if n % 10 == 9:
            time.sleep(0.05)
            for one in clients:
                one.close()
            clients.clear()
    assert send(gateway.port, samples.clean(), "user@example.com").code == 250
    assert wait_until(lambda: sum(len(os.listdir("/proc/%d/fd" % pid)) for pid in gateway.pids("gatepost-proxy")) < 60, 15)


def test_a_redis_that_stands_still_holds_nobody_longer_than_its_time(start, new_backend, internet):
    gateway = start(backend("behind", new_backend().port) + domains("behind", "example.com") + internet.configuration
                    + 'rule "new" when not greylist.known then score 1 as "new"\n'
                    + 'rule "busy" when rate(client.ip, 1h) > 100000 then drop 421 4.7.1 "busy"\n',
                    changes={"redis": {"timeout": "400ms", "retry": "300ms"}})
    assert wait_until(lambda: gateway.pids("redis-server"))
    assert send(gateway.port, samples.clean(), "user@example.com").code == 250
    pid = gateway.pids("redis-server")[0]
    os.kill(pid, signal.SIGSTOP)
    try:
        clients = [Session(gateway.port, greeting=False) for _ in range(30)]
        for client in clients[::2]:
            client.close()
        for client in clients[1::2]:
            began = time.monotonic()
            assert client.reply().code == 220
            client.ehlo()
            client.envelope("user@example.com")
            assert client.data(samples.clean()).code == 250
            assert time.monotonic() - began < 4
            client.close()
    finally:
        os.kill(pid, signal.SIGCONT)


def test_a_delay_holds_only_who_earned_it_and_ends_with_the_gateway(start, new_backend):
    gateway = start(backend("behind", new_backend().port) + domains("behind", "example.com")
                    + 'rule "slowly" when sender.domain == "slow.example" then delay 1s\n'
                    + 'rule "very" when sender.domain == "very.example" then delay 50s\n',
                    changes={"timeouts": {"drain": "1s"}})
    with Session(gateway.port) as slow:
        slow.ehlo()
        began = time.monotonic()
        slow.expect("MAIL FROM:<a@slow.example>", 250)
        slow.send("RCPT TO:<user@example.com>\r\nRCPT TO:<second@example.com>\r\nRSET\r\nNOOP\r\n")
        assert send(gateway.port, samples.clean(), "user@example.com").code == 250
        assert time.monotonic() - began < 0.9
        assert [slow.reply().code for _ in range(4)] == [250] * 4
        assert 0.9 < time.monotonic() - began < 4
    with Session(gateway.port) as very:
        very.ehlo()
        very.send("MAIL FROM:<a@very.example>\r\nRCPT TO:<user@example.com>\r\n")
        assert gateway.stop() == 0
        with pytest.raises((Closed, OSError, AssertionError)):
            while True:
                very.reply()
