# SPDX-License-Identifier: ISC
"""What is found out about a sender while others do what they can to keep it from being found out: name servers that are slow,
say too much or nothing, scanners that are busy. The rule is always the same: bank.example wants mail in its name refused."""
import contextlib
import os
import signal
import time

import pytest

from lab import needs, samples
from lab.dns_responder import Responder, never, truncated
from lab.gatepost import backend, domains
from lab.process import wait_until
from lab.smtp_client import Session

pytestmark = pytest.mark.skipif(not needs.IS_ROOT, reason="needs root: Gatepost's parent")

REJECT = """rule "forged" when spf.result != pass and dmarc.result == fail and dmarc.policy == reject
  then reject 550 5.7.26 "{dmarc.domain} says no"
"""
GREYLIST = 'rule "first contact" when spf.result != pass and not greylist.known then defer 451 4.7.1 "greylisted"\n'
RECIPIENTS = 'rule "many" when spf.result != pass and rate(client.ip, 1h, recipients) > 2 then defer 451 4.7.1 "slow down"\n'
PATIENCE = "1500ms"


@pytest.fixture
def dns():
    responder = Responder()
    responder.add("_dmarc.bank.example", "TXT", '"v=DMARC1; p=reject"')
    responder.add("evil.example", "TXT", '"v=spf1 -all"')
    yield responder.start()
    responder.stop()


@pytest.fixture
def site(start, new_backend, dns):
    """site(policy) starts a gateway that asks `dns`."""
    def make(policy, changes=None):
        server = new_backend()
        body = backend("behind", server.port) + domains("behind", "example.com") + policy
        body += 'resolver { forward "%s" }\n' % dns.address
        gateway = start(body, changes={"resolver": {"patience": PATIENCE, "timeout": "4s"}, **(changes or {})})
        gateway.behind = server
        return gateway
    return make


def forged(sender="ceo@bank.example"):
    return samples.octets(samples.message("hello", "Hello.\n", sender=sender))


def envelope(client, sender="joe@evil.example"):
    client.ehlo("client.test")
    client.expect("MAIL FROM:<%s>" % sender, 250)
    client.expect("RCPT TO:<user@example.com>", 250)


def deliver(gateway, message, sender="joe@evil.example"):
    with Session(gateway.port) as client:
        envelope(client, sender)
        return client.data(message)


def facts(gateway):
    assert wait_until(gateway.decisions)
    return gateway.decisions()[-1]["facts"]


def test_of_a_sender_who_comes_again_all_names_are_asked_at_once(site, dns):
    dns.ttl = 0
    dns.add("evil.example", "TXT", '"v=spf1 include:a.evil.example -all"')
    dns.add("a.evil.example", "TXT", '"v=spf1 include:b.evil.example -all"')
    dns.add("b.evil.example", "TXT", '"v=spf1 ip4:127.0.0.1 -all"')
    gateway = site(REJECT, {"process": {"proxies": 1}})
    assert deliver(gateway, forged("joe@evil.example")).code == 250
    assert facts(gateway)["spf.result"] == "pass"
    assert dns.count("b.evil.example", "TXT") == 1
    dns.behaviours["evil.example"] = never
    with Session(gateway.port) as client:
        client.ehlo("client.test")
        client.expect("MAIL FROM:<joe@evil.example>", 250)
        assert wait_until(lambda: dns.count("b.evil.example", "TXT") == 2)


def test_large_answers_do_not_hide_what_dmarc_says(site, dns):
    names = ["n%d.evil.example" % n for n in range(10)]
    filler = " ".join('"%s"' % ("ip4:192.0.2.1 " * 18) for _ in range(60))
    dns.records["evil.example", "TXT"] = ['"v=spf1 %s -all"' % " ".join("include:" + name for name in names)]
    for name in ["client.test"] + names:
        dns.add(name, "TXT", '"v=spf1 " %s "-all"' % filler, behaviour=truncated)
    gateway = site(REJECT)
    reply = deliver(gateway, forged())
    assert (reply.code, reply.enhanced) == (550, "5.7.26")
    assert facts(gateway)["spf.result"] == "fail"


def test_rules_that_name_header_fields_know_the_sender_as_well(site, dns):
    """Who is asked about alone, before the message, and beside it."""
    marked = 'rule "marked" when header["X-Case"] == "reject" then reject 550 5.7.1 "marked"\n'
    gateway = site(marked + REJECT)
    reply = deliver(gateway, forged())
    assert (reply.code, reply.enhanced) == (550, "5.7.26")
    assert facts(gateway)["spf.result"] == "fail"
    assert "scan failed" not in gateway.log()


