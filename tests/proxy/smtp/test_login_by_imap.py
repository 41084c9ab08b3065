# SPDX-License-Identifier: ISC
"""Users who log in to send where the server behind has mailboxes and takes no mail (login_by imap): it says who may, and a relay takes what they send."""
import base64
import contextlib
import hashlib
import hmac
import json
import os
import re
import signal
import smtplib
import time

import pytest

from lab import needs, users
from lab.backend import CLOSE, HANG, server_context
from lab.courier import Courier
from lab.dovecot import Dovecot
from lab.gatepost import backend, certificate, check_configuration, domains
from lab.imap_stub import CAPABILITIES, TAG, ImapStub
from lab.ports import free_port
from lab.process import children, wait_until
from lab.scram import Scram
from lab.smtp_client import client_context
from lab.submitters import ELSEWHERE, PASSWORD, RIGHT, USER, Site, coded, letter, plain, program

WITHOUT_PLAIN = tuple(word for word in CAPABILITIES if not word.startswith("AUTH=") and word != "SASL-IR")
TIRED = 'rule "tired" when login.user_failures >= 2 then defer 454 4.7.0 "rest a little"\n'


@pytest.fixture
def new_imap(authority):
    started = []

    def go(script=None, password=PASSWORD, **how):
        how.setdefault("context", server_context(authority.certificate("behind.example.com")))
        started.append(ImapStub(script=script, password=password, **how).start())
        return started[-1]
    yield go
    for server in started:
        server.stop()


@pytest.fixture
def before(start, new_backend, authority):
    """A gateway that asks these servers about logins; what is sent goes to its relay."""
    def go(imap=(), imaps=(), options="", rules="", changes=None):
        out, relay = free_port(), new_backend()
        body = certificate(authority.certificate("mx.example.com", "localhost"))
        body += 'listen submission on "127.0.0.1:%d" { starttls  backend mailboxes  login_by imap  relay smart  %s }\n' % (out, options)
        body += backend("mailboxes", imap=imap, imaps=imaps, options="") + backend("smart", relay.port) + rules
        changes = {"process": {"proxies": 1}, "tls": {"ca_file": '"%s"' % authority.ca}, **(changes or {})}
        it = Site(start(body, changes=changes), out, relay)
        it.relay = relay
        return it
    return go


@pytest.fixture
def site(new_imap, before):
    """The same before one scripted server."""
    def go(script=None, capabilities=CAPABILITIES, tls="tls required", password=PASSWORD, **how):
        imap = new_imap(script, password=password, capabilities=capabilities)
        it = before(["%d %s" % (imap.port, tls)], **how)
        it.imap = imap
        return it
    return go


def said(it):
    """What the server was told to log in, without tags."""
    return [line.partition(b" ")[2].decode("latin-1") if line.startswith(b"gp") else line.decode("latin-1")
            for line in it.imap.commands if not re.match(rb"gp\d* (CAPABILITY|STARTTLS|LOGOUT)", line)]


def answer_to(session, *lines):
    for line in lines:
        reply = session.command(line)
    return reply.code, reply.enhanced


# ---- who is let in ----

def test_who_the_server_lets_in_sends_by_the_relay_and_nobody_stays_logged_in(site):
    it = site()
    with it.logged_in() as session:
        assert wait_until(lambda: "LOGOUT" in it.imap.verbs() and not it.imap.open)
        for _ in range(2):
            session.envelope(ELSEWHERE, sender=USER)
            assert session.data(b"Subject: leaves\r\n\r\nhello\r\n").code == 250
    assert [message.recipients for message in it.relay.messages] == [[ELSEWHERE]] * 2
    assert [(login.user, login.password, login.tls) for login in it.imap.logins] == [(USER, PASSWORD, True)]
    record = it.gateway.decisions()[-1]
    assert (record["login"], record["direction"], record["verdict"]) == (USER, "outbound", "accept")
    assert PASSWORD not in it.gateway.log() and RIGHT not in it.gateway.log()


