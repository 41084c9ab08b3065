# SPDX-License-Identifier: ISC
"""Signatures of mail that leaves hold to its last server: a real Postfix as the company's server sends through Gatepost to real ones,
with and without 8BITMIME and SMTPUTF8, and over one that converts for the next. python3-dkim, libopendkim and opendkim verify each."""
import base64
import itertools
import quopri

import pytest

from lab import needs
from lab.dkim_keys import PEER, Key, sentence, verify
from lab.gatepost import Gatepost, backend, running
from lab.opendkim import OpenDKIM, said
from lab.ports import free_port
from lab.postfix import Postfix, Sender
from lab.process import wait_until
from lab.smtp_client import Session, send

pytest.importorskip("dkim", reason="no python3-dkim")
pytestmark = pytest.mark.skipif(not PEER.exists(), reason="not built")

# The last servers by what they offer; the third stands behind one that offers all, and converts for it what must be.
OFFERS_ALL, OFFERS_LITTLE, BEHIND_ONE = "all.example", "little.example", "behind.example"
WAYS = (OFFERS_ALL, OFFERS_LITTLE, BEHIND_ONE)
SENDER, PRINTER = "anna@" + OFFERS_ALL, "127.0.0.9"
REMOTE = """
virtual_mailbox_domains = {domains}
local_header_rewrite_clients =
smtpd_discard_ehlo_keywords = {hidden}
"""
HEAD = b"From: Anna <anna@example.com>\r\nTo: b@example.net\r\nDate: Mon, 30 Nov 2026 12:00:00 +0000\r\nMessage-ID: <%s@example.com>\r\nSubject: %s\r\n"
BOTH = [("example.com", "2026a", True), ("example.com", "2026e", True)]
numbers = itertools.count()


def remote(folder, name, verifier, domains, hidden=""):
    (folder / name).mkdir()
    addresses = ["%s@%s" % (user, domain) for domain in domains for user in ("anna", "b")]
    options = REMOTE.format(domains=" ".join(domains), hidden=hidden) + verifier.options
    return Postfix(folder / name, options=options, addresses=addresses)


class Chain:
    """sender (the company's server) -> gateway -> the three ways."""

    def __init__(self, folder):
        self.keys = [Key(folder, "example.com", "2026a"), Key(folder, "example.com", "2026e", "ed25519")]
        self.verifier = OpenDKIM(folder, {key.name: key.record for key in self.keys})
        self.all = remote(folder, "all", self.verifier, [OFFERS_ALL])
        self.little = remote(folder, "little", self.verifier, [OFFERS_LITTLE, BEHIND_ONE], "8bitmime, smtputf8")
        (folder / "converts").mkdir()
        self.converts = Sender(folder / "converts", self.little.port, "converts.example")
        self.converts.options = "local_header_rewrite_clients =\n"
        self.lasts = {OFFERS_ALL: self.all, OFFERS_LITTLE: self.little, BEHIND_ONE: self.little}
        self.firsts = {OFFERS_ALL: self.all, OFFERS_LITTLE: self.little, BEHIND_ONE: self.converts}
        self.gateway, self.outs = self.signing(folder, {"bare_newlines_from": '{ "%s" }' % PRINTER})
        self.sender = Sender(folder, self.outs[OFFERS_ALL], "mail.example.com", {way: (port, "usual") for way, port in self.outs.items()})
        self.sender.options = "cleanup_replace_stray_cr_lf = no\n"

    def signing(self, folder, settings):
        """A gateway with these settings of SMTP, and the port of each way."""
        outs = {way: free_port() for way in WAYS}
        body = sentence(["example.com"], *self.keys)
        for way, server in self.firsts.items():
            name = way.partition(".")[0]
            body += 'listen smtp "%s" on "127.0.0.1:%d" { outbound from { "127.0.0.0/8" }  relay %s }\n' % (name, outs[way], name)
            body += backend(name, server.port)
        return Gatepost(folder, body, changes={"smtp": settings, "process": {"proxies": 1}}), outs

    def start(self):
        for server in (self.verifier, self.all, self.little, self.converts, self.sender):
            server.start()

    def stop(self):
        for server in (self.sender, self.converts, self.little, self.all, self.verifier):
            server.stop()

    def sends(self, rest, head=b"", parameters="", ways=WAYS):
        """A message with this `head` of its own and `rest` from the end of its header on; what arrives by each way, {way: octets}."""
        mark = b"number-%d" % next(numbers)
        with Session(self.sender.port, timeout=30) as client:
            client.ehlo()
            client.expect("MAIL FROM:<%s>%s" % (SENDER, parameters), 250)
            for way in ways:
                client.expect("RCPT TO:<b@%s>" % way, 250)
            assert client.data(HEAD % (mark, mark) + head + rest).code == 250
        return {way: self.arrived(way, b"\nSubject: " + mark + b"\n") for way in ways}

    def arrived(self, way, text, user="b"):
        message = self.lasts[way].wait_for_message("%s@%s" % (user, way), text, 30)
        assert message, "%s\n%s" % (way, self.sender.log()[-3000:])
        return message

    def verifies(self, message):
        """All of them agree, and the signatures are good."""
        assert sorted(verify(message.replace(b"\n", b"\r\n"), *self.keys)) == BOTH
        assert said(message) == [("example.com", "pass")] * 2, message.partition(b"\n\n")[0].decode("latin-1")


