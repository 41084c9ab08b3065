# SPDX-License-Identifier: ISC
"""End to end: real clients, Gatepost, Postfix and Dovecot; and every mail of the corpora arrives as it was sent."""
import os
import re
import smtplib
import ssl

import pytest

from lab import corpus, mailers, samples
from lab.gatepost import Gatepost, backend, certificate, domains
from lab.smtp_client import Closed, Session

CHANGES = {"limits": {"message_size": "64MiB"}}


@pytest.fixture(scope="module")
def site(run_dir, authority, postfix, dovecot):
    """Gatepost in front of the real Postfix, which it asks about each recipient."""
    folder = run_dir / "relay-site"
    folder.mkdir()
    body = certificate(authority.certificate("mx.example.com"))
    body += backend("behind", "%d tls opportunistic" % postfix.port, options="recipient_check on  probe off")
    body += domains("behind", "example.com", "example.org")
    gateway = Gatepost(folder, body, changes={"limits": {"message_size": "10MiB"}}, implicit_tls=True)
    try:
        yield gateway.start()
    finally:
        gateway.stop()


@pytest.fixture
def mark():
    return "mark-" + os.urandom(8).hex()


HOW = [None, "starttls", "implicit"]


def port_for(site, tls):
    return site.tls_port if tls == "implicit" else site.port


@pytest.mark.parametrize("tls", HOW)
@pytest.mark.parametrize("client", [mailers.swaks, mailers.curl], ids=["swaks", "curl"])
def test_mail_of_real_clients_arrives(client, tls, site, authority, postfix, mark):
    told = client(port_for(site, tls), samples.clean(X_Mark=mark), tls=tls, ca=authority.ca if tls else None)
    assert told.startswith("250"), told
    assert postfix.wait_for_message("user@example.com", mark.encode())


def test_mail_of_smtplib_arrives_and_is_read_over_imap(site, authority, dovecot, postfix, mark):
    with smtplib.SMTP("127.0.0.1", site.port, "client.example", timeout=20) as smtp:
        smtp.starttls(context=ssl._create_unverified_context())
        smtp.sendmail("sender@client.example", ["user@example.com", "second@example.com"], samples.clean(X_Mark=mark))
    for address in ("user@example.com", "second@example.com"):
        assert postfix.wait_for_message(address, mark.encode())
        assert any(mark.encode() in message for message in dovecot.fetch(address))


def test_international_addresses_arrive(site, postfix, mark):
    with smtplib.SMTP("127.0.0.1", site.port, "client.example", timeout=20) as smtp:
        smtp.ehlo()
        smtp.sendmail("иван@client.example", ["пользователь@example.com"], samples.clean(X_Mark=mark),
                      mail_options=["SMTPUTF8", "BODY=8BITMIME"])
    assert postfix.wait_for_message("пользователь@example.com", mark.encode())


def test_postmaster_without_a_domain_arrives(site, postfix, mark):
    with Session(site.port) as session:
        session.ehlo()
        session.envelope("postmaster")
        assert session.data(samples.clean(X_Mark=mark)).code == 250
    assert postfix.wait_for_message("postmaster@example.com", mark.encode())


def test_an_unknown_recipient_hears_it_from_the_server_behind(site):
    assert re.match(r"550 5\.1\.1 ", mailers.swaks(site.port, samples.clean(), "nobody@example.com"))


def test_relaying_is_denied(site):
    assert re.match(r"55[04] 5\.7\.\d ", mailers.swaks(site.port, samples.clean(), "someone@elsewhere.example"))


def test_a_declared_size_over_the_limit_is_refused(site):
    assert mailers.curl(site.port, samples.of_size(11 << 20)).startswith("552 5.3.4")


def test_9_mib_arrive_whole(site, postfix, mark):
    message = samples.of_size(9 << 20, X_Mark=mark)
    assert mailers.curl(site.port, message, tls="starttls").startswith("250")
    stored = postfix.wait_for_message("user@example.com", mark.encode(), 20)
    body = message.partition(b"\r\n\r\n")[2].replace(b"\r\n", b"\n")
    assert stored.endswith(body)