def test_rules_are_told_who_he_is_and_whose_address_he_writes(site):
    it = site(options='login_domain "example.com"  senders { "sales@example.com" -> "joe" }',
              rules='rule "envelope" when login.owns_sender == false then reject 553 5.7.1 "that is not your address"\n'
                    'rule "who" when login.mechanism == "plain" and rate(account.name, 1h, recipients) == 1 then header add "X-Who" "{login.user} {account.name}"\n')
    with it.logged_in(plain("joe", PASSWORD)) as session:
        session.envelope(ELSEWHERE, sender="sales@example.com")
        assert session.data(b"Subject: leaves\r\n\r\nhello\r\n").code == 250
        session.expect("MAIL FROM:<boss@example.com>", 250)
        assert session.command("RCPT TO:<%s>" % ELSEWHERE).code == 553
    assert b"X-Who: joe@example.com joe@example.com\r\n" in it.relay.messages[0].content
    assert it.imap.logins[0].user == "joe"


@pytest.mark.parametrize("lines", [["AUTH PLAIN " + RIGHT], ["AUTH PLAIN", RIGHT], ["AUTH LOGIN", coded(USER), coded(PASSWORD)]])
@pytest.mark.parametrize("capabilities, expected", [
    (CAPABILITIES, ["AUTHENTICATE PLAIN " + RIGHT]),
    (("IMAP4rev1", "LOGINDISABLED", "AUTH=PLAIN"), ["AUTHENTICATE PLAIN"]),
    (WITHOUT_PLAIN, ['LOGIN "%s" "%s"' % (USER, PASSWORD)])])
def test_a_password_is_told_the_way_that_the_server_has(site, lines, capabilities, expected):
    it = site(capabilities=capabilities)
    with it.session() as session:
        assert answer_to(session, *lines)[0] == 235
    assert said(it) == expected
    assert (it.imap.logins[0].user, it.imap.logins[0].password) == (USER, PASSWORD)


@pytest.mark.parametrize("user, password", [
    (USER, 'with "quotes" and \\ and {5} and blanks '), (USER, "pässwört"), ("jö@example.com", "plain"), ('"jo\\"', "*"), (USER, "x" * 1000), (USER, "ü" * 500)])
@pytest.mark.parametrize("capabilities", [CAPABILITIES, WITHOUT_PLAIN])
def test_any_password_arrives_as_it_is(site, capabilities, user, password):
    it = site(capabilities=capabilities, password=password)
    with it.session() as session:
        assert answer_to(session, "AUTH PLAIN " + plain(user, password))[0] == 235
        assert answer_to(session, "NOOP")[0] == 250
    assert [(login.user, login.password) for login in it.imap.logins] == [(user, password)]


def test_a_server_that_has_only_the_mechanism_login_is_told_by_that(site):
    def login(session, line):
        answers = [base64.b64decode(session._asked(challenge)) for challenge in (b"VXNlcm5hbWU6", b"UGFzc3dvcmQ6")]
        return session._login(*answers)
    it = site({"AUTHENTICATE": login}, capabilities=("IMAP4rev1", "LOGINDISABLED", "AUTH=LOGIN"))
    assert it.sends().code == 250
    assert said(it) == ["AUTHENTICATE LOGIN"] and it.imap.logins


@pytest.mark.parametrize("capabilities, response", [(("IMAP4rev1", "LOGINDISABLED", "AUTH=CRAM-MD5"), RIGHT), (WITHOUT_PLAIN, plain(USER, PASSWORD, "boss@example.com"))])
def test_a_server_that_takes_no_such_login_hears_no_password(site, capabilities, response):
    it = site(capabilities=capabilities)
    with it.session() as session:
        assert answer_to(session, "AUTH PLAIN " + response) == (504, "5.5.4")
        assert answer_to(session, "MAIL FROM:<user@example.com>")[0] == 530
    assert not said(it)


def test_who_acts_for_another_is_let_in_by_plain(site):
    it = site()
    with it.session() as session:
        assert answer_to(session, "AUTH PLAIN " + plain(USER, PASSWORD, "boss@example.com"))[0] == 235
    assert said(it) == ["AUTHENTICATE PLAIN " + plain(USER, PASSWORD, "boss@example.com")]


