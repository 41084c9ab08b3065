# SPDX-License-Identifier: ISC
"""What leaves is signed for the domain in its From, after all edits: every signature is verified by python3-dkim and by libopendkim."""
import os
import pathlib
import re
import signal
import socket

import pytest

from lab import needs
from lab.backend import Backend
from lab.dkim_keys import PEER, Key, sentence, verify
from lab.gatepost import Gatepost, backend, domains
from lab.postfix import Sender
from lab.process import wait_until
from lab.pairs import other_end
from lab.smtp_client import Session, send

pytest.importorskip("dkim", reason="no python3-dkim")
pytestmark = pytest.mark.skipif(not PEER.exists(), reason="not built")

POLICY = """
rule "prefix" when message.subject contains "prefix" then subject prefix "[out] "
rule "field" when message.subject contains "field" then header add "X-Sent" "by Gatepost"
rule "no field" when message.subject contains "field" then header remove "X-Inside"
rule "banner" when message.subject contains "banner" then banner "From the company"
rule "strip" when message.subject contains "strip" then strip each a in attachments (a.extension == "exe") "taken out"
"""

HEAD = b"From: Anna <anna@example.com>\r\nTo: b@example.net\r\nDate: Mon, 30 Nov 2026 12:00:00 +0000\r\nMessage-ID: <1@example.com>\r\n"


class Site:
    def __init__(self, folder):
        self.keys = folder / "keys"
        self.keys.mkdir()
        self.rsa = Key(self.keys, "example.com", "2026a")
        self.ed25519 = Key(self.keys, "example.com", "2026e", "ed25519")
        self.other = Key(self.keys, "example.org", "only", "ed25519")
        self.behind = Backend().start()
        self.gateway = Gatepost(folder, self.body(), {"timeouts": {"signing": "2s", "verdict": "20s"}}, listen="outbound")

    def body(self, more=""):
        return (backend("behind", self.behind.port) + domains("behind", "example.net") + POLICY
                + sentence(["example.com"], self.rsa, self.ed25519) + sentence(["example.org", "*.example.org"], self.other) + more)

    def all_keys(self):
        return self.rsa, self.ed25519, self.other

    def sent(self, message, sender="anna@example.com"):
        """What the server behind gets; the record."""
        before = len(self.gateway.decisions())
        self.behind.forget()
        reply = send(self.gateway.port, message, "b@example.net", sender=sender)
        assert reply.code == 250, reply
        records = self.gateway.decisions()[before:]
        return self.behind.messages[-1].content, records[-1]


@pytest.fixture(scope="module")
def site(run_dir):
    needs.to_be_root("Gatepost's parent")
    folder = run_dir / "signing"
    folder.mkdir()
    it = Site(folder)
    try:
        it.gateway.start()
        yield it
    finally:
        it.gateway.stop()
        it.behind.stop()


BOTH = [("example.com", "2026a", True), ("example.com", "2026e", True)]


def test_mail_is_signed_with_both_keys_of_the_domain_in_from(site):
    got, record = site.sent(HEAD + b"Subject: plain\r\n\r\nbody\r\n", sender="bounce@elsewhere.example")
    assert sorted(verify(got, *site.all_keys())) == BOTH
    assert record["dkim_signed"] == "example.com/2026a/rsa-sha256 example.com/2026e/ed25519-sha256"
    assert got.startswith(b"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.com;")
    header = got.split(b"\r\n\r\n")[0].split(b"\r\nFrom:")[0]
    assert all(len(line) <= 78 for line in header.split(b"\r\nReceived:")[0].split(b"\r\n"))
    assert b" l=" not in header and b"x=" not in re.sub(rb"b=[^;]*", b"", header.split(b"\r\nReceived:")[0])


BODIES = {
    "empty": b"",
    "empty lines": b"\r\n\r\n\r\n",
    "dots": b".\r\n..\r\n.a\r\n\r\n.\r\n",
    "many dots": b".\r\n" * 1000,
    "eight bits": "Gr\u00fc\u00dfe\r\n".encode() + bytes(range(128, 256)) + b"\r\n",
    "long lines": b"x" * 100000 + b"\r\n",
    "blanks": b" a \t b \r\n\t\r\n \r\nc  \r\n \r\n",
    "no end": b"the last line does not end",
}


@pytest.mark.parametrize("name", BODIES)
def test_any_body_verifies(site, name):
    got, _ = site.sent(HEAD + b"Subject: a body\r\n\r\n" + BODIES[name])
    assert sorted(verify(got, *site.all_keys())) == BOTH


