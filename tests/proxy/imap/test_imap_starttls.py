# SPDX-License-Identifier: ISC
"""IMAP where TLS is required on both legs: before it nothing is said that matters, and nothing that was said in plaintext is believed, or
answered, in it. (More of what a server says before TLS, and what a client says behind STARTTLS: test_imap_hostile.py.)"""
import json
import ssl
import time

import pytest

from lab import east, needs, samples
from lab.backend import server_context
from lab.gatepost import Gatepost, backend, running
from lab.imap_client import EAGER, PLUS, WAIT, Literal, Session, plain
from lab.imap_stub import TAG, ImapStub
from lab.process import wait_until
from lab.smtp_client import client_context

CHANGES = {"timeouts": {"backend": "1s", "response": "1s", "connect": "1s", "handshake": "2s"}}
USER = "user@example.com"
MAIL = samples.clean("inside")
SOON = 6  # seconds

pytestmark = pytest.mark.usefixtures("no_proxy_dies")


# ---- servers


SCRIPTS = sorted((needs.CORPORA / "smtp" / "east-fake-server" / "testcases" / "imap").rglob("*.ron"))
EAST = {"%s-%s" % (path.parent.name, path.stem): path for path in SCRIPTS}


@pytest.fixture(scope="module")
def servers(authority):
    """{name: server}: "behind" behaves, the others as EAST's scripts say. All offer STARTTLS but those of which the script says otherwise, and
    take any password."""
    context = server_context(authority.certificate("behind.example.com"))
    stubs = {"behind": ImapStub([MAIL], password=None, context=context).start()}
    for number, path in enumerate(EAST.values()):
        script, offers_tls = east.load_imap(path)
        script = {verb: [part.replace(b"<tag>", TAG) if isinstance(part, bytes) else part for part in action] if isinstance(action, list) else action
                  for verb, action in script.items()}
        stubs["east_%d" % number] = ImapStub([MAIL], script, password=None, context=context if offers_tls else None).start()
    yield stubs
    for stub in stubs.values():
        stub.stop()


@pytest.fixture(scope="module")
def site(run_dir, servers, certified):
    """NAME@required.example is sent to the server NAME in TLS or not at all, NAME@offered.example in TLS where it offers that."""
    needs.to_be_root("Gatepost's parent")
    ways = {"required": "required", "offered": "opportunistic"}
    body = certified + "".join(backend("%s_%s" % (name, way), imap=["%d tls %s" % (stub.port, word)])
                               for name, stub in servers.items() for way, word in ways.items())
    options = "".join('  users { "%s@%s.example" } backend %s_%s\n' % (name, way, name, way) for name in servers for way in ways)
    gateway = Gatepost(run_dir / "imap-starttls", body, changes=CHANGES, implicit_tls=True, imap="require_tls  backend behind_required\n" + options)
    with running(gateway):
        yield gateway


@pytest.fixture
def behind(servers):
    servers["behind"].forget()
    return servers["behind"]


@pytest.fixture
def session(site, behind):
    with Session(site.imap_port, timeout=SOON) as client:
        yield client


def corpus():
    cases = json.loads(needs.corpus("smtp", "starttls_injection.json").read_text())
    return {side: {case["id"]: case for case in cases[side] if case["proto"] == "imap"} for side in ("server_side", "client_side")}


def test_every_imap_case_of_the_corpus_is_tested_here():
    assert {side: set(cases) for side, cases in corpus().items()} == {
        "server_side": {"imap-starttls-noop", "imap-starttls-login", "imap-starttls-literal", "imap-login-plaintext"},
        "client_side": {"imap-preauth", "imap-referral", "imap-alert"}}


# ---- the client's side


@pytest.mark.parametrize("name", ["imap-starttls-noop", "imap-starttls-login", "imap-starttls-literal"])
def test_what_stands_behind_starttls_is_answered_neither_before_nor_in_it(name, session, behind):
    case = corpus()["server_side"][name]
    session.send(case["plaintext"][0])
    assert session.response().startswith(b"A OK")
    session.handshake()
    session.send(case["probe"])
    came = session.responses("C")
    assert [response[:2] for response in came if not response.startswith(b"*")] == [b"C "]
    session.expect("SELECT INBOX", status="BAD")
    session.login(USER, "any")
    assert [login.user for login in behind.logins] == [USER]