def test_what_the_server_offers_counts_once_tls_stands(new_imap, before):
    def offers(session, _):
        has = b"AUTH=PLAIN SASL-IR" if session.tls else b"LOGINDISABLED AUTH=XOAUTH2"
        return [b"* CAPABILITY IMAP4rev1 STARTTLS " + has + b"\r\n" + TAG + b" OK done\r\n"]
    imap = new_imap({"CAPABILITY": offers, "CONNECT": [b"* OK [CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED] ready\r\n"]})
    it = before(['%d tls verify "behind.example.com"' % imap.port])
    assert it.sends().code == 250
    assert [login.tls for login in imap.logins] == [True]


# ---- mechanisms that pass ----

def passes(*challenges, right):
    """An AUTHENTICATE with these challenges; `right` is what lets in when it comes last."""
    def authenticate(session, line):
        words = line.decode().split(" ")[2:]
        session.backend.heard = words
        for challenge in challenges[len(words):]:
            words.append(session._asked(challenge).decode())
        return "OK in" if words[-1] == right else "NO [AUTHENTICATIONFAILED] no"
    return authenticate


@pytest.mark.parametrize("length, beside", [(20, True), (6000, False)])
def test_a_token_passes_octet_for_octet(site, length, beside):
    token = coded("user=%s\1auth=Bearer %s\1\1" % (USER, "t" * length))
    it = site({"AUTHENTICATE": passes(b"", right=token)}, options='mechanisms { "XOAUTH2" }', capabilities=CAPABILITIES + ("AUTH=XOAUTH2",))
    with it.session() as session:
        assert answer_to(session, "AUTH XOAUTH2 " + token)[0] == 235
    assert it.imap.heard == [token]
    assert said(it) == ["AUTHENTICATE XOAUTH2 " + token] if beside else ["AUTHENTICATE XOAUTH2"]


@pytest.mark.parametrize("more", [(), ("SASL-IR",)])
def test_an_exchange_of_several_steps_passes_both_ways_and_can_be_broken_off(site, more):
    first = coded("n,,n=%s,r=nonce" % USER)
    exchange = passes(b"", b"Y2hhbGxlbmdl", b"dj1hbmQ=", right="")
    it = site({"AUTHENTICATE": lambda session, line: "BAD as you wish" if exchange(session, line) and "*" in it.imap.heard else "OK in"},
              options='mechanisms { "SCRAM-SHA-256" }', capabilities=WITHOUT_PLAIN + ("AUTH=SCRAM-SHA-256",) + more, rules=TIRED)
    with it.session() as session:
        for _ in range(3):
            assert session.expect("AUTH SCRAM-SHA-256 " + first, 334).text == "Y2hhbGxlbmdl"
            assert session.expect("cHJvb2Y=", 334).text == "dj1hbmQ="
            assert session.command("*").code in (454, 501)
        session.expect("AUTH SCRAM-SHA-256 " + first, 334)
        session.expect("cHJvb2Y=", 334)
        session.expect("", 235)
    assert it.imap.heard == [first, "cHJvb2Y=", ""]


def test_a_challenge_that_is_no_base64_reaches_no_client(site):
    it = site({"AUTHENTICATE": passes(b"", b"no base64, 235 2.7.0 in", right="x")}, options='mechanisms { "SCRAM-SHA-256" }',
              capabilities=WITHOUT_PLAIN + ("AUTH=SCRAM-SHA-256",))
    with it.session() as session:
        assert answer_to(session, "AUTH SCRAM-SHA-256 " + coded("n,,n=%s,r=nonce" % USER)) == (454, "4.7.0")


def test_a_mechanism_that_the_server_would_bind_to_tls_is_none(site):
    it = site(options='mechanisms { "SCRAM-SHA-256" }', capabilities=WITHOUT_PLAIN + ("AUTH=SCRAM-SHA-256", "AUTH=SCRAM-SHA-256-PLUS"))
    with it.session() as session:
        assert answer_to(session, "AUTH SCRAM-SHA-256 " + coded("n,,n=user,r=nonce")) == (504, "5.5.4")
    assert not said(it)


# ---- what the server says ----

REFUSED, LATER = (535, "5.7.8"), (454, "4.7.0")


