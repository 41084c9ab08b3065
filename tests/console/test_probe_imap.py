# SPDX-License-Identifier: ISC
"""gatepostctl probe over IMAP: real servers, and of the ways of others a scripted one. What it has in common with POP3 is in test_probe.py."""
import itertools
import time

import pytest

from lab import samples, users
from lab.backend import CLOSE, HANG, RESET, server_context
from lab.certs import Authority
from lab.imap_client import logged_in
from lab.imap_stub import CAPABILITIES, TAG, ImapStub, literal, never_ending
from lab.pop3_stub import Pop3Stub
from lab.probed import CTL, MAILS, NAME, NOT_REACHED, SEE_TO, VERIFY, WELL, Probe, ntlm, server_line

EXCHANGE = [b"* OK The Microsoft Exchange IMAP4 service is ready. [TQBYADEA]\r\n"]

pytestmark = pytest.mark.skipif(not CTL.exists(), reason="gatepostctl is not built")


@pytest.fixture
def probe(tmp_path, authority):
    return Probe(tmp_path, authority, "imap")


@pytest.fixture
def stub(authority):
    """stub(mails, script, ...) starts a scripted server with TLS; nothing but what changes no mailbox was said to it in the end."""
    started = []

    def start(mails=(), script=None, certificate=None, **how):
        started.append(ImapStub(mails, script, context=server_context(certificate or authority.certificate(NAME)), **how).start())
        return started[-1]

    yield start
    for server in started:
        server.stop()
        assert set(server.verbs()) <= {"CAPABILITY", "STARTTLS", "AUTHENTICATE", "LOGIN", "EXAMINE", "FETCH", "LOGOUT"}, server.commands
        assert all(b"BODY.PEEK[]" in line or b"RFC822.SIZE" in line for line in server.commands if b" FETCH " in line)


def imap(port, tls="", word="imap"):
    return server_line(word, port, tls)


# ---- real servers


@pytest.mark.parametrize("name, connections", [
    ("dovecot", "10 of one user from one address (mail_max_userip_connections)"),
    ("courier", "20 of one address (MAXPERIP), 40 in all (MAXDAEMONS)"),
    ("cyrus", "any number of one user (maxlogins_per_user), any number of one address (maxlogins_per_host)"),
])
def test_real_servers_are_known_and_their_sizes_are_exact(name, connections, probe, real_server):
    status, (told,) = probe(imap(real_server(name).imap_port, "tls none"), "--user", "user@example.com")
    assert (status, told["see_to"]) == (WELL, []) and told["profile"] == name + ", by its greeting"
    assert told["sizes"] == "exact (3 messages)" and told["messages"] == "stay as they are" and told["login"] == "user@example.com is let in"
    assert told["expected"] == "messages stay as they are, sizes are exact" and told["connections"] == connections + ", unless that was changed"
    assert "USER" in told["mechanisms"].split()


def test_a_certificate_is_judged_as_the_gateway_does_and_what_dovecot_has_and_is_not_offered_is_told(probe, real_server):
    dovecot = real_server("dovecot")
    status, servers = probe(imap(dovecot.imap_port, VERIFY) + imap(dovecot.imaps_port, VERIFY, "imaps"), "--user", "user@example.com")
    assert status == WELL and [told["server"].split()[0] for told in servers] == ["imap", "imaps"]
    for told in servers:
        assert told["tls"] == "TLSv1.3, its certificate is trusted, for %s (tls verify)" % NAME and "PLAIN" in told["mechanisms"].split()
        assert {"NOTIFY", "BINARY", "CATENATE"} <= set(told["hidden"].split()) and "IDLE" not in told["hidden"].split()
    status, (told,) = probe(imap(dovecot.imap_port, 'tls verify "other.example.com"'), "--user", "user@example.com")
    assert status == NOT_REACHED and "not for other.example.com" in told["see_to"][0] and "login" not in told


@pytest.mark.parametrize("name", ["dovecot", "cyrus"])
def test_what_nobody_has_read_is_not_read_behind(name, probe, real_server):
    server = real_server(name)
    probe(imap(server.imap_port, "tls none"), "--user", "wrapped@example.com")
    with logged_in(server.imap_port, "wrapped@example.com") as session:
        assert b"(UNSEEN 1)" in b"".join(session.expect("STATUS INBOX (UNSEEN)"))


