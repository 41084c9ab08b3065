# SPDX-License-Identifier: ISC
"""Real mail servers as senders: what each can do arrives as it was given to them, in TLS of the day and of the day before, and in
plaintext where they cannot do better or are offered nothing."""
import itertools
import re

import pytest

from lab import needs
from lab.backend import Backend
from lab.exim import Exim
from lab.gatepost import Gatepost, backend, certificate, domains, running
from lab.opensmtpd import OpenSMTPD
from lab.ports import free_port
from lab.postfix import Sender
from lab.process import wait_until
from lab.smtp_client import Session
from lab.tap import Tap

# Of each kind of TLS, and where keywords are hidden: the address that the mail comes from.
TLS = ("usual", "strict", "cbc", "broken")
SOURCES = {"plain": "127.0.0.2", "bare": "127.0.0.3"}
HIDE = 'hide "STARTTLS" from { "127.0.0.2" }\n  hide "STARTTLS" "CHUNKING" "PIPELINING" from { "127.0.0.3" }'
RULE = 'rule "tells" when tls.active then header add "X-TLS" "{tls.version} {tls.cipher}"\n'
SENDERS = ("postfix", "exim", "opensmtpd")
ASKS_FOR_UTF8 = ("postfix", "exim")
PIPELINES = ("postfix", "exim")
numbers = itertools.count()


def domain_of(way):
    return way + ".example"


class World:
    """The gateway with a server behind, the wires to it, and the senders: {name: those who send with each kind of TLS}."""

    def __init__(self, folder, authority):
        self.folder = folder
        self.behind = Backend({"RCPT": lambda session, line: "550 5.1.1 no such user" if b"nobody@" in line else None}).start()
        ways = TLS + tuple(SOURCES)
        body = certificate(authority.certificate("mx.example.com")) + RULE + backend("behind", self.behind.port, options="recipient_check on  probe off")
        self.gateway = Gatepost(folder, body + domains("behind", *map(domain_of, ways)), listen=HIDE)
        self.taps = {way: Tap(self.gateway.port, SOURCES.get(way, "127.0.0.1")) for way in ways}
        self.senders, self.missing = {}, {}

    def start(self):
        for tap in self.taps.values():
            tap.start()
        ways = {domain_of(way): (tap.port, way if way in TLS else "usual") for way, tap in self.taps.items()}
        ports = {domain: port for domain, (port, _) in ways.items()}
        makers = {"postfix": lambda: [Sender(self.folder / "postfix", free_port(), "postfix.client.example", ways)],
                  "exim": lambda: [Exim(self.folder, ways)], "opensmtpd": lambda: [OpenSMTPD(self.folder, ports, tls) for tls in TLS]}
        for name, make in makers.items():
            try:
                self.senders[name] = make()
            except pytest.skip.Exception as why:
                self.missing[name] = str(why)
                continue
            for sender in self.senders[name]:
                sender.start()
        return self

    def sender(self, name, way):
        if name in self.missing:
            pytest.skip(self.missing[name])
        those = self.senders[name]
        return those[TLS.index(way)] if len(those) > 1 and way in TLS else those[0]

    def stop(self):
        for sender in itertools.chain(*self.senders.values()):
            sender.stop()
        for tap in self.taps.values():
            tap.stop()


@pytest.fixture(scope="module")
def world(run_dir, authority):
    needs.to_be_root("mail servers of its own")
    folder = run_dir / "real-senders"
    folder.mkdir()
    (folder / "postfix").mkdir()
    it = World(folder, authority)
    with running(it.gateway, [it.behind]):
        it.gateway.wait_until_offered("SMTPUTF8", "8BITMIME", "DSN")
        try:
            yield it.start()
        finally:
            it.stop()


@pytest.fixture(params=SENDERS)
def name(request):
    return request.param


class Sent:
    """One message that was given to a sender, and what came of it."""

    def __init__(self, world, name, way, body=b"hello\r\n", recipients=("user",), parameters="", sender="sender@client.example"):
        self.world, self.tap = world, world.taps[way]
        self.mark = b"number %d of %s" % (next(numbers), name.encode())
        self.body = body
        self.tap.forget()
        self.server = world.sender(name, way)
        with Session(self.server.port, timeout=30) as client:
            client.ehlo()
            client.expect("MAIL FROM:<%s>%s" % (sender, parameters), 250)
            for recipient in recipients:
                client.expect("RCPT TO:<%s@%s>" % (recipient, domain_of(way)), 250)
            head = b"From: <sender@client.example>\r\nTo: <user@example.com>\r\nSubject: " + self.mark + b"\r\n\r\n"
            assert client.data(head + body).code == 250

    def delivered(self):
        """As it stands in the server behind, once and no more. Whoever is put off may wait for long before he comes again."""
        def found():
            return [m for m in self.world.behind.messages if b"Subject: " + self.mark + b"\r\n" in m.content]
        for _ in range(5):
            if wait_until(found, 5):
                break
            self.server.come_again()
        assert found(), "not delivered\n%s" % self.server.log()[-3000:]
        assert len(found()) == 1
        return found()[0]

    def arrives_whole(self):
        message = self.delivered()
        assert message.content.partition(b"\r\n\r\n")[2] == self.body
        return message

    def wire(self):
        return b"".join(self.tap.sent)

    def pipelined(self):
        return any(re.search(rb"MAIL FROM:[^\n]*\nRCPT TO:", octets) for octets in self.tap.sent)