@pytest.mark.parametrize("action, expected, counts", [
    ("NO wrong", REFUSED, True),
    ("NO [AUTHENTICATIONFAILED] wrong", REFUSED, True),
    ("NO [ALERT] wrong, says behind.example.com", REFUSED, True),
    ([b"* BYE too often\r\n" + TAG + b" NO wrong\r\n", CLOSE], REFUSED, True),
    ("NO [AUTHORIZATIONFAILED] not as him", REFUSED, False),
    ("NO [EXPIRED] change it", REFUSED, False),
    ("NO [UNAVAILABLE] its database is away", LATER, False),
    ("NO [LIMIT] too many", LATER, False),
    ("BAD what?", LATER, False),
    ([b"* BYE [UNAVAILABLE] closing\r\n", CLOSE], LATER, False),
    ([b"* BYE [UNAVAILABLE] closing\r\n", HANG], LATER, False),
    ([HANG], LATER, False),
    ([CLOSE], LATER, False),
    ([b"gp2 O", CLOSE], LATER, False),
    ([b"* OK still looking\r\n" * 3, HANG], LATER, False),
    ([b"235 2.7.0 in\r\n", HANG], LATER, False),
    ([b"gp1 OK in\r\n", HANG], LATER, False),
    ([b"\r\n\r\n", HANG], LATER, False),
    ([b"\0\xff" * 100000, HANG], LATER, False),
    ([b"+ " + b"A" * 20000 + b"\r\n", HANG], LATER, False),
    ([b"* ID {99999999}\r\n", HANG], LATER, False),
    ([b"+ \r\n", HANG], LATER, False),
    ([b"+ \r\n" + TAG + b" OK in\r\n", HANG], LATER, False),
])
def test_what_the_server_says_of_a_login_is_told_in_our_words_and_a_refusal_alone_counts(site, action, expected, counts):
    it = site({"AUTHENTICATE": action}, changes={"timeouts": {"backend": "1s"}}, rules=TIRED)
    with it.session() as session:
        for n in range(2):
            reply = session.command("AUTH PLAIN " + plain(USER, "wrong%d" % n))
            assert (reply.code, reply.enhanced) == expected and "behind" not in reply.text, reply
        assert answer_to(session, "NOOP")[0] == 250
        assert answer_to(session, "MAIL FROM:<user@example.com>")[0] == 530
        it.imap.script.pop("AUTHENTICATE")
        reply = session.command("AUTH PLAIN " + RIGHT)
        assert ("rest a little" in reply.text) == counts and (reply.code == 235) != counts, reply
    assert not it.relay.messages


@pytest.mark.parametrize("script, capabilities, password", [
    ({"AUTHENTICATE": [b"+ \r\n" + TAG + b" OK in\r\n", HANG]}, ("AUTH=PLAIN",), PASSWORD),
    ({"AUTHENTICATE": "OK in"}, ("AUTH=PLAIN",), PASSWORD),
    ({"AUTHENTICATE": "OK in"}, ("AUTH=LOGIN",), PASSWORD),
    ({"AUTHENTICATE": lambda session, _: (session._asked(b"VXNlcm5hbWU6"), "OK in")[1]}, ("AUTH=LOGIN",), PASSWORD),
    ({"LITERAL": "OK in"}, (), "p\u00e4ssw\u00f6rt")], ids=("beside a question", "plain", "login", "behind the user", "literal"))
def test_a_yes_that_was_said_before_the_password_lets_nobody_in(site, script, capabilities, password):
    it = site(script, capabilities=("IMAP4rev1", *capabilities, *(["LOGINDISABLED"] if capabilities else [])), password=password)
    right = plain(USER, password)
    with it.session() as session:
        assert answer_to(session, "AUTH PLAIN " + right) == LATER
        assert answer_to(session, "MAIL FROM:<user@example.com>")[0] == 530
    assert not any(right.encode() in line or password.encode() in line for line in it.imap.commands)