def test_where_tls_is_required_no_login_is_offered_or_taken_without(session, behind):
    before, login = corpus()["server_side"]["imap-login-plaintext"]["plaintext"]
    session.send(before)
    words = b"".join(session.responses("A")).split()
    assert b"LOGINDISABLED" in words and b"STARTTLS" in words and not any(word.startswith(b"AUTH=") for word in words)
    session.send(login)
    assert session.responses("B")[-1].startswith(b"B NO [PRIVACYREQUIRED]")
    assert behind.connections == 0


@pytest.mark.parametrize("command", [
    ("AUTHENTICATE PLAIN",), (b"AUTHENTICATE PLAIN " + plain(USER),), ("AUTHENTICATE XOAUTH2 dXNlcj1h",), ("AUTHENTICATE LOGIN",),
    *[("LOGIN ", Literal(USER.encode(), way), " ", Literal(b"any", way)) for way in (WAIT, PLUS, EAGER)],
    ('LOGIN "%s" "any"' % USER,)], ids=["a mechanism", "with a response", "a token", "two steps", "literals", "more literals", "eager literals", "quotes"])
def test_no_way_of_saying_a_password_is_taken_without_tls(command, session, behind):
    assert session.command(*command)[-1].split(b" ", 1)[1].startswith(b"NO [PRIVACYREQUIRED]")
    session.expect("SELECT INBOX", status="BAD")
    assert behind.connections == 0
    session.starttls()
    session.login(USER, "any")


def test_what_there_is_is_asked_again_and_told_anew(session):
    before = session.capabilities()
    session.starttls()
    inside = session.capabilities()
    assert {"STARTTLS", "LOGINDISABLED"} <= before and not {"STARTTLS", "LOGINDISABLED"} & inside
    assert "AUTH=PLAIN" in inside
    session.expect("STARTTLS", status="BAD")


def test_what_is_half_said_before_tls_is_forgotten_in_it(session):
    session.send(b"a1 STARTTLS\r\na2 LOGIN {4}")
    assert session.response().startswith(b"a1 OK")
    session.handshake()
    session.send(b"\r\n")
    session.expect("NOOP")


# ---- TLS itself


@pytest.mark.parametrize("words", [["smtp"], ["pop3"], ["h2", "http/1.1"], ["IMAP"], ["imaps"]])
@pytest.mark.parametrize("tls", ["starttls", "imaps"])
def test_another_protocols_alpn_is_refused(tls, words, site, behind):
    context = client_context()
    context.set_alpn_protocols(words)
    with pytest.raises((ssl.SSLError, ConnectionError)):
        secured(site, tls, context)
    assert behind.connections == 0


@pytest.mark.parametrize("words, chosen", [(["imap"], "imap"), (["h2", "imap"], "imap"), (None, None)], ids=["its own", "its own and another", "none"])
@pytest.mark.parametrize("tls", ["starttls", "imaps"])
def test_its_own_alpn_is_taken(tls, words, chosen, site, behind):
    context = client_context()
    if words:
        context.set_alpn_protocols(words)
    with secured(site, tls, context) as session:
        assert session.socket.selected_alpn_protocol() == chosen
        session.login(USER, "any")


def secured(site, tls, context):
    if tls == "imaps":
        return Session(site.imaps_port, tls=context)
    session = Session(site.imap_port)
    session.starttls(context)
    return session


# ---- the side of the server behind


def login(site, user=USER):
    """What a login is told, and all that was said before it and in it."""
    with Session(site.imaps_port, tls=client_context(), timeout=SOON) as session:
        before = session.greeting + b"".join(session.command("CAPABILITY"))
        told = session.command('LOGIN %s "a-secret"' % user)
        read = session.select() and session.message(1) if told[-1].split()[1] == b"OK" else None
    return told[-1].split(b" ", 1)[1], before + b"".join(told), read


