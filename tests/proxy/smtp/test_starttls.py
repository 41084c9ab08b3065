# SPDX-License-Identifier: ISC
"""STARTTLS: nothing that was sent in plaintext lives on in the encrypted session, on either leg."""
import json

import pytest

from lab import needs
from lab.backend import server_context
from lab.gatepost import backend, domains
from lab.smtp_client import send

MESSAGE = b"Subject: starttls\r\n\r\nhello\r\n"
FILE = needs.CORPORA / "smtp" / "starttls_injection.json"


def test_every_smtp_case_of_the_corpus_is_tested_here():
    if not FILE.exists():
        pytest.skip("corpus smtp/starttls_injection.json is not here")
    corpus = json.loads(FILE.read_text())
    cases = {case["id"] for case in corpus["server_side"] + corpus["client_side"] if case["proto"] == "smtp"}
    assert cases == {"smtp-starttls-ehlo", "smtp-starttls-args", "smtp-starttls-before-ehlo", "smtp-state-reset",
                     "smtp-double-starttls", "smtp-auth-before-tls", "smtp-resp-suffix", "smtp-454"}


def test_a_command_pipelined_behind_starttls_is_thrown_away(session):  # smtp-starttls-ehlo
    session.ehlo()
    session.send("STARTTLS\r\nEHLO injected.example\r\n")
    assert session.reply().code == 220
    session.handshake()
    assert session.silent(0.3), "the injected command was answered in TLS"
    session.expect("FAKE x", 500, 502, 503)


def test_a_whole_message_pipelined_behind_starttls_is_thrown_away(session, behind):
    session.ehlo()
    session.send("STARTTLS\r\nEHLO i.example\r\nMAIL FROM:<a@i.example>\r\nRCPT TO:<user@example.com>\r\nDATA\r\n")
    assert session.reply().code == 220
    session.handshake()
    assert session.silent(0.3)
    session.expect("QUIT", 221)
    assert not any(b"i.example" in line for line in behind.commands)


def test_starttls_with_an_argument_is_a_syntax_error(session):  # smtp-starttls-args
    session.ehlo()
    session.expect("STARTTLS foo", 501)
    session.expect("NOOP", 250)


def test_starttls_before_ehlo_leaves_a_clean_state(session):  # smtp-starttls-before-ehlo
    reply = session.command("STARTTLS")
    assert reply.code in (220, 503)
    if reply.code == 220:
        session.handshake()
    session.expect("MAIL FROM:<a@x.example>", 503)
    session.ehlo()
    session.envelope("user@example.com")


def test_what_was_learnt_before_tls_is_forgotten(session):  # smtp-state-reset
    session.ehlo()
    session.expect("MAIL FROM:<a@x.example>", 250)
    reply = session.command("STARTTLS")
    assert reply.code in (220, 503)
    if reply.code == 220:
        session.handshake()
        session.expect("RCPT TO:<user@example.org>", 503)
        session.expect("MAIL FROM:<a@x.example>", 503)


def test_starttls_is_neither_offered_nor_taken_inside_tls(session):  # smtp-double-starttls
    session.ehlo()
    assert "STARTTLS" in session.extensions
    session.starttls()
    session.ehlo()
    assert "STARTTLS" not in session.extensions
    session.expect("STARTTLS", 503, 554)


def test_auth_is_neither_offered_nor_taken(session):  # smtp-auth-before-tls
    session.ehlo()
    assert "AUTH" not in session.extensions
    session.expect("AUTH PLAIN AGEAYg==", 500, 502, 503, 504, 530, 538)
    session.starttls()
    session.ehlo()
    assert "AUTH" not in session.extensions


def test_garbage_instead_of_a_handshake_ends_the_session_alone(session, gateway):
    session.ehlo()
    session.expect("STARTTLS", 220)
    session.send(b"EHLO not.tls.example\r\n" * 20)
    session.rest()
    assert gateway.answers()


@pytest.fixture
def through(start, new_backend, authority):
    """through(tls, script) sends one message to a server behind that offers STARTTLS: (what was told, the server)."""
    def go(tls, script):
        server = new_backend(script, context=server_context(authority.certificate("behind.example.com")))
        body = backend("behind", "%d tls %s" % (server.port, tls)) + domains("behind", "example.com")
        gateway = start(body, changes={"tls": {"ca_file": '"%s"' % authority.ca}})
        return send(gateway.port, MESSAGE, "user@example.com"), server
    return go


def test_plaintext_behind_the_servers_220_is_not_believed(through):  # smtp-resp-suffix
    inject = [b"220 go\r\n250-mx\r\n250 AUTH PLAIN LOGIN\r\n"]
    told, server = through("required", {"STARTTLS": inject})
    assert not any(line.upper().startswith(b"AUTH") for line in server.commands)
    if told.code == 250:
        assert [message.tls for message in server.messages] == [True]
        assert server.verbs().count("EHLO") >= 2, "no EHLO of its own inside TLS"
    else:
        assert 400 <= told.code <= 499 and not server.messages


def test_no_mail_in_plaintext_when_tls_is_required_and_refused(through):  # smtp-454
    told, server = through("required", {"STARTTLS": "454 4.7.0 TLS not available"})
    assert 400 <= told.code <= 499, told
    assert "MAIL" not in server.verbs()


def test_mail_goes_over_tls_when_the_server_behind_offers_it(through):
    told, server = through("opportunistic", {})
    assert told.code == 250
    assert [message.tls for message in server.messages] == [True]


def test_mail_goes_in_plaintext_when_tls_is_opportunistic_and_refused(through):
    told, server = through("opportunistic", {"STARTTLS": "454 4.7.0 TLS not available"})
    assert told.code == 250
    assert [message.tls for message in server.messages] == [False]


def test_a_verified_server_behind_gets_the_mail_over_tls(through):
    told, server = through('verify "behind.example.com"', {})
    assert told.code == 250
    assert [message.tls for message in server.messages] == [True]