@pytest.mark.parametrize("script", [
    {"CONNECT": [HANG]}, {"CONNECT": [CLOSE]}, {"CONNECT": [b"* BYE too many\r\n", CLOSE]}, {"CONNECT": [b"* PREAUTH in\r\n"]}, {"CONNECT": [b"220 mx ESMTP\r\n"]},
    {"STARTTLS": "BAD no"}, {"STARTTLS": [HANG]}, {"CAPABILITY": [HANG]}, {"CAPABILITY": "NO"}, {"CAPABILITY": [b"* BYE\r\n"]}, {"CAPABILITY": [CLOSE]},
    {"CAPABILITY": [b"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n" + TAG + b" OK done\r\ngp2 OK in\r\n"]},
    {"CAPABILITY": [b"+ \r\n"]}])
def test_a_server_that_never_gets_ready_hears_no_password_and_another_is_asked(new_imap, before, script):
    first, second = new_imap(script), new_imap()
    it = before(["%d tls required priority 1" % first.port, "%d tls required priority 2" % second.port], changes={"timeouts": {"backend": "1s", "connect": "1s"}})
    assert it.sends().code == 250
    assert [login.user for login in second.logins] == [USER] and "AUTHENTICATE" not in first.verbs() and "LOGIN" not in first.verbs()


def test_where_no_server_is_up_a_login_is_put_off_and_none_counts(before):
    it = before(["%d tls required" % free_port()], rules=TIRED)
    with it.session() as session:
        for _ in range(4):
            reply = session.command("AUTH PLAIN " + RIGHT)
            assert (reply.code, reply.enhanced) == LATER and "rest" not in reply.text, reply


def test_a_server_that_says_octet_after_octet_is_understood(site):
    def slowly(text):
        return [part for octet in text for part in (bytes([octet]), 0.002)]
    it = site({"CONNECT": slowly(b"* OK [CAPABILITY IMAP4rev1] ready\r\n"),
               "CAPABILITY": slowly(b"* CAPABILITY IMAP4rev1 LOGINDISABLED AUTH=PLAIN\r\ngp1 OK done\r\n"),
               "AUTHENTICATE": lambda session, _: slowly(b"gp2 OK in\r\n") if session._asked(b"").decode() == RIGHT else "NO"}, tls="tls none")
    assert it.sends().code == 250


def test_a_literal_that_the_server_does_not_want_is_not_sent(site):
    it = site({"LITERAL": "NO too long"}, capabilities=WITHOUT_PLAIN, password="pässwört")
    with it.session() as session:
        assert answer_to(session, "AUTH PLAIN " + plain(USER, "pässwört"))[0] == 535
    assert not any("pässwört".encode() in line for line in it.imap.commands)


def test_who_hangs_up_before_the_answer_has_guessed(site):
    it = site({"AUTHENTICATE": [0.3, TAG + b" NO wrong\r\n"]}, rules=TIRED)
    for n in range(2):
        with it.session() as session:
            session.send("AUTH PLAIN " + plain(USER, "wrong%d" % n) + "\r\n")
            assert wait_until(lambda: it.imap.verbs().count("AUTHENTICATE") == n + 1)
    assert wait_until(lambda: [record["stage"] for record in it.gateway.decisions()] == ["login"] * 2)
    it.imap.script.pop("AUTHENTICATE")
    with it.session() as session:
        assert "rest a little" in session.command("AUTH PLAIN " + RIGHT).text
    assert not it.imap.logins


# ---- its configuration ----

@pytest.mark.parametrize("options, place, error", [
    ("starttls  backend boxes  login_by imap", r":\d+:75: error", "an IMAP server takes no mail"),
    ("starttls  backend sends  login_by imap  relay smart", "error", "the backend 'sends' has no imap server"),
    ("starttls  backend boxes  relay smart", "error", "its IMAP server can say who may send, with 'login_by imap'"),
    ("starttls  backend boxes  login_by pop3  relay smart", "error", "unknown way to ask who logs in (submission, imap)"),
    ("starttls  backend loose  login_by imap  relay smart", "error", "as soon as somebody between breaks TLS"),
    ("starttls  login_by imap  relay smart", "error", "nobody knows where users log in"),
    ("starttls  backend boxes  login_by imap  relay boxes", "error", "expected a backend with smtp servers alone"),
    ("starttls  backend bare  login_by imap  relay smart", "warning", "passwords go there in the clear"),
])
def test_what_makes_no_sense_is_told_where_it_stands(own_dir, authority, options, place, error):
    file = own_dir / "gatepost.conf"
    loose = backend("loose", imap=["143"], options="") if "loose" in options else ""
    file.write_text(certificate(authority.certificate("mx.example.com")) + 'listen submission on "127.0.0.1:2525" { %s }\n' % options
                    + backend("boxes", imap=["143 tls required"], options="") + backend("sends", submission=["587"], options="")
                    + backend("bare", imap=["144 tls none"], options="") + backend("smart", 25) + loose)
    status, report = check_configuration(file)
    assert re.search(place, report) and error in report, report
    assert status, report