def tls_of(message):
    """The version and the suite that it came with; empty: none."""
    found = re.search(rb"X-TLS: ([^\r]*)", message.content)
    return found[1].decode() if found else ""


def test_the_sender_is_what_it_says(world, name):
    sent = Sent(world, name, "plain")
    sent.arrives_whole()
    assert b"EHLO %s.client.example\r\n" % name.encode() in sent.wire()


@pytest.mark.parametrize("way, tls", [("usual", r"TLSv1\.3 TLS_\w+"), ("strict", r"TLSv1\.2 ECDHE-RSA-AES\d+-GCM-SHA\d+"),
                                      ("cbc", r"TLSv1\.2 ECDHE-RSA-AES\d+-SHA\d*"), ("plain", "")])
def test_the_best_that_both_can_do_is_done(world, name, way, tls):
    assert re.fullmatch(tls, tls_of(Sent(world, name, way).arrives_whole()))


def test_who_can_do_nothing_of_it_comes_in_plaintext_and_it_is_told_what_he_offered(world, name):
    before = len(world.gateway.log().splitlines())
    assert tls_of(Sent(world, name, "broken").arrives_whole()) == ""
    lines = [line for line in world.gateway.log().splitlines()[before:] if "TLS failed" in line]
    assert lines and all(" client=127.0.0.1 " in line and "1 cipher: AES128-SHA" in line for line in lines)


def test_no_handshake_fails_where_none_is_offered(world, name):
    before = len(world.gateway.log().splitlines())
    sent = Sent(world, name, "plain")
    sent.arrives_whole()
    assert b"STARTTLS" not in sent.wire()
    assert not any("TLS failed" in line for line in world.gateway.log().splitlines()[before:])


def test_chunks_come_from_who_can_and_may(world, name):
    sent = Sent(world, name, "plain")
    sent.arrives_whole()
    assert (b"BDAT " in sent.wire()) == (name == "exim")
    sent = Sent(world, name, "bare")
    sent.arrives_whole()
    assert b"BDAT " not in sent.wire() and b"DATA\r\n" in sent.wire()


def test_a_pipeline_comes_from_who_can_and_may(world, name):
    sent = Sent(world, name, "plain")
    sent.arrives_whole()
    assert sent.pipelined() == (name in PIPELINES)
    sent = Sent(world, name, "bare")
    sent.arrives_whole()
    assert not sent.pipelined()


WAYS = ("usual", "bare")  # all that it can do, and nothing of it


@pytest.mark.parametrize("way", WAYS)
def test_who_is_refused_holds_up_nobody(world, name, way):
    sent = Sent(world, name, way, recipients=("user", "nobody"))
    assert sent.arrives_whole().recipients == ["user@" + domain_of(way)]
    assert wait_until(lambda: "no such user" in sent.server.log()[-20000:])


@pytest.mark.parametrize("way", WAYS)
def test_8_bit_arrives_as_it_was(world, name, way):
    Sent(world, name, way, body="grüße\r\n".encode() + b"\xff\xfe latin\r\n", parameters=" BODY=8BITMIME").arrives_whole()


@pytest.mark.parametrize("way", WAYS)
def test_dots_arrive_as_they_were(world, name, way):
    Sent(world, name, way, body=b".\r\n..\r\n.x\r\n\r\n.\r\nthe end\r\n.\r\n").arrives_whole()


@pytest.mark.parametrize("way", WAYS)
def test_a_large_one_arrives_whole(world, name, way):
    line = b"0123456789abcdef" * 4 + b"\r\n"
    Sent(world, name, way, body=line * (8 * 1024 * 1024 // len(line))).arrives_whole()


@pytest.mark.parametrize("name", ASKS_FOR_UTF8, indirect=True)
@pytest.mark.parametrize("way", ("usual", "plain"))
def test_addresses_beyond_ascii_arrive_as_they_were(world, name, way):
    sent = Sent(world, name, way, recipients=("пользователь",), parameters=" SMTPUTF8", sender="иван@client.example")
    message = sent.arrives_whole()
    assert (message.sender, message.recipients) == ("иван@client.example", ["пользователь@" + domain_of(way)])
    assert b"SMTPUTF8" in message.mail_line


def test_who_hangs_up_behind_his_quit_leaves_no_doubt(world, name):
    """Exim sends QUIT along with the last chunk, and says that no more comes, before it reads the reply."""
    Sent(world, name, "usual").arrives_whole()
    assert "in-doubt" not in world.gateway.log()
