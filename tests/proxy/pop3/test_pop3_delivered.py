# SPDX-License-Identifier: ISC
"""Mail that came through the gateway and is read through it: what is put out of it can be given back, and both stories are told."""
import json
import re

import pytest

from lab import needs, samples, users
from lab.dovecot import Dovecot
from lab.gatepost import READY, Gatepost, backend, domains, running
from lab.pop3_client import logged_in
from lab.postfix import Postfix
from lab.process import wait_until
from lab.smtp_client import Session

pytestmark = pytest.mark.skipif(not needs.IS_ROOT, reason="needs root: Postfix, Dovecot and Gatepost of its own")

# Known only now: what was delivered with it is in mailboxes already.
SIGNATURE = 'rule "known now" when direction == fetch and not message.released and any a in attachments (a.extension == "exe")\n' \
            '  then reject 550 5.7.1 "a program"\n'
USER = users.ADDRESSES[0]


@pytest.fixture(scope="module")
def servers(run_dir):
    """Postfix, and Dovecot over its mailboxes."""
    folder = run_dir / "delivered"
    folder.mkdir()
    postfix = Postfix(folder).start()
    dovecot = Dovecot(folder, postfix.mail).start()
    yield postfix, dovecot
    dovecot.stop()
    postfix.stop()


@pytest.fixture(scope="module")
def gateway(run_dir, servers):
    postfix, dovecot = servers
    body = backend("mail", postfix.port, pop3=["%d tls none" % dovecot.pop3_port]) + domains("mail", *users.DOMAINS) + SIGNATURE
    with running(Gatepost(run_dir / "delivered-gateway", body, pop3="backend mail"), ready=READY) as gateway:
        yield gateway


def deliver(gateway, postfix, message, subject):
    """Through the gateway into the mailbox; the reference that the client was told."""
    with Session(gateway.port) as client:
        client.ehlo("client.example")
        client.expect("MAIL FROM:<a@client.example>", 250)
        client.expect("RCPT TO:<%s>" % USER, 250)
        reply = client.data(message)
    assert reply.code == 250 and postfix.wait_for_message(USER, subject)
    return re.search(r"\(([0-9a-f.]+)\)", str(reply)).group(1)


def mailbox(gateway):
    """{UIDL: message}"""
    with logged_in(gateway.pop3_port, USER, timeout=30) as session:
        rows = session.many("UIDL").decode().split("\r\n")[:-2]
        return {row.split()[1]: session.message(int(row.split()[0])) for row in rows}


def traced(gateway, *words):
    out = wait_until(lambda: gateway.control("trace", "--json", *words))
    return [json.loads(line) for line in (out or "").splitlines()]


def test_what_was_put_out_comes_back_as_a_new_message_when_it_is_released(gateway, servers):
    message = samples.with_attachment("run.exe", samples.PROGRAM, subject="to be released")
    deliver(gateway, servers[0], message, b"to be released")
    (uidl, shown), = mailbox(gateway).items()
    assert b"TVqQ" in message and b"TVqQ" not in shown
    with logged_in(gateway.pop3_port, USER) as session:
        session.expect("DELE 1")
        session.expect("QUIT")
        session.rest()
    held, = gateway.held()
    assert gateway.control("quarantine", "release", held["reference"]) is not None
    released = wait_until(lambda: mailbox(gateway), 20)
    (new, text), = released.items()
    assert new != uidl and b"TVqQ" in text and b"Gatepost has removed" not in text
    with logged_in(gateway.pop3_port, USER) as session:
        session.expect("DELE 1")
        session.expect("QUIT")
        session.rest()


def test_trace_tells_how_a_message_came_and_how_it_was_read(gateway, servers):
    message = samples.with_attachment("run.exe", samples.PROGRAM, subject="twice told")
    delivery = deliver(gateway, servers[0], message, b"twice told")
    assert mailbox(gateway)
    read = wait_until(lambda: next((r for r in traced(gateway, "--most", "5") if r.get("delivery") == delivery), None))
    assert read["direction"] == "fetch" and read["verdict"] == "reject" and read["rules"] == ["known now"]
    for asked in (delivery, read["id"]):
        stories = {r["id"]: r["verdict"] for r in traced(gateway, asked)}
        assert stories[delivery] == "accept" and stories[read["id"]] == "reject", (asked, stories)
    story = gateway.control("trace", delivery)
    assert "accept at message" in story and "reject at message" in story and "known now" in story


def field_of(delivery):
    return b"Received: from x ([192.0.2.1]) by mx.example.com (Gatepost) with ESMTP id " + delivery.encode() \
        + b";\r\n Sun, 29 Nov 2026 00:00:00 +0000\r\n"


def test_a_forged_field_joins_nothing(gateway, servers):
    """Neither of another message, nor of one that has copied the Message-ID and is from somebody else."""
    real = samples.octets(samples.message("real", "Hello.\n"))
    delivery = deliver(gateway, servers[0], real, b"real")
    copied = re.sub(rb"(?m)^From: .*?\r\n", b"From: mallory@evil.example\r\n", real).replace(b"Subject: real", b"Subject: copied")
    servers[1].fill(USER, [field_of(delivery) + samples.octets(samples.message("forged", "Hello.\n")), field_of(delivery) + copied])
    assert {b"forged", b"copied"} <= {word for text in mailbox(gateway).values() for word in (b"forged", b"copied") if word in text}
    assert wait_until(lambda: sum(1 for r in traced(gateway, "--most", "20") if r.get("delivery") == delivery) == 3)
    told = [r for r in traced(gateway, delivery) if r["direction"] == "fetch"]
    assert [r["author"] for r in told] == ["sender@client.example"]