def check_inside(told, read, server):
    """Either it is refused for now, or everything was said anew in TLS."""
    assert told.startswith(b"NO [UNAVAILABLE]") and read is None or [it.tls for it in server.logins] == [True] and read == MAIL, told
    starts = [at for at, line in enumerate(server.commands) if line.upper().endswith(b" STARTTLS")]
    plaintext = server.commands[:starts[0] + 1] if starts else server.commands
    assert not any(word in line.upper() for line in plaintext for word in (b"LOGIN", b"AUTHENTICATE", b"A-SECRET")), plaintext


GREETINGS = {
    "imap-preauth": lambda: corpus()["client_side"]["imap-preauth"]["server"][0].encode(),
    "PREAUTH and an answer": lambda: b"* PREAUTH [CAPABILITY IMAP4rev1 STARTTLS] hi\r\ngp OK begin\r\n",
    "an answer": lambda: b"* OK hi\r\ngp OK begin\r\n", "another answer": lambda: b"* OK hi\r\ngp BAD no TLS\r\n",
    "all answers": lambda: b"* OK hi\r\ngp OK begin\r\ngp OK\r\ngp OK in\r\n* 1 EXISTS\r\n",
    "no STARTTLS": lambda: b"* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] hi\r\n",
}


@pytest.mark.parametrize("name", GREETINGS)
def test_whatever_a_server_greets_with_where_tls_is_required_nobody_is_let_in_without(name, site, behind):
    behind.script["CONNECT"] = [GREETINGS[name]()]
    began = time.monotonic()
    told, _, read = login(site)
    check_inside(told, read, behind)
    assert "PREAUTH" not in GREETINGS[name]().decode() or read is None
    assert time.monotonic() - began < SOON


def test_a_referral_is_not_followed_and_not_shown(site, behind):
    *_, referral = corpus()["client_side"]["imap-referral"]["server"]
    behind.script["LOGIN"] = behind.script["AUTHENTICATE"] = [referral.encode().replace(b"<tag>", TAG)]
    told, seen, _ = login(site)
    assert told.startswith(b"NO") and b"attacker" not in seen and b"REFERRAL" not in seen


@pytest.mark.parametrize("where", ["CONNECT", "STARTTLS"])
def test_an_alert_that_was_said_in_plaintext_is_not_shown(where, site, behind):
    alert = corpus()["client_side"]["imap-alert"]["server"][0].encode()
    behind.script[where] = [alert if where == "CONNECT" else alert + TAG + b" OK begin\r\n"]
    told, seen, read = login(site)
    check_inside(told, read, behind)
    assert read == MAIL and b"attacker" not in seen


# ---- EAST's servers

INJECTED = (b"7XiYhgS7", b"jcaZji2A", b"YFlgClUY", b"718001", b"54321", b"12345", b"Injected", b"Click me", b"Attacker", b"example.org", b"MyF21bpV",
            b"uNiQTghK", b"z7fkPNEe", b"CsOKx3Fj", b"x0SLC4wJ", b"oxii684O", b"EXPUNGE")


@pytest.mark.skipif(not EAST, reason="corpus smtp/east-fake-server is not here")
@pytest.mark.parametrize("way", ["required", "offered"])
@pytest.mark.parametrize("name", EAST)
def test_an_odd_server_gives_its_mail_or_an_error_soon(name, way, site, servers):
    server_name = "east_%d" % list(EAST).index(name)
    server, began = servers[server_name], time.monotonic()
    script = dict(server.script)
    server.forget()
    server.script.update(script)
    told, seen, read = login(site, "%s@%s.example" % (server_name, way))
    if way == "required":
        check_inside(told, read, server)
    assert told.startswith((b"OK", b"NO [")) and read in (MAIL, None)
    assert not any(word in seen for word in INJECTED), seen
    assert time.monotonic() - began < SOON


def test_the_gateway_is_well_behind_all_that(site, behind):
    with Session(site.imap_port) as session:
        session.starttls()
        session.login(USER, "any")
        session.select()
        assert session.message(1) == MAIL
    assert wait_until(lambda: behind.open == 0)