def test_a_server_is_complained_of_once_however_many_listeners_lead_there(own_dir, authority):
    file = own_dir / "gatepost.conf"
    file.write_text(certificate(authority.certificate("mx.example.com"))
                    + "".join('listen %s on "127.0.0.1:%d" { %s backend loose  login_by imap  relay smart }\n' % row
                              for row in (("submission", 2525, "starttls"), ("submissions", 2526, "")))
                    + backend("loose", imap=["143"], options="") + backend("smart", 25))
    status, report = check_configuration(file)
    assert status and report.count("breaks TLS") == 1, report


@pytest.mark.parametrize("where", ['listen smtp on "127.0.0.1:2525" { login_by imap }', 'listen imap on "127.0.0.1:2525" { starttls  backend boxes  login_by imap }'])
def test_where_nobody_sends_it_has_no_place(own_dir, authority, where):
    file = own_dir / "gatepost.conf"
    file.write_text(certificate(authority.certificate("mx.example.com")) + where + "\n" + backend("boxes", imap=["143 tls required"], options=""))
    status, report = check_configuration(file)
    assert status and "'login_by' is for listeners where users log in to send" in report, report


def test_a_domain_leads_its_users_to_its_own_server(start, new_imap, new_backend, authority):
    ours, theirs, relay, out = new_imap(), new_imap(), new_backend(), free_port()
    body = certificate(authority.certificate("mx.example.com"))
    body += 'listen submission on "127.0.0.1:%d" { starttls  backend ours  login_by imap  relay smart }\n' % out
    body += backend("ours", imap=["%d tls required" % ours.port], options="") + backend("smart", relay.port)
    body += backend("theirs", relay.port, imap=["%d tls required" % theirs.port]) + domains("theirs", "their.example")
    it = Site(start(body), out, relay)
    assert it.sends().code == 250 and it.sends(response=plain("ann@their.example", PASSWORD)).code == 250
    assert [login.user for login in ours.logins] == [USER] and [login.user for login in theirs.logins] == ["ann@their.example"]


# ---- real ones ----

KEY = b"a key that only the one who gives tokens has"
MECHANISMS = """
auth_mechanisms = plain login scram-sha-1 scram-sha-256 xoauth2 oauthbearer
passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {file}
}}
"""


def dovecot(folder, cert, settings=""):
    """One that knows tokens that are signed with KEY, too."""
    folder.mkdir()
    keys = folder / "keys" / "default" / "HS256"
    keys.mkdir(parents=True)
    (keys / "default").write_bytes(base64.b64encode(KEY))
    file = folder / "oauth2.conf"
    file.write_text("introspection_mode = local\nlocal_validation_key_dict = fs:posix:prefix=%s/keys/\nusername_attribute = sub\n" % folder)
    program("chmod", "-R", "a+rX", str(folder))
    return Dovecot(folder, str(folder / "mail"), cert, settings=MECHANISMS.format(file=file) + settings)


@pytest.fixture(scope="module")
def real(run_dir, authority):
    needs.to_be_root("a Dovecot of its own")
    server = dovecot(run_dir / "login-by-imap", authority.certificate("behind.example.com")).start()
    yield server
    server.stop()


ALL = 'mechanisms { "PLAIN" "LOGIN" "XOAUTH2" "OAUTHBEARER" "SCRAM-SHA-1" "SCRAM-SHA-256" }'
VERIFIED = '%d tls verify "behind.example.com"'