def test_a_message_without_a_body_verifies(site):
    got, _ = site.sent(HEAD + b"Subject: none")
    assert sorted(verify(got, *site.all_keys())) == BOTH


HEADERS = {
    "folded": b"Subject: odd\r\n\t  folding\r\n \t\r\n  of it \r\nX-A:\r\n a\r\n",
    "duplicates": b"Subject: one\r\nSubject: two\r\nTo: c@example.net\r\nCc: d@example.net\r\nCc:\r\n",
    "raw octets": b"Subject: \xe4\xf6\xff\r\nX-B: \xc3\xa4\r\n",
    "a list's": b"Subject: a\r\nList-Id: <l.example.com>\r\nList-Unsubscribe: <https://example.com/u>\r\n"
                b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n",
    "signed by another": b"DKIM-Signature: v=1; a=rsa-sha256; d=example.com; s=gone; c=relaxed/relaxed; h=From; bh=AAAA; b=AAAA\r\nSubject: a\r\n",
}


@pytest.mark.parametrize("name", HEADERS)
def test_any_header_verifies(site, name):
    got, _ = site.sent(HEAD + HEADERS[name] + b"\r\nbody\r\n")
    signatures = verify(got, *site.all_keys())
    assert sorted(signatures[:2]) == BOTH
    assert len(signatures) == (3 if name == "signed by another" else 2)


ATTACHED = (b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n.text\r\n"
            b"--b\r\nContent-Type: application/octet-stream; name=a.exe\r\nContent-Transfer-Encoding: base64\r\n\r\nTVqQAAMAAAAEAAAA\r\n--b--\r\n")


@pytest.mark.parametrize("subject", ["prefix", "field", "banner", "strip", "prefix field banner strip"])
def test_signatures_are_of_what_is_sent_after_all_edits(site, subject):
    got, record = site.sent(HEAD + b"X-Inside: secret\r\nSubject: " + subject.encode() + b"\r\n" + ATTACHED)
    assert sorted(verify(got, *site.all_keys())) == BOTH
    assert (b"[out] " in got) == ("prefix" in subject) and (b"X-Sent" in got) == ("field" in subject)
    assert (b"From the company" in got) == ("banner" in subject) and (b"taken out" in got) == ("strip" in subject)


def test_a_field_added_further_on_breaks_the_signatures(site):
    got, _ = site.sent(HEAD + b"Subject: a\r\n\r\nbody\r\n")
    for field in (b"Subject: b\r\n", b"From: x@example.org\r\n", b"Reply-To: x@example.org\r\n", b"Content-Type: text/html\r\n"):
        assert [good is True for _, _, good in verify(field + got, *site.all_keys())] == [False, False], field


# ---- for whom

@pytest.mark.parametrize("author, signed", [
    (b"a@example.org", "example.org"),
    (b"a@deep.sub.example.org", "example.org"),
    (b"A <a@EXAMPLE.COM>", "example.com"),
    (b"=?iso-8859-1?q?J=F6rg?= <a@example.com>", "example.com"),
    (b"=?iso-2022-jp?b?GyRCJCIbKEI=?= <a@example.com>", "example.com"),
    (b"other@example.net, a@example.org", "example.org"),
])
def test_the_domain_in_from_decides_and_not_the_envelope(site, author, signed):
    got, record = site.sent(b"From: " + author + b"\r\nSubject: x\r\n\r\nx\r\n", sender="x@example.com")
    assert {(d, good) for d, _, good in verify(got, *site.all_keys())} == {(signed, True)}
    assert record["dkim_signed"].startswith(signed + "/")


def test_reports_of_delivery_are_signed_too(site):
    got, _ = site.sent(b"From: postmaster@example.com\r\nSubject: undelivered\r\n\r\nx\r\n", sender="")
    assert sorted(verify(got, *site.all_keys())) == BOTH


@pytest.mark.parametrize("header, why", [
    (b"From: a@sub.example.com\r\n", "no: no key for the domain in From"),
    (b"From: a@example.net\r\n", "no: no key for the domain in From"),
    (b"From: a@example.com\r\nFrom: b@example.com\r\n", "no: there are several From fields"),
    (b"X-A: b\r\n", "no: there is no domain in From"),
    (b"From: a@[192.0.2.1]\r\n", "no: there is no domain in From"),
])
def test_whom_no_key_is_for_is_not_signed_and_the_record_says_why(site, header, why):
    got, record = site.sent(header + b"Subject: x\r\n\r\nx\r\n")
    assert b"DKIM-Signature" not in got and record["dkim_signed"] == why