def test_a_slow_name_server_does_not_silence_redis(site, dns):
    dns.add("slow.example", "TXT", "never", behaviour=never)
    gateway = site(GREYLIST)
    with Session(gateway.port) as client:
        client.ehlo("client.test")
        client.expect("MAIL FROM:<a@slow.example>", 250)
        for _ in range(3):
            assert client.expect("RCPT TO:<user@example.com>", 451).enhanced == "4.7.1"


def test_a_slow_name_server_does_not_stop_the_counting(site, dns):
    dns.add("slow.example", "TXT", "never", behaviour=never)
    gateway = site(RECIPIENTS)
    with Session(gateway.port) as client:
        client.ehlo("client.test")
        client.expect("MAIL FROM:<a@slow.example>", 250)
        codes = [client.command("RCPT TO:<user%d@example.com>" % n).code for n in range(4)]
    assert codes == [250, 250, 451, 451]


def test_one_slow_list_does_not_silence_the_others(start, new_backend, dns):
    dns.add("test.fast.example", "A", "127.0.0.2").add("test.slow.example", "A", "127.0.0.2")
    dns.add("bad.example.fast.example", "A", "127.0.0.2")
    dns.behaviours["bad.example.slow.example"] = never
    lists = "".join('blocklist domain "%s.example" { "127.0.0.2" weight 5 }\n' % name for name in ("slow", "fast"))
    rule = 'rule "listed" when domains.sender_score >= 5 then reject 550 5.7.1 "listed"\n'
    server = new_backend()
    body = backend("behind", server.port) + domains("behind", "example.com") + lists + rule
    gateway = start(body + 'resolver { forward "%s" }\n' % dns.address, changes={"resolver": {"patience": PATIENCE, "timeout": "4s"}})
    with Session(gateway.port) as client:
        client.ehlo("client.test")
        client.expect("MAIL FROM:<a@bad.example>", 250)
        client.expect("RCPT TO:<user@example.com>", 550)


@pytest.fixture
def stopped(site):
    """stopped(gateway): the scanner stands still until it is woken: stopped(gateway)()."""
    held = []

    def stop(gateway):
        worker, = gateway.workers("gatepost-scan")
        os.kill(worker, signal.SIGSTOP)
        held.append(worker)

        def wake():
            os.kill(held.pop(), signal.SIGCONT)
        return wake
    yield stop
    for worker in held:
        with contextlib.suppress(ProcessLookupError):
            os.kill(worker, signal.SIGCONT)


def test_an_answer_about_spf_alone_that_comes_after_the_dot_is_not_taken_for_all(site, dns, stopped):
    gateway = site(REJECT)
    with Session(gateway.port) as client:
        wake = stopped(gateway)
        envelope(client)
        assert wait_until(lambda: dns.count("evil.example"))
        time.sleep(0.2)
        client.expect("DATA", 354)
        client.send(forged() + b".\r\n")
        time.sleep(0.3)
        wake()
        assert client.reply().code == 550


def test_a_busy_scanner_does_not_hide_what_dmarc_says(site, stopped):
    gateway = site(REJECT)
    with Session(gateway.port) as client:
        envelope(client)
        client.expect("DATA", 354)
        wake = stopped(gateway)
        client.send(forged() + b".\r\n")
        assert client.silent(2.5)
        wake()
        assert client.reply().code == 550


def test_a_scanner_that_fails_lets_no_forger_in(site, stopped):
    """Nobody has looked at who sent it: the message comes again."""
    gateway = site(REJECT, changes={"timeouts": {"verdict": "2s", "scan": "1s"}})
    with Session(gateway.port) as client:
        envelope(client)
        client.expect("DATA", 354)
        wake = stopped(gateway)
        client.send(forged() + b".\r\n")
        assert client.reply().code == 451
        wake()
    assert "scan failed" in gateway.log()


def test_without_any_dns_nobody_waits(start, new_backend, own_dir):
    """Nothing was asked, so there is nothing to wait for."""
    server = new_backend()
    gateway = start(backend("behind", server.port) + domains("behind", "example.com") + REJECT,
                    changes={"resolver": {"patience": "20s", "resolv_conf": '"%s/none"' % own_dir}})
    assert "no DNS" in gateway.log()
    began = time.monotonic()
    assert deliver(gateway, forged()).code == 250
    assert time.monotonic() - began < 5