@pytest.fixture(params=["imap", "imaps"])
def in_front(before, real, request):
    port = real.imap_port if request.param == "imap" else real.imaps_port
    return before(**{request.param: [VERIFIED % port]}, options=ALL, rules=TIRED)


def token_of(user, key=KEY, until=3600):
    def part(octets):
        return base64.urlsafe_b64encode(octets).rstrip(b"=")
    now = int(time.time())
    claims = {"sub": user, "iat": now - 60, "exp": now + until, "scope": "mail"}
    text = part(json.dumps({"alg": "HS256", "typ": "JWT"}).encode()) + b"." + part(json.dumps(claims).encode())
    return (text + b"." + part(hmac.new(key, text, hashlib.sha256).digest())).decode()


def xoauth2(user, token):
    return "AUTH XOAUTH2 " + coded("user=%s\1auth=Bearer %s\1\1" % (user, token))


def goes_out(it, session):
    session.envelope(ELSEWHERE, sender=USER)
    return session.data(b"Subject: leaves\r\n\r\nhello\r\n").code == 250 and it.relay.messages


@pytest.mark.parametrize("lines", [["AUTH PLAIN " + plain(USER, users.PASSWORD)], ["AUTH LOGIN", coded(USER), coded(users.PASSWORD)]])
def test_a_real_server_says_who_may(in_front, lines):
    with in_front.session() as session:
        assert answer_to(session, *lines)[0] == 235
        assert goes_out(in_front, session)


@pytest.mark.parametrize("name, digest", [("SCRAM-SHA-1", "sha1"), ("SCRAM-SHA-256", "sha256")])
def test_a_real_server_says_who_may_by_scram(in_front, name, digest):
    with in_front.session() as session:
        client = Scram(digest, USER, users.PASSWORD)
        reply = session.expect("AUTH %s %s" % (name, coded(client.first())), 334)
        reply = session.command(coded(client.final(base64.b64decode(reply.text))))
        if reply.code == 334:
            assert client.right(base64.b64decode(reply.text))
            reply = session.command("")
        assert reply.code == 235 and goes_out(in_front, session)
    wrong = Scram(digest, USER, "wrong")
    with in_front.session() as session:
        reply = session.expect("AUTH %s %s" % (name, coded(wrong.first())), 334)
        assert answer_to(session, coded(wrong.final(base64.b64decode(reply.text)))) == REFUSED


def test_a_real_server_takes_a_token_and_refuses_a_forged_one(in_front):
    with in_front.session() as session:
        reply = session.command(xoauth2(USER, token_of(USER, key=b"another key")))
        if reply.code == 334:
            assert json.loads(base64.b64decode(reply.text))["status"]
            reply = session.command("")
        assert (reply.code, reply.enhanced) == REFUSED
        assert answer_to(session, xoauth2(USER, token_of(USER)))[0] == 235
        assert goes_out(in_front, session)


def test_wrong_passwords_at_a_real_server_count(in_front, real):
    with in_front.session() as session:
        for n in range(2):
            assert answer_to(session, "AUTH PLAIN " + plain(USER, "wrong%d" % n)) == REFUSED
        reply = session.command("AUTH PLAIN " + plain(USER, users.PASSWORD))
        assert "rest a little" in reply.text
    assert in_front.gateway.wait_log("login refused")


@pytest.mark.parametrize("password", ['a "quoted" \\ one', "pässwört {3}", "%s %u * ("])
@pytest.mark.parametrize("settings", ["", "auth_mechanisms = login\n"])
def test_a_real_server_understands_every_password(before, own_dir, authority, password, settings):
    needs.to_be_root("a Dovecot of its own")
    table = own_dir / "users"
    table.write_text("%s:{PLAIN.b64}%s\n" % (USER, coded(password)))
    table.chmod(0o644)
    known = "passdb {\n driver = passwd-file\n args = %s\n}\n" % table
    server = Dovecot(own_dir, str(own_dir / "mail"), authority.certificate("behind.example.com"), settings=known + settings).start()
    try:
        it = before([VERIFIED % server.imap_port])
        with it.session() as session:
            assert answer_to(session, "AUTH PLAIN " + plain(USER, password))[0] == 235
            assert answer_to(session, "NOOP")[0] == 250
    finally:
        server.stop()