def test_more_header_than_can_be_signed_is_refused(site):
    many = b"".join(b"To: a%d@example.net\r\n" % n for n in range(250))
    reply = send(site.gateway.port, HEAD + many + b"\r\nx\r\n", "b@example.net", sender="anna@example.com")
    assert (reply.code, reply.enhanced) == (550, "5.6.0")


# ---- what is offered

def test_eight_bits_are_not_offered_where_mail_is_signed(site):
    session = Session(site.gateway.port)
    offered = session.command("EHLO client.example").lines
    assert "8BITMIME" not in offered and "SMTPUTF8" not in offered and "PIPELINING" in offered
    session.expect("QUIT", 221)


# ---- gatepost-sign

def test_a_killed_signer_is_started_again_and_what_it_was_asked_meanwhile_is_signed(site):
    before = site.gateway.pids("gatepost-sign")
    site.gateway.caused.append("gatepost-sign died")
    os.kill(before[0], signal.SIGKILL)
    got, _ = site.sent(HEAD + b"Subject: after\r\n\r\nx\r\n")
    assert sorted(verify(got, *site.all_keys())) == BOTH
    assert site.gateway.pids("gatepost-sign") not in ([], before)


def test_a_signer_that_does_not_answer_puts_mail_off_and_then_it_works(site):
    [pid] = wait_until(lambda: site.gateway.pids("gatepost-sign"))
    os.kill(pid, signal.SIGSTOP)
    try:
        site.behind.forget()
        reply = send(site.gateway.port, HEAD + b"Subject: waits\r\n\r\nx\r\n", "b@example.net", sender="anna@example.com")
        assert (reply.code, reply.enhanced) == (451, "4.7.5")
        assert not site.behind.messages
        unsigned, _ = site.sent(b"From: a@example.net\r\n\r\nnot for us to sign\r\n")
    finally:
        os.kill(pid, signal.SIGCONT)
    got, _ = site.sent(HEAD + b"Subject: again\r\n\r\nx\r\n")
    assert sorted(verify(got, *site.all_keys())) == BOTH


def test_a_signer_that_dies_over_a_question_puts_mail_off(site):
    [pid] = wait_until(lambda: site.gateway.pids("gatepost-sign"))
    os.kill(pid, signal.SIGSTOP)
    session = Session(site.gateway.port)
    session.expect("EHLO client.example", 250)
    session.expect("MAIL FROM:<anna@example.com>", 250)
    session.expect("RCPT TO:<b@example.net>", 250)
    session.expect("DATA", 354)
    session.send(HEAD + b"\r\nx\r\n.\r\n")
    os.kill(pid, signal.SIGKILL)
    assert session.reply().code in (250, 451)  # whether it had taken the question
    session.expect("QUIT", 221)
    got, _ = site.sent(HEAD + b"Subject: again\r\n\r\nx\r\n")
    assert sorted(verify(got, *site.all_keys())) == BOTH


def signer(gateway, *others):
    """The one that serves, and is none of those."""
    def serves():
        pids = [pid for pid in gateway.pids("gatepost-sign") if pid not in others]
        return pids and 'gatepost-sign ready pid=%d' % pids[0] in gateway.log() and pids[0]
    pid = wait_until(serves, 20)
    assert pid, gateway.log()
    return pid


def signs_all(site):
    got, _ = site.sent(HEAD + b"Subject: again\r\n\r\nx\r\n")
    return sorted(verify(got, *site.all_keys())) == BOTH


def test_nonsense_on_the_queue_of_the_signer_ends_nothing(site):
    pid = signer(site.gateway)
    with other_end(site.gateway, pid) as queue:
        for packet in (b"", b"x", b"\1\0", b"\1\0" + b"\xff" * 1000):
            for _ in range(20):
                queue.send(packet)
    assert signs_all(site) and signer(site.gateway) == pid


def test_a_queue_of_the_signer_that_a_proxy_closes_is_made_anew(site):
    site.gateway.caused += ["queue was closed, and is made anew", "gatepost-sign died"]
    proxies = site.gateway.pids("gatepost-proxy")
    for how in (socket.SHUT_WR, socket.SHUT_RDWR):
        pid = signer(site.gateway)
        with other_end(site.gateway, pid) as queue:
            queue.shutdown(how)
        signer(site.gateway, pid)
        assert signs_all(site)
    assert site.gateway.pids("gatepost-proxy") == proxies