def test_one_backend_has_both(probe, real_server):
    dovecot = real_server("dovecot")
    status, servers = probe(imap(dovecot.imap_port, VERIFY) + server_line("pop3", dovecot.pop3_port, VERIFY), "--user", "user@example.com")
    assert status == WELL and [told["server"].split()[0] for told in servers] == ["imap", "pop3"]
    assert all(told["sizes"] == "exact (3 messages)" for told in servers)


# ---- not reached


@pytest.mark.parametrize("script, why", [
    ({"CONNECT": [HANG]}, "is that a port of imaps"),
    ({"CONNECT": [b"* BYE too many connections\r\n"]}, "it says: * BYE too many connections"),
])
def test_who_does_not_greet_is_not_usable(script, why, probe, stub):
    status, (told,) = probe(imap(stub(script=script).port))
    assert status == NOT_REACHED and why in told["see_to"][0]


def test_tls_that_is_demanded_and_not_there_is_said(probe):
    server = ImapStub().start()
    try:
        status, (told,) = probe(imap(server.port, "tls required"))
    finally:
        server.stop()
    assert status == NOT_REACHED and "no STARTTLS" in told["see_to"][0]


def test_who_is_not_trusted_hears_no_password(probe, stub, tmp_path):
    server = stub(certificate=Authority(tmp_path / "others").certificate(NAME))
    status, _ = probe(imap(server.port, VERIFY), "--user", "user")
    assert status == NOT_REACHED and server.logins == server.refused == []


# ---- what it has


def test_what_listeners_offer_and_the_server_has_not_is_said_with_its_place(probe, stub, tmp_path):
    status, (told,) = probe(imap(stub().port), listen='backend box  mechanisms { "USER" "PLAIN" "LOGIN" "XOAUTH2" "NTLM" }')
    assert status == SEE_TO and told["mechanisms"] == "USER PLAIN"
    assert told["see_to"] == ['%s:4: listen front on "127.0.0.1:1110" offers XOAUTH2, NTLM, which it has not' % (tmp_path / "probe.conf")]


def test_where_login_is_disabled_only_plain_can_be_offered(probe, stub):
    server = stub(MAILS, capabilities=CAPABILITIES + ("LOGINDISABLED",))
    status, (told,) = probe(imap(server.port, VERIFY), "--user", "user")
    assert status == SEE_TO and told["mechanisms"] == "LOGINDISABLED PLAIN" and "offers USER, LOGIN, which it has not" in told["see_to"][0]
    assert told["sizes"] == "exact (3 messages)"


@pytest.mark.parametrize("has, lacks", [("LOGINDISABLED AUTH=LOGIN", "XOAUTH2"), ("LOGINDISABLED AUTH=PLAIN AUTH=XOAUTH2", None), ("AUTH=XOAUTH2", None), ("LOGINDISABLED AUTH=XOAUTH2", "PLAIN, LOGIN")])
def test_a_listener_that_only_asks_who_may_send_says_a_password_by_any_way_that_there_is(probe, stub, has, lacks):
    front = 'listen submission "asks" on "127.0.0.1:1587" { allow_cleartext  backend box  login_by imap  relay smart  mechanisms { "PLAIN" "LOGIN" "XOAUTH2" } }\n'
    _, (told,) = probe(imap(stub(capabilities=("IMAP4rev1", *has.split())).port, VERIFY), "box", listen='users { "nobody" } backend elsewhere',
                            more=front + 'backend smart { smtp "127.0.0.1:25" }\nbackend elsewhere { imap "127.0.0.1:1143" }\n')
    offers = [text for text in told["see_to"] if "listen asks" in text]
    assert (lacks is None and not offers) or "offers %s, which it has not" % lacks in offers[0], told


def test_where_login_is_disabled_and_nothing_else_is_there_no_password_is_said(probe, stub):
    server = stub(MAILS, capabilities=("IMAP4rev1", "LOGINDISABLED"))
    status, (told,) = probe(imap(server.port, VERIFY), "--user", "user")
    assert status == SEE_TO and "LOGINDISABLED" in told["see_to"][-1] and server.logins == server.refused == []


@pytest.mark.parametrize("user", ["user", 'o"do\\ul user', "grüß@example.com"])
def test_a_password_is_told_by_login_where_there_is_no_plain(user, probe, stub):
    server = stub(MAILS, capabilities=("IMAP4rev1",))
    status, (told,) = probe(imap(server.port, VERIFY), "--user", user)
    assert (status, told["see_to"]) == (WELL, []) and told["sizes"] == "exact (3 messages)"
    assert [login[:3] for login in server.logins] == [(user, users.PASSWORD, True)]