@pytest.fixture(scope="module")
def chain(run_dir):
    needs.to_be_root("mail servers of its own")
    folder = run_dir / "signed-chain"
    folder.mkdir()
    it = Chain(folder)
    with running(it.gateway):
        try:
            it.start()
            yield it
        finally:
            it.stop()


def part(kind, coding, body):
    return b"MIME-Version: 1.0\r\nContent-Type: " + kind + b"\r\n" + (b"Content-Transfer-Encoding: " + coding + b"\r\n" if coding else b"") + b"\r\n" + body


def lines_of(text):
    return text.replace(b"\n", b"\r\n")


WORDS = "Grüße aus Köln, 5 € das Stück, привет\r\n".encode()
INSIDE = b"From: x@example.net\r\n" + part(b"text/plain; charset=utf-8", b"8bit", WORDS)
MULTIPART = (b"--b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" + WORDS
             + b"--b\r\nContent-Type: message/rfc822\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" + INSIDE
             + b"--b\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\nTVqQAAMAAAAEAAAA\r\n--b--\r\nbehind it \r\n")

BODIES = {
    "eight bits, utf-8": part(b"text/plain; charset=utf-8", b"8bit", WORDS + b".\r\n\r\n"),
    "eight bits, latin-1": part(b"text/plain; charset=iso-8859-1", b"8bit", "Gr\u00fc\u00dfe \r\n".encode("latin-1")),
    "eight bits, long lines": part(b"text/html; charset=utf-8", b"8bit", "ä".encode() * 3000 + b"\r\n"),
    "seven bits": part(b"text/plain", b"7bit", b"hello\r\n"),
    "seven bits of another charset": part(b"text/plain; charset=iso-2022-jp", b"7bit", b"\x1b$B$\"\x1b(B\r\n"),
    "quoted-printable": part(b"text/plain; charset=utf-8", b"quoted-printable", lines_of(quopri.encodestring(WORDS.replace(b"\r\n", b"\n")))),
    "base64": part(b"application/pdf", b"base64", lines_of(base64.encodebytes(bytes(range(256)) * 20))),
    "base64, without its last line end": part(b"application/pdf", b"base64", b"TVqQAAMAAAAEAAAA"),
    "format=flowed": part(b"text/plain; charset=us-ascii; format=flowed; delsp=yes", b"", b"a line \r\nthat flows  \r\n >not a quote\r\n-- \r\nAnna\r\n"),
    "lines longer than a line may be": b"\r\n" + b"word " * 400 + b"\r\n" + b"x" * 5000 + b"\r\n",
    "trailing blanks": b"\r\na \r\nb\t\r\n \r\n\t \r\nc  \t \r\n",
    "empty lines at the end": b"\r\nhello\r\n\r\n\r\n\r\n",
    "only empty lines": b"\r\n\r\n\r\n\r\n",
    "only blanks": b"\r\n \r\n\t\r\n",
    "empty": b"\r\n",
    "dots": b"\r\n.\r\n..\r\n.a\r\n...b\r\n\r\n.\r\n",
    "lines that mail boxes mark": b"\r\nFrom here on\r\n>From there\r\n",
    "multipart": part(b"multipart/mixed; boundary=b", b"8bit", MULTIPART),
}


@pytest.mark.parametrize("name", BODIES)
def test_any_body_verifies_at_its_last_server(chain, name):
    for message in chain.sends(BODIES[name], parameters=" BODY=8BITMIME" if b"8bit" in BODIES[name] else "").values():
        chain.verifies(message)
        assert all(octet < 128 for octet in message[:100000]), "it came in eight bits"


def test_10_mib_verify_at_their_last_server(chain):
    [message] = chain.sends(part(b"text/plain", b"7bit", b"some words and  more, line after line \r\n" * 290000), ways=[BEHIND_ONE]).values()
    assert len(message) > 10 << 20
    chain.verifies(message)