@pytest.mark.parametrize("first", [b"From a@client.example Thu Jan  1 00:00:00 2026\r\n", b">From a@client.example Thu Jan  1\r\n"])
def test_a_mail_boxs_line_does_not_end_the_header_for_postfix(first, site, postfix, mark):
    with Session(site.port) as session:
        session.ehlo()
        session.envelope("user@example.com")
        assert session.data(first + b"Subject: in the header\r\nX-Mark: " + mark.encode() + b"\r\n\r\nbody\r\n").code == 250
    header, _, body = postfix.wait_for_message("user@example.com", mark.encode(), 20).partition(b"\n\n")
    assert b"\nSubject: in the header\n" in header and body == b"body\n"


def test_a_folded_first_line_is_body_for_postfix(site, postfix, mark):
    with Session(site.port) as session:
        session.ehlo()
        session.envelope("user@example.com")
        assert session.data(b" folded\r\nSubject: no header\r\n\r\n" + mark.encode() + b"\r\n").code == 250
    header, _, body = postfix.wait_for_message("user@example.com", mark.encode(), 20).partition(b"\n\n")
    assert b"Subject: no header" not in header and body.startswith(b" folded\nSubject: no header\n")


# -- unchanged to the octet

ADDED = re.compile(rb"\A(?:(?:Received|Authentication-Results|X-Gatepost[\w-]*): [^\r\n]*\r\n(?:[ \t][^\r\n]*\r\n)*)+\Z")
CORPORA = ("mime", "spamcorpus")


FIELD = re.compile(rb"[!-9;-~]+[ \t]*:")
MAILBOX_LINES = re.compile(rb"(?:>*From [^ :\r\n][^\r\n]*\r\n){1,4}(?=[!-9;-~]+[ \t]*:)")


def unchanged(sent, arrived):
    """What arrived is what was sent, below header fields that Gatepost may add; an empty line sets off what begins with no
    field, and what a mail box had put before the first one is gone."""
    mailbox_lines = MAILBOX_LINES.match(sent)
    sent = sent[mailbox_lines.end():] if mailbox_lines else sent
    all_body = not FIELD.match(sent) and not sent.startswith(b"\r\n")
    added = arrived[:len(arrived) - len(sent)]
    return arrived.endswith(sent) and added.endswith(b"\r\n\r\n") == all_body and ADDED.match(added[:-2] if all_body else added)


@pytest.fixture
def reconnecting(gateway):
    """deliver(octets): the reply to the message; the session is kept as long as it lasts."""
    held = []

    def deliver(octets):
        if not held:
            held.append(Session(gateway.port, timeout=30))
            held[0].ehlo()
        try:
            held[0].envelope("user@example.com")
            return held[0].data(octets)
        except (Closed, ConnectionError):
            held.pop().close()
            raise

    yield deliver
    for session in held:
        session.close()


@pytest.mark.parametrize("folder", CORPORA)
def test_every_mail_arrives_unchanged(folder, reconnecting, behind, record_property):
    paths = corpus.mails(folder)
    if not paths:
        pytest.skip("corpus %s is not here" % folder)
    refused, changed = [], []
    for path in paths:
        sent = corpus.as_sent(path.read_bytes())
        reply = reconnecting(sent)
        if reply.code != 250:
            refused.append((path.name, str(reply)))
        elif not unchanged(sent, behind.messages[-1].content):
            changed.append(path.name)
        behind.messages.clear()
    print("%s: %d mails, %d refused: %s" % (folder, len(paths), len(refused), refused))
    assert not changed
    without_cause = [case for case in refused if not justified(*case)]
    assert not without_cause
    assert len(refused) <= len(paths) // 50


def justified(name, reply):
    """Refusals that RFC 5321 or 5322 call for: NUL, a loop of Received fields, lines without end."""
    return re.match(r"5\d\d 5\.(6\.\d|4\.6|3\.4|5\.\d)", reply) is not None