@pytest.mark.parametrize("password", ['a "quoted" \\ one', "pässwört {3}"])
def test_a_real_server_without_mechanisms_is_told_in_quotes_or_by_a_literal(before, own_dir, password):
    needs.to_be_root("a Courier of its own")
    server = Courier(own_dir, password)
    server.fill(USER, [])
    try:
        server.start()
        it = before(["%d tls none" % server.imap_port])
        with it.session() as session:
            assert answer_to(session, "AUTH PLAIN " + plain(USER, password))[0] == 235
    finally:
        server.stop()


def test_a_real_server_that_is_killed_in_the_middle_of_a_login_costs_nobody_his_account(before, own_dir, authority):
    needs.to_be_root("a Dovecot of its own")
    server = dovecot(own_dir / "killed", authority.certificate("behind.example.com")).start()
    it = before([VERIFIED % server.imap_port], options=ALL, rules=TIRED)
    with it.session() as session:
        for _ in range(3):
            session.expect("AUTH SCRAM-SHA-256 " + coded(Scram("sha256", USER, users.PASSWORD).first()), 334)
            for pid in children(server.process.pid):
                with contextlib.suppress(ProcessLookupError):  # it may have gone by itself
                    os.kill(pid, signal.SIGKILL)
            assert session.reply().code == 454
        server.stop()
        assert answer_to(session, "AUTH PLAIN " + plain(USER, users.PASSWORD)) == LATER
        assert "rest a little" not in it.gateway.log()


# ---- real clients ----

@pytest.mark.parametrize("auth", ["PLAIN", "LOGIN"])
def test_swaks_submits(in_front, auth):
    program("swaks", "--server", "127.0.0.1:%d" % in_front.port, "-tls", "--auth", auth, "--auth-user", USER, "--auth-password", users.PASSWORD,
            "--from", USER, "--to", ELSEWHERE, "--data", letter("swaks"))
    assert b"hello swaks" in in_front.relay.messages[-1].content


def test_curl_submits(in_front, own_dir, authority):
    (own_dir / "letter").write_text(letter("curl").replace("\n", "\r\n"))
    program("curl", "-sS", "--ssl-reqd", "--cacert", str(authority.ca), "-4", "smtp://localhost:%d" % in_front.port, "--user", "%s:%s" % (USER, users.PASSWORD),
            "--mail-from", USER, "--mail-rcpt", ELSEWHERE, "--upload-file", str(own_dir / "letter"))
    assert b"hello curl" in in_front.relay.messages[-1].content


def test_curl_submits_with_a_token(in_front, own_dir, authority):
    (own_dir / "letter").write_text(letter("curl").replace("\n", "\r\n"))
    program("curl", "-sS", "--ssl-reqd", "--cacert", str(authority.ca), "-4", "smtp://localhost:%d" % in_front.port, "--user", USER, "--oauth2-bearer", token_of(USER),
            "--login-options", "AUTH=XOAUTH2", "--mail-from", USER, "--mail-rcpt", ELSEWHERE, "--upload-file", str(own_dir / "letter"))
    assert b"hello curl" in in_front.relay.messages[-1].content


@pytest.mark.parametrize("auth", ["plain", "login", "scram-sha-256"])
def test_msmtp_submits(in_front, own_dir, authority, auth):
    config = own_dir / "msmtprc"
    config.write_text("account default\nhost localhost\nport %d\ntls on\ntls_trust_file %s\nauth %s\nuser %s\npassword %s\nfrom %s\n"
                      % (in_front.port, authority.ca, auth, USER, users.PASSWORD, USER))
    config.chmod(0o600)
    program("msmtp", "-C", str(config), ELSEWHERE, input=letter("msmtp"))
    assert b"hello msmtp" in in_front.relay.messages[-1].content


def test_the_python_library_submits(in_front, authority):
    with smtplib.SMTP("localhost", in_front.port, timeout=30) as client:
        client.starttls(context=client_context(authority.ca))
        client.login(USER, users.PASSWORD)
        client.sendmail(USER, [ELSEWHERE], letter("smtplib"))
    assert b"hello smtplib" in in_front.relay.messages[-1].content