def test_a_signer_that_is_started_again_has_the_keys_of_older_sessions_too(site):
    site.gateway.caused.append("gatepost-sign died")
    file = pathlib.Path(site.gateway.file)
    text = file.read_text()
    with Session(site.gateway.port) as session:
        session.ehlo()
        session.expect("MAIL FROM:<anna@example.com>", 250)
        file.write_text(text.replace(sentence(["example.com"], site.rsa, site.ed25519), sentence(["example.com"], site.rsa)))
        site.gateway.reload()
        assert site.gateway.wait_log("serving generation=2")
        pid = signer(site.gateway)
        os.kill(pid, signal.SIGKILL)
        signer(site.gateway, pid)
        session.expect("RCPT TO:<b@example.net>", 250)
        site.behind.forget()
        assert session.data(HEAD + b"\r\nx\r\n").code == 250
        assert sorted(verify(site.behind.messages[-1].content, *site.all_keys())) == BOTH
    file.write_text(text)
    site.gateway.reload()
    assert site.gateway.wait_log("serving generation=3")
    assert signs_all(site)


@pytest.mark.skipif(needs.SANITIZED, reason="no jail with sanitizers")
def test_keys_are_in_no_memory_of_proxies_and_scanners(site):
    from lab import traces

    site.sent(HEAD + b"Subject: x\r\n\r\nx\r\n")
    with open(site.rsa.file) as file:
        secret = "".join(line.strip() for line in file if "-----" not in line)[400:800]
    others = site.gateway.pids("gatepost-proxy") + site.gateway.pids("gatepost-scan") + site.gateway.workers("gatepost-scan")
    assert others and not traces.in_memory(secret, others)


def test_a_client_that_goes_while_its_mail_is_signed_harms_nobody(site):
    [pid] = wait_until(lambda: site.gateway.pids("gatepost-sign"))
    os.kill(pid, signal.SIGSTOP)
    try:
        session = Session(site.gateway.port)
        for line, code in (("EHLO c.example", 250), ("MAIL FROM:<anna@example.com>", 250), ("RCPT TO:<b@example.net>", 250), ("DATA", 354)):
            session.expect(line, code)
        session.send(HEAD + b"\r\nx\r\n.\r\n")
        session.close()
    finally:
        os.kill(pid, signal.SIGCONT)
    got, _ = site.sent(HEAD + b"Subject: again\r\n\r\nx\r\n")
    assert sorted(verify(got, *site.all_keys())) == BOTH


def test_what_was_signed_and_what_failed_is_counted(site):
    metrics = site.gateway.control("metrics") or ""
    assert re.search(r"dkim_signed\S* [1-9]", metrics) and re.search(r"dkim_failed\S* [1-9]", metrics)


# ---- with real servers on both sides

EIGHT_BIT = (b"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
             + "Gr\u00fc\u00dfe\r\n.\r\n\r\n".encode())


def test_signatures_verify_behind_a_real_server(own_dir, site, postfix):
    body = backend("behind", postfix.port) + domains("behind", "example.com") + sentence(["example.com"], site.rsa, site.ed25519)
    gateway = Gatepost(own_dir, body, listen="outbound").start()
    try:
        assert send(gateway.port, HEAD + b"Subject: signed by the way\r\n" + EIGHT_BIT, "user@example.com").code == 250
        got = postfix.wait_for_message("user@example.com", b"signed by the way")
        assert sorted(verify(got.replace(b"\n", b"\r\n"), *site.all_keys())) == BOTH
    finally:
        gateway.stop()


def test_a_real_server_that_sends_converts_before_it_is_signed(own_dir, site):
    site.behind.forget()
    sender = Sender(own_dir, site.gateway.port, "mail.example.com").start()
    try:
        assert send(sender.port, HEAD + b"Subject: eight bits\r\n" + EIGHT_BIT, "b@example.net", sender="anna@example.com").code == 250
        assert wait_until(lambda: site.behind.messages)
    finally:
        sender.stop()
    got = site.behind.messages[-1].content
    assert all(octet < 128 for octet in got) and b"quoted-printable" in got
    assert sorted(verify(got, *site.all_keys())) == BOTH
