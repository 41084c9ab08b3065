# SPDX-License-Identifier: ISC
"""Dialogues that once went wrong, read in place and held as they must go."""
import json

import pytest

from lab import check, needs
from lab.gatepost import backend, domains
from lab.smtp_client import Closed, Session

SENDERS = ("a@b\u00fccher.example", "a@xn--bcher-kva.example")


def case(name):
    return needs.cases("wire", name).read_bytes()


def dialogue(name):
    """Its lines from EHLO or HELO on."""
    lines = case(name).decode().splitlines()
    return lines[next(i for i, line in enumerate(lines) if line[1:4] in ("HLO", "ELO")):]


@pytest.fixture
def gateway(start, new_backend):
    def go(script=None, ours="example.com", policy=""):
        server = new_backend(script)
        it = start(backend("behind", server.port) + domains("behind", ours) + policy, changes={"process": {"proxies": 1}})
        it.behind = server
        it.wait_until_offered("8BITMIME")
        return it
    return go


def told(it, lines):
    """The codes of the replies to these lines; what follows DATA up to the dot is one."""
    codes = []
    with Session(it.port) as session:
        at = 0
        while at < len(lines):
            reply = session.command(lines[at])
            codes.append(reply.code)
            at += 1
            if reply.code == 354:
                dot = lines.index(".", at)
                session.send("\r\n".join(lines[at:dot + 1]) + "\r\n")
                codes.append(session.reply().code)
                at = dot + 1
    return codes


def test_one_refused_recipient_keeps_the_message_from_nobody(gateway):
    it = gateway({"RCPT": lambda session, line: "550 5.1.1 no such user" if b"bob@" in line else None})
    lines = dialogue("w1-mixed.txt")
    assert told(it, lines) == [250, 250, 250, 250, 354, 451]
    assert told(it, lines) == [250, 250, 250, 452, 354, 250]
    assert [m.recipients for m in it.behind.messages] == [["alice@example.com"]]


def test_long_local_parts_are_taken(gateway):
    assert set(told(gateway(), dialogue("w2-local-part.txt"))) == {250}


def test_a_sender_in_its_unicode_spelling_is_asked_for_in_the_dns(own_dir):
    dns = json.loads(case("w3-dns.json"))
    listing = own_dir / "batch.jsonl"
    message = str(needs.CASES / "wire" / "w3.eml")
    listing.write_text("".join(json.dumps({"id": sender, "ip": "192.0.2.34", "from": sender, "rcpt": ["user@example.com"],
                                           "message": message, "dns": dns}) + "\n" for sender in SENDERS))
    done = check.gatepostctl("check", "--config", check.configuration(own_dir), "--batch", listing)
    results = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(result["verdict"], result["facts"]["spf.result"]) for result in results] == [("accept", "pass")] * 2, done.stdout


@pytest.mark.parametrize("ours", ["xn--bcher-kva.example", "b\u00fccher.example"])
def test_a_recipient_in_its_unicode_spelling_is_ours(gateway, ours):
    assert told(gateway(ours=ours), dialogue("w4-idn-recipient.smtp")) == [250, 250, 250]


def test_http_delivers_no_mail(gateway):
    it = gateway()
    with Session(it.port) as session:
        session.send(case("w6-http-post.smtp").replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))
        with pytest.raises((Closed, OSError)):
            for _ in range(20):
                session.reply()
    assert not it.behind.messages


def test_a_folded_first_line_becomes_no_part_of_our_fields(gateway):
    it = gateway(policy='rule "mark" when message.size > 0 then header add "X-Spam-Flag" "YES"\n')
    with Session(it.port) as session:
        session.ehlo()
        session.envelope("user@example.com")
        octets = case("w7-folded-first-line.eml").replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        assert session.data(octets).code == 250
    content = it.behind.messages[0].content
    head, _, body = content.partition(b"\r\n\r\n")
    assert b"X-Spam-Flag: YES" in head.splitlines() and body == octets


def test_a_printer_that_says_helo_and_a_size_is_heard(gateway):
    assert set(told(gateway(), dialogue("w8-helo-size.smtp"))) == {250}


def test_addresses_without_brackets_are_taken(gateway):
    assert set(told(gateway(), dialogue("w8-no-brackets.smtp"))) == {250}