def test_capabilities_are_those_behind_the_login(probe, stub):
    def capabilities(session, line):
        return [b"* CAPABILITY IMAP4rev1 STARTTLS AUTH=PLAIN SASL-IR IDLE%s\r\n" % (b" COMPRESS=DEFLATE NOTIFY" if session.user else b" BINARY"), TAG + b" OK\r\n"]
    server = stub(MAILS, {"CAPABILITY": capabilities})
    _, (told,) = probe(imap(server.port, VERIFY), "--user", "user")
    assert told["hidden"].startswith("COMPRESS=DEFLATE NOTIFY (")
    _, (told,) = probe(imap(server.port, VERIFY))
    assert told["hidden"].startswith("BINARY (")


def test_who_is_put_off_has_no_wrong_password(probe, stub):
    _, (told,) = probe(imap(stub(MAILS, {"AUTHENTICATE": "NO [UNAVAILABLE] later"}).port, VERIFY), "--user", "user")
    assert told["see_to"] == ["it does not let user in now: NO [UNAVAILABLE] later"]


def test_a_wrong_password_is_said(probe, stub):
    status, (told,) = probe(imap(stub(MAILS).port, VERIFY), "--user", "user", password="wrong-one")
    assert status == SEE_TO and "the login was refused" in told["see_to"][0] and "NO [AUTHENTICATIONFAILED]" in told["see_to"][0]


OFFERS_NTLM = 'backend box  mechanisms { "USER" "PLAIN" "NTLM" }'


def test_ntlm_that_is_refused_though_the_password_is_right_means_extended_protection(probe, stub, tmp_path):
    server = stub(MAILS, {"CONNECT": EXCHANGE, "AUTHENTICATE": ntlm("NO AUTHENTICATE failed.")}, capabilities=CAPABILITIES + ("AUTH=NTLM",))
    status, (told,) = probe(imap(server.port, VERIFY), "--user", "user", listen=OFFERS_NTLM)
    assert status == SEE_TO and told["ntlm"] == "refused" and told["sizes"] == "exact (3 messages)"
    assert "Take NTLM and GSSAPI out of mechanisms (%s:4)" % (tmp_path / "probe.conf") in told["see_to"][0]
    assert "Set-ImapSettings -ExtendedProtectionPolicy None, and restart its IMAP4 services" in told["see_to"][0]


def test_ntlm_that_lets_the_user_in_is_said(probe, stub):
    server = stub(MAILS, {"AUTHENTICATE": ntlm("OK AUTHENTICATE completed.")}, capabilities=CAPABILITIES + ("AUTH=NTLM",))
    status, (told,) = probe(imap(server.port, VERIFY), "--user", "user", listen=OFFERS_NTLM)
    assert (status, told["see_to"]) == (WELL, []) and told["ntlm"] == "works without channel binding"


# ---- messages


def test_sizes_that_are_not_exact_are_said_with_the_switch(probe, stub):
    script = {"CONNECT": EXCHANGE, "FETCH 2 RFC822.SIZE": [b"* 2 FETCH (UID 7 RFC822.SIZE 59 FLAGS ())\r\n", TAG + b" OK done\r\n"]}
    status, (told,) = probe(imap(stub(MAILS, script).port, VERIFY), "--user", "user")
    assert status == SEE_TO and told["sizes"] == "not exact (1 of 3 messages)" and told["messages"] == "stay as they are"
    assert "message 2 has %d octets, and RFC822.SIZE says 59" % len(MAILS[1]) in told["see_to"][0]
    assert "Set-ImapSettings -EnableExactRFC822Size $true" in told["see_to"][0]


def test_two_octets_more_are_not_exact(probe, stub):
    """There is no framing that they could be, other than in POP3."""
    script = {"FETCH 1 RFC822.SIZE": [b"* 1 FETCH (RFC822.SIZE %d)\r\n" % (len(MAILS[0]) - 2), TAG + b" OK done\r\n"]}
    _, (told,) = probe(imap(stub(MAILS[:1], script).port, VERIFY), "--user", "user")
    assert told["sizes"] == "not exact (1 of 1 messages)"


