# SPDX-License-Identifier: ISC
"""STLS: nothing that was said in plaintext lives on in the encrypted session, on either leg."""
import json
import time

import pytest

from lab import needs, users
from lab.backend import CLOSE, server_context
from lab.gatepost import Gatepost, backend, running
from lab.pop3_client import Session, connected, plain
from lab.pop3_logins import by_user_pass
from lab.pop3_stub import Pop3Stub
from lab.process import wait_until
from lab.smtp_client import Closed

pytestmark = needs.root

FILE = ("smtp", "starttls_injection.json")
MAIL = b"Subject: inside\r\n\r\nTLS\r\n"
INJECTED = b"+OK\r\nSASL PLAIN\r\nINJECTED\r\n.\r\n"
LATER = 0.2  # seconds, until the octets before are another segment


def corpus():
    cases = json.loads(needs.corpus(*FILE).read_text())
    return {side: {case["id"]: case for case in cases[side] if case["proto"] == "pop3"} for side in ("server_side", "client_side")}


def test_every_pop3_case_of_the_corpus_is_tested_here():
    assert {side: set(cases) for side, cases in corpus().items()} == {
        "server_side": {"pop3-stls-user", "pop3-user-plaintext"}, "client_side": {"pop3-resp-suffix"}}


@pytest.fixture(scope="module")
def server(authority):
    """A server that offers STLS and takes any password; in its script is what this test wants of it."""
    stub = Pop3Stub([MAIL], password=None, context=server_context(authority.certificate("behind.example.com"))).start()
    yield stub
    stub.stop()


@pytest.fixture(scope="module")
def site(run_dir, server, certified):
    """Nobody logs in to it without TLS, and it does not log in without TLS."""
    gateway = Gatepost(run_dir / "stls", certified + backend("behind", pop3=["%d tls required" % server.port]), pop3="require_tls  backend behind",
                       changes={"timeouts": {"backend": "1s", "connect": "1s", "handshake": "2s"}})
    with running(gateway):
        yield gateway


@pytest.fixture
def session(site, server):
    server.forget()
    with Session(site.pop3_port) as client:
        yield client


@pytest.fixture
def behind(session, server):
    return server


# ---- the client's side


def in_plaintext(session, case):
    """What the case sends before TLS; what each but the last was told."""
    *lines, last = case["plaintext"]
    told = [session.command(line.rstrip("\r\n")) for line in lines]
    session.send(last)
    return told


def test_a_user_behind_stls_is_none(session):  # pop3-stls-user
    case = corpus()["server_side"]["pop3-stls-user"]
    in_plaintext(session, case)
    assert session.status().startswith(b"+OK")
    session.handshake()
    assert session.silent(0.3), "what stood behind STLS was answered in TLS"
    session.expect(case["probe"].rstrip("\r\n"), "-ERR")


def test_where_tls_is_required_a_user_is_refused_and_not_offered(session):  # pop3-user-plaintext
    in_plaintext(session, corpus()["server_side"]["pop3-user-plaintext"])
    assert session.status().startswith(b"-ERR")
    assert not {"USER", "SASL"} & set(session.capabilities())


WHOLE_LOGIN = b"USER user@example.com\r\nPASS %s\r\nSTAT\r\n" % users.PASSWORD.encode()


@pytest.mark.parametrize("behind_stls", [b"CAPA\r\n", b"QUIT\r\n", b"AUTH PLAIN\r\n", b"AUTH PLAIN " + plain("user@example.com") + b"\r\n", WHOLE_LOGIN,
                                         b"USER user@exam", b"\r\n" * 50, b"NOOP\r\n" * 1000],
                         ids=["CAPA", "QUIT", "AUTH", "a login", "another login", "half a line", "blank lines", "much"])
