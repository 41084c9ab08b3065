# SPDX-License-Identifier: ISC
"""Copies: of what is delivered or held one more goes to a journal, and what becomes of it never holds the message up."""
import os
import time

import pytest

from lab.gatepost import backend, check_configuration, domains
from lab.process import wait_until
from lab.smtp_client import Session

POLICY = 'rule "journal" then copy to "journal@example.com"\n' \
         'rule "spam" when message.subject contains "spam" then quarantine "spam"\n'
MESSAGE = b"From: author@client.example\r\nSubject: %s\r\n\r\nhello\r\n.a line with a dot\r\n"


@pytest.fixture
def behind(new_backend):
    return new_backend()


@pytest.fixture
def gateway(start, behind):
    return start(backend("behind", behind.port) + domains("behind", "example.com") + POLICY)


def send(gateway, subject, *recipients):
    with Session(gateway.port) as client:
        client.ehlo()
        client.envelope(*(recipients or ("u@example.com",)), sender="a@client.example")
        return client.data(MESSAGE % subject)


def copies(behind):
    return [message for message in behind.messages if message.recipients == ["journal@example.com"]]


def test_a_copy_tells_the_envelope_and_is_else_what_came(gateway, behind):
    assert send(gateway, b"hello", "u@example.com", "blind@example.com").code == 250
    assert wait_until(lambda: copies(behind), 20)
    copy, = copies(behind)
    head, body = copy.content.split(b"From: author", 1)
    assert copy.sender == "" and head.startswith(b"X-Gatepost-Copy: ")
    assert b"X-Envelope-From: <a@client.example>\r\nX-Envelope-To: <u@example.com>\r\nX-Envelope-To: <blind@example.com>\r\n" in head
    assert b"From: author" + body == MESSAGE.replace(b"\r\n..", b"\r\n.") % b"hello"
    assert [message.recipients for message in behind.messages].count(["u@example.com", "blind@example.com"]) == 1


def test_what_is_held_is_copied_too(gateway, behind):
    assert send(gateway, b"spam").code == 250
    assert wait_until(lambda: copies(behind), 20)
    assert [held["to"] for held in gateway.held("--why", "spam")] == ["u@example.com"] and len(behind.messages) == 1


def test_what_the_server_behind_refuses_is_not_copied(start, new_backend):
    behind = new_backend({"DOT": "554 5.6.0 not that"})
    gateway = start(backend("behind", behind.port) + domains("behind", "example.com") + POLICY)
    assert send(gateway, b"hello").code == 554
    assert wait_until(lambda: [held["state"] for held in gateway.held("--all")] == ["deleted"])
    assert not os.listdir(os.path.join(gateway.dir, "keeper", "held")) or not [
        name for name in os.listdir(os.path.join(gateway.dir, "keeper", "held")) if name.endswith(".sealed")]


def test_what_is_put_off_and_comes_again_is_copied_once(start, new_backend):
    behind = new_backend({"DOT": "451 4.3.0 later"})
    gateway = start(backend("behind", behind.port) + domains("behind", "example.com") + POLICY)
    assert send(gateway, b"hello").code == 451
    behind.script.clear()
    assert send(gateway, b"hello").code == 250
    assert wait_until(lambda: len(copies(behind)) == 1, 20)
    assert sorted(held["state"] for held in gateway.held("--all")) == ["deleted", "delivered"]


def test_a_keeper_that_cannot_take_a_copy_holds_no_message_up(start, behind):
    body = backend("behind", behind.port) + domains("behind", "example.com") + POLICY
    gateway = start(body, changes={"keeper": {"folder": '"/dev/null/keeper"'}})
    began = time.monotonic()
    assert [send(gateway, b"hello").code for _ in range(20)] == [250] * 20 and len(behind.messages) == 20
    assert time.monotonic() - began < 8 and gateway.log().count("no copy is kept") == 20


def test_a_copy_that_is_refused_waits_for_somebody(start, new_backend):
    behind = new_backend({"RCPT": lambda session, line: "550 5.1.1 no such user" if b"journal@" in line else None})
    gateway = start(backend("behind", behind.port) + domains("behind", "example.com") + POLICY)
    assert send(gateway, b"hello").code == 250
    assert wait_until(lambda: [(held["state"], held["said"]) for held in gateway.held("--why", "copy")]
                      == [("waiting", "550 5.1.1 no such user")], 20)


def test_a_copy_goes_to_a_domain_that_is_configured(own_dir, behind):
    file = own_dir / "gatepost.conf"
    for address in ("journal@elsewhere.example", "journal", "@example.com", "a@example.com, b@example.com"):
        file.write_text(backend("behind", behind.port) + domains("behind", "example.com")
                        + 'listen smtp on "127.0.0.1:2525"\nrule "j" then copy to "%s"\n' % address)
        status, said = check_configuration(file)
        assert status != 0 and "expected one address in a domain that is configured here" in said


def test_of_the_same_octets_for_somebody_else_or_from_somebody_else_the_journal_has_a_copy_each(gateway, behind):
    def envelope(sender, recipient):
        with Session(gateway.port) as client:
            client.ehlo()
            client.envelope(recipient, sender=sender)
            assert client.data(MESSAGE % b"the same").code == 250
    cases = [("a@client.example", "u@example.com"), ("a@client.example", "v@example.com"), ("b@client.example", "u@example.com")]
    for case in cases:
        envelope(*case)
    assert wait_until(lambda: len(copies(behind)) == 3, 30), len(copies(behind))
    told = [copy.content.split(b"From: author", 1)[0] for copy in copies(behind)]
    for sender, recipient in cases:
        assert sum(b"X-Envelope-From: <%s>\r\nX-Envelope-To: <%s>\r\n" % (sender.encode(), recipient.encode()) in head for head in told) == 1