def test_a_message_that_is_made_anew_each_time_is_said(probe, stub):
    counter = itertools.count(10)

    def changing(session, line):
        return [b"* 1 FETCH (BODY[] %s)\r\n" % literal(b"X-Made: %d\r\n\r\nx\r\n" % next(counter)), TAG + b" OK done\r\n"] if b"PEEK" in line else None
    status, (told,) = probe(imap(stub([b"x" * 17], {"FETCH": changing}).port, VERIFY), "--user", "user")
    assert status == SEE_TO and told["messages"] == "change (1 of 1)" and told["sizes"] == "exact (1 message)"
    assert "message 1 is not the same" in told["see_to"][0]


def test_what_is_said_unasked_and_what_a_message_says_is_not_taken_for_the_answer(probe, stub):
    mail = b"Subject: x\r\n\r\ngp OK done\r\n* 9 EXISTS\r\n+ go on\r\n"

    def fetch(session, line):
        return [b"* 2 EXISTS\r\n* 1 FETCH (FLAGS (\\Flagged))\r\n* 1 FETCH (UID 7 BODY[] ", literal(mail), b" FLAGS ())\r\n* OK still here\r\n",
                TAG + b" OK done\r\n"] if b"PEEK" in line else None
    status, (told,) = probe(imap(stub([mail], {"FETCH": fetch}).port, VERIFY), "--user", "user")
    assert (status, told["see_to"]) == (WELL, []) and told["sizes"] == "exact (1 message)" and told["messages"] == "stay as they are"


@pytest.mark.parametrize("answer, why", [
    (never_ending(), "more than 1 MiB comes where RFC822.SIZE says less"),
    ([b"* 1 FETCH (BODY[] ", itertools.repeat(b"x" * 65536)], "more than 1 MiB"),
    ([b"* 1 FETCH (BODY[] {100}\r\nhalf", HANG], "no answer within 2 s"),
    ("NO [SERVERBUG] not today", "it says: NO [SERVERBUG] not today"),
    ([b"* 1 FETCH (BODY[] NIL)\r\n", TAG + b" OK done\r\n"], "cannot be read"),
])
def test_messages_that_cannot_be_read_are_said(answer, why, probe, stub):
    begin = time.monotonic()
    status, (told,) = probe(imap(stub(MAILS[:1], {"FETCH 1 BODY.PEEK[]": answer}).port, VERIFY), "--user", "user")
    assert status == SEE_TO and why in told["see_to"][0] and "sizes" not in told and time.monotonic() - begin < 10


@pytest.mark.parametrize("way", [CLOSE, RESET])
@pytest.mark.parametrize("tls", [VERIFY, "tls none"])
def test_a_server_that_goes_away_is_said(tls, way, probe, stub):
    answer = [b"* 1 FETCH (RFC822.SIZE 100)\r\n", TAG + b" OK done\r\n", way]
    status, (told,) = probe(imap(stub(MAILS, {"FETCH 1 RFC822.SIZE": answer}).port, tls), "--user", "user")
    assert status == SEE_TO and "messages cannot be read" in told["see_to"][0]


def test_a_large_message_is_not_fetched(probe, stub):
    server = stub([samples.of_size(2 * 1024 * 1024), MAILS[0]])
    status, (told,) = probe(imap(server.port, VERIFY), "--user", "user")
    assert status == WELL and told["sizes"] == "exact (1 message)" and not any(b"FETCH 1 BODY" in line for line in server.commands)


def test_a_mailbox_without_messages_is_none_to_judge_by(probe, stub):
    status, (told,) = probe(imap(stub().port, VERIFY), "--user", "user")
    assert status == WELL and "sizes" not in told and any("whether sizes are exact is not known" in note for note in told["notes"])


def test_an_answer_that_never_ends_does_not_last(probe, stub):
    begin = time.monotonic()
    status, _ = probe(imap(stub(MAILS, {"EXAMINE": [itertools.repeat(b"* 1 EXISTS\r\n" * 1000)]}).port, VERIFY), "--user", "user")
    assert status == SEE_TO and time.monotonic() - begin < 10


def test_a_server_of_pop3_on_a_port_of_imap_is_not_usable(probe):
    server = Pop3Stub().start()
    try:
        status, (told,) = probe(imap(server.port, "tls none"))
    finally:
        server.stop()
    assert status == NOT_REACHED and "it cannot be used" in told["see_to"][0]