def test_whatever_stands_behind_stls_is_thrown_away(behind_stls, session, behind):
    session.send(b"STLS\r\n" + behind_stls)
    assert session.status().startswith(b"+OK")
    try:
        session.handshake()
    except (OSError, Closed):  # what came too late for that is no handshake
        assert len(behind_stls) > 1000
        return
    assert session.silent(0.3), "what stood behind STLS was answered in TLS"
    session.expect("STAT", "-ERR")
    session.login()
    assert [login.user for login in behind.logins] == ["user@example.com"]


def test_what_there_is_is_asked_again_and_told_anew(session):
    before = session.capabilities()
    session.stls()
    inside = session.capabilities()
    assert "STLS" in before and "STLS" not in inside
    assert not {"USER", "SASL"} & set(before) and {"USER", "SASL"} <= set(inside)


# ---- the side of the server behind


def login(site):
    """What a login in TLS is told, and what there is then."""
    with connected(site, "stls") as session:
        told = by_user_pass(session, "user@example.com", "a-secret")
        return told, session.capabilities() if told.startswith(b"+OK") else {}


def check_inside(told, capabilities, server):
    """Either it is refused, or everything was said anew in TLS."""
    assert told.startswith(b"-ERR [SYS/TEMP]") or [login.tls for login in server.logins] == [True]
    assert "INJECTED" not in capabilities
    plaintext = server.commands[:server.commands.index(b"STLS") + 1] if b"STLS" in server.commands else server.commands
    assert not any(line.startswith((b"USER", b"PASS", b"AUTH")) for line in plaintext), plaintext


def test_what_a_server_says_behind_its_answer_to_stls_is_not_believed(site, behind):  # pop3-resp-suffix
    greeting, capabilities, stls = corpus()["client_side"]["pop3-resp-suffix"]["server"]
    behind.script.update({"CONNECT": [greeting.encode()], "CAPA": lambda session, _: None if session.tls else [capabilities.encode()],
                          "STLS": [stls.encode()]})
    check_inside(*login(site), behind)


@pytest.mark.parametrize("answers", [
    [b"+OK begin\r\n" + INJECTED], [b"+OK begin\r\n", LATER, INJECTED], [b"+OK be", LATER, b"gin\r\n" + INJECTED], [INJECTED],
    [b"+OK begin\r\n" + b"+OK injected\r\n" * 3000], [b"+OK begin\r\n+OK hal"], [b"+OK begin\r\n\x15\x03\x01\x00\x02\x01\x00"], [b"+OK begin\r\n", CLOSE]],
    ids=["at once", "later", "in two", "lines", "much", "half a line", "an alert", "the end"])
def test_whatever_a_server_says_in_plaintext_is_not_believed(answers, site, behind):
    behind.script["STLS"] = answers
    began = time.monotonic()
    check_inside(*login(site), behind)
    assert time.monotonic() - began < 6


@pytest.mark.parametrize("greeting", [b"+OK hello\r\n+OK begin TLS\r\n", b"+OK hello\r\n-ERR no TLS\r\n",
                                      b"+OK hello\r\n+OK\r\n+OK\r\n+OK logged in\r\n" + INJECTED], ids=["STLS", "no TLS", "a login"])
def test_what_a_server_says_before_it_is_asked_is_no_answer(greeting, site, behind):
    behind.script["CONNECT"] = [greeting]
    check_inside(*login(site), behind)


def test_what_there_is_behind_is_asked_in_tls(site, behind):
    behind.script["CAPA"] = lambda session, _: None if session.tls else [b"+OK\r\nINJECTED\r\nEXPIRE 0\r\n.\r\n"]
    told, capabilities = login(site)
    assert told.startswith(b"+OK") and "UIDL" in capabilities and not {"INJECTED", "EXPIRE"} & set(capabilities)


def test_the_gateway_is_well_behind_all_that(site, behind):
    proxies = site.pids("gatepost-proxy")
    with connected(site, "stls") as session:
        session.login()
        assert session.message(1) == MAIL
    assert wait_until(lambda: behind.open == 0) and site.pids("gatepost-proxy") == proxies