HEADERS = {
    "folded": b"X-A:\r\n  folded\r\n\t \r\n  over lines \r\nReferences: <a@example.com>\r\n\t<b@example.com>\r\n <c@example.com>\r\n",
    "empty": b"X-A:\r\nX-B: \r\nReply-To:\r\n",
    "blanks before the colon": b"X-A : one\r\nReply-To \t: a@example.com\r\n",
    "many blanks": b"Cc:  a@example.net,\t\tb@example.net   \r\n",
    "twice": b"Cc: a@example.net\r\nTo: c@example.net\r\nCc: d@example.net\r\n",
    "a long line": b"References: " + b" ".join(b"<%032d@example.com>" % n for n in range(60)) + b"\r\n",
    "odd letters": b"sEnDer: Anna <anna@example.com>\r\nreply-TO: x@example.com\r\n",
    "encoded words": b"Reply-To: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n =?iso-2022-jp?b?GyRCJCIbKEI=?= <a@example.com>\r\n",
    "a list's": b"List-Id: <l.example.com>\r\nList-Unsubscribe: <https://example.com/u>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n",
    "as Exchange writes": b"Thread-Topic: x\r\nX-MS-Has-Attach:\r\nX-MS-TNEF-Correlator:\r\nx-originating-ip: [192.0.2.1]\r\nContent-Language: de-DE\r\n",
}


@pytest.mark.parametrize("name", HEADERS)
def test_any_header_verifies_at_its_last_server(chain, name):
    for message in chain.sends(BODIES["eight bits, utf-8"], head=HEADERS[name], parameters=" BODY=8BITMIME").values():
        chain.verifies(message)


def test_raw_octets_in_a_header_verify_wherever_they_get(chain):
    for message in chain.sends(b"\r\nhello\r\n", head="X-A: é\r\nReply-To: Jörg <joerg@example.com>\r\n".encode("latin-1")).values():
        chain.verifies(message)


def test_a_report_of_delivery_that_a_real_server_writes_verifies(chain):
    """Its sender is <>, its author MAILER-DAEMON@example.com: From decides."""
    mark = b"number-%d" % next(numbers)
    assert send(chain.sender.port, HEAD % (mark, mark) + BODIES["multipart"], "nobody@" + OFFERS_LITTLE, sender=SENDER).code == 250
    report = chain.arrived(OFFERS_ALL, b"Subject: " + mark, user="anna")
    assert b"multipart/report" in report and b"Return-Path: <>" in report
    chain.verifies(report)


# ---- bare CR and LF: refused, or what is signed has none

@pytest.mark.parametrize("bare", [b"\r", b"\n"], ids=["CR", "LF"])
def test_bare_line_ends_are_refused_or_normalised_before_they_are_signed(chain, bare):
    for way in WAYS:
        mark = b"number-%d" % next(numbers)
        message = HEAD % (mark, mark) + b"\r\none" + bare + b"two\r\n" + bare + bare + b"three " + bare
        refused = send(chain.outs[way], message, "b@" + way, sender=SENDER)
        assert 500 <= refused.code <= 599, refused
        assert send(chain.outs[way], message, "b@" + way, sender=SENDER, source=PRINTER).code == 250
        got = chain.arrived(way, b"Subject: " + mark)
        chain.verifies(got)
        assert b"one\ntwo\n" in got


def test_a_bare_cr_that_a_real_server_passes_on_is_refused(chain):
    mark = b"number-%d" % next(numbers)
    assert send(chain.sender.port, HEAD % (mark, mark) + b"\r\none\rtwo\r\n", "b@" + OFFERS_LITTLE, sender=SENDER).code == 250
    assert wait_until(lambda: "554 5.6.0 bare CR or LF" in chain.sender.log())
    assert not [m for m in chain.little.messages("b@" + OFFERS_LITTLE) if b"Subject: " + mark in m]


# ---- what this guards against

def offers_eight_bits(port):
    with Session(port) as session:
        session.ehlo()
        return "8BITMIME" in session.extensions


def test_eight_bits_that_are_offered_all_the_same_break_where_a_server_converts(chain, own_dir):
    gateway, outs = chain.signing(own_dir, {"sign_eight_bit": "on"})
    with running(gateway):
        for way, result in ((OFFERS_ALL, "pass"), (BEHIND_ONE, "fail")):
            assert wait_until(lambda: offers_eight_bits(outs[way]))
            mark = b"number-%d" % next(numbers)
            with Session(outs[way]) as session:
                session.ehlo()
                session.expect("MAIL FROM:<%s> BODY=8BITMIME" % SENDER, 250)
                session.expect("RCPT TO:<b@%s>" % way, 250)
                assert session.data(HEAD % (mark, mark) + BODIES["eight bits, utf-8"]).code == 250
            assert said(chain.arrived(way, b"Subject: " + mark)) == [("example.com", result)] * 2
