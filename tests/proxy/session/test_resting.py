# SPDX-License-Identifier: ISC
"""Sessions that wait for their client have given back what they can do without, and go on as if they had not."""
import time

import pytest

from lab import needs, samples
from lab.certs import Authority
from lab.dns_responder import Responder, late
from lab.gatepost import backend, certificate, domains
from lab.internet import LISTS
from lab.process import wait_until
from lab.smtp_client import Session, client_context

pytestmark = needs.root
SLOW = 0.5  # seconds
REST = 0.1  # seconds: a session rests after some hundredths
SESSIONS, AT_ONCE = 300, 10  # what is made at once is held at once, before it rests
CHANGES_EACH_TIME = {"client.port"}
MOST_KB = 26  # of a session over TLS; one that did not rest held 34
MOST_KB_NAMES = 10  # of one without TLS whose name was looked up, with what the cache has of it: some 8
NAMED = """
observe rule "names what is known before a message" when client.fcrdns and helo.fits_client and helo.valid and dnsbl.score >= 5
  and dnsbl.listed("bl.example") and rate(client.ip, 1h, connections) > 100000 then log "x"
rule "acts at HELO" when helo.is_ours then reject 550 5.7.1 "no"
"""


def private_kb(pid):
    with open("/proc/%d/smaps_rollup" % pid, encoding="ascii") as file:
        return sum(int(line.split()[1]) for line in file if line.startswith("Private_"))


@pytest.fixture
def gateway(start, new_backend, internet, run_dir):
    tls = certificate(Authority(run_dir / "tls-resting").certificate("mx.example.com"))
    return start(tls + backend("behind", new_backend().port) + domains("behind", "example.com") + internet.configuration + LISTS + NAMED,
                 implicit_tls=True, changes={"timeouts": {"command": "2s"}, "process": {"proxies": 1}})


def talk(gateway, source, pause):
    """Two messages in a session that has given another name first; its records."""
    before = len(gateway.decisions())
    with Session(gateway.port, source=source) as client:
        for name in ("other.example", "mail.good.example"):
            time.sleep(pause)
            client.ehlo(name)
        for _ in range(2):
            time.sleep(pause)
            client.expect("MAIL FROM:<a@good.example>", 250)
            time.sleep(pause)
            client.expect("RCPT TO:<user@example.com>", 250)
            assert client.data(samples.clean()).code == 250
        time.sleep(pause)
        client.expect("RCPT TO:<user@example.com>", 503)
        client.expect("QUIT", 221)
    assert wait_until(lambda: len(gateway.decisions()) >= before + 3)
    return gateway.decisions()[before:]


def known(record):
    return {name: value for name, value in record["facts"].items() if name not in CHANGES_EACH_TIME and not name.startswith("rate")}


def test_a_session_that_has_rested_knows_what_it_knew(gateway, internet):
    source = internet.address(10)
    talk(gateway, source, 0)  # names are in the cache from now on
    rested, at_once = talk(gateway, source, REST), talk(gateway, source, 0)
    assert [known(record) for record in rested] == [known(record) for record in at_once]
    assert rested[0]["facts"]["client.ptr"] == "mail.good.example" and rested[0]["facts"]["helo.resolves"] is True
    assert rested[0]["facts"]["dnsbl.score"] == 0


def test_what_a_session_may_ask_the_dns_is_not_more_for_having_rested(start, new_backend, internet):
    gateway = start(backend("behind", new_backend().port) + domains("behind", "example.com") + internet.configuration + LISTS + NAMED,
                    changes={"resolver": {"queries": "10"}})
    with Session(gateway.port, source=internet.address(10)) as client:
        for number in range(12):
            client.ehlo("n%d.good.example" % number)
            time.sleep(REST / 2)
        client.expect("MAIL FROM:<a@good.example>", 250)
        client.expect("RCPT TO:<user@example.com>", 250)
        assert client.data(samples.clean()).code == 250
    assert wait_until(gateway.decisions)
    assert gateway.decisions()[-1]["cost"]["client_dns"]["count"] == 10


def test_a_farewell_to_who_has_rested_is_recorded_with_what_he_said(gateway, internet):
    with Session(gateway.port, source=internet.address(10)) as client:
        client.ehlo("mail.good.example")
        assert client.reply().code == 421
    assert wait_until(gateway.decisions)
    record = gateway.decisions()[-1]
    assert record["stage"] == "helo" and record["helo"] == "mail.good.example" and "4.4.2 timeout" in record["reply"]
    assert record["facts"]["client.ip"] == internet.address(10) and record["facts"]["helo.valid"] is True


def test_starttls_after_a_rest(gateway, internet):
    with Session(gateway.port, source=internet.address(10)) as client:
        client.ehlo("mail.good.example")
        time.sleep(REST)
        client.starttls(client_context())
        time.sleep(REST)
        client.ehlo("mail.good.example")
        client.envelope("user@example.com")
        assert client.data(samples.clean()).code == 250


@pytest.mark.skipif(needs.SANITIZED, reason="sanitizers keep memory that was given back")
def test_a_session_that_waits_holds_little(gateway):
    with Session(gateway.tls_port, tls=client_context()) as first:
        first.ehlo()
    proxy = gateway.pids("gatepost-proxy")[0]
    time.sleep(REST)
    before = private_kb(proxy)
    held = []
    for _ in range(SESSIONS // AT_ONCE):
        held += [Session(gateway.tls_port, tls=client_context()) for _ in range(AT_ONCE)]
        time.sleep(REST)
    assert wait_until(lambda: (private_kb(proxy) - before) / SESSIONS < MOST_KB), (private_kb(proxy) - before) / SESSIONS
    for client in held:
        client.__exit__()


@pytest.fixture
def slow_names(start, new_backend):
    """A gateway that hears of its clients when their sessions have rested for long."""
    dns = Responder()
    dns.behaviours["*.slow.example"] = late(SLOW)
    dns.start()
    gateway = start(backend("behind", new_backend().port) + domains("behind", "example.com") + 'resolver { forward "%s" }\n' % dns.address + LISTS + NAMED,
                    changes={"process": {"proxies": 1}})
    yield gateway
    dns.stop()


@pytest.mark.skipif(needs.SANITIZED, reason="sanitizers keep memory that was given back")
def test_what_is_found_out_while_a_session_rests_takes_as_little(slow_names):
    proxy, held = slow_names.pids("gatepost-proxy")[0], []
    with Session(slow_names.port, source="127.1.0.1") as first:
        first.ehlo()
    time.sleep(REST)
    before = private_kb(proxy)
    for number in range(SESSIONS):
        held.append(Session(slow_names.port, source="127.%d.0.2" % (1 + number % 250)))
        held[-1].ehlo("n%d.slow.example" % number)
        if number % AT_ONCE == 0:  # what is found out at once is held at once
            time.sleep(SLOW + REST)
    assert wait_until(lambda: (private_kb(proxy) - before) / SESSIONS < MOST_KB_NAMES), (private_kb(proxy) - before) / SESSIONS
    for client in held:
        client.__exit__()
